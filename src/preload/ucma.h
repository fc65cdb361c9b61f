/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a program writes to an open rdma_cm: the commands of
 * <rdma/rdma_user_cm.h>, turned into requests of urdmad's control protocol.
 * The session's socket itself carries the events, so that poll(), O_NONBLOCK
 * and a blocked reader behave by themselves.
 *
 * When urdmad is gone:
 *	GET_EVENT	reports RDMA_CM_EVENT_DEVICE_REMOVAL once for each id
 *			of the channel, as the kernel does for a device that is
 *			taken away, then fails with ENODEV; it never blocks
 *	DESTROY_ID	succeeds and reports no events, for the id is gone
 *	LEAVE_MCAST	likewise
 *	the others	fail with EIO
 */
#ifndef URDMA_PRELOAD_UCMA_H
#define URDMA_PRELOAD_UCMA_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <urdma/control.h>

#include "preload/fdtable.h"

struct ib_uverbs_ah_attr;
struct rdma_ucm_conn_param;
struct rdma_ucm_event_resp;

/* write(2) on the session `fd`: `len`, or a negative errno. */
ssize_t ucma_write(int fd, const struct fd_info *session, const void *buf,
		   size_t len);

/* A command with its lengths checked. */
struct ucma_command {
	int fd;
	const struct fd_info *session;
	const void *in;	     /* at least the command's structure */
	size_t response_len; /* of the program's buffer, whose address is in
				the command */
};

/* Copies the response, cut to the room there is. */
void ucma_respond(const struct ucma_command *command, uint64_t address,
		  const void *response, size_t len);

void ucma_put_ah(struct ib_uverbs_ah_attr *to,
		 const struct urdma_ah_attr *from);

/* Handlers: 0 or a negative errno. */
int ucma_create_id(const struct ucma_command *command);
int ucma_destroy_id(const struct ucma_command *command);
int ucma_bind_ip(const struct ucma_command *command);
int ucma_bind(const struct ucma_command *command);
int ucma_resolve_ip(const struct ucma_command *command);
int ucma_resolve_addr(const struct ucma_command *command);
int ucma_resolve_route(const struct ucma_command *command);
int ucma_query_route(const struct ucma_command *command);
int ucma_connect(const struct ucma_command *command);
int ucma_listen(const struct ucma_command *command);
int ucma_accept(const struct ucma_command *command);
int ucma_reject(const struct ucma_command *command);
int ucma_disconnect(const struct ucma_command *command);
int ucma_init_qp_attr(const struct ucma_command *command);
int ucma_get_event(const struct ucma_command *command);
int ucma_set_option(const struct ucma_command *command);
int ucma_notify(const struct ucma_command *command);
int ucma_join_ip_mcast(const struct ucma_command *command);
int ucma_join_mcast(const struct ucma_command *command);
int ucma_leave_mcast(const struct ucma_command *command);
int ucma_migrate_id(const struct ucma_command *command);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a program writes to an open uverbs device: the write() commands of
 * <rdma/ib_user_verbs.h>, turned into requests of urdmad's control protocol.
 *
 * libibverbs would rather use ioctl(); it is told that there is none (ENOTTY)
 * and then uses these for every core verb.
 */
#ifndef URDMA_PRELOAD_UVERBS_H
#define URDMA_PRELOAD_UVERBS_H

#include <stddef.h>
#include <sys/types.h>

#include "preload/fdtable.h"

/* write(2) on the session `fd`: `len`, or a negative errno. */
ssize_t uverbs_write(int fd, const struct fd_info *session, const void *buf,
		     size_t len);

/* A command with its lengths checked. */
struct uverbs_command {
	int fd;
	const struct fd_info *session;
	const void *core;   /* the command's structure */
	const void *driver; /* what the provider put behind it */
	size_t driver_len;
	void *response;
	size_t response_len; /* of the program's buffer */
};

/* Destroys an object whose asynchronous events the program may have read;
 * `reported`: how many of them.  0 or a negative errno. */
int uverbs_destroy_async(const struct uverbs_command *command, uint16_t op,
			 uint32_t handle, uint32_t *reported);

/* Writes the response: core structure, provider's data behind it.  Each is
 * cut to the room there is, as the kernel does. */
void uverbs_respond(const struct uverbs_command *command, const void *core,
		    size_t core_len, const void *driver, size_t driver_len);

/* Handlers: 0 or a negative errno. */
int uverbs_get_context(const struct uverbs_command *command);
int uverbs_query_device(const struct uverbs_command *command);
int uverbs_query_port(const struct uverbs_command *command);
int uverbs_alloc_pd(const struct uverbs_command *command);
int uverbs_dealloc_pd(const struct uverbs_command *command);
int uverbs_create_ah(const struct uverbs_command *command);
int uverbs_destroy_ah(const struct uverbs_command *command);
int uverbs_reg_mr(const struct uverbs_command *command);
int uverbs_rereg_mr(const struct uverbs_command *command);
int uverbs_dereg_mr(const struct uverbs_command *command);
int uverbs_alloc_mw(const struct uverbs_command *command);
int uverbs_dealloc_mw(const struct uverbs_command *command);
int uverbs_create_channel(const struct uverbs_command *command);
int uverbs_create_cq(const struct uverbs_command *command);
int uverbs_destroy_cq(const struct uverbs_command *command);
int uverbs_resize_cq(const struct uverbs_command *command);
int uverbs_modify_cq(const struct uverbs_command *command);
int uverbs_attach_mcast(const struct uverbs_command *command);
int uverbs_detach_mcast(const struct uverbs_command *command);
int uverbs_create_qp(const struct uverbs_command *command);
int uverbs_modify_qp(const struct uverbs_command *command);
int uverbs_query_qp(const struct uverbs_command *command);
int uverbs_destroy_qp(const struct uverbs_command *command);
int uverbs_create_srq(const struct uverbs_command *command);
int uverbs_modify_srq(const struct uverbs_command *command);
int uverbs_query_srq(const struct uverbs_command *command);
int uverbs_destroy_srq(const struct uverbs_command *command);
int uverbs_post_send(const struct uverbs_command *command);

#endif

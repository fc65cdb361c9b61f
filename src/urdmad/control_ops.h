/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The operations behind control_dispatch().  Each finds a request of the right
 * size from a session of the right kind, with zero in what is reserved; all
 * else it checks itself.
 */
#ifndef URDMA_URDMAD_CONTROL_OPS_H
#define URDMA_URDMAD_CONTROL_OPS_H

#include <stdbool.h>

#include "urdmad/session.h"

struct control_call {
	struct session *session;
	const void *request; /* a private, aligned copy */
	void *reply;	     /* zeroed */
	int *fds;	     /* as in struct control_message */
	unsigned int fd_count;
	/* To be handed to the program, -1: nothing. */
	int give;
	bool close_given;
	/* Answer with the reply structure even beside an error. */
	bool reply_anyway;
	nsec_t now;
};

/* 0 or a negative errno. */
typedef int control_op(struct control_call *call);

control_op control_get_context, control_map_arena, control_mem_attach,
	control_query_device, control_query_port, control_alloc_pd,
	control_dealloc_pd, control_reg_mr, control_rereg_mr, control_dereg_mr,
	control_create_ah, control_destroy_ah, control_alloc_mw,
	control_dealloc_mw;

control_op control_mem_remap, control_mem_live, control_mem_release,
	control_mem_faults;

control_op control_create_channel, control_create_cq, control_destroy_cq,
	control_resize_cq, control_modify_cq, control_create_qp,
	control_modify_qp, control_query_qp, control_destroy_qp,
	control_attach_mcast, control_detach_mcast;

control_op control_create_srq, control_modify_srq, control_query_srq,
	control_destroy_srq;

control_op control_cm_create, control_cm_destroy, control_cm_bind,
	control_cm_resolve_addr, control_cm_resolve_route,
	control_cm_query_route, control_cm_connect, control_cm_listen,
	control_cm_accept, control_cm_reject, control_cm_disconnect,
	control_cm_init_qp_attr, control_cm_set_option, control_cm_notify,
	control_cm_migrate, control_cm_join, control_cm_leave,
	control_cm_connect_to, control_cm_listen_at;

/* The groups of an id (control_mcast.c): that of an event, NULL if it is none
 * of a group; they go with their id, or move with it. */
struct session_cm_mcast *control_mcast_of(const struct session *session,
					  const struct urdma_cm_event *event);
void control_mcast_forget(struct session *session,
			  const struct session_cm_id *of);
void control_mcast_move(struct session *from, struct session *to,
			const struct session_cm_id *of);

/* Of the descriptors that came along, the program's end of `channel`; -1: none
 * of them is it. */
int control_borrowed(const struct control_call *call,
		     const struct channel *channel);

/* Where a queue lies, as told to the program. */
void control_place_reply(struct urdma_queue_place *place,
			 const struct arena_block *block, uint32_t slots,
			 uint32_t stride);
/* How many of a dying one's events the program has read. */
uint32_t control_reported_qp(const struct control_call *call,
			     struct session_qp *qp);
uint32_t control_reported_srq(const struct control_call *call,
			      struct session_srq *srq);
/* What of it belongs to the session; the device has none of it any more. */
void control_free_qp(struct session *session, struct session_qp *qp);
void control_free_srq(struct session *session, struct session_srq *srq);

/* Identifiers of rdma_cm (control_cm.c).  0 or a negative errno. */
int control_cm_add(struct session *session, uint16_t ps, uint8_t qp_type,
		   struct session_cm_id **made);
void control_cm_drop(struct session *session, struct session_cm_id *entry,
		     nsec_t now);
/* NULL: the session has no such. */
struct session_cm_id *control_cm_find(const struct session *session,
				      uint32_t handle);
/* A handle that none has. */
uint32_t control_cm_number(struct session *session);
/* Only one of the same program, on the id's device; NULL: there is none. */
struct rdma_qp *control_cm_qp(const struct session *session,
			      const struct cm_id *id, uint32_t qp_num);
/* What the kernel's rdma_cm leaves to the device (control_cm_kernel.c); NULL is
 * fine. */
void control_cm_give_rights(struct rdma_qp *qp, nsec_t now);

/* Frees the queues of a context that is gone already, and its channels
 * (control_queues.c). */
void control_free_queues(struct session *session);

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Operations on a device file: queue pairs. */
#include <errno.h>
#include <stdlib.h>

#include "rdma/rdma_dev.h"
#include "urdmad/control_ops.h"

static struct rdma_dev *device_of(const struct session *session)
{
	return session->control->config.devices[session->device];
}

void control_free_qp(struct session *session, struct session_qp *qp)
{
	arena_free(&session->arenas, &qp->sq);
	arena_free(&session->arenas, &qp->rq);
	user_refund(session->user, USER_QP, 1);
	free(qp);
}

static int build_qp(struct session *session, struct session_qp *qp,
		    const struct urdma_create_qp *ask,
		    const struct rdma_qp_caps *caps)
{
	uint64_t sq = urdma_ring_bytes(caps->sq_slots, caps->sq_stride);
	uint64_t rq = urdma_ring_bytes(caps->rq_slots, caps->rq_stride);
	int ret = arena_alloc(&session->arenas, sq, ARENA_ALIGN, &qp->sq);

	if (ret == 0)
		ret = arena_alloc(&session->arenas, rq, ARENA_ALIGN, &qp->rq);
	if (ret == 0)
		ret = rdma_qp_create(session->ctx, ask, caps, qp->sq.at,
				     qp->rq.at, &qp->handle);
	return ret;
}

static int add_qp(struct session *session, const struct urdma_create_qp *ask,
		  const struct rdma_qp_caps *caps, struct session_qp **made)
{
	struct session_qp *qp =
		user_alloc(session->user, USER_QP, 1, sizeof(*qp));
	int ret;

	if (!qp)
		return -ENOMEM;
	qp->user_handle = ask->user_handle;
	ret = build_qp(session, qp, ask, caps);
	if (ret < 0) {
		control_free_qp(session, qp);
		return ret;
	}
	HASH_ADD(hh, session->qps, handle, sizeof(qp->handle), qp);
	*made = qp;
	return 0;
}

int control_create_qp(struct control_call *call)
{
	const struct urdma_create_qp *ask = call->request;
	struct urdma_create_qp_reply *reply = call->reply;
	struct session *session = call->session;
	struct rdma_qp_caps caps;
	struct session_qp *qp = NULL;
	struct rdma_qp *made;
	int ret;

	if (!session->ctx)
		return -EINVAL;
	ret = rdma_qp_plan(device_of(session), ask, &caps);
	if (ret == 0)
		ret = add_qp(session, ask, &caps, &qp);
	if (ret < 0)
		return ret;
	made = rdma_ctx_find_qp(session->ctx, qp->handle);
	reply->qp = qp->handle;
	reply->qp_num = rdma_qp_num(made);
	reply->doorbell = rdma_qp_doorbell(made);
	reply->max_send_wr = caps.max_send_wr;
	reply->max_recv_wr = caps.max_recv_wr;
	reply->max_send_sge = caps.max_send_sge;
	reply->max_recv_sge = caps.max_recv_sge;
	reply->max_inline = caps.max_inline;
	control_place_reply(&reply->sq, &qp->sq, caps.sq_slots, caps.sq_stride);
	control_place_reply(&reply->rq, &qp->rq, caps.rq_slots, caps.rq_stride);
	return 0;
}

/* NULL: the session has no such. */
static struct rdma_qp *find_qp(const struct session *session, uint32_t handle)
{
	return session->ctx ? rdma_ctx_find_qp(session->ctx, handle) : NULL;
}

int control_modify_qp(struct control_call *call)
{
	const struct urdma_modify_qp *ask = call->request;
	struct rdma_qp *qp = find_qp(call->session, ask->qp);

	if (!qp || ask->attr.ah.reserved[0] || ask->attr.ah.reserved[1])
		return -EINVAL;
	return rdma_qp_modify(qp, &ask->attr, ask->attr_mask, call->now);
}

int control_query_qp(struct control_call *call)
{
	const struct urdma_handle *ask = call->request;
	const struct rdma_qp *qp = find_qp(call->session, ask->handle);

	if (!qp)
		return -EINVAL;
	rdma_qp_query(qp, call->reply);
	return 0;
}

int control_attach_mcast(struct control_call *call)
{
	const struct urdma_mcast *ask = call->request;
	struct rdma_qp *qp = find_qp(call->session, ask->qp);

	return qp ? rdma_qp_join(qp, ask->gid) : -EINVAL;
}

int control_detach_mcast(struct control_call *call)
{
	const struct urdma_mcast *ask = call->request;
	struct rdma_qp *qp = find_qp(call->session, ask->qp);

	return qp ? rdma_qp_leave(qp, ask->gid) : -EINVAL;
}

int control_destroy_qp(struct control_call *call)
{
	const struct urdma_handle *ask = call->request;
	struct urdma_destroy_reply *reply = call->reply;
	struct session *session = call->session;
	struct session_qp *qp;
	int ret;

	HASH_FIND(hh, session->qps, &ask->handle, sizeof(ask->handle), qp);
	if (!qp)
		return -EINVAL;
	ret = rdma_qp_destroy(session->ctx, qp->handle, call->now);
	if (ret < 0)
		return ret;
	control_deliver_device(session->control, session->device);
	reply->async_events_reported = control_reported_qp(call, qp);
	HASH_DEL(session->qps, qp);
	control_free_qp(session, qp);
	return 0;
}

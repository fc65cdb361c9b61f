// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Queue pairs. */
#include <linux/cred.h>

#include "urdma.h"

static struct urdma_dev *dev_of(struct urdma_qp *qp)
{
	return urdma_dev(qp->ib.device);
}

static int ask_create(struct urdma_qp *qp, struct ib_qp_init_attr *attr,
		      struct urdma_create_qp_reply *reply)
{
	const struct urdma_create_qp ask = {
		.user_handle = qp->name,
		.pd = urdma_pd(qp->ib.pd)->handle,
		.send_cq = urdma_cq(attr->send_cq)->handle,
		.recv_cq = urdma_cq(attr->recv_cq)->handle,
		.srq = attr->srq ? urdma_srq(attr->srq)->handle : 0,
		.max_send_wr = attr->cap.max_send_wr,
		.max_recv_wr = attr->cap.max_recv_wr,
		.max_send_sge = attr->cap.max_send_sge,
		.max_recv_sge = attr->cap.max_recv_sge,
		.max_inline = attr->cap.max_inline_data,
		.qp_type = attr->qp_type,
		.sq_sig_all = attr->sq_sig_type == IB_SIGNAL_ALL_WR,
	};

	return urdma_ask(qp->session, URDMA_OP_CREATE_QP, &ask, sizeof(ask),
			 reply, sizeof(*reply));
}

static void ask_destroy(struct urdma_qp *qp)
{
	const struct urdma_handle ask = { .handle = qp->handle };
	struct urdma_destroy_reply reply;

	urdma_finish(qp->session, URDMA_OP_DESTROY_QP, &ask, sizeof(ask),
		     &reply, sizeof(reply));
}

static void take_caps(struct ib_qp_cap *cap,
		      const struct urdma_create_qp_reply *reply)
{
	cap->max_send_wr = reply->max_send_wr;
	cap->max_recv_wr = reply->max_recv_wr;
	cap->max_send_sge = reply->max_send_sge;
	cap->max_recv_sge = reply->max_recv_sge;
	cap->max_inline_data = reply->max_inline;
}

static int hand_over(struct urdma_qp *qp, struct ib_ucontext *context,
		     const struct urdma_create_qp_reply *reply,
		     struct ib_udata *udata)
{
	struct urdma_uhw_create_qp_resp resp = {
		.doorbell = reply->doorbell,
		.sq = reply->sq,
		.rq = reply->rq,
	};
	int error;

	qp->handle = reply->qp;
	qp->ib.qp_num = reply->qp_num;
	error = urdma_arena_get(context, reply->sq.arena);
	if (!error)
		error = urdma_arena_get(context, reply->rq.arena);
	if (!error)
		error = urdma_respond(udata, &resp, sizeof(resp));
	if (!error)
		error = xa_insert(&dev_of(qp)->qps, qp->ib.qp_num, qp,
				  GFP_KERNEL);
	if (error)
		ask_destroy(qp);
	return error;
}

int urdma_create_qp(struct ib_qp *ib, struct ib_qp_init_attr *attr,
		    struct ib_udata *udata)
{
	struct urdma_qp *qp = urdma_qp(ib);
	struct urdma_daemon *daemon = dev_of(qp)->daemon;
	struct urdma_create_qp_reply reply;
	struct urdma_ucontext *context;
	int error;

	if (attr->create_flags)
		return -EOPNOTSUPP;
	if (!udata)
		return urdma_gsi_create(qp, attr);
	context = rdma_udata_to_drv_context(udata, struct urdma_ucontext, ib);
	qp->session = &context->session;
	qp->uid = current_euid();
	refcount_set(&qp->refs, 1);
	init_completion(&qp->unused);
	error = xa_alloc(&daemon->qp_names, &qp->name, qp, xa_limit_31b,
			 GFP_KERNEL);
	if (error)
		return error;
	error = ask_create(qp, attr, &reply);
	if (!error)
		error = hand_over(qp, &context->ib, &reply, udata);
	if (error) {
		xa_erase(&daemon->qp_names, qp->name);
		return error;
	}
	take_caps(&attr->cap, &reply);
	return 0;
}

/* Enums have the numbers that programs know. */
static void fill_attr(struct urdma_qp_attr *to, const struct ib_qp_attr *from)
{
	*to = (struct urdma_qp_attr){
		.qkey = from->qkey,
		.rq_psn = from->rq_psn,
		.sq_psn = from->sq_psn,
		.dest_qp_num = from->dest_qp_num,
		.access_flags = from->qp_access_flags,
		.pkey_index = from->pkey_index,
		.qp_state = from->qp_state,
		.cur_qp_state = from->cur_qp_state,
		.path_mtu = from->path_mtu,
		.path_mig_state = from->path_mig_state,
		.en_sqd_async_notify = from->en_sqd_async_notify,
		.max_rd_atomic = from->max_rd_atomic,
		.max_dest_rd_atomic = from->max_dest_rd_atomic,
		.min_rnr_timer = from->min_rnr_timer,
		.port_num = from->port_num,
		.timeout = from->timeout,
		.retry_cnt = from->retry_cnt,
		.rnr_retry = from->rnr_retry,
	};
}

static int fill_path(struct urdma_qp *qp, struct urdma_qp_attr *to,
		     const struct ib_qp_attr *from)
{
	int error = urdma_path(dev_of(qp), &to->ah, &from->ah_attr);

	if (!error && to->ah.is_global)
		qp->sgid_index = rdma_ah_read_grh(&from->ah_attr)->sgid_index;
	return error;
}

int urdma_modify_qp(struct ib_qp *ib, struct ib_qp_attr *attr, int mask,
		    struct ib_udata *udata)
{
	struct urdma_qp *qp = urdma_qp(ib);
	struct urdma_modify_qp ask = { .qp = qp->handle, .attr_mask = mask };
	struct urdma_empty reply;
	int error;

	if (mask & ~IB_QP_ATTR_STANDARD_BITS)
		return -EOPNOTSUPP;
	if (qp->gsi)
		return urdma_gsi_modify(qp, attr, mask);
	if (!udata) { /* the connection manager ends a connection so */
		urdma_cm_disconnect(qp, attr->qp_state == IB_QPS_ERR);
		return 0;
	}
	fill_attr(&ask.attr, attr);
	if (mask & IB_QP_AV) {
		error = fill_path(qp, &ask.attr, attr);
		if (error)
			return error;
	}
	return urdma_ask(qp->session, URDMA_OP_MODIFY_QP, &ask, sizeof(ask),
			 &reply, sizeof(reply));
}

static void take_path(struct rdma_ah_attr *to, const struct urdma_qp *qp,
		      const struct urdma_ah_attr *from)
{
	to->type = rdma_ah_find_type(qp->ib.device, 1);
	rdma_ah_set_sl(to, from->sl);
	rdma_ah_set_static_rate(to, from->static_rate);
	rdma_ah_set_port_num(to, from->port_num);
	if (!from->is_global)
		return;
	rdma_ah_set_grh(to, NULL, from->flow_label, qp->sgid_index,
			from->hop_limit, from->traffic_class);
	rdma_ah_set_dgid_raw(to, (void *)from->dgid);
}

static void take_attr(struct ib_qp_attr *to, const struct urdma_qp *qp,
		      const struct urdma_qp_attr *from)
{
	to->qp_state = from->qp_state;
	to->cur_qp_state = from->cur_qp_state;
	to->path_mtu = from->path_mtu;
	to->path_mig_state = from->path_mig_state;
	to->qkey = from->qkey;
	to->rq_psn = from->rq_psn;
	to->sq_psn = from->sq_psn;
	to->dest_qp_num = from->dest_qp_num;
	to->qp_access_flags = from->access_flags;
	to->pkey_index = from->pkey_index;
	to->sq_draining = from->sq_draining;
	to->max_rd_atomic = from->max_rd_atomic;
	to->max_dest_rd_atomic = from->max_dest_rd_atomic;
	to->min_rnr_timer = from->min_rnr_timer;
	to->port_num = from->port_num;
	to->timeout = from->timeout;
	to->retry_cnt = from->retry_cnt;
	to->rnr_retry = from->rnr_retry;
	take_path(&to->ah_attr, qp, &from->ah);
}

int urdma_query_qp(struct ib_qp *ib, struct ib_qp_attr *attr, int mask,
		   struct ib_qp_init_attr *init)
{
	struct urdma_qp *qp = urdma_qp(ib);
	const struct urdma_handle ask = { .handle = qp->handle };
	struct urdma_query_qp_reply reply;
	int error;

	if (qp->gsi) {
		urdma_gsi_query(qp, attr, init);
		return 0;
	}
	/* Leaving a group asks, also for a program on its way out. */
	if (current->flags & PF_EXITING)
		return -EINTR;
	error = urdma_ask(qp->session, URDMA_OP_QUERY_QP, &ask, sizeof(ask),
			  &reply, sizeof(reply));
	if (error)
		return error;
	memset(attr, 0, sizeof(*attr));
	take_attr(attr, qp, &reply.attr);
	attr->cap.max_send_wr = reply.max_send_wr;
	attr->cap.max_recv_wr = reply.max_recv_wr;
	attr->cap.max_send_sge = reply.max_send_sge;
	attr->cap.max_recv_sge = reply.max_recv_sge;
	attr->cap.max_inline_data = reply.max_inline;
	init->cap = attr->cap;
	init->qp_type = ib->qp_type;
	init->sq_sig_type =
		reply.sq_sig_all ? IB_SIGNAL_ALL_WR : IB_SIGNAL_REQ_WR;
	return 0;
}

/*
 * The connection manager holds queue pairs by their number (iw_get_qp, in a
 * section with interrupts off) until it has heard that their connection is
 * closed, which urdma_cm_disconnect() says.
 */
int urdma_destroy_qp(struct ib_qp *ib, struct ib_udata *udata)
{
	struct urdma_qp *qp = urdma_qp(ib);
	struct urdma_dev *dev = dev_of(qp);

	if (qp->gsi) {
		urdma_gsi_destroy(qp);
		return 0;
	}
	xa_erase(&dev->daemon->qp_names, qp->name);
	xa_erase(&dev->qps, ib->qp_num);
	synchronize_rcu_expedited();
	urdma_cm_disconnect(qp, true);
	ask_destroy(qp);
	urdma_iw_rem_ref(ib);
	wait_for_completion(&qp->unused);
	return 0;
}

/* Without work requests it wakes the daemon (<urdma/uverbs_abi.h>). */
int urdma_post_send(struct ib_qp *ib, const struct ib_send_wr *wr,
		    const struct ib_send_wr **bad)
{
	struct urdma_qp *qp = urdma_qp(ib);

	if (qp->gsi)
		return urdma_gsi_send(qp, wr, bad);
	if (wr) {
		*bad = wr;
		return -EOPNOTSUPP;
	}
	urdma_kick(dev_of(qp)->daemon);
	return 0;
}

int urdma_post_recv(struct ib_qp *ib, const struct ib_recv_wr *wr,
		    const struct ib_recv_wr **bad)
{
	struct urdma_qp *qp = urdma_qp(ib);

	if (qp->gsi)
		return urdma_gsi_recv(qp, wr, bad);
	*bad = wr;
	return -EOPNOTSUPP;
}

static struct urdma_mcast mcast(const struct urdma_qp *qp,
				const union ib_gid *gid)
{
	struct urdma_mcast ask = { .qp = qp->handle };

	memcpy(ask.gid, gid->raw, sizeof(ask.gid));
	return ask;
}

int urdma_attach_mcast(struct ib_qp *ib, union ib_gid *gid, u16 lid)
{
	struct urdma_qp *qp = urdma_qp(ib);
	const struct urdma_mcast ask = mcast(qp, gid);
	struct urdma_empty reply;

	if (qp->gsi)
		return -EOPNOTSUPP;
	return urdma_ask(qp->session, URDMA_OP_ATTACH_MCAST, &ask, sizeof(ask),
			 &reply, sizeof(reply));
}

/* ib_core does not let a queue pair go that is still in a group. */
int urdma_detach_mcast(struct ib_qp *ib, union ib_gid *gid, u16 lid)
{
	struct urdma_qp *qp = urdma_qp(ib);
	const struct urdma_mcast ask = mcast(qp, gid);
	struct urdma_empty reply;

	urdma_finish(qp->session, URDMA_OP_DETACH_MCAST, &ask, sizeof(ask),
		     &reply, sizeof(reply));
	return 0;
}

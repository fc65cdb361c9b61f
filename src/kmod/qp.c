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

	if (!udata || attr->create_flags)
		return -EOPNOTSUPP;
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

static void fill_path(struct urdma_ah_attr *to, const struct rdma_ah_attr *from)
{
	to->sl = rdma_ah_get_sl(from);
	to->static_rate = rdma_ah_get_static_rate(from);
	to->port_num = rdma_ah_get_port_num(from);
	if (rdma_ah_get_ah_flags(from) & IB_AH_GRH) {
		const struct ib_global_route *grh = rdma_ah_read_grh(from);

		to->is_global = 1;
		memcpy(to->dgid, grh->dgid.raw, sizeof(to->dgid));
		to->flow_label = grh->flow_label;
		to->sgid_index = grh->sgid_index;
		to->hop_limit = grh->hop_limit;
		to->traffic_class = grh->traffic_class;
	}
}

/* Enums have the numbers that programs know. */
static void fill_attr(struct urdma_qp_attr *to, const struct ib_qp_attr *from,
		      int mask)
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
	if (mask & IB_QP_AV)
		fill_path(&to->ah, &from->ah_attr);
}

int urdma_modify_qp(struct ib_qp *ib, struct ib_qp_attr *attr, int mask,
		    struct ib_udata *udata)
{
	struct urdma_qp *qp = urdma_qp(ib);
	struct urdma_modify_qp ask = { .qp = qp->handle, .attr_mask = mask };
	struct urdma_empty reply;

	if (mask & ~IB_QP_ATTR_STANDARD_BITS)
		return -EOPNOTSUPP;
	if (!udata) { /* the connection manager ends a connection so */
		urdma_cm_disconnect(qp, attr->qp_state == IB_QPS_ERR);
		return 0;
	}
	fill_attr(&ask.attr, attr, mask);
	return urdma_ask(qp->session, URDMA_OP_MODIFY_QP, &ask, sizeof(ask),
			 &reply, sizeof(reply));
}

static void take_path(struct rdma_ah_attr *to, struct ib_device *ib,
		      const struct urdma_ah_attr *from)
{
	to->type = rdma_ah_find_type(ib, 1);
	rdma_ah_set_sl(to, from->sl);
	rdma_ah_set_static_rate(to, from->static_rate);
	rdma_ah_set_port_num(to, from->port_num);
	if (!from->is_global)
		return;
	rdma_ah_set_grh(to, NULL, from->flow_label, from->sgid_index,
			from->hop_limit, from->traffic_class);
	rdma_ah_set_dgid_raw(to, (void *)from->dgid);
}

static void take_attr(struct ib_qp_attr *to, struct ib_device *ib,
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
	take_path(&to->ah_attr, ib, &from->ah);
}

int urdma_query_qp(struct ib_qp *ib, struct ib_qp_attr *attr, int mask,
		   struct ib_qp_init_attr *init)
{
	struct urdma_qp *qp = urdma_qp(ib);
	const struct urdma_handle ask = { .handle = qp->handle };
	struct urdma_query_qp_reply reply;
	int error;

	error = urdma_ask(qp->session, URDMA_OP_QUERY_QP, &ask, sizeof(ask),
			  &reply, sizeof(reply));
	if (error)
		return error;
	memset(attr, 0, sizeof(*attr));
	take_attr(attr, ib->device, &reply.attr);
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
	if (wr) {
		*bad = wr;
		return -EOPNOTSUPP;
	}
	urdma_kick(dev_of(urdma_qp(ib))->daemon);
	return 0;
}

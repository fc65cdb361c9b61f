// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "netns/semantics.h"

enum {
	DEADLINE_S = 20,
	INLINE = 64,
	SGES = 4,
	/* What iWARP has of ibv_wr_start(). */
	SEND_OPS = IBV_QP_EX_WITH_RDMA_WRITE |
		   IBV_QP_EX_WITH_RDMA_WRITE_WITH_IMM | IBV_QP_EX_WITH_SEND |
		   IBV_QP_EX_WITH_RDMA_READ |
		   IBV_QP_EX_WITH_ATOMIC_CMP_AND_SWP |
		   IBV_QP_EX_WITH_ATOMIC_FETCH_AND_ADD |
		   IBV_QP_EX_WITH_SEND_WITH_INV | IBV_QP_EX_WITH_LOCAL_INV,
};

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void expect_number(const char *what, int64_t is, int64_t expected)
{
	if (is != expected)
		die("%s is %lld, expected %lld", what, (long long)is,
		    (long long)expected);
}

bool all_are(const uint8_t *bytes, uint64_t len, uint8_t value)
{
	for (uint64_t i = 0; i < len; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

void expect_bytes(const uint8_t *bytes, uint64_t len, uint8_t value,
		  const char *what)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	time_t end = now_s() + DEADLINE_S;

	while (!all_are(bytes, len, value) && now_s() < end)
		nanosleep(&moment, NULL);
	if (!all_are(bytes, len, value))
		die("%s: not all of it is %#x", what, value);
}

bool is_readable(int fd)
{
	struct pollfd watch = { fd, POLLIN, 0 };

	return poll(&watch, 1, 0) == 1;
}

void await_fd(int fd, const char *what)
{
	struct pollfd watch = { fd, POLLIN, 0 };

	if (poll(&watch, 1, DEADLINE_S * 1000) != 1)
		die("not within %d s: %s", DEADLINE_S, what);
}

/* How an end is opened. */
struct plan {
	bool extended;
	bool shared; /* b's receive queue */
	int b_cqe;
};

static struct ibv_srq *open_srq(struct ibv_pd *pd)
{
	struct ibv_srq_init_attr attr = { .attr = { DEPTH, SGES, 0 } };
	struct ibv_srq *srq = ibv_create_srq(pd, &attr);

	need(srq != NULL, "ibv_create_srq");
	return srq;
}

static void end_open_as(struct end *end, struct rdma_cm_id *id, uint8_t fill,
			const struct plan *plan)
{
	struct ibv_qp_init_attr_ex attr = {
		.qp_type = IBV_QPT_RC,
		.cap = { DEPTH, DEPTH, SGES, SGES, INLINE },
		.comp_mask = IBV_QP_INIT_ATTR_PD,
		.send_ops_flags = SEND_OPS,
	};

	end->id = id;
	end->pd = ibv_alloc_pd(id->verbs);
	need(end->pd != NULL, "ibv_alloc_pd");
	attr.pd = end->pd;
	attr.send_cq = end->cq;
	attr.recv_cq = end->cq;
	if (plan->shared && fill == 'b')
		attr.srq = end->srq = open_srq(end->pd);
	if (plan->extended)
		attr.comp_mask |= IBV_QP_INIT_ATTR_SEND_OPS_FLAGS;
	need(rdma_create_qp_ex(id, &attr) == 0, "rdma_create_qp_ex");
	end->qp = id->qp;
	end->max_inline = attr.cap.max_inline_data;
	end->bytes = aligned_alloc(4096, END_BYTES);
	need(end->bytes != NULL, "aligned_alloc");
	memset(end->bytes, fill, END_BYTES);
	end->mr = ibv_reg_mr(end->pd, end->bytes, END_BYTES, ALL_RIGHTS);
	need(end->mr != NULL, "ibv_reg_mr");
}

static void open_cq(struct end *end, struct ibv_context *context, int cqe)
{
	end->cq = ibv_create_cq(context, cqe, end, end->channel, 0);
	need(end->cq != NULL, "ibv_create_cq");
}

static void open_cq_extended(struct end *end, struct ibv_context *context,
			     int cqe)
{
	struct ibv_cq_init_attr_ex attr = {
		.cqe = (uint32_t)cqe,
		.cq_context = end,
		.channel = end->channel,
		.wc_flags = IBV_WC_STANDARD_FLAGS |
			    IBV_WC_EX_WITH_COMPLETION_TIMESTAMP |
			    IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK,
	};
	struct ibv_cq_ex *ex = ibv_create_cq_ex(context, &attr);

	need(ex != NULL, "ibv_create_cq_ex");
	end->cq = ibv_cq_ex_to_cq(ex);
}

static void open_end(struct end *end, struct rdma_cm_id *id, uint8_t fill,
		     const struct plan *plan, int cqe)
{
	end->srq = NULL;
	end->channel = ibv_create_comp_channel(id->verbs);
	need(end->channel != NULL, "ibv_create_comp_channel");
	if (plan->extended)
		open_cq_extended(end, id->verbs, cqe);
	else
		open_cq(end, id->verbs, cqe);
	end_open_as(end, id, fill, plan);
}

void end_open(struct end *end, struct rdma_cm_id *id, uint8_t fill, int cqe)
{
	open_end(end, id, fill, &(struct plan){ 0 }, cqe);
}

static void pair_open_as(struct pair *pair, const struct plan *plan)
{
	struct rdma_conn_param param = { .responder_resources = 4,
					 .initiator_depth = 4 };
	struct peer_listener listener;
	uint32_t word = 0;

	peer_listen(&listener, 0);
	open_end(&pair->a,
		 peer_resolve(own_address,
			      ntohs(rdma_get_src_port(listener.id))),
		 'a', plan, 4 * DEPTH);
	param.private_data = &word;
	param.private_data_len = sizeof(word);
	need(rdma_connect(pair->a.id, &param) == 0, "rdma_connect");
	open_end(&pair->b, peer_asked(&listener, &word), 'b', plan,
		 plan->b_cqe);
	peer_accept(pair->b.id);
	peer_event(pair->a.id, RDMA_CM_EVENT_ESTABLISHED);
	peer_unlisten(&listener);
}

void pair_open(struct pair *pair)
{
	pair_open_cq(pair, 4 * DEPTH);
}

void pair_open_cq(struct pair *pair, int b_cqe)
{
	pair_open_as(pair, &(struct plan){ .b_cqe = b_cqe });
}

void pair_open_extended(struct pair *pair)
{
	pair_open_as(pair,
		     &(struct plan){ .extended = true, .b_cqe = 4 * DEPTH });
}

void pair_open_srq(struct pair *pair)
{
	pair_open_as(pair,
		     &(struct plan){ .shared = true, .b_cqe = 4 * DEPTH });
}

void end_free_memory(struct end *end)
{
	if (end->mr)
		need(ibv_dereg_mr(end->mr) == 0, "ibv_dereg_mr");
	free(end->bytes);
	if (end->srq)
		need(ibv_destroy_srq(end->srq) == 0, "ibv_destroy_srq");
	need(ibv_destroy_cq(end->cq) == 0, "ibv_destroy_cq");
	need(ibv_destroy_comp_channel(end->channel) == 0, "destroy channel");
	need(ibv_dealloc_pd(end->pd) == 0, "ibv_dealloc_pd");
}

void pair_close(struct pair *pair)
{
	peer_close(pair->a.id);
	peer_close(pair->b.id);
	end_free_memory(&pair->a);
	end_free_memory(&pair->b);
}

int try_send(struct end *from, const struct end *to, const struct ask *ask)
{
	struct ibv_sge sge = {
		(uintptr_t)from->bytes + ask->off,
		ask->len,
		ask->lkey ? ask->lkey : from->mr->lkey,
	};
	struct ibv_send_wr *bad = NULL, wr = {
		.wr_id = ask->wr_id,
		.sg_list = &sge,
		.num_sge = !ask->no_sge,
		.opcode = ask->opcode,
		.send_flags = IBV_SEND_SIGNALED | ask->flags,
	};
	int error;

	wr.wr.rdma.remote_addr =
		ask->remote ? ask->remote : (uintptr_t)to->bytes;
	wr.wr.rdma.rkey = ask->rkey ? ask->rkey : to->mr->rkey;
	error = ibv_post_send(from->qp, &wr, &bad);
	if (error && bad != &wr)
		die("a refused request is not named");
	return error;
}

int try_recv(struct end *at, uint64_t wr_id, uint32_t off, uint32_t len)
{
	struct ibv_sge sge = { (uintptr_t)at->bytes + off, len, at->mr->lkey };
	struct ibv_recv_wr *bad = NULL, wr = {
		.wr_id = wr_id,
		.sg_list = &sge,
		.num_sge = 1,
	};
	int error = at->srq ? ibv_post_srq_recv(at->srq, &wr, &bad)
			    : ibv_post_recv(at->qp, &wr, &bad);

	if (error && bad != &wr)
		die("a refused RECV is not named");
	return error;
}

void do_send(struct end *from, const struct end *to, struct ask ask)
{
	expect_number("ibv_post_send", try_send(from, to, &ask), 0);
}

void do_recv(struct end *at, uint64_t wr_id, uint32_t off, uint32_t len)
{
	expect_number("ibv_post_recv", try_recv(at, wr_id, off, len), 0);
}

void all_arrived(struct end *from, const struct end *to)
{
	enum { ID = 0xa11 };

	do_send(from, to,
		(struct ask){ .wr_id = ID, .opcode = IBV_WR_RDMA_READ });
	expect_wc(from->cq, ID, IBV_WC_SUCCESS);
}

struct ibv_wc next_wc(struct ibv_cq *cq)
{
	time_t end = now_s() + DEADLINE_S;
	struct ibv_wc wc;
	int n;

	do {
		n = ibv_poll_cq(cq, 1, &wc);
		if (n == 1)
			return wc;
		sched_yield(); /* to who brings it */
	} while (n == 0 && now_s() < end);
	die("no completion (ibv_poll_cq: %d)", n);
}

void expect_wc(struct ibv_cq *cq, uint64_t wr_id, enum ibv_wc_status status)
{
	struct ibv_wc wc = next_wc(cq);

	if (wc.wr_id != wr_id || wc.status != status)
		die("completion of %llu: %s; expected %llu: %s",
		    (unsigned long long)wc.wr_id, ibv_wc_status_str(wc.status),
		    (unsigned long long)wr_id, ibv_wc_status_str(status));
}

void expect_no_wc(struct ibv_cq *cq)
{
	struct ibv_wc wc;

	expect_number("ibv_poll_cq", ibv_poll_cq(cq, 1, &wc), 0);
}

void expect_async(struct ibv_context *context, enum ibv_event_type type)
{
	struct ibv_async_event event;

	do {
		await_fd(context->async_fd, ibv_event_type_str(type));
		need(ibv_get_async_event(context, &event) == 0,
		     "ibv_get_async_event");
		ibv_ack_async_event(&event);
	} while (event.event_type != type);
}

void settle(struct end *end)
{
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr attr;

	/* one turn answers it, the next has sent what that turn made */
	for (int i = 0; i < 2; i++)
		need(ibv_query_qp(end->qp, &attr, IBV_QP_STATE, &init) == 0,
		     "ibv_query_qp");
}

void take_cq_event(struct end *end)
{
	struct ibv_cq *cq;
	void *context;

	await_fd(end->channel->fd, "a completion event");
	need(ibv_get_cq_event(end->channel, &cq, &context) == 0,
	     "ibv_get_cq_event");
	if (cq != end->cq || context != end)
		die("an event of another CQ");
	ibv_ack_cq_events(cq, 1);
}

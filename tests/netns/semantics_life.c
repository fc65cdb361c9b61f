// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lives of queue pairs and what they use. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netns/semantics.h"

static struct ibv_qp_attr query(struct end *end)
{
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr attr;

	need(ibv_query_qp(end->qp, &attr, IBV_QP_STATE | IBV_QP_CAP, &init) ==
		     0,
	     "ibv_query_qp");
	if (init.send_cq != end->cq || init.recv_cq != end->cq ||
	    init.qp_type != IBV_QPT_RC)
		die("query_qp does not know how it was made");
	return attr;
}

static int to_state(struct end *end, enum ibv_qp_state state)
{
	struct ibv_qp_attr attr = { .qp_state = state };

	return ibv_modify_qp(end->qp, &attr, IBV_QP_STATE);
}

static void flushes_in_order(struct end *end, uint64_t first, uint64_t count)
{
	for (uint64_t i = first; i < first + count; i++)
		expect_wc(end->cq, i, IBV_WC_WR_FLUSH_ERR);
}

static void post_recvs(struct end *end)
{
	for (uint64_t i = 0; i < 5; i++)
		do_recv(end, i, 0, 10);
}

static void disconnecting_flushes(void)
{
	struct pair pair;

	pair_open(&pair);
	post_recvs(&pair.a);
	post_recvs(&pair.b);
	need(rdma_disconnect(pair.a.id) == 0, "rdma_disconnect");
	flushes_in_order(&pair.a, 0, 5);
	flushes_in_order(&pair.b, 0, 5);
	peer_event(pair.a.id, RDMA_CM_EVENT_DISCONNECTED);
	peer_event(pair.b.id, RDMA_CM_EVENT_DISCONNECTED);
	expect_number("state", query(&pair.a).qp_state, IBV_QPS_ERR);
	expect_number("state", query(&pair.b).qp_state, IBV_QPS_ERR);
	pair_close(&pair);
}

static void error_flushes(void)
{
	struct pair pair;

	pair_open(&pair);
	post_recvs(&pair.a);
	expect_number("modify to ERR", to_state(&pair.a, IBV_QPS_ERR), 0);
	flushes_in_order(&pair.a, 0, 5);
	/* and what is posted later */
	for (uint64_t i = 5; i < 100; i++) {
		do_recv(&pair.a, i, 0, 10);
		flushes_in_order(&pair.a, i, 1);
		do_send(&pair.a, &pair.b,
			(struct ask){ .wr_id = i,
				      .opcode = IBV_WR_RDMA_WRITE });
		flushes_in_order(&pair.a, i, 1);
	}
	peer_event(pair.b.id, RDMA_CM_EVENT_DISCONNECTED);
	pair_close(&pair);
}

/* In more than one of urdmad's turns. */
static void long_queue_flushes(void)
{
	enum { LONG = 5000 };
	struct ibv_qp_init_attr attr = {
		.qp_type = IBV_QPT_RC,
		.cap = { 1, LONG, 1, 1, 0 },
	};
	struct ibv_qp_attr init = { .qp_state = IBV_QPS_INIT, .port_num = 1 };
	struct pair pair;
	struct end end;

	pair_open(&pair);
	end = pair.a;
	end.cq = ibv_create_cq(pair.a.id->verbs, LONG, NULL, NULL, 0);
	need(end.cq != NULL, "ibv_create_cq");
	attr.send_cq = end.cq;
	attr.recv_cq = end.cq;
	end.qp = ibv_create_qp(end.pd, &attr);
	need(end.qp != NULL, "ibv_create_qp");
	need(ibv_modify_qp(end.qp, &init,
			   IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
				   IBV_QP_ACCESS_FLAGS) == 0,
	     "ibv_modify_qp");
	for (uint64_t i = 0; i < LONG; i++)
		do_recv(&end, i, 0, 10);
	expect_number("modify to ERR", to_state(&end, IBV_QPS_ERR), 0);
	flushes_in_order(&end, 0, LONG);
	expect_no_wc(end.cq);
	need(ibv_destroy_qp(end.qp) == 0, "ibv_destroy_qp");
	need(ibv_destroy_cq(end.cq) == 0, "ibv_destroy_cq");
	pair_close(&pair);
}

static void sends_flush_in_order(void)
{
	struct ask ask = { .opcode = IBV_WR_SEND, .len = 40000 };
	struct pair pair;

	pair_open(&pair);
	for (; ask.wr_id < 10; ask.wr_id++) /* nobody receives them */
		do_send(&pair.a, &pair.b, ask);
	expect_number("modify to ERR", to_state(&pair.a, IBV_QPS_ERR), 0);
	for (uint64_t i = 0; i < 10; i++)
		expect_number("wr_id", (int64_t)next_wc(pair.a.cq).wr_id,
			      (int64_t)i);
	expect_no_wc(pair.a.cq);
	pair_close(&pair);
}

static void destroyed_under_load(void)
{
	struct ask ask = { .opcode = IBV_WR_RDMA_WRITE, .len = END_BYTES };
	struct pair pair;

	pair_open(&pair);
	for (; ask.wr_id < 10; ask.wr_id++)
		do_send(&pair.a, &pair.b, ask);
	rdma_destroy_qp(pair.a.id);
	peer_event(pair.b.id, RDMA_CM_EVENT_DISCONNECTED);
	pair_close(&pair);
}

/* The queue pair of the last connection carries another one. */
static void reset_and_reuse(void)
{
	struct ibv_qp_attr init = { .qp_state = IBV_QPS_INIT,
				    .port_num = 1,
				    .qp_access_flags = ALL_RIGHTS };
	struct rdma_conn_param param = { .responder_resources = 4,
					 .initiator_depth = 4 };
	struct peer_listener listener;
	struct rdma_cm_id *id, *asked;
	struct end other = { 0 };
	struct pair pair;
	uint32_t word = 0;

	pair_open(&pair);
	post_recvs(&pair.a);
	expect_number("to RESET", to_state(&pair.a, IBV_QPS_RESET), 0);
	expect_no_wc(pair.a.cq);
	expect_number("state", query(&pair.a).qp_state, IBV_QPS_RESET);
	expect_number("a RECV in RESET", try_recv(&pair.a, 1, 0, 10), EINVAL);
	expect_number("to INIT",
		      ibv_modify_qp(pair.a.qp, &init,
				    IBV_QP_STATE | IBV_QP_PKEY_INDEX |
					    IBV_QP_PORT | IBV_QP_ACCESS_FLAGS),
		      0);
	peer_listen(&listener, 0);
	id = peer_resolve(own_address, ntohs(rdma_get_src_port(listener.id)));
	param.qp_num = pair.a.qp->qp_num;
	param.private_data = &word;
	param.private_data_len = sizeof(word);
	need(rdma_connect(id, &param) == 0, "rdma_connect");
	asked = peer_asked(&listener, &word);
	end_open(&other, asked, 'c', 4 * DEPTH);
	peer_accept(asked);
	peer_event(id, RDMA_CM_EVENT_ESTABLISHED);
	do_recv(&other, 9, 0, 100);
	do_send(&pair.a, &other,
		(struct ask){ .wr_id = 8, .opcode = IBV_WR_SEND, .len = 100 });
	expect_wc(other.cq, 9, IBV_WC_SUCCESS);
	expect_wc(pair.a.cq, 8, IBV_WC_SUCCESS);
	expect_bytes(other.bytes, 100, 'a', "the RECV");
	do_recv(&pair.a, 10, 0, 100); /* the first since the RESET */
	do_send(&other, &pair.a,
		(struct ask){ .wr_id = 11, .opcode = IBV_WR_SEND, .len = 50 });
	expect_wc(pair.a.cq, 10, IBV_WC_SUCCESS);
	peer_unlisten(&listener);
	peer_close(id);
	peer_close(asked);
	end_free_memory(&other);
	pair_close(&pair);
}

static void truth(void)
{
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr attr;
	struct pair pair;

	pair_open(&pair);
	need(ibv_query_qp(pair.a.qp, &attr,
			  IBV_QP_STATE | IBV_QP_CAP | IBV_QP_ACCESS_FLAGS |
				  IBV_QP_PORT,
			  &init) == 0,
	     "ibv_query_qp");
	expect_number("state", attr.qp_state, IBV_QPS_RTS);
	expect_number("port", attr.port_num, 1);
	expect_number("inline", attr.cap.max_inline_data, pair.a.max_inline);
	if (attr.cap.max_send_wr < DEPTH || attr.cap.max_recv_wr < DEPTH)
		die("fewer entries than asked for");
	expect_number("all signaled", init.sq_sig_all, 0);
	pair_close(&pair);
}

static void drains(void)
{
	struct ibv_qp_attr sqd = { .qp_state = IBV_QPS_SQD,
				   .en_sqd_async_notify = 1 };
	struct ask ask = { .opcode = IBV_WR_RDMA_WRITE, .len = END_BYTES };
	struct pair pair;

	pair_open(&pair);
	for (; ask.wr_id < 5; ask.wr_id++)
		do_send(&pair.a, &pair.b, ask);
	expect_number("to SQD",
		      ibv_modify_qp(pair.a.qp, &sqd,
				    IBV_QP_STATE | IBV_QP_EN_SQD_ASYNC_NOTIFY),
		      0);
	expect_async(pair.a.id->verbs, IBV_EVENT_SQ_DRAINED);
	settle(&pair.a);
	expect_number("draining", query(&pair.a).sq_draining, 0);
	expect_number("to RTS", to_state(&pair.a, IBV_QPS_RTS), 0);
	for (uint64_t i = 0; i < 5; i++)
		expect_wc(pair.a.cq, i, IBV_WC_SUCCESS);
	pair_close(&pair);
}

static void busy(void)
{
	struct pair pair;

	pair_open(&pair);
	expect_number("PD with MR and QP", ibv_dealloc_pd(pair.a.pd), EBUSY);
	expect_number("CQ with QP", ibv_destroy_cq(pair.a.cq), EBUSY);
	expect_number("channel with CQ",
		      ibv_destroy_comp_channel(pair.a.channel), EBUSY);
	rdma_destroy_qp(pair.a.id);
	expect_number("PD with MR", ibv_dealloc_pd(pair.a.pd), EBUSY);
	need(ibv_dereg_mr(pair.a.mr) == 0, "ibv_dereg_mr");
	pair.a.mr = NULL;
	pair_close(&pair);
}

enum { MANY = 1024 };

static void many(void)
{
	static struct ibv_mr *mrs[MANY];
	static struct ibv_qp *qps[MANY];
	struct pair pair;

	pair_open(&pair);
	for (int i = 0; i < MANY; i++) {
		struct ibv_qp_init_attr attr = {
			.send_cq = pair.a.cq,
			.recv_cq = pair.a.cq,
			.qp_type = IBV_QPT_RC,
			.cap = { 4, 4, 1, 1, 0 },
		};

		mrs[i] =
			ibv_reg_mr(pair.a.pd, pair.a.bytes + i, 64, ALL_RIGHTS);
		qps[i] = ibv_create_qp(pair.a.pd, &attr);
		need(mrs[i] && qps[i], "one of many");
		for (int j = i > 20 ? i - 20 : 0; j < i; j++)
			if (mrs[j]->rkey == mrs[i]->rkey ||
			    qps[j]->qp_num == qps[i]->qp_num)
				die("a number twice");
	}
	do_send(&pair.b, &pair.a,
		(struct ask){ .wr_id = 1,
			      .opcode = IBV_WR_RDMA_READ,
			      .len = 64,
			      .rkey = mrs[MANY / 2]->rkey,
			      .remote = (uintptr_t)pair.a.bytes + MANY / 2 });
	expect_number("wr_id", (int64_t)next_wc(pair.b.cq).wr_id, 1);
	for (int i = 0; i < MANY; i++) {
		need(ibv_destroy_qp(qps[i]) == 0, "ibv_destroy_qp");
		need(ibv_dereg_mr(mrs[i]) == 0, "ibv_dereg_mr");
	}
	pair_close(&pair);
}

const struct semantics_case life_cases[] = {
	{ "disconnecting flushes both ends in order", disconnecting_flushes },
	{ "modify to ERR flushes what is and what will be posted",
	  error_flushes },
	{ "a long queue flushes wholly and in order", long_queue_flushes },
	{ "SENDs that nobody receives flush in order", sends_flush_in_order },
	{ "a queue pair may be destroyed while it works",
	  destroyed_under_load },
	{ "RESET forgets, then the queue pair carries another connection",
	  reset_and_reuse },
	{ "query_qp tells the truth", truth },
	{ "SQD drains, RTS goes on", drains },
	{ "what is in use is not destroyed: EBUSY", busy },
	{ "1,024 regions and queue pairs", many },
	{ 0 },
};

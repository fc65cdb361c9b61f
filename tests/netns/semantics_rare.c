// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What programs seldom do: an overrun beside others' work, draining, forking
 * with ibv_fork_init(3), and verbs that the device does not have. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns/semantics.h"

static enum ibv_qp_state state_of(struct end *end)
{
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr attr;

	need(ibv_query_qp(end->qp, &attr, IBV_QP_STATE, &init) == 0,
	     "ibv_query_qp");
	return attr.qp_state;
}

static void one_write(struct pair *pair)
{
	do_send(&pair->a, &pair->b,
		(struct ask){
			.wr_id = 1, .opcode = IBV_WR_RDMA_WRITE, .len = 4096 });
	expect_wc(pair->a.cq, 1, IBV_WC_SUCCESS);
}

static void overrun_is_its_own(void)
{
	enum { CQE = 2 };
	struct pair pair, other;

	pair_open(&other);
	pair_open_cq(&pair, CQE);
	for (uint64_t i = 0; i < DEPTH; i++)
		do_recv(&pair.b, i, 0, 100);
	for (int i = 0; i < DEPTH; i++)
		do_send(&pair.a, &pair.b,
			(struct ask){ .opcode = IBV_WR_SEND, .len = 100 });
	expect_async(pair.b.id->verbs, IBV_EVENT_CQ_ERR);
	one_write(&other);
	peer_event(pair.a.id, RDMA_CM_EVENT_DISCONNECTED);
	expect_number("the state", state_of(&pair.b), IBV_QPS_ERR);
	/* what was in it before is whole */
	for (uint64_t i = 0; i < CQE; i++)
		expect_wc(pair.b.cq, i, IBV_WC_SUCCESS);
	expect_no_wc(pair.b.cq);
	expect_number("others' state", state_of(&other.b), IBV_QPS_RTS);
	one_write(&other);
	pair_close(&pair);
	one_write(&other);
	pair_close(&other);
}

static void to_sqd(struct end *end, bool tell)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_SQD,
				    .en_sqd_async_notify = tell };

	expect_number("to SQD",
		      ibv_modify_qp(end->qp, &attr,
				    IBV_QP_STATE | IBV_QP_EN_SQD_ASYNC_NOTIFY),
		      0);
}

static void to_rts(struct end *end)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_RTS };

	expect_number("to RTS", ibv_modify_qp(end->qp, &attr, IBV_QP_STATE), 0);
}

static void drained_at_once(void)
{
	struct pair pair;

	pair_open(&pair);
	to_sqd(&pair.a, true);
	expect_async(pair.a.id->verbs, IBV_EVENT_SQ_DRAINED);
	to_rts(&pair.a);
	one_write(&pair);
	to_sqd(&pair.a, false); /* and is not told */
	settle(&pair.a);
	if (is_readable(pair.a.id->verbs->async_fd))
		die("an event that was not asked for");
	pair_close(&pair);
}

/* A SEND that waits for its RECV is in progress; what is posted in SQD waits
 * for RTS. */
static void drains_slowly(void)
{
	struct ask ask = { .wr_id = 1, .opcode = IBV_WR_RDMA_READ, .len = 100 };
	struct pair pair;

	pair_open(&pair);
	to_sqd(&pair.a, true);
	expect_async(pair.a.id->verbs, IBV_EVENT_SQ_DRAINED);
	do_send(&pair.a, &pair.b, ask);
	settle(&pair.a);
	settle(&pair.b);
	expect_no_wc(pair.a.cq);
	do_recv(&pair.a, 7, 200, 100); /* receiving goes on */
	do_send(&pair.b, &pair.a,
		(struct ask){ .wr_id = 8, .opcode = IBV_WR_SEND, .len = 100 });
	expect_wc(pair.b.cq, 8, IBV_WC_SUCCESS);
	expect_wc(pair.a.cq, 7, IBV_WC_SUCCESS);
	to_rts(&pair.a);
	expect_wc(pair.a.cq, 1, IBV_WC_SUCCESS);
	expect_bytes(pair.a.bytes, 100, 'b', "what was read");
	pair_close(&pair);
}

static void drained_flushes(void)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_ERR };
	struct ask ask = { .opcode = IBV_WR_RDMA_WRITE, .len = 100 };
	struct pair pair;

	pair_open(&pair);
	to_sqd(&pair.a, false);
	for (; ask.wr_id < 5; ask.wr_id++)
		do_send(&pair.a, &pair.b, ask);
	for (uint64_t i = 10; i < 15; i++)
		do_recv(&pair.a, i, 0, 10);
	expect_number("to ERR", ibv_modify_qp(pair.a.qp, &attr, IBV_QP_STATE),
		      0);
	for (uint64_t i = 0; i < 5; i++)
		expect_wc(pair.a.cq, i, IBV_WC_WR_FLUSH_ERR);
	for (uint64_t i = 10; i < 15; i++)
		expect_wc(pair.a.cq, i, IBV_WC_WR_FLUSH_ERR);
	expect_no_wc(pair.a.cq);
	expect_bytes(pair.b.bytes, END_BYTES, 'b', "the target");
	pair_close(&pair);
}

/* A READ of each end's bytes shows what the other end has. */
static void expect_far(struct pair *pair, uint8_t value)
{
	do_send(&pair->b, &pair->a,
		(struct ask){ .wr_id = 3,
			      .opcode = IBV_WR_RDMA_READ,
			      .len = END_BYTES });
	expect_wc(pair->b.cq, 3, IBV_WC_SUCCESS);
	expect_bytes(pair->b.bytes, END_BYTES, value, "what was read");
}

/* Writes its copy, if ibv_fork_init() has left it one, and looks at it when the
 * parent has changed its own. */
static noreturn void be_child(struct pair *pair, int go, int done)
{
	struct rlimit none = { 0, 0 };
	char byte;

	setrlimit(RLIMIT_CORE, &none);
	memset(pair->a.bytes, 'c', END_BYTES);
	need(write(done, "x", 1) == 1, "write");
	need(read(go, &byte, 1) == 1, "read");
	_exit(all_are(pair->a.bytes, END_BYTES, 'c') ? 0 : 1);
}

static void fork_beside(struct pair *pair, bool may_lack_it)
{
	int go[2], done[2], status;
	pid_t child;
	char byte;

	need(pipe(go) == 0 && pipe(done) == 0, "pipe");
	memset(pair->a.bytes, 'p', END_BYTES);
	child = fork();
	need(child >= 0, "fork");
	if (child == 0) {
		close(done[0]);
		be_child(pair, go[0], done[1]);
	}
	close(done[1]);
	if (read(done[0], &byte, 1) != 1 && !may_lack_it)
		die("the child cannot write its copy");
	expect_bytes(pair->a.bytes, END_BYTES, 'p', "the parent's memory");
	expect_far(pair, 'p');
	memset(pair->a.bytes, 'q', END_BYTES);
	expect_far(pair, 'q');
	need(write(go[1], "x", 1) == 1, "write");
	need(waitpid(child, &status, 0) == child, "waitpid");
	if (status && !(may_lack_it && WIFSIGNALED(status) &&
			WTERMSIG(status) == SIGSEGV))
		die("the child ended with %#x", status);
	close(go[0]);
	close(go[1]);
	close(done[0]);
}

static void fork_unprotected(void)
{
	struct pair pair;

	pair_open(&pair);
	for (int i = 0; i < 3; i++)
		fork_beside(&pair, false);
	pair_close(&pair);
}

static void fork_protected(void)
{
	struct pair pair;

	need(ibv_fork_init() == 0, "ibv_fork_init");
	pair_open(&pair);
	for (int i = 0; i < 3; i++)
		fork_beside(&pair, true);
	need(ibv_dereg_mr(pair.a.mr) == 0, "ibv_dereg_mr");
	pair.a.mr = ibv_reg_mr(pair.a.pd, pair.a.bytes, END_BYTES, ALL_RIGHTS);
	need(pair.a.mr != NULL, "ibv_reg_mr");
	fork_beside(&pair, true);
	pair_close(&pair);
}

/*
 * Verbs that the device does not have: they say so, and nothing else happens.
 */

static void lacks(const char *verb, bool made, int error)
{
	if (made || (error != EOPNOTSUPP && error != ENOSYS))
		die("%s: %s %s", verb, made ? "works?" : "fails with",
		    strerrorname_np(error));
}

/* A verb that returns a pointer, or an errno. */
#define LACKS_OBJECT(call)                                                     \
	do {                                                                   \
		bool made;                                                     \
		errno = 0;                                                     \
		made = (call) != NULL;                                         \
		lacks(#call, made, errno);                                     \
	} while (0)
#define LACKS(call) lacks(#call, false, (call))

static void lacking_objects(struct end *end)
{
	struct ibv_context *context = end->id->verbs;
	struct ibv_xrcd_init_attr xrcd = {
		.comp_mask = IBV_XRCD_INIT_ATTR_FD | IBV_XRCD_INIT_ATTR_OFLAGS,
		.fd = -1,
		.oflags = O_CREAT,
	};
	struct ibv_srq_init_attr_ex srq = {
		.attr = { 4, 1, 0 },
		.comp_mask = IBV_SRQ_INIT_ATTR_TYPE | IBV_SRQ_INIT_ATTR_PD,
		.srq_type = IBV_SRQT_TM,
		.pd = end->pd,
	};
	struct ibv_parent_domain_init_attr domain = { .pd = end->pd };
	struct ibv_wq_init_attr wq = { .wq_type = IBV_WQT_RQ,
				       .max_wr = 1,
				       .max_sge = 1,
				       .pd = end->pd,
				       .cq = end->cq };
	struct ibv_rwq_ind_table_init_attr table = { 0 };
	struct ibv_qp_open_attr open_attr = {
		.comp_mask = IBV_QP_OPEN_ATTR_NUM | IBV_QP_OPEN_ATTR_TYPE,
		.qp_num = end->qp->qp_num,
		.qp_type = IBV_QPT_RC,
	};
	struct ibv_flow_attr flow = { .size = sizeof(flow), .port = 1 };

	LACKS_OBJECT(ibv_open_xrcd(context, &xrcd));
	LACKS_OBJECT(ibv_create_srq_ex(context, &srq));
	LACKS_OBJECT(ibv_alloc_td(context, &(struct ibv_td_init_attr){ 0 }));
	LACKS_OBJECT(ibv_alloc_parent_domain(context, &domain));
	LACKS_OBJECT(ibv_create_wq(context, &wq));
	LACKS_OBJECT(ibv_create_rwq_ind_table(context, &table));
	LACKS_OBJECT(ibv_open_qp(context, &open_attr));
	LACKS_OBJECT(ibv_create_flow(end->qp, &flow));
	LACKS_OBJECT(ibv_alloc_dm(context,
				  &(struct ibv_alloc_dm_attr){ .length = 64 }));
	LACKS_OBJECT(ibv_alloc_null_mr(end->pd));
	LACKS_OBJECT(ibv_reg_dmabuf_mr(end->pd, 0, 4096, 0, 0, 0));
	LACKS_OBJECT(ibv_create_counters(
		context, &(struct ibv_counters_init_attr){ 0 }));
	LACKS_OBJECT(ibv_import_mr(end->pd, 1));
	LACKS_OBJECT(ibv_import_pd(context, 1));
}

static void lacking_operations(struct pair *pair)
{
	struct end *end = &pair->b;
	struct ibv_sge sge = { (uintptr_t)end->bytes, 100, end->mr->lkey };
	struct ibv_ece ece = { .vendor_id = 1 };
	struct ibv_ops_wr ops = { 0 }, *bad;
	union ibv_gid gid = { .raw = { 0xff } };

	LACKS(ibv_query_ece(end->qp, &ece));
	LACKS(ibv_set_ece(end->qp, &ece));
	LACKS(ibv_attach_mcast(end->qp, &gid, 0));
	LACKS(ibv_detach_mcast(end->qp, &gid, 0));
	LACKS(ibv_advise_mr(end->pd, IBV_ADVISE_MR_ADVICE_PREFETCH, 0, &sge,
			    1));
	LACKS(ibv_post_srq_ops(end->srq, &ops, &bad));
	LACKS(ibv_modify_qp_rate_limit(
		end->qp, &(struct ibv_qp_rate_limit_attr){ .rate_limit = 1 }));
	LACKS_OBJECT(
		ibv_reg_mr(end->pd, end->bytes, 100, IBV_ACCESS_ON_DEMAND));
}

static void queries(struct pair *pair)
{
	struct ibv_context *context = pair->b.id->verbs;
	struct ibv_gid_entry entries[8];
	uint32_t number = 0;
	uint16_t pkey = 0;

	expect_number("ibv_get_srq_num", ibv_get_srq_num(pair->b.srq, &number),
		      0);
	if (!number)
		die("a shared receive queue without number");
	expect_number("ibv_query_pkey", ibv_query_pkey(context, 1, 0, &pkey),
		      0);
	expect_number("ibv_query_gid_ex",
		      ibv_query_gid_ex(context, 1, 0, &entries[0], 0), 0);
	if (ibv_query_gid_table(context, entries, 8, 0) < 1)
		die("no GIDs in the table");
	ibv_query_qp_data_in_order(pair->a.qp, IBV_WR_RDMA_WRITE, 0);
}

static void what_it_lacks(void)
{
	struct pair pair;

	pair_open_srq(&pair);
	queries(&pair);
	lacking_objects(&pair.b);
	lacking_operations(&pair);
	one_write(&pair);
	pair_close(&pair);
}

const struct semantics_case rare_cases[] = {
	{ "an overrun ends its own queue pair and no other",
	  overrun_is_its_own },
	{ "an empty send queue is drained at once", drained_at_once },
	{ "in SQD requests wait and messages come in", drains_slowly },
	{ "what waits in SQD flushes in order", drained_flushes },
	{ "a child has its own copy of registered memory", fork_unprotected },
	{ "so it is with ibv_fork_init, if it has one", fork_protected },
	{ "verbs that the device does not have say so", what_it_lacks },
	{ 0 },
};

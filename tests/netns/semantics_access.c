// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who may touch what: keys, protection domains, bounds, rights. */
#include <string.h>

#include "netns/semantics.h"

/* The request fails where it was made; the other end's memory is as before
 * and its queue pair is ended. */
static void fails_here(struct pair *pair, struct ask ask)
{
	ask.wr_id = 1;
	do_send(&pair->a, &pair->b, ask);
	expect_wc(pair->a.cq, 1, IBV_WC_LOC_PROT_ERR);
	peer_event(pair->b.id, RDMA_CM_EVENT_DISCONNECTED);
	expect_bytes(pair->b.bytes, END_BYTES, 'b', "the peer's memory");
	expect_bytes(pair->a.bytes, END_BYTES, 'a', "own memory");
}

/* The request is refused by the other end, and is what fails; what was before
 * it succeeds, what is behind it flushes. */
static void fails_there(struct pair *pair, struct ask ask)
{
	ask.wr_id = 2;
	do_send(&pair->a, &pair->b,
		(struct ask){ .wr_id = 1, .opcode = IBV_WR_RDMA_WRITE });
	do_send(&pair->a, &pair->b, ask);
	expect_wc(pair->a.cq, 1, IBV_WC_SUCCESS);
	expect_wc(pair->a.cq, 2, IBV_WC_REM_ACCESS_ERR);
	do_send(&pair->a, &pair->b,
		(struct ask){ .wr_id = 3, .opcode = IBV_WR_RDMA_WRITE });
	expect_wc(pair->a.cq, 3, IBV_WC_WR_FLUSH_ERR);
	expect_async(pair->b.id->verbs, IBV_EVENT_QP_ACCESS_ERR);
	expect_bytes(pair->b.bytes, END_BYTES, 'b', "the peer's memory");
	expect_bytes(pair->a.bytes, END_BYTES, 'a', "own memory");
}

static void each_here(struct ask ask)
{
	static const uint32_t lens[] = { 1, 8, 5000, 40000 };
	struct pair pair;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		pair_open(&pair);
		ask.len = lens[i];
		fails_here(&pair, ask);
		pair_close(&pair);
	}
}

static void bad_lkey(void)
{
	each_here((struct ask){ .opcode = IBV_WR_RDMA_WRITE, .lkey = 1 });
	each_here((struct ask){ .opcode = IBV_WR_SEND, .lkey = 1 });
	each_here((struct ask){ .opcode = IBV_WR_RDMA_READ, .lkey = 1 });
}

static void lkey_of_another_domain(void)
{
	struct ask ask = { .opcode = IBV_WR_RDMA_WRITE, .len = 8 };
	struct pair pair;

	for (; ask.len < END_BYTES; ask.len *= 64) {
		pair_open(&pair);
		ask.lkey = pair.b.mr->lkey; /* its domain is another */
		fails_here(&pair, ask);
		pair_close(&pair);
	}
}

static void local_bounds(void)
{
	struct ask ask = { .opcode = IBV_WR_RDMA_WRITE,
			   .off = END_BYTES - 7,
			   .len = 8 };
	struct pair pair;

	pair_open(&pair);
	fails_here(&pair, ask);
	pair_close(&pair);
	pair_open(&pair);
	ask.off = (uint32_t)-1; /* with the address: far beyond */
	fails_here(&pair, ask);
	pair_close(&pair);
}

/* Lengths up to `most`: of a longer message what is in bounds may have been
 * placed, segment by segment (RFC 5041 section 5.4). */
static void each_there_upto(uint32_t most,
			    void (*change)(const struct pair *, struct ask *))
{
	static const enum ibv_wr_opcode opcodes[] = { IBV_WR_RDMA_WRITE,
						      IBV_WR_RDMA_READ };
	static const uint32_t lens[] = { 1, 8, 5000, 40000 };
	struct pair pair;

	for (int i = 0; i < 8 && lens[i / 2] <= most; i++) {
		struct ask ask = { .opcode = opcodes[i % 2],
				   .len = lens[i / 2] };

		pair_open(&pair);
		change(&pair, &ask);
		fails_there(&pair, ask);
		pair_close(&pair);
	}
}

static void each_there(void (*change)(const struct pair *, struct ask *))
{
	each_there_upto(UINT32_MAX, change);
}

static void use_bad_rkey(const struct pair *pair, struct ask *ask)
{
	ask->rkey = pair->b.mr->rkey + 1;
}

static void bad_rkey(void)
{
	each_there(use_bad_rkey);
}

static void use_other_domain(const struct pair *pair, struct ask *ask)
{
	ask->rkey = pair->a.mr->rkey;
	ask->remote = (uintptr_t)pair->a.bytes;
}

static void rkey_of_another_domain(void)
{
	each_there(use_other_domain);
}

static void use_end(const struct pair *pair, struct ask *ask)
{
	ask->remote = (uintptr_t)pair->b.bytes + END_BYTES - ask->len + 1;
}

static void use_begin(const struct pair *pair, struct ask *ask)
{
	ask->remote = (uintptr_t)pair->b.bytes - 1;
}

static void use_wrap(const struct pair *pair, struct ask *ask)
{
	(void)pair;
	ask->remote = UINT64_MAX - ask->len / 2;
}

static void remote_bounds(void)
{
	each_there_upto(5000, use_end);
	each_there_upto(5000, use_begin);
	each_there_upto(5000, use_wrap);
}

/* b's memory has only these rights. */
static void reregister(struct pair *pair, int rights)
{
	need(ibv_dereg_mr(pair->b.mr) == 0, "ibv_dereg_mr");
	pair->b.mr = ibv_reg_mr(pair->b.pd, pair->b.bytes, END_BYTES, rights);
	need(pair->b.mr != NULL, "ibv_reg_mr");
}

static void missing_rights(void)
{
	static const struct {
		enum ibv_wr_opcode opcode;
		int rights;
	} cases[] = {
		{ IBV_WR_RDMA_WRITE, 0 },
		{ IBV_WR_RDMA_WRITE,
		  IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ },
		{ IBV_WR_RDMA_READ, 0 },
		{ IBV_WR_RDMA_READ,
		  IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE },
	};
	struct pair pair;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pair_open(&pair);
		reregister(&pair, cases[i].rights);
		fails_there(&pair, (struct ask){ .opcode = cases[i].opcode,
						 .len = 100 });
		pair_close(&pair);
	}
}

static void queue_pair_without_rights(void)
{
	static const enum ibv_wr_opcode opcodes[] = { IBV_WR_RDMA_WRITE,
						      IBV_WR_RDMA_READ };
	struct ibv_qp_attr attr = { .qp_access_flags = 0 };
	struct pair pair;

	for (int i = 0; i < 2; i++) {
		pair_open(&pair);
		need(ibv_modify_qp(pair.b.qp, &attr, IBV_QP_ACCESS_FLAGS) == 0,
		     "ibv_modify_qp");
		fails_there(&pair,
			    (struct ask){ .opcode = opcodes[i], .len = 100 });
		pair_close(&pair);
	}
}

static void read_into_readonly(void)
{
	struct pair pair;

	pair_open(&pair);
	need(ibv_dereg_mr(pair.a.mr) == 0, "ibv_dereg_mr");
	pair.a.mr = ibv_reg_mr(pair.a.pd, pair.a.bytes, END_BYTES, 0);
	need(pair.a.mr != NULL, "ibv_reg_mr");
	fails_here(&pair,
		   (struct ask){ .opcode = IBV_WR_RDMA_READ, .len = 100 });
	pair_close(&pair);
}

static void recv_into_readonly(void)
{
	struct pair pair;

	pair_open(&pair);
	reregister(&pair, 0);
	do_recv(&pair.b, 7, 0, 100);
	do_send(&pair.a, &pair.b,
		(struct ask){ .wr_id = 1, .opcode = IBV_WR_SEND, .len = 50 });
	expect_wc(pair.b.cq, 7, IBV_WC_LOC_PROT_ERR);
	expect_wc(pair.a.cq, 1, IBV_WC_REM_OP_ERR);
	expect_bytes(pair.b.bytes, END_BYTES, 'b', "the RECV");
	pair_close(&pair);
}

static void recv_too_small(void)
{
	struct pair pair;

	pair_open(&pair);
	do_recv(&pair.b, 7, 100, 100);
	do_send(&pair.a, &pair.b,
		(struct ask){ .wr_id = 1, .opcode = IBV_WR_SEND, .len = 101 });
	expect_wc(pair.b.cq, 7, IBV_WC_LOC_LEN_ERR);
	expect_wc(pair.a.cq, 1, IBV_WC_REM_INV_REQ_ERR);
	expect_bytes(pair.b.bytes, 100, 'b', "before the RECV");
	expect_bytes(pair.b.bytes + 200, END_BYTES - 200, 'b', "behind it");
	pair_close(&pair);
}

static void remote_write_needs_local_write(void)
{
	struct pair pair;

	pair_open(&pair);
	if (ibv_reg_mr(pair.a.pd, pair.a.bytes, 10, IBV_ACCESS_REMOTE_WRITE))
		die("it was registered");
	pair_close(&pair);
}

const struct semantics_case access_cases[] = {
	{ "an unknown lkey: LOC_PROT_ERR, nothing is touched", bad_lkey },
	{ "a lkey of another PD: LOC_PROT_ERR", lkey_of_another_domain },
	{ "beyond the local region: LOC_PROT_ERR", local_bounds },
	{ "an unknown rkey: REM_ACCESS_ERR, QP_ACCESS_ERR at the target",
	  bad_rkey },
	{ "a rkey of another PD: REM_ACCESS_ERR", rkey_of_another_domain },
	{ "beyond either end of the remote region: REM_ACCESS_ERR",
	  remote_bounds },
	{ "a region without the right: REM_ACCESS_ERR", missing_rights },
	{ "a queue pair without the right: REM_ACCESS_ERR",
	  queue_pair_without_rights },
	{ "a READ into memory that may not be written: LOC_PROT_ERR",
	  read_into_readonly },
	{ "a RECV of memory that may not be written: LOC_PROT_ERR",
	  recv_into_readonly },
	{ "a RECV too small: LOC_LEN_ERR there, REM_INV_REQ_ERR here",
	  recv_too_small },
	{ "REMOTE_WRITE without LOCAL_WRITE is not registered",
	  remote_write_needs_local_write },
	{ 0 },
};

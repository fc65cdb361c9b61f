// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Memory windows, and the work requests that open and close them. */
#include <errno.h>
#include <string.h>

#include "netns/semantics.h"

enum {
	AT = 8192, /* of what a window shows, in b's bytes */
	BYTES = 4096,
	REMOTE = IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ,
	RECV_AT = END_BYTES - 64, /* in b's bytes */
};

/* A region of b's bytes that can be shown, and a window. */
struct shown {
	struct pair pair;
	struct ibv_mr *mr;
	struct ibv_mw *mw;
};

static void shown_open(struct shown *s, enum ibv_mw_type type)
{
	pair_open(&s->pair);
	s->mr = ibv_reg_mr(s->pair.b.pd, s->pair.b.bytes, END_BYTES,
			   IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_MW_BIND);
	need(s->mr != NULL, "ibv_reg_mr");
	s->mw = ibv_alloc_mw(s->pair.b.pd, type);
	need(s->mw != NULL, "ibv_alloc_mw");
}

static void shown_close(struct shown *s)
{
	need(ibv_dealloc_mw(s->mw) == 0, "ibv_dealloc_mw");
	need(ibv_dereg_mr(s->mr) == 0, "ibv_dereg_mr");
	pair_close(&s->pair);
}

static struct ibv_mw_bind_info info_of(const struct shown *s,
				       unsigned int access)
{
	return (struct ibv_mw_bind_info){
		.mr = s->mr,
		.addr = (uintptr_t)s->pair.b.bytes + AT,
		.length = BYTES,
		.mw_access_flags = access,
	};
}

static int try_bind_1(struct shown *s, uint64_t wr_id, unsigned int access)
{
	struct ibv_mw_bind bind = { .wr_id = wr_id,
				    .send_flags = IBV_SEND_SIGNALED,
				    .bind_info = info_of(s, access) };

	return ibv_bind_mw(s->pair.b.qp, s->mw, &bind);
}

static int try_bind_2(struct shown *s, uint64_t wr_id, uint32_t rkey,
		      unsigned int access)
{
	struct ibv_send_wr *bad, wr = {
		.wr_id = wr_id,
		.opcode = IBV_WR_BIND_MW,
		.send_flags = IBV_SEND_SIGNALED,
		.bind_mw = { s->mw, rkey, info_of(s, access) },
	};
	int error = ibv_post_send(s->pair.b.qp, &wr, &bad);

	if (!error)
		s->mw->rkey = rkey;
	return error;
}

static void bind_2(struct shown *s, unsigned int access)
{
	expect_number("BIND_MW",
		      try_bind_2(s, 1, ibv_inc_rkey(s->mw->rkey), access), 0);
	expect_wc(s->pair.b.cq, 1, IBV_WC_SUCCESS);
}

/* What becomes of a's WRITE of so many bytes there. */
static void expect_write(struct shown *s, uint64_t remote, uint32_t len,
			 enum ibv_wc_status status)
{
	struct ask ask = { .wr_id = 7,
			   .opcode = IBV_WR_RDMA_WRITE,
			   .len = len,
			   .remote = remote,
			   .rkey = s->mw->rkey };

	do_send(&s->pair.a, &s->pair.b, ask);
	expect_wc(s->pair.a.cq, 7, status);
	if (status == IBV_WC_SUCCESS)
		all_arrived(&s->pair.a, &s->pair.b);
}

/* b's bytes show a's from AT on, and nothing else has changed. */
static void expect_placed(const struct shown *s, uint32_t len)
{
	const uint8_t *bytes = s->pair.b.bytes;

	expect_bytes(bytes, AT, 'b', "before the window");
	expect_bytes(bytes + AT, len, 'a', "what was written");
	expect_bytes(bytes + AT + len, END_BYTES - AT - len, 'b', "behind it");
}

static void type_1(void)
{
	struct shown s;
	uint64_t at;

	shown_open(&s, IBV_MW_TYPE_1);
	at = (uintptr_t)s.pair.b.bytes + AT;
	expect_number("ibv_bind_mw", try_bind_1(&s, 1, REMOTE), 0);
	expect_wc(s.pair.b.cq, 1, IBV_WC_SUCCESS);
	expect_write(&s, at, BYTES, IBV_WC_SUCCESS);
	expect_placed(&s, BYTES);
	expect_write(&s, at + 1, BYTES, IBV_WC_REM_ACCESS_ERR);
	expect_placed(&s, BYTES);
	expect_async(s.pair.b.id->verbs, IBV_EVENT_QP_ACCESS_ERR);
	shown_close(&s);
}

static void type_1_anew(void)
{
	struct shown s;
	uint32_t first;

	shown_open(&s, IBV_MW_TYPE_1);
	expect_number("ibv_bind_mw", try_bind_1(&s, 1, REMOTE), 0);
	first = s.mw->rkey;
	expect_number("ibv_bind_mw", try_bind_1(&s, 2, REMOTE), 0);
	expect_wc(s.pair.b.cq, 1, IBV_WC_SUCCESS);
	expect_wc(s.pair.b.cq, 2, IBV_WC_SUCCESS);
	if (s.mw->rkey == first)
		die("a new bind has no new key");
	expect_write(&s, (uintptr_t)s.pair.b.bytes + AT, 8, IBV_WC_SUCCESS);
	s.mw->rkey = first;
	expect_write(&s, (uintptr_t)s.pair.b.bytes + AT, 16,
		     IBV_WC_REM_ACCESS_ERR);
	expect_placed(&s, 8);
	shown_close(&s);
}

static void zero_based(void)
{
	struct shown s;

	shown_open(&s, IBV_MW_TYPE_2);
	bind_2(&s, REMOTE | IBV_ACCESS_ZERO_BASED);
	/* try_send() takes remote 0 for "the other end's bytes" */
	expect_write(&s, 1, BYTES - 1, IBV_WC_SUCCESS);
	expect_bytes(s.pair.b.bytes + AT + 1, BYTES - 1, 'a', "the window");
	expect_bytes(s.pair.b.bytes, AT + 1, 'b', "before it");
	expect_write(&s, 2, BYTES - 1, IBV_WC_REM_ACCESS_ERR);
	shown_close(&s);
}

static void read_only(void)
{
	struct ask ask = { .wr_id = 3,
			   .opcode = IBV_WR_RDMA_READ,
			   .len = BYTES };
	struct shown s;

	shown_open(&s, IBV_MW_TYPE_2);
	bind_2(&s, IBV_ACCESS_REMOTE_READ);
	ask.remote = (uintptr_t)s.pair.b.bytes + AT;
	ask.rkey = s.mw->rkey;
	do_send(&s.pair.a, &s.pair.b, ask);
	expect_wc(s.pair.a.cq, 3, IBV_WC_SUCCESS);
	expect_bytes(s.pair.a.bytes, BYTES, 'b', "what was read");
	expect_write(&s, ask.remote, 8, IBV_WC_REM_ACCESS_ERR);
	expect_placed(&s, 0);
	shown_close(&s);
}

static int post_inv(struct end *from, enum ibv_wr_opcode opcode, uint32_t key)
{
	struct ibv_sge sge = { (uintptr_t)from->bytes, 32, from->mr->lkey };
	struct ibv_send_wr *bad, wr = {
		.wr_id = 9,
		.opcode = opcode,
		.sg_list = &sge,
		.num_sge = opcode == IBV_WR_SEND_WITH_INV,
		.send_flags = IBV_SEND_SIGNALED,
		.invalidate_rkey = key,
	};

	return ibv_post_send(from->qp, &wr, &bad);
}

static void local_inv(void)
{
	struct ibv_wc wc;
	struct shown s;

	shown_open(&s, IBV_MW_TYPE_2);
	bind_2(&s, REMOTE);
	expect_number("ibv_dereg_mr", ibv_dereg_mr(s.mr), EBUSY);
	expect_number("LOCAL_INV",
		      post_inv(&s.pair.b, IBV_WR_LOCAL_INV, s.mw->rkey), 0);
	wc = next_wc(s.pair.b.cq);
	expect_number("status", wc.status, IBV_WC_SUCCESS);
	expect_number("opcode", wc.opcode, IBV_WC_LOCAL_INV);
	bind_2(&s, REMOTE); /* it can be used again */
	expect_write(&s, (uintptr_t)s.pair.b.bytes + AT, 8, IBV_WC_SUCCESS);
	expect_number("LOCAL_INV",
		      post_inv(&s.pair.b, IBV_WR_LOCAL_INV, s.mw->rkey), 0);
	expect_wc(s.pair.b.cq, 9, IBV_WC_SUCCESS);
	expect_write(&s, (uintptr_t)s.pair.b.bytes + AT, 16,
		     IBV_WC_REM_ACCESS_ERR);
	expect_placed(&s, 8);
	shown_close(&s);
}

static void remote_inv(void)
{
	struct ibv_wc wc;
	struct shown s;

	shown_open(&s, IBV_MW_TYPE_2);
	bind_2(&s, REMOTE);
	do_recv(&s.pair.b, 5, RECV_AT, 64);
	expect_number("SEND_WITH_INV",
		      post_inv(&s.pair.a, IBV_WR_SEND_WITH_INV, s.mw->rkey), 0);
	expect_wc(s.pair.a.cq, 9, IBV_WC_SUCCESS);
	wc = next_wc(s.pair.b.cq);
	expect_number("status", wc.status, IBV_WC_SUCCESS);
	expect_number("byte_len", wc.byte_len, 32);
	expect_number("flags", wc.wc_flags, IBV_WC_WITH_INV);
	expect_number("key", wc.invalidated_rkey, s.mw->rkey);
	expect_bytes(s.pair.b.bytes + RECV_AT, 32, 'a', "the message");
	expect_number("ibv_dereg_mr", ibv_dereg_mr(s.mr), 0);
	s.mr = s.pair.b.mr; /* closed once */
	s.pair.b.mr = NULL;
	expect_write(&s, (uintptr_t)s.pair.b.bytes + AT, 8,
		     IBV_WC_REM_ACCESS_ERR);
	shown_close(&s);
}

static void no_remote_inv_of_a_region(void)
{
	struct shown s;

	shown_open(&s, IBV_MW_TYPE_2);
	do_recv(&s.pair.b, 5, RECV_AT, 64);
	expect_number(
		"SEND_WITH_INV",
		post_inv(&s.pair.a, IBV_WR_SEND_WITH_INV, s.pair.b.mr->rkey),
		0);
	expect_wc(s.pair.a.cq, 9, IBV_WC_REM_ACCESS_ERR);
	expect_wc(s.pair.b.cq, 5, IBV_WC_WR_FLUSH_ERR);
	expect_async(s.pair.b.id->verbs, IBV_EVENT_QP_ACCESS_ERR);
	shown_close(&s);
}

static void refused(void)
{
	struct shown s;

	shown_open(&s, IBV_MW_TYPE_1);
	expect_number("BIND_MW of type 1",
		      try_bind_2(&s, 1, ibv_inc_rkey(s.mw->rkey), REMOTE),
		      EINVAL);
	need(ibv_dealloc_mw(s.mw) == 0, "ibv_dealloc_mw");
	s.mw = ibv_alloc_mw(s.pair.b.pd, IBV_MW_TYPE_2);
	need(s.mw != NULL, "ibv_alloc_mw");
	expect_number("ibv_bind_mw of type 2", try_bind_1(&s, 1, REMOTE),
		      EINVAL);
	expect_number("another window's key",
		      try_bind_2(&s, 1, s.mw->rkey ^ 0x100, REMOTE), EINVAL);
	need(ibv_dereg_mr(s.mr) == 0, "ibv_dereg_mr");
	s.mr = ibv_reg_mr(s.pair.a.pd, s.pair.b.bytes, END_BYTES,
			  IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_MW_BIND);
	need(s.mr != NULL, "ibv_reg_mr");
	expect_number("another domain's region",
		      try_bind_2(&s, 1, s.mw->rkey, REMOTE), EPERM);
	expect_no_wc(s.pair.b.cq);
	shown_close(&s);
}

static void no_right_to_show(void)
{
	struct shown s;

	shown_open(&s, IBV_MW_TYPE_2);
	need(ibv_dereg_mr(s.mr) == 0, "ibv_dereg_mr");
	s.mr = ibv_reg_mr(s.pair.b.pd, s.pair.b.bytes, END_BYTES, ALL_RIGHTS);
	need(s.mr != NULL, "ibv_reg_mr");
	expect_number("BIND_MW", try_bind_2(&s, 1, s.mw->rkey, REMOTE), 0);
	expect_wc(s.pair.b.cq, 1, IBV_WC_MW_BIND_ERR);
	shown_close(&s);
}

static void told(void)
{
	struct ibv_device_attr attr;
	struct pair pair;

	pair_open(&pair);
	need(ibv_query_device(pair.a.id->verbs, &attr) == 0,
	     "ibv_query_device");
	if (attr.max_mw <= 0 ||
	    !(attr.device_cap_flags & IBV_DEVICE_MEM_WINDOW) ||
	    !(attr.device_cap_flags & IBV_DEVICE_MEM_WINDOW_TYPE_2B))
		die("max_mw %d, device_cap_flags %#x", attr.max_mw,
		    attr.device_cap_flags);
	pair_close(&pair);
}

const struct semantics_case window_cases[] = {
	{ "a window of type 1 shows its part of a region and no more", type_1 },
	{ "a window of type 1 is bound anew with a new key", type_1_anew },
	{ "a zero-based window begins at zero", zero_based },
	{ "a window gives the rights it was bound with", read_only },
	{ "a window of type 2 is closed by LOCAL_INV", local_inv },
	{ "a window of type 2 is closed by the peer's SEND_WITH_INV",
	  remote_inv },
	{ "a peer cannot invalidate a region", no_remote_inv_of_a_region },
	{ "what cannot be a bind is refused when it is posted", refused },
	{ "a region that windows may not show makes the bind fail",
	  no_right_to_show },
	{ "the device tells of its windows", told },
	{ 0 },
};

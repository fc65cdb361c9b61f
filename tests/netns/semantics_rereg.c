// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Regions that become another range, another domain's, of other rights:
 * ibv_rereg_mr(3). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "netns/semantics.h"

enum { CHUNK = 4096 };

/* b's region is another one of a size and content of its own from now on. */
static uint8_t *move(struct pair *pair, size_t bytes, uint8_t fill)
{
	uint8_t *at = aligned_alloc(CHUNK, bytes);

	need(at != NULL, "aligned_alloc");
	memset(at, fill, bytes);
	expect_number("ibv_rereg_mr",
		      ibv_rereg_mr(pair->b.mr, IBV_REREG_MR_CHANGE_TRANSLATION,
				   NULL, at, bytes, 0),
		      0);
	if (pair->b.mr->addr != at || pair->b.mr->length != bytes)
		die("the region does not say where it is");
	return at;
}

static void write_to(struct pair *pair, const void *remote, uint32_t len,
		     enum ibv_wc_status status)
{
	struct ask ask = { .wr_id = 1,
			   .opcode = IBV_WR_RDMA_WRITE,
			   .len = len,
			   .remote = (uintptr_t)remote };

	do_send(&pair->a, &pair->b, ask);
	expect_wc(pair->a.cq, 1, status);
	if (status == IBV_WC_SUCCESS)
		all_arrived(&pair->a, &pair->b);
}

static void another_range(void)
{
	struct pair pair;
	uint8_t *at;

	pair_open(&pair);
	write_to(&pair, pair.b.bytes, CHUNK, IBV_WC_SUCCESS);
	for (int i = 1; i <= 3; i++) { /* a small one is no whole page */
		size_t bytes = i == 2 ? 1000 : (size_t)i * END_BYTES;

		at = move(&pair, bytes, 'm');
		write_to(&pair, at, 1000, IBV_WC_SUCCESS);
		expect_bytes(at, 1000, 'a', "the new range");
		expect_bytes(at + 1000, bytes - 1000, 'm', "the rest of it");
		expect_bytes(pair.b.bytes + CHUNK, END_BYTES - CHUNK, 'b',
			     "the old range");
	}
	/* by its own end as well: what is sent is what is there now */
	memset(at, 'n', CHUNK);
	do_recv(&pair.a, 7, 0, CHUNK);
	pair.b.bytes = at;
	do_send(&pair.b, &pair.a,
		(struct ask){ .wr_id = 2, .opcode = IBV_WR_SEND, .len = 64 });
	expect_wc(pair.b.cq, 2, IBV_WC_SUCCESS);
	expect_wc(pair.a.cq, 7, IBV_WC_SUCCESS);
	expect_bytes(pair.a.bytes, 64, 'n', "what was sent");
	pair_close(&pair);
}

static void old_range_is_left(void)
{
	struct pair pair;
	uint8_t *old;

	pair_open(&pair);
	write_to(&pair, pair.b.bytes, CHUNK, IBV_WC_SUCCESS);
	old = pair.b.bytes;
	move(&pair, END_BYTES, 'm');
	memset(old, 'o', END_BYTES); /* it is the program's alone again */
	write_to(&pair, old, CHUNK, IBV_WC_REM_ACCESS_ERR);
	expect_bytes(old, END_BYTES, 'o', "the old range");
	pair_close(&pair);
}

/* Half of what it was, and half beside it. */
static void overlapping(void)
{
	struct pair pair;
	uint8_t *all = aligned_alloc(CHUNK, (size_t)2 * END_BYTES);

	need(all != NULL, "aligned_alloc");
	memset(all, 'c', (size_t)2 * END_BYTES);
	pair_open(&pair);
	for (size_t at = 0; at <= END_BYTES; at += END_BYTES / 4) {
		expect_number("ibv_rereg_mr",
			      ibv_rereg_mr(pair.b.mr,
					   IBV_REREG_MR_CHANGE_TRANSLATION,
					   NULL, all + at, END_BYTES, 0),
			      0);
		memset(all + at, 'd', END_BYTES);
		write_to(&pair, all + at + END_BYTES - 100, 100,
			 IBV_WC_SUCCESS);
		expect_bytes(all + at, END_BYTES - 100, 'd', "the range");
		expect_bytes(all + at + END_BYTES - 100, 100, 'a', "its end");
	}
	pair_close(&pair);
	free(all);
}

static void another_domain(void)
{
	struct pair pair;
	struct ibv_pd *pd;

	pair_open(&pair);
	pd = ibv_alloc_pd(pair.b.id->verbs);
	need(pd != NULL, "ibv_alloc_pd");
	expect_number(
		"to another one",
		ibv_rereg_mr(pair.b.mr, IBV_REREG_MR_CHANGE_PD, pd, NULL, 0, 0),
		0);
	if (pair.b.mr->pd != pd)
		die("the region does not say whose it is");
	expect_number("its domain", ibv_dealloc_pd(pd), EBUSY);
	expect_number("back",
		      ibv_rereg_mr(pair.b.mr, IBV_REREG_MR_CHANGE_PD, pair.b.pd,
				   NULL, 0, 0),
		      0);
	write_to(&pair, pair.b.bytes, CHUNK, IBV_WC_SUCCESS);
	expect_number(
		"and there again",
		ibv_rereg_mr(pair.b.mr, IBV_REREG_MR_CHANGE_PD, pd, NULL, 0, 0),
		0);
	write_to(&pair, pair.b.bytes, CHUNK, IBV_WC_REM_ACCESS_ERR);
	need(ibv_dereg_mr(pair.b.mr) == 0, "ibv_dereg_mr");
	pair.b.mr = NULL;
	need(ibv_dealloc_pd(pd) == 0, "ibv_dealloc_pd");
	pair_close(&pair);
}

static void other_rights(void)
{
	struct pair pair;

	pair_open(&pair);
	expect_number("fewer",
		      ibv_rereg_mr(pair.b.mr, IBV_REREG_MR_CHANGE_ACCESS, NULL,
				   NULL, 0, IBV_ACCESS_LOCAL_WRITE),
		      0);
	expect_number("all again",
		      ibv_rereg_mr(pair.b.mr, IBV_REREG_MR_CHANGE_ACCESS, NULL,
				   NULL, 0, ALL_RIGHTS),
		      0);
	write_to(&pair, pair.b.bytes, CHUNK, IBV_WC_SUCCESS);
	expect_number("to read only",
		      ibv_rereg_mr(pair.b.mr, IBV_REREG_MR_CHANGE_ACCESS, NULL,
				   NULL, 0, IBV_ACCESS_REMOTE_READ),
		      0);
	memset(pair.b.bytes, 'r', END_BYTES);
	write_to(&pair, pair.b.bytes, CHUNK, IBV_WC_REM_ACCESS_ERR);
	expect_bytes(pair.b.bytes, END_BYTES, 'r', "what may not be written");
	pair_close(&pair);
}

static void all_at_once(void)
{
	struct pair pair;
	struct ibv_pd *pd;
	struct ibv_mr *mr;
	uint8_t *at;

	pair_open(&pair);
	pd = ibv_alloc_pd(pair.b.id->verbs);
	at = aligned_alloc(CHUNK, CHUNK);
	need(pd != NULL && at != NULL, "ibv_alloc_pd");
	memset(at, 'm', CHUNK);
	mr = ibv_reg_mr(pd, at, 100, IBV_ACCESS_LOCAL_WRITE);
	need(mr != NULL, "ibv_reg_mr");
	expect_number("ibv_rereg_mr",
		      ibv_rereg_mr(mr,
				   IBV_REREG_MR_CHANGE_TRANSLATION |
					   IBV_REREG_MR_CHANGE_PD |
					   IBV_REREG_MR_CHANGE_ACCESS,
				   pair.b.pd, at, CHUNK, ALL_RIGHTS),
		      0);
	need(ibv_dealloc_pd(pd) == 0, "ibv_dealloc_pd");
	do_send(&pair.a, &pair.b,
		(struct ask){ .wr_id = 1,
			      .opcode = IBV_WR_RDMA_WRITE,
			      .len = CHUNK,
			      .rkey = mr->rkey,
			      .remote = (uintptr_t)at });
	expect_wc(pair.a.cq, 1, IBV_WC_SUCCESS);
	expect_bytes(at, CHUNK, 'a', "the target");
	need(ibv_dereg_mr(mr) == 0, "ibv_dereg_mr");
	pair_close(&pair);
}

/* What fails changes nothing here, though a program may not count on that. */
static void failures(void)
{
	uint8_t *read_only;
	struct pair pair;

	pair_open(&pair);
	read_only = mmap(NULL, CHUNK, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	need(read_only != MAP_FAILED, "mmap");
	expect_number("flags", ibv_rereg_mr(pair.b.mr, 8, NULL, NULL, 0, 0),
		      IBV_REREG_MR_ERR_INPUT);
	expect_number("no address",
		      ibv_rereg_mr(pair.b.mr, IBV_REREG_MR_CHANGE_TRANSLATION,
				   NULL, NULL, CHUNK, 0),
		      IBV_REREG_MR_ERR_INPUT);
	expect_number("memory that cannot be written",
		      ibv_rereg_mr(pair.b.mr, IBV_REREG_MR_CHANGE_TRANSLATION,
				   NULL, read_only, CHUNK, 0),
		      IBV_REREG_MR_ERR_CMD);
	expect_number("nothing at all",
		      ibv_rereg_mr(pair.b.mr, 0, NULL, NULL, 0, 0),
		      IBV_REREG_MR_ERR_CMD);
	expect_number("rights that do not go together",
		      ibv_rereg_mr(pair.b.mr, IBV_REREG_MR_CHANGE_ACCESS, NULL,
				   NULL, 0, IBV_ACCESS_REMOTE_WRITE),
		      IBV_REREG_MR_ERR_CMD);
	expect_number("to be read only",
		      ibv_rereg_mr(pair.b.mr,
				   IBV_REREG_MR_CHANGE_TRANSLATION |
					   IBV_REREG_MR_CHANGE_ACCESS,
				   NULL, read_only, CHUNK,
				   IBV_ACCESS_REMOTE_READ),
		      0);
	expect_number("and now to be written",
		      ibv_rereg_mr(pair.b.mr, IBV_REREG_MR_CHANGE_ACCESS, NULL,
				   NULL, 0, ALL_RIGHTS),
		      IBV_REREG_MR_ERR_CMD);
	do_send(&pair.a, &pair.b,
		(struct ask){ .wr_id = 1,
			      .opcode = IBV_WR_RDMA_READ,
			      .len = CHUNK,
			      .remote = (uintptr_t)read_only });
	expect_wc(pair.a.cq, 1, IBV_WC_SUCCESS);
	expect_bytes(pair.a.bytes, CHUNK, 0, "what was read");
	munmap(read_only, CHUNK);
	pair_close(&pair);
}

const struct semantics_case rereg_cases[] = {
	{ "a region becomes another range", another_range },
	{ "a region that moved away is not written where it was",
	  old_range_is_left },
	{ "a region moves over itself", overlapping },
	{ "a region becomes another domain's", another_domain },
	{ "a region gets other rights", other_rights },
	{ "a region changes in every way at once", all_at_once },
	{ "a region that cannot change stays as it was", failures },
	{ 0 },
};

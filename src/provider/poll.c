// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <sched.h>
#include <string.h>
#include <time.h>

#include "provider/provider.h"

enum {
	/* Who drains a CQ polls empty once or twice, then does something
	 * else.  Who keeps polling waits for urdmad, which may be waiting for
	 * this very processor. */
	YIELD_AFTER = 3,  /* empty polls */
	CLOCK_EVERY = 64, /* empty polls; a power of two */
};

/* ns of empty polling before we ask whether urdmad lives. */
#define PATIENCE UINT64_C(10000000)

/* A struct urdma_cqe starts with exactly a struct ibv_wc. */
#define SAME_PLACE(wc_field, cqe_field)                                        \
	_Static_assert(offsetof(struct ibv_wc, wc_field) ==                    \
			       offsetof(struct urdma_cqe, cqe_field),          \
		       #wc_field)
SAME_PLACE(wr_id, wr_id);
SAME_PLACE(status, status);
SAME_PLACE(opcode, opcode);
SAME_PLACE(vendor_err, vendor_err);
SAME_PLACE(byte_len, byte_len);
SAME_PLACE(imm_data, imm);
SAME_PLACE(qp_num, qp_num);
SAME_PLACE(src_qp, src_qp);
SAME_PLACE(wc_flags, wc_flags);
SAME_PLACE(pkey_index, pkey_index);
SAME_PLACE(slid, slid);
SAME_PLACE(sl, sl);
SAME_PLACE(dlid_path_bits, dlid_path_bits);
_Static_assert(sizeof(struct ibv_wc) <= sizeof(struct urdma_cqe), "wc");

static int take(struct ring *ring, int entries, struct ibv_wc *wc)
{
	uint32_t ready = ring_ready(ring);
	uint32_t n = ready < (uint32_t)entries ? ready : (uint32_t)entries;

	for (uint32_t i = 0; i < n; i++)
		memcpy(&wc[i], ring_slot(ring, i), sizeof(wc[i]));
	if (n)
		ring_consume(ring, n);
	return (int)n;
}

static uint64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* A program that has polled in vain for long asks whether urdmad lives.  A
 * doorbell tells nothing: it is memory of our own. */
static bool wants_proof(struct cq *cq)
{
	uint64_t now;

	if (cq->empty_polls % CLOCK_EVERY)
		return false;
	now = clock_now();
	if (cq->empty_polls > CLOCK_EVERY && now < cq->look_after)
		return false;
	cq->look_after = now + PATIENCE;
	/* the first time round only the clock is set */
	return cq->empty_polls > CLOCK_EVERY;
}

struct cq_wait cq_found(struct cq *cq, bool something)
{
	if (something) {
		cq->empty_polls = 0;
		return (struct cq_wait){ 0 };
	}
	cq->empty_polls++;
	return (struct cq_wait){
		.yield = cq->empty_polls >= YIELD_AFTER,
		.proof = wants_proof(cq),
	};
}

void cq_wait(struct context *context, struct cq_wait wait)
{
	if (wait.proof)
		context_kick(context, 0);
	if (wait.yield)
		sched_yield();
}

int cq_poll(struct ibv_cq *ibv, int entries, struct ibv_wc *wc)
{
	struct context *context = context_of(ibv->context);
	struct cq *cq = cq_of(ibv);
	struct cq_wait wait;
	int n;

	if (entries <= 0)
		return 0;
	lock_take(&cq->queue.lock);
	n = take(&cq->queue.ring, entries, wc);
	if (!n && context_is_dead(context)) {
		/* what it wrote before it died comes first */
		n = take(&cq->queue.ring, entries, wc);
		if (!n)
			n = flush_poll(context, cq, entries, wc);
	}
	wait = cq_found(cq, n);
	lock_drop(&cq->queue.lock);
	cq_wait(context, wait);
	return n;
}

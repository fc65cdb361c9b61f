/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A requester whose peer is the test: what it sends is looked at, and answers
 * are made by hand.  unit.h before this.
 */
#ifndef URDMA_TESTS_ROCE_REQUESTER_H
#define URDMA_TESTS_ROCE_REQUESTER_H

#include "roce/req.h"

enum { MTU = 256, PSN = 0xfffffe };

static inline uint32_t psn(uint32_t n)
{
	return (PSN + n) & 0xffffff;
}

static struct roce_req req;
static nsec_t now;
static uint32_t pos; /* of the next message */

static inline int start(void **state)
{
	const struct roce_req_config config = { .service = ROCE_RC,
						.timeout = 14, /* 67 ms */
						.retry_cnt = 2,
						.rnr_retry = 1,
						.mtu = MTU,
						.psn = PSN,
						.max_rd_atomic = 2,
						.max_msgs = 32,
						.window = 64 };

	(void)state;
	now = NSEC_PER_SEC;
	pos = 0;
	roce_req_init(&req, &config);
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	roce_req_destroy(&req);
	return 0;
}

static inline struct roce_wr wr_of(uint8_t kind, uint32_t length)
{
	return (struct roce_wr){ .kind = kind,
				 .length = length,
				 .pos = pos,
				 .imm = 0xabcd,
				 .rkey = 7,
				 .va = 0x1000 };
}

static inline bool try(struct roce_wr wr)
{
	bool begun = roce_req_begin(&req, &wr);

	pos += begun;
	return begun;
}

static inline void begin(uint8_t kind, uint32_t length)
{
	assert_true(try(wr_of(kind, length)));
}

static inline struct roce_packet sends(uint8_t opcode, uint32_t n, uint32_t off,
				       uint32_t len)
{
	struct roce_packet pkt;
	struct roce_gather gather;

	assert_true(roce_req_output(&req, &pkt, &gather, now));
	assert_int_equal(pkt.opcode, opcode);
	assert_int_equal(pkt.psn, psn(n));
	assert_int_equal(gather.off, off);
	assert_int_equal(gather.len, len);
	assert_int_equal(pkt.payload_len, len);
	return pkt;
}

static inline void sends_nothing(void)
{
	struct roce_packet pkt;
	struct roce_gather gather;

	assert_false(roce_req_output(&req, &pkt, &gather, now));
}

static inline enum roce_verdict hears(uint8_t opcode, uint32_t n,
				      uint8_t syndrome, uint32_t len,
				      struct roce_scatter *scatter)
{
	const struct roce_packet pkt = { .op = roce_op(opcode),
					 .opcode = opcode,
					 .psn = psn(n),
					 .syndrome = syndrome,
					 .payload_len = len };

	return roce_req_input(&req, &pkt, scatter, now);
}

static inline enum roce_verdict ack(uint32_t n, uint8_t syndrome)
{
	struct roce_scatter scatter;
	enum roce_verdict verdict =
		hears(ROCE_ACKNOWLEDGE, n, syndrome, 0, &scatter);

	assert_false(scatter.wanted);
	return verdict;
}

static inline void ends(uint32_t msg, enum roce_status status)
{
	struct roce_done done;

	assert_true(roce_req_event(&req, &done));
	assert_int_equal(done.pos, msg);
	assert_int_equal(done.status, status);
}

static inline void nothing_ends(void)
{
	struct roce_done done;

	assert_false(roce_req_event(&req, &done));
}

static inline void wait(void)
{
	now = roce_req_deadline(&req);
	assert_true(now != NSEC_NEVER);
	roce_req_expire(&req, now);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A responder whose peer is the test: it is given requests, and what it says
 * to them is looked at.  Its owner is the test, too.  unit.h before this.
 */
#ifndef URDMA_TESTS_ROCE_RESPONDER_H
#define URDMA_TESTS_ROCE_RESPONDER_H

#include "base/serial.h"
#include "roce/aeth.h"
#include "roce/early.h"
#include "roce/resp.h"

enum { MTU = 256, PSN = 0xfffffe, RKEY = 0x1234, TIMER = 5, RESOURCES = 2 };

/* Numbers from PSN on, which wrap at the third. */
static inline uint32_t psn(uint32_t n)
{
	return (PSN + n) & 0xffffff;
}

static struct roce_resp resp;
static struct roce_early early;

static inline int start(void **state)
{
	const struct roce_resp_config config = { .service = ROCE_RC,
						 .rnr_timer = TIMER,
						 .mtu = MTU,
						 .psn = PSN,
						 .resources = RESOURCES };

	(void)state;
	roce_resp_init(&resp, &config);
	return 0;
}

static inline int start_uc(void **state)
{
	start(state);
	resp.config.service = ROCE_UC;
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	roce_resp_destroy(&resp);
	roce_early_destroy(&early);
	early = (struct roce_early){ 0 };
	return 0;
}

static inline struct roce_packet request(uint8_t opcode, uint32_t n,
					 uint32_t len)
{
	static const uint8_t payload[MTU + 1];

	return (struct roce_packet){
		.op = roce_op(opcode),
		.opcode = opcode,
		.psn = psn(n),
		.va = 0x1000,
		.rkey = RKEY,
		.dma_len = len,
		.payload = payload,
		.payload_len = len,
	};
}

/* Whatever it asks for is done. */
static inline enum roce_verdict take(struct roce_packet pkt)
{
	struct roce_task task;
	enum roce_verdict verdict = roce_resp_input(&resp, &pkt, &task);

	if (verdict == ROCE_OK)
		roce_resp_answer(&resp, &pkt, &task, ROCE_ANSWER_OK, 77);
	return verdict;
}

static inline enum roce_verdict take_ack(struct roce_packet pkt)
{
	pkt.ack_req = true;
	return take(pkt);
}

static inline void refuse(struct roce_packet pkt, enum roce_answer answer)
{
	struct roce_task task;

	assert_int_equal(roce_resp_input(&resp, &pkt, &task), ROCE_OK);
	roce_resp_answer(&resp, &pkt, &task, answer, 0);
}

static inline void says_nothing(void)
{
	struct roce_packet pkt;
	struct roce_source source;

	assert_false(roce_resp_output(&resp, &pkt, &source));
	assert_true(roce_resp_silent(&resp));
}

static inline struct roce_packet says(uint8_t opcode, uint32_t n)
{
	struct roce_packet pkt;
	struct roce_source source;

	assert_true(roce_resp_output(&resp, &pkt, &source));
	assert_int_equal(pkt.opcode, opcode);
	assert_int_equal(pkt.psn, psn(n));
	return pkt;
}

static inline void says_ack(uint32_t n, uint8_t syndrome)
{
	assert_int_equal(says(ROCE_ACKNOWLEDGE, n).syndrome, syndrome);
}

static inline void says_read(uint8_t opcode, uint32_t n, uint64_t va,
			     uint32_t len)
{
	struct roce_packet pkt;
	struct roce_source source;

	assert_true(roce_resp_output(&resp, &pkt, &source));
	assert_int_equal(pkt.opcode, opcode);
	assert_int_equal(pkt.psn, psn(n));
	assert_int_equal(source.va, va);
	assert_int_equal(source.len, len);
	assert_int_equal(source.rkey, RKEY);
	assert_int_equal(pkt.payload_len, len);
}

static inline struct roce_packet read_of(uint32_t n, uint32_t len)
{
	struct roce_packet pkt = request(ROCE_READ_REQUEST, n, len);

	pkt.payload_len = 0;
	return pkt;
}

static inline struct roce_packet atomic_of(uint32_t n)
{
	return request(ROCE_FETCH_ADD, n, 0);
}

static inline struct roce_packet send_of(uint32_t n)
{
	return request(ROCE_SEND_ONLY, n, 4);
}

#endif

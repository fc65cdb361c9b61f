// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/req.h"

#include <string.h>

#include "roce/aeth.h"
#include "unit.h"

enum { MTU = 256, PSN = 0xfffffe };

static uint32_t psn(uint32_t n)
{
	return (PSN + n) & 0xffffff;
}

static struct roce_req req;
static nsec_t now;
static uint32_t pos; /* of the next message */

static int start(void **state)
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

static int end(void **state)
{
	(void)state;
	roce_req_destroy(&req);
	return 0;
}

static struct roce_wr wr_of(uint8_t kind, uint32_t length)
{
	return (struct roce_wr){ .kind = kind,
				 .length = length,
				 .pos = pos,
				 .imm = 0xabcd,
				 .rkey = 7,
				 .va = 0x1000 };
}

static bool try(struct roce_wr wr)
{
	bool begun = roce_req_begin(&req, &wr);

	pos += begun;
	return begun;
}

static void begin(uint8_t kind, uint32_t length)
{
	assert_true(try(wr_of(kind, length)));
}

static struct roce_packet sends(uint8_t opcode, uint32_t n, uint32_t off,
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

static void sends_nothing(void)
{
	struct roce_packet pkt;
	struct roce_gather gather;

	assert_false(roce_req_output(&req, &pkt, &gather, now));
}

static enum roce_verdict hears(uint8_t opcode, uint32_t n, uint8_t syndrome,
			       uint32_t len, struct roce_scatter *scatter)
{
	const struct roce_packet pkt = { .op = roce_op(opcode),
					 .opcode = opcode,
					 .psn = psn(n),
					 .syndrome = syndrome,
					 .payload_len = len };

	return roce_req_input(&req, &pkt, scatter, now);
}

static enum roce_verdict ack(uint32_t n, uint8_t syndrome)
{
	struct roce_scatter scatter;
	enum roce_verdict verdict =
		hears(ROCE_ACKNOWLEDGE, n, syndrome, 0, &scatter);

	assert_false(scatter.wanted);
	return verdict;
}

static void places(uint8_t opcode, uint32_t n, uint32_t len, uint32_t msg,
		   uint32_t off)
{
	struct roce_scatter scatter;

	assert_int_equal(hears(opcode, n, AETH_NO_CREDITS, len, &scatter),
			 ROCE_OK);
	assert_true(scatter.wanted);
	assert_int_equal(scatter.pos, msg);
	assert_int_equal(scatter.off, off);
}

static void ends(uint32_t msg, enum roce_status status)
{
	struct roce_done done;

	assert_true(roce_req_event(&req, &done));
	assert_int_equal(done.pos, msg);
	assert_int_equal(done.status, status);
}

static void nothing_ends(void)
{
	struct roce_done done;

	assert_false(roce_req_event(&req, &done));
}

static void wait(void)
{
	now = roce_req_deadline(&req);
	assert_true(now != NSEC_NEVER);
	roce_req_expire(&req, now);
}

static void messages_are_cut_into_packets_of_the_mtu(void **state)
{
	struct roce_packet pkt;

	(void)state;
	begin(ROCE_KIND_WRITE, 2 * MTU + 3);
	begin(ROCE_KIND_SEND, 0);
	begin(ROCE_KIND_SEND, MTU + 1);
	pkt = sends(ROCE_WRITE_FIRST, 0, 0, MTU);
	assert_int_equal(pkt.dma_len, 2 * MTU + 3);
	assert_int_equal(pkt.va, 0x1000);
	assert_int_equal(pkt.rkey, 7);
	assert_false(pkt.ack_req);
	sends(ROCE_WRITE_MIDDLE, 1, MTU, MTU);
	sends(ROCE_WRITE_LAST, 2, 2 * MTU, 3);
	sends(ROCE_SEND_ONLY, 3, 0, 0);
	sends(ROCE_SEND_FIRST, 4, 0, MTU);
	assert_true(sends(ROCE_SEND_LAST, 5, MTU, 1).ack_req);
	sends_nothing();
}

static void immediate_and_invalidation_are_in_the_last_packet(void **state)
{
	struct roce_wr wr = wr_of(ROCE_KIND_SEND, 1);
	struct roce_packet pkt;

	(void)state;
	wr.with_imm = wr.solicited = true;
	assert_true(try(wr));
	pkt = sends(ROCE_SEND_ONLY_IMM, 0, 0, 1);
	assert_int_equal(pkt.imm, 0xabcd);
	assert_true(pkt.solicited);
	wr = wr_of(ROCE_KIND_WRITE, MTU + 1);
	wr.with_imm = wr.solicited = true;
	assert_true(try(wr));
	assert_false(sends(ROCE_WRITE_FIRST, 1, 0, MTU).solicited);
	assert_true(sends(ROCE_WRITE_LAST_IMM, 2, MTU, 1).solicited);
	wr = wr_of(ROCE_KIND_SEND, MTU + 1);
	wr.with_inv = true;
	assert_true(try(wr));
	sends(ROCE_SEND_FIRST, 3, 0, MTU);
	assert_int_equal(sends(ROCE_SEND_LAST_INV, 4, MTU, 1).inv_rkey, 0xabcd);
	wr.length = 1;
	assert_true(try(wr));
	sends(ROCE_SEND_ONLY_INV, 5, 0, 1);
}

static void one_acknowledgement_ends_all_before_it(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		begin(ROCE_KIND_SEND, 1);
	for (uint32_t i = 0; i < 3; i++)
		sends(ROCE_SEND_ONLY, i, 0, 1);
	assert_int_equal(ack(1, AETH_NO_CREDITS), ROCE_OK);
	ends(0, ROCE_DONE);
	ends(1, ROCE_DONE);
	nothing_ends();
	assert_int_equal(ack(1, AETH_NO_CREDITS), ROCE_STALE);
	assert_int_equal(ack(2, AETH_NO_CREDITS), ROCE_OK);
	ends(2, ROCE_DONE);
	assert_true(roce_req_idle(&req));
	assert_true(roce_req_deadline(&req) == NSEC_NEVER);
}

static void what_was_never_sent_cannot_be_acknowledged(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	begin(ROCE_KIND_SEND, 1);
	assert_int_equal(ack(0, AETH_NO_CREDITS), ROCE_GHOST);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	assert_int_equal(ack(1, AETH_NO_CREDITS), ROCE_GHOST);
	nothing_ends();
}

static void a_nak_sends_again_from_there(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 4 * MTU);
	sends(ROCE_SEND_FIRST, 0, 0, MTU);
	sends(ROCE_SEND_MIDDLE, 1, MTU, MTU);
	sends(ROCE_SEND_MIDDLE, 2, 2 * MTU, MTU);
	assert_int_equal(ack(1, AETH_NAK | AETH_NAK_SEQUENCE), ROCE_OK);
	assert_true(sends(ROCE_SEND_MIDDLE, 1, MTU, MTU).ack_req);
	sends_nothing();
	assert_int_equal(ack(1, AETH_NO_CREDITS), ROCE_OK);
	sends(ROCE_SEND_MIDDLE, 2, 2 * MTU, MTU);
	sends(ROCE_SEND_LAST, 3, 3 * MTU, MTU);
	assert_int_equal(req.counters.resent, 2);
}

static void silence_is_answered_by_one_packet(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		begin(ROCE_KIND_SEND, 1);
	for (uint32_t i = 0; i < 3; i++)
		sends(ROCE_SEND_ONLY, i, 0, 1);
	wait();
	assert_int_equal(req.counters.timeouts, 0);
	assert_int_equal(req.counters.probes, 1);
	assert_true(sends(ROCE_SEND_ONLY, 0, 0, 1).ack_req);
	sends_nothing();
	/* only the acknowledgement was lost */
	assert_int_equal(ack(2, AETH_NO_CREDITS), ROCE_OK);
	sends_nothing();
	ends(0, ROCE_DONE);
}

static void what_the_answer_to_it_says_is_missing_follows(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		begin(ROCE_KIND_SEND, 1);
	for (uint32_t i = 0; i < 3; i++)
		sends(ROCE_SEND_ONLY, i, 0, 1);
	wait();
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	assert_int_equal(ack(0, AETH_NO_CREDITS), ROCE_OK);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	sends(ROCE_SEND_ONLY, 2, 0, 1);
	sends_nothing();
}

static void so_many_timeouts_and_it_has_failed(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	begin(ROCE_KIND_SEND, 1);
	while (!req.failed) {
		struct roce_packet pkt;
		struct roce_gather gather;

		while (roce_req_output(&req, &pkt, &gather, now))
			continue;
		wait();
	}
	assert_int_equal(req.counters.timeouts, 3);
	ends(0, ROCE_RETRY_EXCEEDED);
	nothing_ends();
	sends_nothing();
	assert_int_equal(ack(0, AETH_NO_CREDITS), ROCE_STATE);
}

static void progress_is_a_new_start_of_the_count(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	while (req.counters.timeouts < 2)
		wait();
	assert_int_equal(ack(0, AETH_NO_CREDITS), ROCE_OK);
	assert_int_equal(req.retries, 0);
}

static void timeout_0_is_never(void **state)
{
	(void)state;
	req.config.timeout = 0;
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	for (int i = 0; i < 100; i++) {
		wait();
		sends(ROCE_SEND_ONLY, 0, 0, 1);
	}
	assert_int_equal(req.counters.timeouts, 0);
}

static void a_peer_without_recv_is_asked_again_after_its_time(void **state)
{
	nsec_t asked = now;

	(void)state;
	begin(ROCE_KIND_SEND, 1);
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	assert_int_equal(ack(0, AETH_RNR | 12), ROCE_OK);
	sends_nothing();
	assert_int_equal(ack(0, AETH_RNR | 12), ROCE_STALE);
	assert_int_equal(ack(0, AETH_NAK | AETH_NAK_SEQUENCE), ROCE_STALE);
	wait();
	assert_int_equal(now - asked, 640 * NSEC_PER_USEC);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	/* and once was all */
	assert_int_equal(ack(0, AETH_RNR | 12), ROCE_OK);
	ends(0, ROCE_RNR_EXCEEDED);
}

static void rnr_retry_7_is_for_ever(void **state)
{
	(void)state;
	req.config.rnr_retry = ROCE_RNR_FOREVER;
	begin(ROCE_KIND_SEND, 1);
	for (int i = 0; i < 300; i++) {
		sends(ROCE_SEND_ONLY, 0, 0, 1);
		assert_int_equal(ack(0, AETH_RNR | 1), ROCE_OK);
		wait();
	}
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	assert_int_equal(ack(0, AETH_NO_CREDITS), ROCE_OK);
	ends(0, ROCE_DONE);
}

static void each_nak_has_its_status(void **state)
{
	static const struct {
		uint8_t code;
		enum roce_status status;
	} naks[] = {
		{ AETH_NAK_INVALID, ROCE_REMOTE_INVALID },
		{ AETH_NAK_ACCESS, ROCE_REMOTE_ACCESS },
		{ AETH_NAK_OPERATION, ROCE_REMOTE_OPERATION },
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		roce_req_destroy(&req);
		start(NULL);
		begin(ROCE_KIND_SEND, 1);
		begin(ROCE_KIND_SEND, 1);
		sends(ROCE_SEND_ONLY, 0, 0, 1);
		sends(ROCE_SEND_ONLY, 1, 0, 1);
		assert_int_equal(ack(1, AETH_NAK | naks[i].code), ROCE_OK);
		ends(0, ROCE_DONE);
		ends(1, naks[i].status);
		nothing_ends();
	}
}

static void syndromes_that_mean_nothing_change_nothing(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	assert_int_equal(ack(0, AETH_NAK | AETH_NAK_RD), ROCE_BAD_RESPONSE);
	assert_int_equal(ack(0, AETH_NAK | 31), ROCE_BAD_RESPONSE);
	assert_int_equal(ack(0, 0x40), ROCE_BAD_RESPONSE);
	assert_int_equal(ack(0, 0x80), ROCE_BAD_RESPONSE);
	nothing_ends();
}

static void a_read_takes_as_many_numbers_as_its_answer(void **state)
{
	(void)state;
	begin(ROCE_KIND_READ, 2 * MTU + 1);
	begin(ROCE_KIND_SEND, 1);
	assert_int_equal(sends(ROCE_READ_REQUEST, 0, 0, 0).dma_len,
			 2 * MTU + 1);
	sends(ROCE_SEND_ONLY, 3, 0, 1);
	places(ROCE_READ_FIRST, 0, MTU, 0, 0);
	places(ROCE_READ_MIDDLE, 1, MTU, 0, MTU);
	nothing_ends();
	places(ROCE_READ_LAST, 2, 1, 0, 2 * MTU);
	ends(0, ROCE_DONE);
	assert_int_equal(ack(3, AETH_NO_CREDITS), ROCE_OK);
	ends(1, ROCE_DONE);
}

static void a_read_asks_again_for_what_is_missing_only(void **state)
{
	struct roce_scatter scatter;
	struct roce_packet pkt;

	(void)state;
	begin(ROCE_KIND_READ, 5 * MTU);
	sends(ROCE_READ_REQUEST, 0, 0, 0);
	places(ROCE_READ_FIRST, 0, MTU, 0, 0);
	/* where it belongs its number says; told once for the gap */
	places(ROCE_READ_MIDDLE, 3, MTU, 0, 3 * MTU);
	places(ROCE_READ_LAST, 4, MTU, 0, 4 * MTU);
	assert_int_equal(hears(ROCE_READ_LAST, 4, 0, MTU, &scatter), ROCE_GAP);
	assert_false(scatter.wanted);
	pkt = sends(ROCE_READ_REQUEST, 1, MTU, 0);
	assert_int_equal(pkt.va, 0x1000 + MTU);
	assert_int_equal(pkt.dma_len, 2 * MTU);
	sends_nothing();
	nothing_ends();
	places(ROCE_READ_FIRST, 1, MTU, 0, MTU);
	places(ROCE_READ_LAST, 2, MTU, 0, 2 * MTU); /* of that part */
	ends(0, ROCE_DONE);
	assert_true(roce_req_idle(&req));
}

static void all_gaps_of_a_read_are_asked_for_at_once(void **state)
{
	(void)state;
	begin(ROCE_KIND_READ, 8 * MTU);
	sends(ROCE_READ_REQUEST, 0, 0, 0);
	places(ROCE_READ_MIDDLE, 1, MTU, 0, MTU);
	places(ROCE_READ_MIDDLE, 3, MTU, 0, 3 * MTU);
	assert_int_equal(sends(ROCE_READ_REQUEST, 0, 0, 0).dma_len, MTU);
	assert_int_equal(sends(ROCE_READ_REQUEST, 2, 2 * MTU, 0).dma_len, MTU);
	sends_nothing();
	places(ROCE_READ_MIDDLE, 6, MTU, 0, 6 * MTU);
	assert_int_equal(sends(ROCE_READ_REQUEST, 4, 4 * MTU, 0).dma_len,
			 2 * MTU);
	sends_nothing();
	places(ROCE_READ_ONLY, 0, MTU, 0, 0);
	sends_nothing(); /* the others are on their way */
	places(ROCE_READ_ONLY, 2, MTU, 0, 2 * MTU);
	places(ROCE_READ_FIRST, 4, MTU, 0, 4 * MTU);
	places(ROCE_READ_LAST, 5, MTU, 0, 5 * MTU);
	places(ROCE_READ_LAST, 7, MTU, 0, 7 * MTU);
	ends(0, ROCE_DONE);
	assert_true(roce_req_idle(&req));
}

static void who_answers_no_parts_is_asked_for_the_rest(void **state)
{
	(void)state;
	begin(ROCE_KIND_READ, 4 * MTU);
	sends(ROCE_READ_REQUEST, 0, 0, 0);
	places(ROCE_READ_MIDDLE, 2, MTU, 0, 2 * MTU);
	assert_int_equal(sends(ROCE_READ_REQUEST, 0, 0, 0).dma_len, 2 * MTU);
	wait();
	assert_int_equal(sends(ROCE_READ_REQUEST, 0, 0, 0).dma_len, 2 * MTU);
	wait();
	assert_int_equal(sends(ROCE_READ_REQUEST, 0, 0, 0).dma_len, 4 * MTU);
	places(ROCE_READ_FIRST, 0, MTU, 0, 0);
	places(ROCE_READ_MIDDLE, 1, MTU, 0, MTU);
	places(ROCE_READ_LAST, 3, MTU, 0, 3 * MTU);
	ends(0, ROCE_DONE);
}

/* The window is 64: two pieces of 32 fit. */
static void a_long_read_is_asked_for_in_pieces(void **state)
{
	struct roce_packet pkt;

	(void)state;
	begin(ROCE_KIND_READ, 72 * MTU);
	assert_false(roce_req_wants(&req));
	pkt = sends(ROCE_READ_REQUEST, 0, 0, 0);
	assert_int_equal(pkt.dma_len, 32 * MTU);
	pkt = sends(ROCE_READ_REQUEST, 32, 0, 0);
	assert_int_equal(pkt.va, 0x1000 + 32 * MTU);
	assert_int_equal(pkt.dma_len, 32 * MTU);
	sends_nothing();
	for (uint32_t n = 0; n < 64; n++)
		places(n % 32 == 0    ? ROCE_READ_FIRST
		       : n % 32 == 31 ? ROCE_READ_LAST
				      : ROCE_READ_MIDDLE,
		       n, MTU, 0, n * MTU);
	nothing_ends();
	pkt = sends(ROCE_READ_REQUEST, 64, 0, 0);
	assert_int_equal(pkt.dma_len, 8 * MTU);
	assert_true(roce_req_wants(&req));
	for (uint32_t n = 64; n < 72; n++)
		places(n == 64	 ? ROCE_READ_FIRST
		       : n == 71 ? ROCE_READ_LAST
				 : ROCE_READ_MIDDLE,
		       n, MTU, 0, n * MTU);
	ends(0, ROCE_DONE);
	nothing_ends();
}

/* Message n has packet n: it lacks packet 0 and then acknowledges packet 3,
 * which was not sent again. */
static void peer_keeps(void)
{
	for (uint32_t n = 0; n < 4; n++) {
		begin(ROCE_KIND_WRITE, MTU);
		sends(ROCE_WRITE_ONLY, n, 0, MTU);
	}
	ack(0, AETH_NAK | AETH_NAK_SEQUENCE);
	sends(ROCE_WRITE_ONLY, 0, 0, MTU);
	ack(3, AETH_NO_CREDITS);
	for (uint32_t n = 0; n < 4; n++)
		ends(n, ROCE_DONE);
}

static void who_keeps_what_comes_early_is_sent_what_it_lacks(void **state)
{
	(void)state;
	peer_keeps();
	for (uint32_t n = 4; n < 8; n++) {
		begin(ROCE_KIND_WRITE, MTU);
		sends(ROCE_WRITE_ONLY, n, 0, MTU);
	}
	ack(5, AETH_NAK | AETH_NAK_SEQUENCE);
	ends(4, ROCE_DONE);
	assert_true(sends(ROCE_WRITE_ONLY, 5, 0, MTU).ack_req);
	sends_nothing();
	begin(ROCE_KIND_WRITE, MTU);
	sends(ROCE_WRITE_ONLY, 8, 0, MTU);
	ack(8, AETH_NO_CREDITS);
	for (uint32_t n = 5; n < 9; n++)
		ends(n, ROCE_DONE);
}

static void who_lacks_more_in_a_row_is_sent_twice_as_much(void **state)
{
	(void)state;
	peer_keeps();
	begin(ROCE_KIND_WRITE, 8 * MTU);
	for (uint32_t n = 0; n < 8; n++)
		sends(n == 0   ? ROCE_WRITE_FIRST
		      : n == 7 ? ROCE_WRITE_LAST
			       : ROCE_WRITE_MIDDLE,
		      4 + n, n * MTU, MTU);
	ack(5, AETH_NAK | AETH_NAK_SEQUENCE);
	sends(ROCE_WRITE_MIDDLE, 5, MTU, MTU);
	sends_nothing();
	ack(6, AETH_NAK | AETH_NAK_SEQUENCE);
	sends(ROCE_WRITE_MIDDLE, 6, 2 * MTU, MTU);
	sends(ROCE_WRITE_MIDDLE, 7, 3 * MTU, MTU);
	sends_nothing();
	ack(8, AETH_NAK | AETH_NAK_SEQUENCE);
	for (uint32_t n = 4; n < 8; n++)
		sends(n == 7 ? ROCE_WRITE_LAST : ROCE_WRITE_MIDDLE, 4 + n,
		      n * MTU, MTU);
	sends_nothing();
	ack(11, AETH_NO_CREDITS);
	ends(4, ROCE_DONE);
}

/* Nothing shows that it keeps anything: after a few NAKs nobody looks. */
static void who_acknowledges_what_it_is_sent_is_sent_everything(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 8; n++) {
		begin(ROCE_KIND_WRITE, MTU);
		sends(ROCE_WRITE_ONLY, n, 0, MTU);
	}
	for (uint32_t n = 0; n < 6; n++) {
		ack(n, AETH_NAK | AETH_NAK_SEQUENCE);
		sends(ROCE_WRITE_ONLY, n, 0, MTU);
		if (n < 4) {
			sends_nothing();
			ack(n, AETH_NO_CREDITS);
		}
		for (uint32_t i = n + 1; i < 8; i++)
			sends(ROCE_WRITE_ONLY, i, 0, MTU);
	}
	ack(7, AETH_NO_CREDITS);
	for (uint32_t n = 0; n < 8; n++)
		ends(n, ROCE_DONE);
}

/* An acknowledgement up to packet n, of `msn` messages. */
static void ack_of(uint32_t n, uint32_t msn, uint8_t credits)
{
	const struct roce_packet pkt = { .op = roce_op(ROCE_ACKNOWLEDGE),
					 .opcode = ROCE_ACKNOWLEDGE,
					 .psn = psn(n),
					 .msn = msn,
					 .syndrome = AETH_ACK | credits };
	struct roce_scatter scatter;

	roce_req_input(&req, &pkt, &scatter, now);
}

/* IBA 9.7.7.2: the code 3 is 3 RECVs. */
static void sends_wait_for_credits(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	ack_of(0, 1, 3);
	ends(0, ROCE_DONE);
	for (int i = 0; i < 5; i++)
		begin(ROCE_KIND_SEND, 2 * MTU);
	for (uint32_t i = 0; i < 3; i++) {
		sends(ROCE_SEND_FIRST, 1 + 2 * i, 0, MTU);
		assert_int_equal(
			sends(ROCE_SEND_LAST, 2 + 2 * i, MTU, MTU).ack_req,
			i == 2);
	}
	/* one packet beyond, to hear of more */
	assert_true(sends(ROCE_SEND_FIRST, 7, 0, MTU).ack_req);
	sends_nothing();
	ack_of(6, 4, 0);
	sends_nothing();
	/* the one under way has its RECV */
	ack_of(7, 4, 2);
	sends(ROCE_SEND_LAST, 8, MTU, MTU);
	sends(ROCE_SEND_FIRST, 9, 0, MTU);
	sends(ROCE_SEND_LAST, 10, MTU, MTU);
	ack_of(10, 6, 0);
	for (uint32_t i = 1; i < 6; i++)
		ends(i, ROCE_DONE);
}

static void what_takes_no_recv_needs_no_credit(void **state)
{
	struct roce_wr imm = wr_of(ROCE_KIND_WRITE, 1);

	(void)state;
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	ack_of(0, 1, 1);
	ends(0, ROCE_DONE);
	for (uint32_t i = 1; i < 4; i++) {
		begin(ROCE_KIND_WRITE, 1);
		sends(ROCE_WRITE_ONLY, i, 0, 1);
	}
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 4, 0, 1);
	/* old news: message 4 is under way since */
	ack_of(2, 3, 1);
	imm.with_imm = true;
	imm.pos = pos;
	assert_true(try(imm));
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_WRITE_ONLY_IMM, 5, 0, 1);
	sends_nothing();
	ack_of(5, 6, 1);
	sends(ROCE_SEND_ONLY, 6, 0, 1);
}

static void a_peer_without_a_limit_is_sent_everything(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	ack_of(0, 1, 0);
	for (int i = 0; i < 3; i++)
		begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	sends_nothing();
	ack_of(1, 2, AETH_NO_CREDITS);
	sends(ROCE_SEND_ONLY, 2, 0, 1);
	sends(ROCE_SEND_ONLY, 3, 0, 1);
}

static void news_of_a_recv_ends_the_wait_for_it(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	ack_of(0, 1, AETH_NO_CREDITS);
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	ack(1, AETH_RNR | 12);
	sends_nothing();
	ack_of(0, 1, 0); /* that is none */
	roce_req_expire(&req, now);
	sends_nothing();
	ack_of(0, 1, 1);
	assert_true(roce_req_deadline(&req) <= now);
	roce_req_expire(&req, now);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
}

static void an_ack_beyond_a_read_says_that_its_answer_is_lost(void **state)
{
	(void)state;
	begin(ROCE_KIND_READ, 1);
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_READ_REQUEST, 0, 0, 0);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	assert_int_equal(ack(1, AETH_NO_CREDITS), ROCE_GAP);
	nothing_ends();
	sends(ROCE_READ_REQUEST, 0, 0, 0);
	/* of the SEND it is known that it came */
	sends_nothing();
	places(ROCE_READ_ONLY, 0, 1, 0, 0);
	ends(0, ROCE_DONE);
	ends(1, ROCE_DONE);
}

static void an_answer_ends_what_is_before_it(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	begin(ROCE_KIND_ATOMIC, 8);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	sends(ROCE_FETCH_ADD, 1, 0, 0);
	places(ROCE_ATOMIC_ACKNOWLEDGE, 1, 0, 1, 0);
	ends(0, ROCE_DONE);
	ends(1, ROCE_DONE);
}

static void an_answer_that_does_not_fit_is_a_failure(void **state)
{
	static const struct {
		uint8_t kind;
		uint8_t opcode;
		uint32_t len;
	} bad[] = {
		{ ROCE_KIND_READ, ROCE_READ_FIRST, MTU - 1 },
		{ ROCE_KIND_READ, ROCE_READ_ONLY, MTU },
		{ ROCE_KIND_READ, ROCE_ATOMIC_ACKNOWLEDGE, 0 },
		{ ROCE_KIND_SEND, ROCE_READ_FIRST, MTU },
		{ ROCE_KIND_SEND, ROCE_ATOMIC_ACKNOWLEDGE, 0 },
		{ ROCE_KIND_ATOMIC, ROCE_READ_ONLY, 8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct roce_scatter scatter;
		struct roce_packet pkt;
		struct roce_gather gather;

		roce_req_destroy(&req);
		start(NULL);
		begin(bad[i].kind, 2 * MTU);
		assert_true(roce_req_output(&req, &pkt, &gather, now));
		assert_int_equal(
			hears(bad[i].opcode, 0, 0, bad[i].len, &scatter),
			ROCE_BAD_RESPONSE);
		assert_false(scatter.wanted);
		ends(0, ROCE_RESPONSE_BAD);
	}
}

static void only_so_many_reads_are_open(void **state)
{
	(void)state;
	begin(ROCE_KIND_READ, 1);
	begin(ROCE_KIND_ATOMIC, 8);
	assert_false(try(wr_of(ROCE_KIND_READ, 1)));
	assert_false(try(wr_of(ROCE_KIND_ATOMIC, 8)));
	begin(ROCE_KIND_WRITE, 1);
	sends(ROCE_READ_REQUEST, 0, 0, 0);
	places(ROCE_READ_ONLY, 0, 1, 0, 0);
	begin(ROCE_KIND_READ, 1);
}

static void a_fence_waits_for_reads(void **state)
{
	struct roce_wr wr = wr_of(ROCE_KIND_SEND, 1);

	(void)state;
	wr.fence = true;
	assert_true(try(wr));
	begin(ROCE_KIND_READ, 1);
	wr.pos = pos;
	assert_false(try(wr));
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	sends(ROCE_READ_REQUEST, 1, 0, 0);
	places(ROCE_READ_ONLY, 1, 1, 1, 0);
	assert_true(try(wr));
}

static void the_window_is_kept(void **state)
{
	(void)state;
	begin(ROCE_KIND_WRITE, 100 * MTU);
	for (uint32_t i = 0; i < 64; i++) {
		struct roce_packet pkt;
		struct roce_gather gather;

		assert_true(roce_req_output(&req, &pkt, &gather, now));
		if (i == 63) /* nothing more would tell */
			assert_true(pkt.ack_req);
	}
	sends_nothing();
	assert_int_equal(ack(31, AETH_NO_CREDITS), ROCE_OK);
	sends(ROCE_WRITE_MIDDLE, 64, 64 * MTU, MTU);
}

static void numbers_in_flight_never_meet(void **state)
{
	(void)state;
	req.config.max_rd_atomic = 16;
	begin(ROCE_KIND_READ, ROCE_MESSAGE_MAX);
	assert_false(try(wr_of(ROCE_KIND_READ, 1)));
	assert_false(try(wr_of(ROCE_KIND_SEND, 0)));
}

static void a_message_whose_memory_has_gone_stops_the_queue(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	begin(ROCE_KIND_SEND, 2 * MTU);
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	sends(ROCE_SEND_FIRST, 1, 0, MTU);
	roce_req_stop(&req);
	sends_nothing();
	nothing_ends();
	assert_int_equal(ack(0, AETH_NO_CREDITS), ROCE_OK);
	ends(0, ROCE_DONE);
	ends(1, ROCE_STOPPED);
	nothing_ends();
}

static void over_uc_a_message_is_done_with_its_last_packet(void **state)
{
	(void)state;
	req.config.service = ROCE_UC;
	begin(ROCE_KIND_SEND, MTU + 1);
	begin(ROCE_KIND_WRITE, 1);
	assert_false(sends(0x20, 0, 0, MTU).ack_req);
	nothing_ends();
	sends(0x22, 1, MTU, 1);
	ends(0, ROCE_DONE);
	sends(0x2a, 2, 0, 1);
	roce_req_stop(&req);
	ends(1, ROCE_STOPPED);
	assert_true(roce_req_deadline(&req) == NSEC_NEVER);
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(messages_are_cut_into_packets_of_the_mtu),
		test(immediate_and_invalidation_are_in_the_last_packet),
		test(one_acknowledgement_ends_all_before_it),
		test(what_was_never_sent_cannot_be_acknowledged),
		test(a_nak_sends_again_from_there),
		test(silence_is_answered_by_one_packet),
		test(what_the_answer_to_it_says_is_missing_follows),
		test(so_many_timeouts_and_it_has_failed),
		test(progress_is_a_new_start_of_the_count),
		test(timeout_0_is_never),
		test(a_peer_without_recv_is_asked_again_after_its_time),
		test(rnr_retry_7_is_for_ever),
		test(each_nak_has_its_status),
		test(syndromes_that_mean_nothing_change_nothing),
		test(a_read_takes_as_many_numbers_as_its_answer),
		test(a_read_asks_again_for_what_is_missing_only),
		test(all_gaps_of_a_read_are_asked_for_at_once),
		test(who_answers_no_parts_is_asked_for_the_rest),
		test(a_long_read_is_asked_for_in_pieces),
		test(who_keeps_what_comes_early_is_sent_what_it_lacks),
		test(who_lacks_more_in_a_row_is_sent_twice_as_much),
		test(who_acknowledges_what_it_is_sent_is_sent_everything),
		test(sends_wait_for_credits),
		test(what_takes_no_recv_needs_no_credit),
		test(a_peer_without_a_limit_is_sent_everything),
		test(news_of_a_recv_ends_the_wait_for_it),
		test(an_ack_beyond_a_read_says_that_its_answer_is_lost),
		test(an_answer_ends_what_is_before_it),
		test(an_answer_that_does_not_fit_is_a_failure),
		test(only_so_many_reads_are_open),
		test(a_fence_waits_for_reads),
		test(the_window_is_kept),
		test(numbers_in_flight_never_meet),
		test(a_message_whose_memory_has_gone_stops_the_queue),
		test(over_uc_a_message_is_done_with_its_last_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a peer may do to us at the level of bytes in MPA's start-up (RFC 5044
 * section 7.1, RFC 6581). */
#include "unit.h"

#include <errno.h>

#include "iwarp/ddp_tagged.h"
#include "iwarp/ddp_untagged.h"
#include "iwarp/mpa_fpdu.h"
#include "iwarp/rdmap.h"
#include "rdma/rdma_ctx.h"
#include "raw_peer.h"

/*
 * We are the initiator.
 */

static const uint8_t reply_rev1[20] = "MPA ID Rep Frame\x40\x01\x00\x00";
static const uint8_t refusal_rev1[20] = "MPA ID Rep Frame\x20\x01\x00\x00";

static void expect_request(uint8_t revision)
{
	assert_true(raw.in_len >= 20);
	assert_memory_equal(raw.in, "MPA ID Req Frame", 16);
	assert_int_equal(raw.in[17], revision);
}

static void the_request_offers_depths_and_peer_to_peer(void **state)
{
	(void)state;
	assert_int_equal(world_call(&world, 0), 0);
	some_time();
	expect_request(2);
	assert_int_equal(raw.in_len, 20 + 4 + 7);
	assert_int_equal(raw.in[16] & 0x10, 0x10); /* S: enhanced */
	assert_int_equal(raw.in[16] & 0x40, 0x40); /* C: CRC */
	assert_int_equal(raw.in[16] & 0x80, 0);	   /* M: no markers for us */
	assert_int_equal(raw.in[19], 4 + 7);
	assert_int_equal(raw.in[20] & 0x80, 0x80); /* A: peer to peer */
	assert_int_equal(raw.in[21], 16);	   /* IRD */
	assert_int_equal(raw.in[22] & 0xc0, 0xc0); /* WRITE or READ as RTR */
	assert_int_equal(raw.in[23], 16);	   /* ORD */
	assert_memory_equal(raw.in + 24, "connect", 7);
}

static void without_mpa_crc_none_are_asked_for(void **state)
{
	(void)state;
	host->dev->config.mpa_crc = false;
	assert_int_equal(world_call(&world, 0), 0);
	some_time();
	expect_request(2);
	assert_int_equal(raw.in[16] & 0x40, 0); /* C: CRC */
}

static void expect_second_try(void)
{
	assert_int_equal(raw.accepted, 2);
	expect_request(1);
	assert_memory_equal(raw.in + 20, "connect", 7);
	raw_send(&raw, reply_rev1, 20);
	some_time();
	assert_non_null(world_event(host, IW_CONNECTED));
	assert_null(world_event(host, IW_CONNECT_FAILED));
}

static void a_peer_that_closes_is_asked_again_in_revision_1(void **state)
{
	(void)state;
	assert_int_equal(world_call(&world, 0), 0);
	some_time();
	expect_request(2);
	raw_close(&raw);
	world_pass(&world, 5 * NSEC_PER_SEC);
	expect_second_try();
}

static void a_peer_that_resets_is_asked_again_in_revision_1(void **state)
{
	(void)state;
	assert_int_equal(world_call(&world, 0), 0);
	some_time();
	raw_abort(&raw);
	some_time();
	expect_second_try();
}

static void a_refusal_in_revision_1_is_no_answer_yet(void **state)
{
	(void)state;
	assert_int_equal(world_call(&world, 0), 0);
	some_time();
	raw_send(&raw, refusal_rev1, 20);
	raw_close(&raw);
	world_pass(&world, 5 * NSEC_PER_SEC);
	expect_second_try();
}

static void the_second_failure_counts(void **state)
{
	(void)state;
	assert_int_equal(world_call(&world, 0), 0);
	some_time();
	raw_abort(&raw);
	some_time();
	raw_abort(&raw);
	some_time();
	assert_int_equal(raw.accepted, 2);
	assert_int_equal(world_event(host, IW_CONNECT_FAILED)->error,
			 -ECONNRESET);
}

static void a_reply_that_is_none_ends_it(void **state)
{
	(void)state;
	assert_int_equal(world_call(&world, 0), 0);
	some_time();
	raw_send(&raw, "HTTP/1.1 400 Bad Request\r\n", 26);
	some_time();
	assert_int_equal(world_event(host, IW_CONNECT_FAILED)->error, -EPROTO);
}

/* RFC 6581 section 5.2: peer to peer with neither RTR frame of ours; and more
 * READs than we answer at once.  Behind: IRD with A, ORD with C and D. */
static void
a_reply_that_cannot_be_used_is_answered_with_a_terminate(void **state)
{
	static const struct {
		uint8_t reply[24];
		uint8_t code;
	} replies[] = {
		{ "MPA ID Rep Frame\x50\x02\x00\x04\x80\x10\xc0\x11", 0x06 },
		{ "MPA ID Rep Frame\x50\x02\x00\x04\xc0\x10\x00\x10", 0x07 },
	};
	const uint8_t *ulpdu;

	for (size_t i = 0; i < 2; i++) {
		if (i)
			setup(state);
		assert_int_equal(world_call(&world, 0), 0);
		some_time();
		raw.in_len = 0;
		raw_send(&raw, replies[i].reply, sizeof(replies[i].reply));
		some_time();
		ulpdu = raw.in + MPA_LENGTH_LEN;
		assert_int_equal(raw.in_len,
				 mpa_fpdu_len(DDP_UNTAGGED_LEN + 4));
		assert_int_equal(ulpdu[1], 0x40 | RDMAP_TERMINATE);
		assert_int_equal(ulpdu[18], 0x20); /* MPA, error type 0 */
		assert_int_equal(ulpdu[19], replies[i].code);
		assert_true(raw.peer_closed); /* and not reset */
		assert_int_equal(world_event(host, IW_CONNECT_FAILED)->error,
				 -EPROTO);
		if (!i)
			assert_int_equal(teardown(state), 0);
	}
}

static void a_reply_byte_by_byte_is_understood(void **state)
{
	(void)state;
	assert_int_equal(world_call(&world, 0), 0);
	some_time();
	for (int i = 0; i < 20; i++) {
		raw_send(&raw, reply_rev1 + i, 1);
		some_time();
	}
	assert_non_null(world_event(host, IW_CONNECTED));
}

static void a_dripping_reply_is_not_waited_for_for_ever(void **state)
{
	(void)state;
	assert_int_equal(world_call(&world, 0), 0);
	some_time();
	for (int i = 0; i < 15; i++) {
		raw_send(&raw, reply_rev1 + i, 1);
		world_pass(&world, 5 * NSEC_PER_SEC);
	}
	assert_int_equal(world_event(host, IW_CONNECT_FAILED)->error,
			 -ETIMEDOUT);
}

/* A program may have much to do before it accepts. */
static void a_reply_may_take_most_of_a_minute(void **state)
{
	(void)state;
	assert_int_equal(world_call(&world, 0), 0);
	some_time();
	world_pass(&world, 50 * NSEC_PER_SEC);
	assert_null(world_event(host, IW_CONNECT_FAILED));
}

/*
 * We are the responder.
 */

static void a_silent_caller_is_cut_off(void **state)
{
	(void)state;
	assert_int_equal(world_listen(&world, 0), 0);
	assert_true(raw_connect(&raw));
	world_pass(&world, 9 * NSEC_PER_SEC);
	assert_int_equal(tcp_close_reason(&raw.conn), TCP_STILL_OPEN);
	world_pass(&world, 2 * NSEC_PER_SEC);
	assert_int_equal(tcp_close_reason(&raw.conn), TCP_CLOSED_BY_RESET);
	assert_int_equal(host->event_count, 0);
}

static void a_request_that_is_none_is_cut_off(void **state)
{
	(void)state;
	ask((const uint8_t *)"GET / HTTP/1.1\r\n\r\n  ", 20);
	assert_int_equal(tcp_close_reason(&raw.conn), TCP_CLOSED_BY_RESET);
	assert_int_equal(host->event_count, 0);
}

static void a_caller_that_goes_before_the_answer_is_told_of(void **state)
{
	(void)state;
	ask(request_rev1, 20);
	raw_abort(&raw);
	some_time();
	assert_non_null(world_event(host, IW_DISCONNECTED));
	assert_int_equal(iw_accept(host->ep, host->qp.qp,
				   &(struct iw_params){ 0 }, world.now),
			 -ECONNRESET);
}

/* RFC 5044 section 7.1.2: a responder waits for the first FPDU. */
static void nothing_is_sent_before_the_callers_first_fpdu(void **state)
{
	const struct ddp_tagged nothing = { .last = true };
	struct urdma_sqe sqe = { .opcode = URDMA_WR_SEND };
	uint8_t ulpdu[DDP_TAGGED_LEN];

	(void)state;
	world_post_send(host, &sqe, NULL, 0);
	some_time();
	assert_int_equal(raw.in_len, 0);
	ddp_tagged_encode(&nothing, ulpdu);
	raw_send_fpdu(&raw, ulpdu, sizeof(ulpdu));
	some_time();
	assert_int_equal(raw.in_len, mpa_fpdu_len(DDP_UNTAGGED_LEN));
}

/* The caller of siw's programs, whose server may be the first to send. */
static void a_caller_without_rtr_frame_is_waited_for_a_while(void **state)
{
	struct urdma_sqe sqe = { .opcode = URDMA_WR_SEND };

	(void)state;
	world_post_send(host, &sqe, NULL, 0);
	world_pass(&world, IW_HOLD / 2);
	assert_int_equal(raw.in_len, 0);
	world_pass(&world, IW_HOLD);
	assert_int_equal(raw.in_len, mpa_fpdu_len(DDP_UNTAGGED_LEN));
}

/* RFC 6581 section 9.2: it said it would. */
static void a_promised_rtr_frame_is_waited_for_without_end(void **state)
{
	static const uint8_t request[24] = "MPA ID Req Frame\x50\x02\x00\x04"
					   "\x80\x01\x80\x01"; /* A, a WRITE */
	const struct ddp_tagged nothing = { .last = true };
	struct urdma_sqe sqe = { .opcode = URDMA_WR_SEND };
	uint8_t ulpdu[DDP_TAGGED_LEN];

	(void)state;
	accept_with(request, sizeof(request));
	world_post_send(host, &sqe, NULL, 0);
	world_pass(&world, 20 * IW_HOLD);
	assert_int_equal(raw.in_len, 0);
	ddp_tagged_encode(&nothing, ulpdu);
	raw_send_fpdu(&raw, ulpdu, sizeof(ulpdu));
	some_time();
	assert_int_equal(raw.in_len, mpa_fpdu_len(DDP_UNTAGGED_LEN));
}

/* RFC 5044 section 4.3: the first marker is in front of the first FPDU. */
static void a_caller_that_asks_for_markers_gets_them(void **state)
{
	static const uint8_t request[20] = "MPA ID Req Frame\xc0\x01\x00\x00";
	const struct ddp_tagged nothing = { .last = true };
	struct urdma_sqe sqe = { .opcode = URDMA_WR_SEND };
	const uint8_t start[6] = { 0, 0, 0, 0, 0, DDP_UNTAGGED_LEN };
	uint8_t ulpdu[DDP_TAGGED_LEN];

	(void)state;
	accept_with(request, 20);
	ddp_tagged_encode(&nothing, ulpdu);
	raw_send_fpdu(&raw, ulpdu, sizeof(ulpdu));
	world_post_send(host, &sqe, NULL, 0);
	some_time();
	assert_int_equal(raw.in_len,
			 mpa_fpdu_len(DDP_UNTAGGED_LEN) + MPA_MARKER_LEN);
	assert_memory_equal(raw.in, start, sizeof(start));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
#define OPEN(t) cmocka_unit_test_setup_teardown(t, setup_accepted, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_request_offers_depths_and_peer_to_peer),
		TEST(without_mpa_crc_none_are_asked_for),
		TEST(a_peer_that_closes_is_asked_again_in_revision_1),
		TEST(a_peer_that_resets_is_asked_again_in_revision_1),
		TEST(a_refusal_in_revision_1_is_no_answer_yet),
		TEST(the_second_failure_counts),
		TEST(a_reply_that_is_none_ends_it),
		TEST(a_reply_that_cannot_be_used_is_answered_with_a_terminate),
		TEST(a_reply_byte_by_byte_is_understood),
		TEST(a_dripping_reply_is_not_waited_for_for_ever),
		TEST(a_reply_may_take_most_of_a_minute),
		TEST(a_silent_caller_is_cut_off),
		TEST(a_request_that_is_none_is_cut_off),
		TEST(a_caller_that_goes_before_the_answer_is_told_of),
		OPEN(nothing_is_sent_before_the_callers_first_fpdu),
		OPEN(a_caller_without_rtr_frame_is_waited_for_a_while),
		TEST(a_promised_rtr_frame_is_waited_for_without_end),
		TEST(a_caller_that_asks_for_markers_gets_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

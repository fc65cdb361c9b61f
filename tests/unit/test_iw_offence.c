// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a peer may do to us at the level of bytes once the stream is open:
 * segments that deserve a Terminate, ends that are none. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "iwarp/ddp_tagged.h"
#include "iwarp/ddp_untagged.h"
#include "iwarp/mpa_fpdu.h"
#include "iwarp/rdmap.h"
#include "iwarp/rdmap_read.h"
#include "raw_peer.h"
#include "rdma/verbs.h"

static uint32_t untagged(uint8_t *ulpdu, uint8_t opcode, uint32_t qn,
			 uint32_t msn, uint32_t mo)
{
	const struct ddp_untagged hdr = {
		.last = true, .opcode = opcode, .qn = qn, .msn = msn, .mo = mo
	};

	ddp_untagged_encode(&hdr, ulpdu);
	memset(ulpdu + DDP_UNTAGGED_LEN, 0, 64);
	return DDP_UNTAGGED_LEN;
}

static uint32_t tagged(uint8_t *ulpdu, uint8_t opcode, uint32_t stag)
{
	const struct ddp_tagged hdr = { .last = true,
					.opcode = opcode,
					.stag = stag };

	ddp_tagged_encode(&hdr, ulpdu);
	memset(ulpdu + DDP_TAGGED_LEN, 0, 64);
	return DDP_TAGGED_LEN;
}

/* The Terminate that came: layer and type, code; RFC 5040 section 4.8. */
static void expect_terminate(uint8_t layer_and_type, uint8_t code)
{
	const uint8_t *ulpdu = raw.in + MPA_LENGTH_LEN;

	some_time();
	assert_true(raw.in_len >= MPA_LENGTH_LEN + DDP_UNTAGGED_LEN + 4);
	assert_int_equal(ulpdu[0], 0x41); /* untagged, last, version 1 */
	assert_int_equal(ulpdu[1], 0x40 | RDMAP_TERMINATE);
	assert_int_equal(ulpdu[9], RDMAP_QN_TERMINATE);
	assert_int_equal(ulpdu[13], 1); /* message number */
	assert_int_equal(ulpdu[18], layer_and_type);
	assert_int_equal(ulpdu[19], code);
	assert_true(raw.peer_closed);
	assert_non_null(world_event(host, IW_DISCONNECTED));
}

static void a_bad_first_fpdu_is_a_terminate_too(void **state)
{
	const uint8_t bad[24] = { 0, DDP_UNTAGGED_LEN };

	(void)state;
	raw_send(&raw, bad, sizeof(bad));
	expect_terminate(0x20, 0x02);
}

static void a_bad_crc_is_a_terminate_of_mpa(void **state)
{
	const uint8_t bad[24] = { 0, DDP_UNTAGGED_LEN };
	uint8_t ulpdu[128];

	(void)state;
	raw_send_fpdu(&raw, ulpdu, tagged(ulpdu, RDMAP_WRITE, 0));
	raw_send(&raw, bad, sizeof(bad));
	expect_terminate(0x20, 0x02);
	assert_true(world_was_told(host, EVENT_QP_FATAL));
}

struct offence {
	const char *what;
	uint8_t opcode;
	uint8_t qn;
	uint8_t msn;
	uint8_t mo;
	uint8_t payload;
	uint8_t layer_and_type;
	uint8_t code;
	bool is_tagged;
};

static const struct offence offences[] = {
	{ "unknown opcode", 15, 0, 1, 0, 0, 0x02, 0x06, false },
	{ "atomic, unknown STag", RDMAP_ATOMIC_REQ, 1, 1, 0, 52, 0x01, 0x00,
	  false },
	{ "queue number", RDMAP_SEND, 9, 1, 0, 0, 0x12, 0x01, false },
	{ "message number", RDMAP_SEND, 0, 2, 0, 0, 0x12, 0x03, false },
	{ "message offset", RDMAP_SEND, 0, 1, 4, 0, 0x12, 0x04, false },
	{ "a key to invalidate", RDMAP_SEND_INV, 0, 1, 0, 0, 0x01, 0x00,
	  false },
	{ "too long", RDMAP_SEND, 0, 1, 0, 60, 0x12, 0x05, false },
	{ "unknown STag", RDMAP_WRITE, 0, 0, 0, 8, 0x11, 0x00, true },
	{ "an answer to nothing", RDMAP_READ_RESP, 0, 0, 0, 8, 0x02, 0x06,
	  true },
};

static void every_offence_has_its_code(void **state)
{
	for (size_t i = 0; i < sizeof(offences) / sizeof(offences[0]); i++) {
		const struct offence *o = &offences[i];
		struct urdma_sge sge;
		uint8_t ulpdu[128];
		uint32_t len;

		setup_accepted(state);
		sge = (struct urdma_sge){ host->memory.base, 50, host->key };
		world_post_recv(host, 1, &sge, 1);
		raw_send_fpdu(&raw, ulpdu, tagged(ulpdu, RDMAP_WRITE, 0));
		len = o->is_tagged ? tagged(ulpdu, o->opcode, 0x77)
				   : untagged(ulpdu, o->opcode, o->qn, o->msn,
					      o->mo);
		raw_send_fpdu(&raw, ulpdu, len + o->payload);
		print_message("# %s\n", o->what);
		expect_terminate(o->layer_and_type, o->code);
		assert_int_equal(teardown(state), 0);
	}
}

/* RFC 5040 section 7.1: there it is, and may not be taken back. */
static void a_region_cannot_be_invalidated(void **state)
{
	const struct ddp_untagged hdr = { .last = true,
					  .opcode = RDMAP_SEND_INV,
					  .inv_stag = host->key,
					  .msn = 1 };
	struct urdma_sge sge = { host->memory.base, 50, host->key };
	uint8_t ulpdu[128];

	(void)state;
	world_post_recv(host, 1, &sge, 1);
	raw_send_fpdu(&raw, ulpdu, tagged(ulpdu, RDMAP_WRITE, 0));
	ddp_untagged_encode(&hdr, ulpdu);
	raw_send_fpdu(&raw, ulpdu, DDP_UNTAGGED_LEN);
	expect_terminate(0x01, 0x09);
	assert_memory_equal(raw.in + MPA_LENGTH_LEN + 24, ulpdu,
			    DDP_UNTAGGED_LEN);
}

/* RFC 5040 section 4.2: opcode 4, or 6 with a solicited event; the STag is
 * where others have nothing. */
static void a_send_that_invalidates_names_the_stag(void **state)
{
	static const uint8_t flags[2] = { 0, URDMA_WRF_SOLICITED };
	static const uint8_t head[2][DDP_UNTAGGED_LEN] = {
		{ 0x41, 0x44, 0x12, 0x34, 0x56, 0x78, [13] = 1 },
		{ 0x41, 0x46, 0x12, 0x34, 0x56, 0x78, [13] = 2 },
	};
	const struct ddp_tagged rtr = { .last = true };
	uint8_t ulpdu[DDP_TAGGED_LEN];

	(void)state;
	ddp_tagged_encode(&rtr, ulpdu);
	raw_send_fpdu(&raw, ulpdu, sizeof(ulpdu));
	some_time();
	for (int i = 0; i < 2; i++) {
		struct urdma_sqe sqe = { .opcode = URDMA_WR_SEND_INV,
					 .flags = flags[i],
					 .imm = 0x12345678 };
		uint32_t at = raw.in_len;

		world_post_send(host, &sqe, NULL, 0);
		some_time();
		assert_int_equal(raw.in_len - at,
				 mpa_fpdu_len(DDP_UNTAGGED_LEN));
		assert_memory_equal(raw.in + at + MPA_LENGTH_LEN, head[i],
				    DDP_UNTAGGED_LEN);
	}
}

/* The header at fault comes back, RFC 5040 section 4.8. */
static void a_terminate_returns_the_header_at_fault(void **state)
{
	uint8_t ulpdu[128];
	uint32_t len;

	(void)state;
	raw_send_fpdu(&raw, ulpdu, tagged(ulpdu, RDMAP_WRITE, 0));
	len = tagged(ulpdu, RDMAP_WRITE, 0x1234) + 10;
	raw_send_fpdu(&raw, ulpdu, len);
	expect_terminate(0x11, 0x00);
	assert_int_equal(raw.in[MPA_LENGTH_LEN + 20] & 0xc0, 0xc0); /* M, D */
	assert_int_equal(raw.in[MPA_LENGTH_LEN + 23], len);
	assert_memory_equal(raw.in + MPA_LENGTH_LEN + 24, ulpdu,
			    DDP_TAGGED_LEN);
}

static void a_peer_that_keeps_sending_after_a_terminate_is_ignored(void **state)
{
	uint8_t ulpdu[128];

	(void)state;
	raw_send_fpdu(&raw, ulpdu, tagged(ulpdu, RDMAP_WRITE, 0));
	raw_send_fpdu(&raw, ulpdu, untagged(ulpdu, 15, 0, 1, 0));
	for (int i = 0; i < 1000; i++)
		raw_send_fpdu(&raw, ulpdu, untagged(ulpdu, 3, 0, 1, 0));
	expect_terminate(0x02, 0x06);
	raw_close(&raw);
	world_pass(&world, 3 * NSEC_PER_SEC);
	assert_int_equal(host->pool.out, 0);
}

/* The request was acknowledged: nothing is in flight that could time out. */
static void a_peer_that_vanishes_is_noticed_by_who_awaits_a_read(void **state)
{
	struct urdma_sqe sqe = { .opcode = URDMA_WR_READ };
	uint8_t ulpdu[128];
	struct urdma_cqe cqe;

	(void)state;
	raw_send_fpdu(&raw, ulpdu, tagged(ulpdu, RDMAP_WRITE, 0));
	world_post_send(host, &sqe, NULL, 0);
	some_time();
	assert_int_equal(raw.in_len,
			 mpa_fpdu_len(DDP_UNTAGGED_LEN + RDMAP_READ_LEN));
	world.link.loss = 1000000;
	world_pass(&world, 200 * NSEC_PER_SEC);
	assert_true(world_poll(host, &cqe));
	assert_int_equal(cqe.status, WC_WR_FLUSH_ERR);
	assert_int_equal(world_event(host, IW_DISCONNECTED)->error, -ETIMEDOUT);
}

static void a_torn_fpdu_at_the_end_is_no_graceful_end(void **state)
{
	uint8_t ulpdu[128];

	(void)state;
	raw_send_fpdu(&raw, ulpdu, tagged(ulpdu, RDMAP_WRITE, 0));
	raw_send(&raw, "\0\x20half of it", 12);
	raw_close(&raw);
	some_time();
	assert_int_equal(world_event(host, IW_DISCONNECTED)->error,
			 -ECONNRESET);
}

#define OPEN(t) cmocka_unit_test_setup_teardown(t, setup_accepted, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(a_bad_first_fpdu_is_a_terminate_too),
		OPEN(a_bad_crc_is_a_terminate_of_mpa),
		cmocka_unit_test(every_offence_has_its_code),
		OPEN(a_region_cannot_be_invalidated),
		OPEN(a_send_that_invalidates_names_the_stag),
		OPEN(a_terminate_returns_the_header_at_fault),
		OPEN(a_peer_that_keeps_sending_after_a_terminate_is_ignored),
		OPEN(a_peer_that_vanishes_is_noticed_by_who_awaits_a_read),
		OPEN(a_torn_fpdu_at_the_end_is_no_graceful_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

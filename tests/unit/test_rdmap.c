// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/rdmap.h"

#include "iwarp/verdict.h"
#include "unit.h"

/* RFC 5040 section 4.2 figure 4 and RFC 7306 section 4. */
static const struct {
	unsigned int opcode;
	bool tagged;
	unsigned int qn;
	unsigned int header_len;
	uint32_t min_bytes;
	uint32_t max_bytes;
	bool solicited;
	bool invalidates;
} table[] = {
	{ 0x0, true, 0, 14, 0, RDMAP_UNLIMITED, false, false },
	{ 0x1, false, 1, 18, 28, 28, false, false },
	{ 0x2, true, 0, 14, 0, RDMAP_UNLIMITED, false, false },
	{ 0x3, false, 0, 18, 0, RDMAP_UNLIMITED, false, false },
	{ 0x4, false, 0, 18, 0, RDMAP_UNLIMITED, false, true },
	{ 0x5, false, 0, 18, 0, RDMAP_UNLIMITED, true, false },
	{ 0x6, false, 0, 18, 0, RDMAP_UNLIMITED, true, true },
	{ 0x7, false, 2, 18, 4, RDMAP_UNLIMITED, false, false },
	{ 0x8, false, 0, 18, 8, 8, false, false },
	{ 0x9, false, 0, 18, 8, 8, true, false },
	{ 0xa, false, 1, 18, 52, 52, false, false },
	{ 0xb, false, 3, 18, 12, 12, false, false },
};

static void every_opcode_has_the_form_of_the_rfcs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct rdmap_op *op = rdmap_op(table[i].opcode);

		assert_non_null(op);
		assert_non_null(op->name);
		assert_int_equal(op->tagged, table[i].tagged);
		assert_int_equal(op->qn, table[i].qn);
		assert_int_equal(op->header_len, table[i].header_len);
		assert_int_equal(op->min_bytes, table[i].min_bytes);
		assert_int_equal(op->max_bytes, table[i].max_bytes);
		assert_int_equal(op->solicited, table[i].solicited);
		assert_int_equal(op->invalidates, table[i].invalidates);
	}
}

static void there_are_no_other_opcodes(void **state)
{
	(void)state;
	for (unsigned int opcode = 12; opcode < 300; opcode++)
		assert_null(rdmap_op(opcode));
}

static void every_verdict_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < IW_VERDICT_COUNT; i++)
		assert_string_not_equal(iw_verdict_name((enum iw_verdict)i),
					"unknown");
	assert_string_equal(iw_verdict_name(IW_OK), "ok");
	assert_string_equal(iw_verdict_name(IW_VERDICT_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_opcode_has_the_form_of_the_rfcs),
		cmocka_unit_test(there_are_no_other_opcodes),
		cmocka_unit_test(every_verdict_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

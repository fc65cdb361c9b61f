// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <sys/mman.h>
#include <unistd.h>

#include "preload/maps.h"

static const struct {
	const char *line;
	bool plain;
	bool backed;
} lines[] = {
	{ "7f0000001000-7f0000003000 rw-p 00000000 00:00 0 ", true, false },
	{ "55d000000000-55d000021000 rw-p 00000000 00:00 0"
	  "                          [heap]",
	  true, false },
	{ "7f0000001000-7f0000003000 rw-p 00000000 00:00 0 "
	  "                         [anon:pool]",
	  true, false },
	{ "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0"
	  "                          [stack]",
	  false, false },
	{ "7f0000001000-7f0000003000 r--p 00000000 00:00 0 ", false, false },
	{ "7f0000001000-7f0000003000 rwxp 00000000 00:00 0 ", false, false },
	{ "7f0000001000-7f0000003000 rw-s 00000000 00:01 1055"
	  "                       /dev/zero (deleted)",
	  false, false },
	{ "7f0000001000-7f0000003000 rw-p 00002000 fe:00 1843"
	  "                       /usr/lib/libc.so.6",
	  false, false },
	{ "7f0000001000-7f0000003000 rw-p 00000000 00:0f 4711"
	  "                       /anon_hugepage (deleted)",
	  false, false },
	{ "7f0000001000-7f0000003000 rw-s 40000000000 00:01 99"
	  "                         /memfd:urdma-memory (deleted)",
	  false, true },
	{ "7f0000001000-7f0000003000 rw-s 00000000 00:01 99"
	  "                         /memfd:urdma-queues (deleted)",
	  false, false },
	{ "7f0000001000-7f0000003000 rw-p 00000000 00:01 99"
	  "                         /memfd:urdma-memory (deleted)",
	  false, false },
};

static void kinds_of_memory_are_told_apart(void **state)
{
	struct mapping mapping;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		assert_true(maps_parse(lines[i].line, &mapping));
		assert_int_equal(mapping.plain, lines[i].plain);
		assert_int_equal(mapping.backed, lines[i].backed);
	}
}

static void the_numbers_of_a_line_are_read(void **state)
{
	struct mapping mapping;

	(void)state;
	assert_true(maps_parse("7fab00001000-7fab0000f000 r--s 40000000000 "
			       "00:01 1234567 /memfd:urdma-memory (deleted)",
			       &mapping));
	assert_int_equal(mapping.start, 0x7fab00001000);
	assert_int_equal(mapping.end, 0x7fab0000f000);
	assert_int_equal(mapping.offset, 0x40000000000);
	assert_int_equal(mapping.inode, 1234567);
	assert_int_equal(mapping.rights, PROT_READ);
}

static void what_is_no_line_is_refused(void **state)
{
	const char *bad[] = {
		"",
		"7f00",
		"7f00-",
		"7f00-7f10 rw",
		"7g00-7f10 rw-p 0 00:00 0",
		"7f00-7f10 rw-p 0 00:00 ",
		"of a file's name",
	};
	struct mapping mapping;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(maps_parse(bad[i], &mapping));
}

static void all_mappings_of_the_process_come_in_order(void **state)
{
	static char in_bss[8192];
	uintptr_t wanted[] = { (uintptr_t)in_bss, (uintptr_t)&wanted,
			       (uintptr_t)lines };
	unsigned int found = 0;
	struct mapping mapping;
	uint64_t last = 0;
	struct maps maps;

	(void)state;
	assert_int_equal(maps_open(&maps), 0);
	while (maps_next(&maps, &mapping)) {
		assert_true(mapping.start >= last);
		assert_true(mapping.end > mapping.start);
		last = mapping.end;
		for (size_t i = 0; i < 3; i++)
			found += wanted[i] >= mapping.start &&
				 wanted[i] < mapping.end;
	}
	maps_close(&maps);
	assert_int_equal(found, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_of_memory_are_told_apart),
		cmocka_unit_test(the_numbers_of_a_line_are_read),
		cmocka_unit_test(what_is_no_line_is_refused),
		cmocka_unit_test(all_mappings_of_the_process_come_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

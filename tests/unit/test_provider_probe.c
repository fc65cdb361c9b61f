// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "provider/probe.h"

static void the_installed_libibverbs_has_the_layout_we_declare(void **state)
{
	struct probe_mismatch mismatch;

	(void)state;
	if (!probe_layout(&mismatch))
		fail_msg("%s is operation %d, not %d", mismatch.op,
			 mismatch.found, mismatch.expected);
}

/* The name with its version is what a bug report needs. */
static void the_library_is_named_by_its_real_path(void **state)
{
	char path[PATH_MAX];
	unsigned int major;

	(void)state;
	assert_int_equal(sscanf(strstr(probe_library(path), "libibverbs.so."),
				"libibverbs.so.1.%u", &major),
			 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_installed_libibverbs_has_the_layout_we_declare),
		cmocka_unit_test(the_library_is_named_by_its_real_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

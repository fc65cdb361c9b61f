// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "base/idtable.h"

enum { MANY = 5000 };

static int things[MANY];

static void a_number_leads_to_its_object_and_no_other_does(void **state)
{
	struct idtable table = { 0 };

	(void)state;
	assert_null(idtable_find(&table, 7));
	assert_int_equal(idtable_add(&table, 7, &things[0]), 0);
	assert_ptr_equal(idtable_find(&table, 7), &things[0]);
	assert_null(idtable_find(&table, 8));
	assert_int_equal(idtable_add(&table, 7, &things[1]), -EEXIST);
	assert_ptr_equal(idtable_remove(&table, 7), &things[0]);
	assert_null(idtable_remove(&table, 7));
	idtable_free(&table);
}

/* Clusters form and holes close: what stays must still be found. */
static void removing_one_loses_no_other(void **state)
{
	struct idtable table = { 0 };

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(idtable_add(&table, i * 977, &things[i]), 0);
	for (uint32_t i = 0; i < MANY; i += 3)
		assert_ptr_equal(idtable_remove(&table, i * 977), &things[i]);
	for (uint32_t i = 0; i < MANY; i++)
		assert_ptr_equal(idtable_find(&table, i * 977),
				 i % 3 ? &things[i] : NULL);
	assert_int_equal(table.count, MANY - (MANY + 2) / 3);
	idtable_free(&table);
}

static void a_number_is_used_again_as_late_as_possible(void **state)
{
	struct idtable table = { 0 };
	uint32_t cursor = 0;

	(void)state;
	assert_int_equal(idtable_next_id(&table, &cursor, 1, 3), 1);
	assert_int_equal(idtable_next_id(&table, &cursor, 1, 3), 2);
	assert_int_equal(idtable_add(&table, 3, &things[0]), 0);
	assert_int_equal(idtable_next_id(&table, &cursor, 1, 3), 1);
	idtable_free(&table);
}

static void all_can_be_taken_out_one_by_one(void **state)
{
	struct idtable table = { 0 };
	uint32_t pos = 0, taken = 0;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		idtable_add(&table, i, &things[i]);
	for (int *thing; (thing = idtable_any(&table, &pos)); taken++)
		assert_ptr_equal(idtable_remove(&table, thing - things), thing);
	assert_int_equal(taken, 100);
	idtable_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_number_leads_to_its_object_and_no_other_does),
		cmocka_unit_test(removing_one_loses_no_other),
		cmocka_unit_test(a_number_is_used_again_as_late_as_possible),
		cmocka_unit_test(all_can_be_taken_out_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

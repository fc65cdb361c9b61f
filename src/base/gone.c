// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/gone.h"

void gone_note(struct gone *gone, uint64_t service, nsec_t now)
{
	uint32_t i = gone->next++ % GONE_MAX;

	gone->last[i].service = service;
	gone->last[i].until = now + GONE_WAIT;
}

bool gone_lately(const struct gone *gone, uint64_t service, nsec_t now)
{
	for (int i = 0; i < GONE_MAX; i++)
		if (gone->last[i].service == service &&
		    now < gone->last[i].until)
			return true;
	return false;
}

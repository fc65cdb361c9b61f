// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whatever parses has its payload inside the input, and builds back to
 * headers that parse to the same. */
#include "roce/packet.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { ROOM = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t built[ROOM];
	struct roce_packet first = { 0 }, again = { 0 };
	size_t len;

	if (size > ROOM || roce_parse(&first, data, size) != ROCE_OK)
		return 0;
	if (first.payload < data ||
	    first.payload + first.payload_len + ROCE_ICRC_LEN > data + size)
		abort();
	len = roce_build(&first, built);
	if (len != first.op->header_len ||
	    roce_parse(&again, built, size) != ROCE_OK)
		abort();
	if (again.payload != built + len)
		abort();
	again.payload = first.payload;
	if (memcmp(&first, &again, sizeof(first)) != 0)
		abort();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whatever decodes must encode back to the same header. */
#include "iwarp/ddp_tagged.h"

#include <stdlib.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ddp_tagged first, again;
	uint8_t buf[DDP_TAGGED_LEN];
	struct wire in = { data, size };

	if (ddp_tagged_decode(&first, &in) != IW_OK)
		return 0;

	ddp_tagged_encode(&first, buf);
	in = (struct wire){ buf, sizeof(buf) };
	if (ddp_tagged_decode(&again, &in) != IW_OK ||
	    again.last != first.last || again.opcode != first.opcode ||
	    again.stag != first.stag || again.offset != first.offset)
		abort();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whatever decodes must encode back to the same header. */
#include "iwarp/ddp_untagged.h"

#include <stdlib.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ddp_untagged first, again;
	uint8_t buf[DDP_UNTAGGED_LEN];
	struct wire in = { data, size };

	if (ddp_untagged_decode(&first, &in) != IW_OK)
		return 0;

	ddp_untagged_encode(&first, buf);
	in = (struct wire){ buf, sizeof(buf) };
	if (ddp_untagged_decode(&again, &in) != IW_OK ||
	    again.last != first.last || again.opcode != first.opcode ||
	    again.inv_stag != first.inv_stag || again.qn != first.qn ||
	    again.msn != first.msn || again.mo != first.mo)
		abort();
	return 0;
}

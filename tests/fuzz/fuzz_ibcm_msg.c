// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What decodes encodes to bytes that decode to the same. */
#include "ibcm/msg.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ibcm_msg first, again;
	uint8_t bytes[IBCM_MAD_LEN];

	if (ibcm_decode(&first, data, size) != IBCM_OK)
		return 0;
	if (first.info_len > IBCM_INFO_MAX)
		abort();
	ibcm_encode(&first, bytes);
	if (ibcm_decode(&again, bytes, sizeof(bytes)) != IBCM_OK ||
	    memcmp(&first, &again, sizeof(first)) != 0)
		abort();
	return 0;
}

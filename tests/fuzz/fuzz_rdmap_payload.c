// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What RDMAP puts behind a DDP header, one codec picked by the first byte: a
 * decoded form must encode to the bytes it came from, reserved ones aside.
 */
#include <stdlib.h>
#include <string.h>

#include "iwarp/rdmap_atomic.h"
#include "iwarp/rdmap_imm.h"
#include "iwarp/rdmap_read.h"
#include "iwarp/term.h"

#include "fuzz.h"

static void same(const uint8_t *ours, const uint8_t *theirs, size_t len)
{
	if (memcmp(ours, theirs, len) != 0)
		abort();
}

static void read_request(struct wire in)
{
	const uint8_t *bytes = in.pos;
	uint8_t out[RDMAP_READ_LEN];
	struct rdmap_read req;

	if (rdmap_read_decode(&req, &in) != IW_OK)
		return;
	rdmap_read_encode(&req, out);
	same(out, bytes, sizeof(out));
}

static void atomic_request(struct wire in)
{
	const uint8_t *bytes = in.pos;
	uint8_t out[RDMAP_ATOMIC_REQ_LEN];
	struct rdmap_atomic_req req;

	if (rdmap_atomic_req_decode(&req, &in) != IW_OK)
		return;
	if (req.op > RDMAP_CMP_SWAP || req.offset % 8)
		abort();
	rdmap_atomic_req_encode(&req, out);
	same(out + 4, bytes + 4, sizeof(out) - 4);
}

static void atomic_response(struct wire in)
{
	const uint8_t *bytes = in.pos;
	uint8_t out[RDMAP_ATOMIC_RESP_LEN];
	struct rdmap_atomic_resp resp;

	if (rdmap_atomic_resp_decode(&resp, &in) != IW_OK)
		return;
	rdmap_atomic_resp_encode(&resp, out);
	same(out, bytes, sizeof(out));
}

static void immediate(struct wire in)
{
	const uint8_t *bytes = in.pos;
	uint8_t out[RDMAP_IMM_LEN];
	uint32_t imm;

	if (rdmap_imm_decode(&imm, &in) != IW_OK)
		return;
	rdmap_imm_encode(imm, out);
	same(out + 4, bytes + 4, 4);
}

static void terminate(struct wire in)
{
	const uint8_t *bytes = in.pos;
	size_t len = in.left;
	uint8_t out[TERM_MAX_LEN];
	struct term term;

	if (term_decode(&term, &in) != IW_OK)
		return;
	if (term_encode(&term, out) != len - in.left)
		abort();
	same(out, bytes, 2);
	same(out + TERM_CONTROL_LEN, bytes + TERM_CONTROL_LEN,
	     len - in.left - TERM_CONTROL_LEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const codecs[])(struct wire) = {
		read_request, atomic_request, atomic_response,
		immediate,    terminate,
	};

	if (size > 0)
		codecs[data[0] % 5]((struct wire){ data + 1, size - 1 });
	return 0;
}

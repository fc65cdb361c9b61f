// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/iw_hello.h"

#include <string.h>

#include "base/wire.h"

enum { MAGIC_LEN = 8, BITS24 = 0xffffff };

static const uint8_t magic[MAGIC_LEN] = {
	'u', 'r', 'd', 'm', 'a', 'Q', 'P', '1'
};

void iw_hello_encode(const struct iw_hello *hello,
		     uint8_t out[static IW_HELLO_LEN])
{
	memcpy(out, magic, MAGIC_LEN);
	store_be32(out + 8, hello->from);
	store_be32(out + 12, hello->to);
	store_be32(out + 16, hello->psn);
}

bool iw_hello_decode(struct iw_hello *hello, const uint8_t *bytes, size_t len)
{
	if (len != IW_HELLO_LEN || memcmp(bytes, magic, MAGIC_LEN) != 0)
		return false;
	hello->from = load_be32(bytes + 8);
	hello->to = load_be32(bytes + 12);
	hello->psn = load_be32(bytes + 16);
	return hello->from <= BITS24 && hello->to <= BITS24 &&
	       hello->psn <= BITS24;
}

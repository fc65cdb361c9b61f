// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/ordered.h"

#include <stdint.h>
#include <string.h>

enum { LINE = 64 };

/* One store of `size` bytes, visible after all stores before it. */
#define STORE(type, to, from)                                                  \
	do {                                                                   \
		type value;                                                    \
		memcpy(&value, from, sizeof(value));                           \
		__atomic_store_n((type *)(void *)(to), value,                  \
				 __ATOMIC_RELEASE);                            \
	} while (0)

static void store(uint8_t *to, const uint8_t *from, size_t size)
{
	switch (size) {
	case 8:
		STORE(uint64_t, to, from);
		break;
	case 4:
		STORE(uint32_t, to, from);
		break;
	case 2:
		STORE(uint16_t, to, from);
		break;
	default:
		STORE(uint8_t, to, from);
		break;
	}
}

/* The largest piece at `to` that is aligned to its size. */
static size_t piece(const uint8_t *to, size_t len)
{
	size_t size = 8;

	while (size > len || (uintptr_t)to % size)
		size /= 2;
	return size;
}

/* Of `len` bytes at `to`, those that share the last one's cache line. */
static size_t last_line(const uint8_t *to, size_t len)
{
	size_t bytes = ((uintptr_t)to + len - 1) % LINE + 1;

	return bytes < len ? bytes : len;
}

void ordered_copy(void *dst, const void *src, size_t len)
{
	const uint8_t *from = src;
	uint8_t *to = dst;
	size_t body;

	if (len == 0)
		return;
	body = len - last_line(to, len);
	memcpy(to, from, body);
	while (body < len) {
		size_t size = piece(to + body, len - body);

		store(to + body, from + body, size);
		body += size;
	}
}
#undef STORE

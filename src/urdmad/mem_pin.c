// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/mem_pin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "rdma/place.h"
#include "urdmad/ordered.h"

enum { PAGE = 4096 };

struct mem_pin {
	struct place place; /* first */
	uint8_t *pages;	    /* `mapped` bytes */
	uint64_t mapped;
	uint64_t first; /* the program's address of the first page */
	uint64_t start;
	uint64_t length;
};

/* NULL: not all of it is in the region. */
static uint8_t *at(struct place *place, uint64_t addr, size_t len)
{
	const struct mem_pin *pin = (const struct mem_pin *)place;

	if (addr < pin->start || addr - pin->start > pin->length ||
	    len > pin->length - (addr - pin->start))
		return NULL;
	return pin->pages + (addr - pin->first);
}

static int mem_pin_read(struct place *place, uint64_t addr, void *dst,
			size_t len)
{
	const uint8_t *from = at(place, addr, len);

	if (!from)
		return -EFAULT;
	memcpy(dst, from, len);
	return 0;
}

static int mem_pin_write(struct place *place, uint64_t addr, const void *src,
			 size_t len)
{
	uint8_t *to = at(place, addr, len);

	if (!to)
		return -EFAULT;
	ordered_copy(to, src, len);
	/* x86 orders stores by itself; this is for the others. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return 0;
}

static int mem_pin_cas64(struct place *place, uint64_t addr, uint64_t *expected,
			 uint64_t desired)
{
	uint8_t *word = at(place, addr, sizeof(desired));

	if (!word || addr % sizeof(desired))
		return -EFAULT;
	return __atomic_compare_exchange_n((uint64_t *)(void *)word, expected,
					   desired, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

static void mem_pin_put(struct place *place)
{
	struct mem_pin *pin = (struct mem_pin *)place;

	munmap(pin->pages, pin->mapped);
	free(pin);
}

static const struct place_ops ops = {
	.read = mem_pin_read,
	.write = mem_pin_write,
	.cas64 = mem_pin_cas64,
	.put = mem_pin_put,
};

int mem_pin_map(int fd, off_t offset, uint64_t start, uint64_t length,
		bool writable, struct place **place)
{
	struct mem_pin *pin;
	uint64_t first = start & ~(uint64_t)(PAGE - 1);
	uint64_t end = start + length;

	if (length == 0 || end < start || end > UINT64_MAX - PAGE)
		return -EINVAL;
	pin = malloc(sizeof(*pin));
	if (!pin)
		return -ENOMEM;
	*pin = (struct mem_pin){
		.place = { &ops, 1 },
		.mapped = ((end + PAGE - 1) & ~(uint64_t)(PAGE - 1)) - first,
		.first = first,
		.start = start,
		.length = length,
	};
	pin->pages = mmap(NULL, pin->mapped,
			  writable ? PROT_READ | PROT_WRITE : PROT_READ,
			  MAP_SHARED, fd, offset);
	if (pin->pages == MAP_FAILED) {
		int ret = -errno;

		free(pin);
		return ret;
	}
	*place = &pin->place;
	return 0;
}

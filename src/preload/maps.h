/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The mappings of this process, from /proc/self/maps, without the heap or a
 * lock: one by one in ascending order. */
#ifndef URDMA_PRELOAD_MAPS_H
#define URDMA_PRELOAD_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAPS_BUFFER = 4096 };

struct maps {
	int fd;
	size_t at;
	size_t len;
	uint64_t end;	/* of the mapping before */
	uint64_t guard; /* of that one */
	char bytes[MAPS_BUFFER];
};

struct mapping {
	uint64_t start;
	uint64_t end;
	/* Private anonymous memory to be read and written, no stack. */
	bool plain;
	/* Memory of urdmad's, shared, as at `offset` of the file `inode`. */
	bool backed;
	/* The end of the guard below it, and nothing is between, as of a
	 * thread's stack; 0: none.  Not known of a single line. */
	uint64_t guard;
	int rights; /* PROT_READ ... */
	uint64_t offset;
	uint64_t inode;
};

/* What urdmad calls the memfd in which it keeps programs' pages. */
#define MAPS_BACKING "/memfd:urdma-memory"

/* 0 or a negative errno. */
int maps_open(struct maps *maps);
/* False: no more. */
bool maps_next(struct maps *maps, struct mapping *mapping);
void maps_close(struct maps *maps);

/* One line of the file, with a zero behind it (for tests).  False: it is
 * none. */
bool maps_parse(const char *line, struct mapping *mapping);

#endif

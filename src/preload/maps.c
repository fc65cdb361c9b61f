// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "preload/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What is longer is a file's name, of which the beginning is enough. */
enum { LINE = 256 };
enum { GUARD_MAX = 1 << 20 };

static bool take_hex(const char **text, char end, uint64_t *value)
{
	const char *at = *text;

	for (*value = 0; *at != end; at++) {
		unsigned int digit = *at >= '0' && *at <= '9'	? *at - '0'
				     : *at >= 'a' && *at <= 'f' ? *at - 'a' + 10
								: 16;

		if (digit > 15)
			return false;
		*value = *value * 16 + digit;
	}
	*text = at + 1;
	return true;
}

static bool take_decimal(const char **text, uint64_t *value)
{
	const char *at = *text;

	for (*value = 0; *at >= '0' && *at <= '9'; at++)
		*value = *value * 10 + (uint64_t)(*at - '0');
	if (at == *text)
		return false;
	*text = at;
	return true;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* No name, the heap, or what prctl(PR_SET_VMA_ANON_NAME) said. */
static bool is_anonymous(const char *name)
{
	return !*name || strcmp(name, "[heap]") == 0 || begins(name, "[anon:");
}

/* START-END RIGHTS OFFSET MAJOR:MINOR INODE     NAME */
bool maps_parse(const char *line, struct mapping *mapping)
{
	uint64_t major, minor;
	const char *rights;

	if (!take_hex(&line, '-', &mapping->start) ||
	    !take_hex(&line, ' ', &mapping->end) || strnlen(line, 5) < 5)
		return false;
	rights = line;
	line += 5;
	if (!take_hex(&line, ' ', &mapping->offset) ||
	    !take_hex(&line, ':', &major) || !take_hex(&line, ' ', &minor) ||
	    !take_decimal(&line, &mapping->inode))
		return false;
	line += strspn(line, " ");
	mapping->plain = begins(rights, "rw-p") && mapping->inode == 0 &&
			 is_anonymous(line);
	mapping->backed = rights[3] == 's' && begins(line, MAPS_BACKING);
	mapping->rights = (rights[0] == 'r' ? PROT_READ : 0) |
			  (rights[1] == 'w' ? PROT_WRITE : 0) |
			  (rights[2] == 'x' ? PROT_EXEC : 0);
	return true;
}

int maps_open(struct maps *maps)
{
	maps->at = maps->len = 0;
	maps->end = 0;
	maps->guard = 0;
	maps->fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/maps",
				O_RDONLY | O_CLOEXEC);
	return maps->fd < 0 ? -errno : 0;
}

void maps_close(struct maps *maps)
{
	syscall(SYS_close, maps->fd);
}

/* False: the end of the file. */
static bool take_byte(struct maps *maps, char *byte)
{
	if (maps->at == maps->len) {
		long got;

		do {
			got = syscall(SYS_read, maps->fd, maps->bytes,
				      sizeof(maps->bytes));
		} while (got < 0 && errno == EINTR);
		if (got <= 0)
			return false;
		maps->at = 0;
		maps->len = (size_t)got;
	}
	*byte = maps->bytes[maps->at++];
	return true;
}

/* malloc()'s arenas reserve what they do not use yet, which is more. */
static bool is_guard(const struct mapping *mapping)
{
	return !mapping->rights && mapping->end - mapping->start <= GUARD_MAX;
}

static void find_guard(struct maps *maps, struct mapping *mapping)
{
	if (is_guard(mapping))
		mapping->guard = mapping->end;
	else
		mapping->guard = maps->end == mapping->start ? maps->guard : 0;
	maps->guard = mapping->guard;
	maps->end = mapping->end;
}

bool maps_next(struct maps *maps, struct mapping *mapping)
{
	char line[LINE], byte;
	size_t len = 0;

	while (take_byte(maps, &byte)) {
		if (byte != '\n') {
			if (len < sizeof(line) - 1)
				line[len++] = byte;
			continue;
		}
		line[len] = '\0';
		if (maps_parse(line, mapping)) {
			find_guard(maps, mapping);
			return true;
		}
		len = 0;
	}
	return false;
}

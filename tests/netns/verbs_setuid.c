// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A setuid program that was executed by one with registered memory: at the
 * same address it has memory of its own, and watches it until its input ends.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "netns/verbs_setuid.h"

enum { SECRET = 0x5a };

static bool is_untouched(const uint8_t *at)
{
	return at[0] == SECRET && memcmp(at, at + 1, VICTIM_BYTES - 1) == 0;
}

static bool input_ended(void)
{
	struct pollfd watch = { 0, POLLIN, 0 };

	return poll(&watch, 1, 10) == 1;
}

int main(void)
{
	uint8_t *at = mmap(VICTIM_AT, VICTIM_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	bool good = true;

	if (at != VICTIM_AT || geteuid() != 0 || getuid() == 0) {
		puts("not setuid, or no memory");
		return 1;
	}
	memset(at, SECRET, VICTIM_BYTES);
	puts("ready");
	fflush(stdout);
	do
		good = good && is_untouched(at);
	while (!input_ended());
	good = good && is_untouched(at);
	puts(good ? "untouched" : "touched");
	return !good;
}

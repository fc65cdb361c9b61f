// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "preload/trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/settings.h"

/* One write of one line, past stdio, whose locks the caller may hold. */
static void say(const char *format, va_list args)
{
	char line[256];
	int saved = errno;
	int used = snprintf(line, sizeof(line), "urdma[%d]: ", getpid());
	int more = vsnprintf(line + used, sizeof(line) - (size_t)used - 1,
			     format, args);

	if (more > (int)sizeof(line) - used - 2)
		more = (int)sizeof(line) - used - 2;
	line[used + more] = '\n';
	if (syscall(SYS_write, STDERR_FILENO, line, used + more + 1) < 0) {
		/* nobody reads it */
	}
	errno = saved;
}

void trace(const char *format, ...)
{
	va_list args;

	if (!settings()->debug)
		return;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

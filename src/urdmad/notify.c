// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/notify.h"

#include <config.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

static void notify(const char *state)
{
	sd_notify(0, state);
}
#else
static void notify(const char *state)
{
	(void)state;
}
#endif

void notify_ready(void)
{
	notify("READY=1");
}

void notify_stopping(void)
{
	notify("STOPPING=1");
}

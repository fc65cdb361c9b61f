// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/mishap.h"

#include <inttypes.h>

#include "rdma/verbs.h"
#include "urdmad/control.h"
#include "urdmad/log.h"
#include "urdmad/process.h"

static const struct {
	const char *object;
	const char *what;
} texts[] = {
	[EVENT_CQ_ERR] = { "completion queue",
			   "overran: it is polled too seldom, or too small for "
			   "what is posted; its queue pairs fail" },
	[EVENT_QP_FATAL] = { "queue pair", "failed" },
	[EVENT_QP_REQ_ERR] = { "queue pair",
			       "failed: its peer asked for what cannot be "
			       "done" },
	[EVENT_QP_ACCESS_ERR] = { "queue pair",
				  "failed: its peer used a key, an address or "
				  "a right that it does not have" },
	[EVENT_SRQ_ERR] = { "shared receive queue", "failed" },
};

void mishap_log(const struct control_mishap *mishap, const char *device)
{
	char name[PROCESS_NAME];

	if (mishap->event >= sizeof(texts) / sizeof(*texts) ||
	    !texts[mishap->event].object)
		return;
	process_name(mishap->pid, name);
	log_notice("%s (pid %d) on %s: %s %" PRIu32 " %s%s",
		   name[0] ? name : "a program", (int)mishap->pid, device,
		   texts[mishap->event].object, mishap->number,
		   texts[mishap->event].what,
		   mishap->last ? "; no more is said of this program" : "");
}

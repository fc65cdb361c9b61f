// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Waking urdmad, and finding out that it is gone. */
#include <errno.h>
#include <unistd.h>

#include "base/doorbell.h"
#include "provider/provider.h"

bool context_is_dead(struct context *context)
{
	return __atomic_load_n(&context->dead, __ATOMIC_ACQUIRE) ||
	       doorbell_dead(context->doorbell);
}

static bool means_gone(int error)
{
	return error == EIO || error == ENODEV || error == EPIPE;
}

/* Posting nothing is what wakes urdmad (urdma/uverbs_abi.h). */
void context_kick(struct context *context, uint32_t qp_handle)
{
	struct ib_uverbs_post_send_resp resp = { 0 };
	struct ibv_post_send cmd = {
		.hdr = {
			.command = IB_USER_VERBS_CMD_POST_SEND,
			.in_words = sizeof(cmd) / 4,
			.out_words = sizeof(resp) / 4,
		},
		.core = {
			.response = (uintptr_t)&resp,
			.qp_handle = qp_handle,
			.wqe_size = sizeof(struct ib_uverbs_send_wr),
		},
	};

	if (write(context->verbs.context.cmd_fd, &cmd, sizeof(cmd)) < 0 &&
	    means_gone(errno))
		__atomic_store_n(&context->dead, true, __ATOMIC_RELEASE);
}

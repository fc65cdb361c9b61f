// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Commands on memory windows. */
#include "preload/uverbs.h"

#include <rdma/ib_user_verbs.h>

#include "preload/session.h"

int uverbs_alloc_mw(const struct uverbs_command *command)
{
	const struct ib_uverbs_alloc_mw *cmd = command->core;
	struct urdma_alloc_mw request = {
		.pd = cmd->pd_handle,
		.type = cmd->mw_type,
	};
	struct urdma_alloc_mw_reply reply;
	struct ib_uverbs_alloc_mw_resp core;
	int ret = session_call(command->fd, URDMA_OP_ALLOC_MW, &request,
			       sizeof(request), &reply, sizeof(reply));

	if (ret < 0)
		return ret;
	core.mw_handle = reply.mw;
	core.rkey = reply.rkey;
	uverbs_respond(command, &core, sizeof(core), NULL, 0);
	return 0;
}

int uverbs_dealloc_mw(const struct uverbs_command *command)
{
	const struct ib_uverbs_dealloc_mw *cmd = command->core;
	struct urdma_handle request = { .handle = cmd->mw_handle };

	return session_do(command->fd, URDMA_OP_DEALLOC_MW, &request,
			  sizeof(request));
}

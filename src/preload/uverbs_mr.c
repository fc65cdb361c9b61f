// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Commands on memory regions. */
#include "preload/uverbs.h"

#include <errno.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>

#include "preload/memory.h"
#include "preload/session.h"

enum {
	/* A region of these rights is written to, by us or by a peer. */
	WRITING_RIGHTS = IB_UVERBS_ACCESS_LOCAL_WRITE |
			 IB_UVERBS_ACCESS_REMOTE_WRITE |
			 IB_UVERBS_ACCESS_REMOTE_ATOMIC,
	PAGE_OFFSET = 0xfff,
};

int uverbs_reg_mr(const struct uverbs_command *command)
{
	const struct ib_uverbs_reg_mr *cmd = command->core;
	struct urdma_reg_mr request = {
		.pd = cmd->pd_handle,
		.start = cmd->start,
		.length = cmd->length,
		.iova = cmd->hca_va,
		.access = cmd->access_flags,
	};
	struct urdma_reg_mr_reply reply;
	struct ib_uverbs_reg_mr_resp core;
	int ret;

	if ((cmd->start & PAGE_OFFSET) != (cmd->hca_va & PAGE_OFFSET))
		return -EINVAL; /* the kernel's rule */
	ret = memory_check(cmd->start, cmd->length,
			   cmd->access_flags & WRITING_RIGHTS);
	if (ret == 0)
		ret = memory_attach(command->fd, &request.mem);
	if (ret == 0)
		ret = session_call(command->fd, URDMA_OP_REG_MR, &request,
				   sizeof(request), &reply, sizeof(reply));
	if (ret < 0)
		return ret;
	core = (struct ib_uverbs_reg_mr_resp){
		.mr_handle = reply.mr,
		.lkey = reply.lkey,
		.rkey = reply.rkey,
	};
	uverbs_respond(command, &core, sizeof(core), NULL, 0);
	return 0;
}

int uverbs_dereg_mr(const struct uverbs_command *command)
{
	const struct ib_uverbs_dereg_mr *cmd = command->core;
	struct urdma_handle request = { .handle = cmd->mr_handle };
	struct urdma_empty reply;

	return session_call(command->fd, URDMA_OP_DEREG_MR, &request,
			    sizeof(request), &reply, sizeof(reply));
}

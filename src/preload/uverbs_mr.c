// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Commands on memory regions. */
#include "preload/uverbs.h"

#include <errno.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <stdbool.h>

#include "preload/memory.h"
#include "preload/notes.h"
#include "preload/pages.h"
#include "preload/session.h"

enum {
	/* A region of these rights is written to, by us or by a peer. */
	WRITING_RIGHTS = IB_UVERBS_ACCESS_LOCAL_WRITE |
			 IB_UVERBS_ACCESS_REMOTE_WRITE |
			 IB_UVERBS_ACCESS_REMOTE_ATOMIC,
	PAGE_OFFSET = 0xfff,
};

/* Where a region lies must be known when it is deregistered. */
static bool note_region(uint64_t session, uint32_t mr, uint64_t start,
			uint64_t length)
{
	return note_put(NOTE_MR_START, session, mr, start) &&
	       note_put(NOTE_MR_LENGTH, session, mr, length);
}

static void drop_region(uint64_t session, uint32_t mr)
{
	uint64_t start, length;

	if (note_get(NOTE_MR_START, session, mr, &start) &&
	    note_get(NOTE_MR_LENGTH, session, mr, &length))
		pages_drop(start, length);
	note_drop(NOTE_MR_START, session, mr);
	note_drop(NOTE_MR_LENGTH, session, mr);
}

static int dereg(int fd, uint32_t mr)
{
	struct urdma_handle request = { .handle = mr };
	struct urdma_empty reply;

	return session_call(fd, URDMA_OP_DEREG_MR, &request, sizeof(request),
			    &reply, sizeof(reply));
}

static int reg(const struct uverbs_command *command,
	       struct urdma_reg_mr *request, struct urdma_reg_mr_reply *reply)
{
	uint64_t session = command->session->session;
	int noted = pages_add(command->fd, session, request->mem,
			      request->start, request->length);
	int ret;

	if (noted < 0)
		return noted;
	ret = session_call(command->fd, URDMA_OP_REG_MR, request,
			   sizeof(*request), reply, sizeof(*reply));
	if (noted != 0)
		return ret;
	if (ret == 0 &&
	    !note_region(session, reply->mr, request->start, request->length)) {
		dereg(command->fd, reply->mr);
		note_drop(NOTE_MR_START, session, reply->mr);
		ret = -ENOMEM;
	}
	if (ret < 0)
		pages_drop(request->start, request->length);
	return ret;
}

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
		ret = reg(command, &request, &reply);
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
	int ret = dereg(command->fd, cmd->mr_handle);

	if (ret == 0)
		drop_region(command->session->session, cmd->mr_handle);
	return ret;
}

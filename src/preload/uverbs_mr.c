// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Commands on memory regions. */
#include "preload/uverbs.h"

#include <errno.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <stdbool.h>
#include <stdint.h>

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
	/* Of REREG_MR's flags; the others are urdmad's business. */
	CHANGE_TRANSLATION = 1 << 0,
	CHANGE_ACCESS = 1 << 2,
};

/* What must be known of a region when it changes or goes. */
struct region {
	uint64_t start;
	uint64_t length;
	uint32_t access;
	bool paged; /* pages_add() has noted it */
};

#define PAGED (UINT64_C(1) << 32) /* in NOTE_MR_RIGHTS, above the flags */

static bool region_put(uint64_t session, uint32_t mr,
		       const struct region *region)
{
	return note_put(NOTE_MR_START, session, mr, region->start) &&
	       note_put(NOTE_MR_LENGTH, session, mr, region->length) &&
	       note_put(NOTE_MR_RIGHTS, session, mr,
			region->access | (region->paged ? PAGED : 0));
}

static bool region_get(uint64_t session, uint32_t mr, struct region *region)
{
	uint64_t rights;

	if (!note_get(NOTE_MR_START, session, mr, &region->start) ||
	    !note_get(NOTE_MR_LENGTH, session, mr, &region->length) ||
	    !note_get(NOTE_MR_RIGHTS, session, mr, &rights))
		return false;
	region->access = (uint32_t)rights;
	region->paged = rights & PAGED;
	return true;
}

static void region_forget(uint64_t session, uint32_t mr)
{
	note_drop(NOTE_MR_START, session, mr);
	note_drop(NOTE_MR_LENGTH, session, mr);
	note_drop(NOTE_MR_RIGHTS, session, mr);
}

static void region_drop_pages(const struct region *region)
{
	if (region->paged)
		pages_drop(region->start, region->length);
}

/* What the kernel looks at before it pins a region. */
static int region_check(const struct region *region, uint64_t iova)
{
	if ((region->start & PAGE_OFFSET) != (iova & PAGE_OFFSET))
		return -EINVAL; /* the kernel's rule */
	return memory_check(region->start, region->length,
			    region->access & WRITING_RIGHTS);
}

static int region_add_pages(const struct uverbs_command *command, uint32_t mem,
			    struct region *region)
{
	int ret = pages_add(command->fd, command->session->session, mem,
			    region->start, region->length);

	region->paged = ret == 0;
	return ret < 0 ? ret : 0;
}

static int dereg(int fd, uint32_t mr)
{
	struct urdma_handle request = { .handle = mr };

	return session_do(fd, URDMA_OP_DEREG_MR, &request, sizeof(request));
}

static int reg(const struct uverbs_command *command,
	       const struct urdma_reg_mr *request, struct region *region,
	       struct urdma_reg_mr_reply *reply)
{
	uint64_t session = command->session->session;
	int ret = region_add_pages(command, request->mem, region);

	if (ret < 0)
		return ret;
	ret = session_call(command->fd, URDMA_OP_REG_MR, request,
			   sizeof(*request), reply, sizeof(*reply));
	if (ret == 0 && !region_put(session, reply->mr, region)) {
		dereg(command->fd, reply->mr);
		region_forget(session, reply->mr);
		ret = -ENOMEM;
	}
	if (ret < 0)
		region_drop_pages(region);
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
	struct region region = {
		.start = cmd->start,
		.length = cmd->length,
		.access = cmd->access_flags,
	};
	struct urdma_reg_mr_reply reply;
	struct ib_uverbs_reg_mr_resp core;
	int ret = region_check(&region, cmd->hca_va);

	if (ret == 0)
		ret = memory_attach(command->fd, &request.mem);
	if (ret == 0)
		ret = reg(command, &request, &region, &reply);
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

/* The new pages before urdmad is told, the old ones after it. */
static int rereg(const struct uverbs_command *command,
		 const struct urdma_rereg_mr *request,
		 const struct region *before, struct region *after,
		 struct urdma_reg_mr_reply *reply)
{
	bool moves = request->flags & CHANGE_TRANSLATION;
	int ret = 0;

	if (moves)
		ret = region_add_pages(command, request->now.mem, after);
	if (ret < 0)
		return ret;
	ret = session_call(command->fd, URDMA_OP_REREG_MR, request,
			   sizeof(*request), reply, sizeof(*reply));
	if (moves)
		region_drop_pages(ret == 0 ? before : after);
	if (ret == 0) /* the notes are there: this needs no memory */
		region_put(command->session->session, request->mr, after);
	return ret;
}

int uverbs_rereg_mr(const struct uverbs_command *command)
{
	const struct ib_uverbs_rereg_mr *cmd = command->core;
	struct urdma_rereg_mr request = {
		.mr = cmd->mr_handle,
		.flags = cmd->flags,
		.now = {
			.pd = cmd->pd_handle,
			.start = cmd->start,
			.length = cmd->length,
			.iova = cmd->hca_va,
			.access = cmd->access_flags,
		},
	};
	struct urdma_reg_mr_reply reply;
	struct ib_uverbs_rereg_mr_resp core;
	struct region before, after;
	uint64_t iova = cmd->hca_va;
	int ret;

	if (!region_get(command->session->session, cmd->mr_handle, &before))
		return -EINVAL;
	after = before;
	if (cmd->flags & CHANGE_TRANSLATION) {
		after.start = cmd->start;
		after.length = cmd->length;
	} else {
		iova = after.start;
	}
	if (cmd->flags & CHANGE_ACCESS)
		after.access = cmd->access_flags;
	ret = region_check(&after, iova);
	if (ret == 0)
		ret = memory_attach(command->fd, &request.now.mem);
	if (ret == 0)
		ret = rereg(command, &request, &before, &after, &reply);
	if (ret < 0)
		return ret;
	core = (struct ib_uverbs_rereg_mr_resp){
		.lkey = reply.lkey,
		.rkey = reply.rkey,
	};
	uverbs_respond(command, &core, sizeof(core), NULL, 0);
	return 0;
}

int uverbs_dereg_mr(const struct uverbs_command *command)
{
	const struct ib_uverbs_dereg_mr *cmd = command->core;
	uint64_t session = command->session->session;
	struct region region;
	int ret = dereg(command->fd, cmd->mr_handle);

	if (ret == 0 && region_get(session, cmd->mr_handle, &region)) {
		region_drop_pages(&region);
		region_forget(session, cmd->mr_handle);
	}
	return ret;
}

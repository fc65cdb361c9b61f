// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Commands on completion queues. */
#include "preload/uverbs.h"

#include <errno.h>
#include <rdma/ib_user_verbs.h>
#include <urdma/uverbs_abi.h>

#include "client/client.h"
#include "preload/notes.h"
#include "preload/session.h"

enum { CQ_MODERATE = 1 << 0 }; /* the one bit of MODIFY_CQ's mask */

/* The channel by the program's descriptor: any copy of it will do. */
static int find_channel(const struct uverbs_command *command, int fd,
			struct fd_info *channel)
{
	channel->handle = 0;
	if (fd < 0)
		return 0;
	if (!fdtable_get(fd, channel) || channel->kind != FD_CHANNEL ||
	    channel->session != command->session->session)
		return -EBADF;
	return 0;
}

static int destroy(const struct uverbs_command *command, uint32_t cq,
		   struct urdma_destroy_reply *reply)
{
	uint64_t session = command->session->session;
	struct session_loan loan = SESSION_NO_LOAN;
	struct urdma_handle request = { .handle = cq };
	uint64_t channel;
	int ret = session_lend(&loan, FD_ASYNC, session, 0);

	if (ret == 0 && note_get(NOTE_CQ_CHANNEL, session, cq, &channel))
		ret = session_lend(&loan, FD_CHANNEL, session, channel);
	if (ret == 0) {
		const struct client_call call = {
			.op = URDMA_OP_DESTROY_CQ,
			.request = &request,
			.request_len = sizeof(request),
			.reply = reply,
			.reply_len = sizeof(*reply),
			.lend = loan.fds,
			.lend_count = loan.count,
		};

		ret = client_call(command->fd, &call);
	}
	session_end_loan(&loan);
	if (ret == 0)
		note_drop(NOTE_CQ_CHANNEL, session, cq);
	return ret;
}

static int remember_channel(const struct uverbs_command *command,
			    const struct fd_info *channel, uint32_t cq)
{
	struct urdma_destroy_reply unused;

	if (channel->handle == 0 ||
	    note_put(NOTE_CQ_CHANNEL, command->session->session, cq,
		     channel->inode))
		return 0;
	destroy(command, cq, &unused);
	return -ENOMEM;
}

int uverbs_create_cq(const struct uverbs_command *command)
{
	const struct ib_uverbs_create_cq *cmd = command->core;
	struct urdma_create_cq request = {
		.user_handle = cmd->user_handle,
		.cqe = cmd->cqe,
		.comp_vector = cmd->comp_vector,
	};
	struct urdma_create_cq_reply reply;
	struct ib_uverbs_create_cq_resp core;
	struct urdma_uhw_create_cq_resp driver;
	struct fd_info channel;
	int ret = find_channel(command, cmd->comp_channel, &channel);

	if (ret < 0)
		return ret;
	request.channel = channel.handle;
	ret = session_call(command->fd, URDMA_OP_CREATE_CQ, &request,
			   sizeof(request), &reply, sizeof(reply));
	if (ret == 0)
		ret = remember_channel(command, &channel, reply.cq);
	if (ret < 0)
		return ret;
	core.cq_handle = reply.cq;
	core.cqe = reply.cqe;
	driver.ring = reply.ring;
	uverbs_respond(command, &core, sizeof(core), &driver, sizeof(driver));
	return 0;
}

int uverbs_resize_cq(const struct uverbs_command *command)
{
	const struct ib_uverbs_resize_cq *cmd = command->core;
	struct urdma_resize_cq request = {
		.cq = cmd->cq_handle,
		.cqe = cmd->cqe,
	};
	struct urdma_resize_cq_reply reply;
	struct ib_uverbs_resize_cq_resp core = { 0 };
	struct urdma_uhw_resize_cq_resp driver;
	int ret = session_call(command->fd, URDMA_OP_RESIZE_CQ, &request,
			       sizeof(request), &reply, sizeof(reply));

	if (ret < 0)
		return ret;
	core.cqe = reply.cqe;
	driver.ring = reply.ring;
	uverbs_respond(command, &core, sizeof(core), &driver, sizeof(driver));
	return 0;
}

int uverbs_modify_cq(const struct uverbs_command *command)
{
	const struct ib_uverbs_ex_modify_cq *cmd = command->core;
	struct urdma_modify_cq request = {
		.cq = cmd->cq_handle,
		.count = cmd->attr.cq_count,
		.period_us = cmd->attr.cq_period,
	};

	if (cmd->reserved)
		return -EINVAL;
	if (cmd->attr_mask != CQ_MODERATE)
		return -EOPNOTSUPP;
	return session_do(command->fd, URDMA_OP_MODIFY_CQ, &request,
			  sizeof(request));
}

int uverbs_destroy_cq(const struct uverbs_command *command)
{
	const struct ib_uverbs_destroy_cq *cmd = command->core;
	struct urdma_destroy_reply reply;
	struct ib_uverbs_destroy_cq_resp core;
	int ret = destroy(command, cmd->cq_handle, &reply);

	if (ret < 0)
		return ret;
	core.comp_events_reported = reply.comp_events_reported;
	core.async_events_reported = reply.async_events_reported;
	uverbs_respond(command, &core, sizeof(core), NULL, 0);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Commands on shared receive queues. */
#include "preload/uverbs.h"

#include <errno.h>
#include <rdma/ib_user_verbs.h>
#include <string.h>
#include <urdma/uverbs_abi.h>

#include "client/client.h"
#include "preload/session.h"

enum { IB_SRQ_MAX_WR = 1 << 0 }; /* of MODIFY_SRQ's mask */

int uverbs_create_srq(const struct uverbs_command *command)
{
	const struct ib_uverbs_create_srq *cmd = command->core;
	struct urdma_create_srq request = {
		.user_handle = cmd->user_handle,
		.pd = cmd->pd_handle,
		.max_wr = cmd->max_wr,
		.max_sge = cmd->max_sge,
		.limit = cmd->srq_limit,
	};
	struct urdma_create_srq_reply reply;
	struct ib_uverbs_create_srq_resp core = { 0 };
	struct urdma_uhw_create_srq_resp driver = { 0 };
	int ret = session_call(command->fd, URDMA_OP_CREATE_SRQ, &request,
			       sizeof(request), &reply, sizeof(reply));

	if (ret < 0)
		return ret;
	core.srq_handle = reply.srq;
	core.max_wr = reply.max_wr;
	core.max_sge = reply.max_sge;
	core.srqn = reply.srq_num;
	driver.doorbell = reply.doorbell;
	driver.ring = reply.ring;
	uverbs_respond(command, &core, sizeof(core), &driver, sizeof(driver));
	return 0;
}

int uverbs_modify_srq(const struct uverbs_command *command)
{
	const struct ib_uverbs_modify_srq *cmd = command->core;
	struct urdma_modify_srq request = {
		.srq = cmd->srq_handle,
		.attr_mask = cmd->attr_mask,
		.limit = cmd->srq_limit,
		.max_wr = cmd->max_wr,
	};
	struct urdma_uhw_modify_srq driver = { 0 };
	struct urdma_modify_srq_reply reply;
	int ret;

	if (command->driver_len >= sizeof(driver))
		memcpy(&driver, command->driver, sizeof(driver));
	if (cmd->attr_mask & IB_SRQ_MAX_WR && !driver.place)
		return -EINVAL; /* who does not learn where it went */
	ret = session_call(command->fd, URDMA_OP_MODIFY_SRQ, &request,
			   sizeof(request), &reply, sizeof(reply));
	if (ret == 0 && driver.place)
		memcpy((void *)(uintptr_t)driver.place, &reply.ring,
		       sizeof(reply.ring));
	return ret;
}

int uverbs_query_srq(const struct uverbs_command *command)
{
	const struct ib_uverbs_query_srq *cmd = command->core;
	struct urdma_handle request = { .handle = cmd->srq_handle };
	struct urdma_query_srq_reply reply;
	struct ib_uverbs_query_srq_resp core = { 0 };
	int ret = session_call(command->fd, URDMA_OP_QUERY_SRQ, &request,
			       sizeof(request), &reply, sizeof(reply));

	if (ret < 0)
		return ret;
	core.max_wr = reply.max_wr;
	core.max_sge = reply.max_sge;
	core.srq_limit = reply.limit;
	uverbs_respond(command, &core, sizeof(core), NULL, 0);
	return 0;
}

int uverbs_destroy_srq(const struct uverbs_command *command)
{
	const struct ib_uverbs_destroy_srq *cmd = command->core;
	struct ib_uverbs_destroy_srq_resp core;
	int ret = uverbs_destroy_async(command, URDMA_OP_DESTROY_SRQ,
				       cmd->srq_handle, &core.events_reported);

	if (ret < 0)
		return ret;
	uverbs_respond(command, &core, sizeof(core), NULL, 0);
	return 0;
}

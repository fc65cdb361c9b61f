// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Commands on address handles. */
#include "preload/uverbs.h"

#include <rdma/ib_user_verbs.h>
#include <string.h>

#include "preload/session.h"
#include "urdma/uverbs_abi.h"

static void put_address(struct urdma_ah_attr *to,
			const struct ib_uverbs_ah_attr *from)
{
	memcpy(to->dgid, from->grh.dgid, sizeof(to->dgid));
	to->flow_label = from->grh.flow_label;
	to->sgid_index = from->grh.sgid_index;
	to->hop_limit = from->grh.hop_limit;
	to->traffic_class = from->grh.traffic_class;
	to->dlid = from->dlid;
	to->sl = from->sl;
	to->src_path_bits = from->src_path_bits;
	to->static_rate = from->static_rate;
	to->is_global = from->is_global;
	to->port_num = from->port_num;
}

int uverbs_create_ah(const struct uverbs_command *command)
{
	const struct ib_uverbs_create_ah *cmd = command->core;
	struct urdma_create_ah request = { .pd = cmd->pd_handle };
	struct ib_uverbs_create_ah_resp core = { 0 };
	struct urdma_uhw_create_ah_resp driver = { 0 };
	struct urdma_handle reply;
	int ret;

	put_address(&request.attr, &cmd->attr);
	ret = session_call(command->fd, URDMA_OP_CREATE_AH, &request,
			   sizeof(request), &reply, sizeof(reply));
	if (ret < 0)
		return ret;
	core.ah_handle = reply.handle;
	driver.handle = reply.handle;
	uverbs_respond(command, &core, sizeof(core), &driver, sizeof(driver));
	return 0;
}

int uverbs_destroy_ah(const struct uverbs_command *command)
{
	const struct ib_uverbs_destroy_ah *cmd = command->core;
	struct urdma_handle request = { .handle = cmd->ah_handle };

	return session_do(command->fd, URDMA_OP_DESTROY_AH, &request,
			  sizeof(request));
}

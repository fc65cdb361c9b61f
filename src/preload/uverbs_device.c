// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Commands on the device itself: context, attributes, protection domains. */
#include "preload/uverbs.h"

#include <errno.h>
#include <rdma/ib_user_verbs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <urdma/uverbs_abi.h>

#include "preload/session.h"

static const struct urdma_empty nothing;

/* A descriptor of events that urdmad gave: noted, or closed again. */
static int note_events(int fd, enum fd_kind kind, const struct fd_info *session,
		       uint32_t handle)
{
	struct fd_info info = {
		.kind = kind,
		.device = session->device,
		.session = session->session,
		.handle = handle,
	};
	int ret = fdtable_add(fd, &info);

	if (ret < 0)
		syscall(SYS_close, fd);
	return ret;
}

int uverbs_get_context(const struct uverbs_command *command)
{
	struct urdma_get_context_reply reply;
	int async =
		session_call_for_fd(command->fd, URDMA_OP_GET_CONTEXT, &nothing,
				    sizeof(nothing), &reply, sizeof(reply));
	struct ib_uverbs_get_context_resp core = { 0 };
	struct urdma_uhw_get_context_resp driver = { 0 };
	int ret;

	if (async < 0)
		return async;
	ret = note_events(async, FD_ASYNC, command->session, 0);
	if (ret < 0)
		return ret;
	core.async_fd = (uint32_t)async;
	core.num_comp_vectors = reply.num_comp_vectors;
	driver.queue_abi = reply.queue_abi;
	driver.doorbell_arena = reply.doorbell_arena;
	driver.doorbell_arena_bytes = reply.doorbell_arena_bytes;
	driver.doorbell_offset = reply.doorbell_offset;
	uverbs_respond(command, &core, sizeof(core), &driver, sizeof(driver));
	return 0;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void device_attributes(struct ib_uverbs_query_device_resp *to,
			      const struct urdma_query_device_reply *from)
{
	*to = (struct ib_uverbs_query_device_resp){
		.fw_ver = from->fw_ver,
		.node_guid = from->node_guid,
		.sys_image_guid = from->sys_image_guid,
		.max_mr_size = from->max_mr_size,
		.page_size_cap = from->page_size_cap,
		.vendor_id = from->vendor_id,
		.vendor_part_id = from->vendor_part_id,
		.hw_ver = from->hw_ver,
		.max_qp = from->max_qp,
		.max_qp_wr = from->max_qp_wr,
		.device_cap_flags = from->device_cap_flags,
		.max_sge = smaller(from->max_send_sge, from->max_recv_sge),
		.max_sge_rd = from->max_sge_rd,
		.max_cq = from->max_cq,
		.max_cqe = from->max_cqe,
		.max_mr = from->max_mr,
		.max_pd = from->max_pd,
		.max_qp_rd_atom = from->max_qp_rd_atom,
		.max_res_rd_atom = from->max_res_rd_atom,
		.max_qp_init_rd_atom = from->max_qp_init_rd_atom,
		.atomic_cap = from->atomic_cap,
		.max_mw = from->max_mw,
		.max_mcast_grp = from->max_mcast_grp,
		.max_mcast_qp_attach = from->max_mcast_qp,
		.max_total_mcast_qp_attach =
			from->max_mcast_grp * from->max_mcast_qp,
		.max_ah = from->max_ah,
		.max_srq = from->max_srq,
		.max_srq_wr = from->max_srq_wr,
		.max_srq_sge = from->max_srq_sge,
		.max_pkeys = from->max_pkeys,
		.local_ca_ack_delay = from->local_ca_ack_delay,
		.phys_port_cnt = from->phys_port_cnt,
	};
}

int uverbs_query_device(const struct uverbs_command *command)
{
	struct urdma_query_device_reply reply;
	struct ib_uverbs_query_device_resp core;
	int ret = session_call(command->fd, URDMA_OP_QUERY_DEVICE, &nothing,
			       sizeof(nothing), &reply, sizeof(reply));

	if (ret < 0)
		return ret;
	device_attributes(&core, &reply);
	uverbs_respond(command, &core, sizeof(core), NULL, 0);
	return 0;
}

int uverbs_query_port(const struct uverbs_command *command)
{
	const struct ib_uverbs_query_port *cmd = command->core;
	struct urdma_query_port request = { .port = cmd->port_num };
	struct urdma_query_port_reply reply;
	struct ib_uverbs_query_port_resp core;
	int ret = session_call(command->fd, URDMA_OP_QUERY_PORT, &request,
			       sizeof(request), &reply, sizeof(reply));

	if (ret < 0)
		return ret;
	core = (struct ib_uverbs_query_port_resp){
		.port_cap_flags = reply.port_cap_flags,
		.max_msg_sz = reply.max_msg_sz,
		.gid_tbl_len = reply.gid_tbl_len,
		.pkey_tbl_len = reply.pkey_tbl_len,
		.lid = reply.lid,
		.state = reply.state,
		.max_mtu = reply.max_mtu,
		.active_mtu = reply.active_mtu,
		.max_vl_num = reply.max_vl_num,
		.active_width = reply.active_width,
		.active_speed = reply.active_speed,
		.phys_state = reply.phys_state,
		.link_layer = reply.link_layer,
	};
	uverbs_respond(command, &core, sizeof(core), NULL, 0);
	return 0;
}

int uverbs_alloc_pd(const struct uverbs_command *command)
{
	struct urdma_handle reply;
	struct ib_uverbs_alloc_pd_resp core;
	int ret = session_call(command->fd, URDMA_OP_ALLOC_PD, &nothing,
			       sizeof(nothing), &reply, sizeof(reply));

	if (ret < 0)
		return ret;
	core.pd_handle = reply.handle;
	uverbs_respond(command, &core, sizeof(core), NULL, 0);
	return 0;
}

int uverbs_dealloc_pd(const struct uverbs_command *command)
{
	const struct ib_uverbs_dealloc_pd *cmd = command->core;
	struct urdma_handle request = { .handle = cmd->pd_handle };

	return session_do(command->fd, URDMA_OP_DEALLOC_PD, &request,
			  sizeof(request));
}

int uverbs_create_channel(const struct uverbs_command *command)
{
	struct urdma_handle reply;
	struct ib_uverbs_create_comp_channel_resp core;
	int fd = session_call_for_fd(command->fd, URDMA_OP_CREATE_CHANNEL,
				     &nothing, sizeof(nothing), &reply,
				     sizeof(reply));
	int ret;

	if (fd < 0)
		return fd;
	ret = note_events(fd, FD_CHANNEL, command->session, reply.handle);
	if (ret < 0)
		return ret;
	core.fd = (uint32_t)fd;
	uverbs_respond(command, &core, sizeof(core), NULL, 0);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Commands on queue pairs. */
#include "preload/uverbs.h"

#include <errno.h>
#include <rdma/ib_user_verbs.h>
#include <string.h>
#include <urdma/uverbs_abi.h>

#include "client/client.h"
#include "preload/qp_attr.h"
#include "preload/session.h"

int uverbs_create_qp(const struct uverbs_command *command)
{
	const struct ib_uverbs_create_qp *cmd = command->core;
	struct urdma_create_qp request = {
		.user_handle = cmd->user_handle,
		.pd = cmd->pd_handle,
		.send_cq = cmd->send_cq_handle,
		.recv_cq = cmd->recv_cq_handle,
		.srq = cmd->is_srq ? cmd->srq_handle : 0,
		.max_send_wr = cmd->max_send_wr,
		.max_recv_wr = cmd->max_recv_wr,
		.max_send_sge = cmd->max_send_sge,
		.max_recv_sge = cmd->max_recv_sge,
		.max_inline = cmd->max_inline_data,
		.qp_type = cmd->qp_type,
		.sq_sig_all = cmd->sq_sig_all,
	};
	struct urdma_create_qp_reply reply;
	struct ib_uverbs_create_qp_resp core;
	struct urdma_uhw_create_qp_resp driver = { 0 };
	int ret = session_call(command->fd, URDMA_OP_CREATE_QP, &request,
			       sizeof(request), &reply, sizeof(reply));

	if (ret < 0)
		return ret;
	core = (struct ib_uverbs_create_qp_resp){
		.qp_handle = reply.qp,
		.qpn = reply.qp_num,
		.max_send_wr = reply.max_send_wr,
		.max_recv_wr = reply.max_recv_wr,
		.max_send_sge = reply.max_send_sge,
		.max_recv_sge = reply.max_recv_sge,
		.max_inline_data = reply.max_inline,
	};
	driver.doorbell = reply.doorbell;
	driver.sq = reply.sq;
	driver.rq = reply.rq;
	uverbs_respond(command, &core, sizeof(core), &driver, sizeof(driver));
	return 0;
}

int uverbs_modify_qp(const struct uverbs_command *command)
{
	const struct ib_uverbs_modify_qp *cmd = command->core;
	struct urdma_modify_qp request = {
		.qp = cmd->qp_handle,
		.attr_mask = cmd->attr_mask,
		.attr = {
			QP_ATTR_FIELDS(cmd),
			.access_flags = cmd->qp_access_flags,
			.en_sqd_async_notify = cmd->en_sqd_async_notify,
		},
	};

	QP_DEST_COPY(&request.attr.ah, &cmd->dest);
	return session_do(command->fd, URDMA_OP_MODIFY_QP, &request,
			  sizeof(request));
}

static void qp_attributes(struct ib_uverbs_query_qp_resp *to,
			  const struct urdma_query_qp_reply *from)
{
	const struct urdma_qp_attr *attr = &from->attr;

	*to = (struct ib_uverbs_query_qp_resp){
		.max_send_wr = from->max_send_wr,
		.max_recv_wr = from->max_recv_wr,
		.max_send_sge = from->max_send_sge,
		.max_recv_sge = from->max_recv_sge,
		.max_inline_data = from->max_inline,
		.sq_sig_all = (uint8_t)from->sq_sig_all,
		QP_ATTR_FIELDS(attr),
		.qp_access_flags = attr->access_flags,
		.sq_draining = attr->sq_draining,
	};
	QP_DEST_COPY(&to->dest, &attr->ah);
}

int uverbs_query_qp(const struct uverbs_command *command)
{
	const struct ib_uverbs_query_qp *cmd = command->core;
	struct urdma_handle request = { .handle = cmd->qp_handle };
	struct urdma_query_qp_reply reply;
	struct ib_uverbs_query_qp_resp core;
	int ret = session_call(command->fd, URDMA_OP_QUERY_QP, &request,
			       sizeof(request), &reply, sizeof(reply));

	if (ret < 0)
		return ret;
	qp_attributes(&core, &reply);
	uverbs_respond(command, &core, sizeof(core), NULL, 0);
	return 0;
}

int uverbs_destroy_async(const struct uverbs_command *command, uint16_t op,
			 uint32_t handle, uint32_t *reported)
{
	struct urdma_handle request = { .handle = handle };
	struct session_loan loan = SESSION_NO_LOAN;
	struct urdma_destroy_reply reply;
	const struct client_call call = {
		.op = op,
		.request = &request,
		.request_len = sizeof(request),
		.reply = &reply,
		.reply_len = sizeof(reply),
		.lend = loan.fds,
		.lend_count = 1,
	};
	int ret = session_lend(&loan, FD_ASYNC, command->session->session, 0);

	if (ret == 0)
		ret = client_call(command->fd, &call);
	session_end_loan(&loan);
	if (ret == 0)
		*reported = reply.async_events_reported;
	return ret;
}

int uverbs_destroy_qp(const struct uverbs_command *command)
{
	const struct ib_uverbs_destroy_qp *cmd = command->core;
	struct ib_uverbs_destroy_qp_resp core;
	int ret = uverbs_destroy_async(command, URDMA_OP_DESTROY_QP,
				       cmd->qp_handle, &core.events_reported);

	if (ret < 0)
		return ret;
	uverbs_respond(command, &core, sizeof(core), NULL, 0);
	return 0;
}

static int mcast(const struct uverbs_command *command, enum urdma_op op,
		 uint32_t qp, const uint8_t gid[16])
{
	struct urdma_mcast request = { .qp = qp };

	memcpy(request.gid, gid, sizeof(request.gid));
	return session_do(command->fd, op, &request, sizeof(request));
}

/* The LID counts on InfiniBand only. */
int uverbs_attach_mcast(const struct uverbs_command *command)
{
	const struct ib_uverbs_attach_mcast *cmd = command->core;

	return mcast(command, URDMA_OP_ATTACH_MCAST, cmd->qp_handle, cmd->gid);
}

int uverbs_detach_mcast(const struct uverbs_command *command)
{
	const struct ib_uverbs_detach_mcast *cmd = command->core;

	return mcast(command, URDMA_OP_DETACH_MCAST, cmd->qp_handle, cmd->gid);
}

/* Work requests go through shared memory.  This is the wake-up call for an
 * urdmad that sleeps: no work request in it. */
int uverbs_post_send(const struct uverbs_command *command)
{
	const struct ib_uverbs_post_send *cmd = command->core;

	if (cmd->wr_count != 0)
		return -EOPNOTSUPP;
	return client_kick(command->fd);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Commands on connections. */
#include "preload/ucma.h"

#include <rdma/rdma_user_cm.h>
#include <string.h>

#include "preload/notes.h"
#include "preload/qp_attr.h"
#include "preload/session.h"

static struct urdma_cm_conn_param
put_param(const struct rdma_ucm_conn_param *from)
{
	struct urdma_cm_conn_param to = {
		.qp_num = from->qp_num,
		.qkey = from->qkey,
		.responder_resources = from->responder_resources,
		.initiator_depth = from->initiator_depth,
		.flow_control = from->flow_control,
		.retry_count = from->retry_count,
		.rnr_retry_count = from->rnr_retry_count,
		.srq = from->srq,
		.valid = from->valid,
		.private_data_len = from->private_data_len,
	};

	memcpy(to.private_data, from->private_data, from->private_data_len);
	return to;
}

int ucma_connect(const struct ucma_command *command)
{
	const struct rdma_ucm_connect *cmd = command->in;
	struct urdma_cm_connect request = {
		.id = cmd->id,
		.conn = put_param(&cmd->conn_param),
	};

	return session_do(command->fd, URDMA_OP_CM_CONNECT, &request,
			  sizeof(request));
}

int ucma_listen(const struct ucma_command *command)
{
	const struct rdma_ucm_listen *cmd = command->in;
	struct urdma_cm_listen request = {
		.id = cmd->id,
		.backlog = cmd->backlog,
	};

	return session_do(command->fd, URDMA_OP_CM_LISTEN, &request,
			  sizeof(request));
}

int ucma_accept(const struct ucma_command *command)
{
	const struct rdma_ucm_accept *cmd = command->in;
	struct urdma_cm_accept request = {
		.uid = cmd->uid,
		.id = cmd->id,
		.conn = put_param(&cmd->conn_param),
	};
	int ret = session_do(command->fd, URDMA_OP_CM_ACCEPT, &request,
			     sizeof(request));

	/* Without parameters it ends a connect of our own: no new name. */
	if (ret == 0 && cmd->conn_param.valid)
		note_put(NOTE_CM_UID, command->session->session, cmd->id,
			 cmd->uid);
	return ret;
}

int ucma_reject(const struct ucma_command *command)
{
	const struct rdma_ucm_reject *cmd = command->in;
	struct urdma_cm_reject request = {
		.id = cmd->id,
		.private_data_len = cmd->private_data_len,
		.reason = cmd->reason,
	};

	memcpy(request.private_data, cmd->private_data, cmd->private_data_len);
	return session_do(command->fd, URDMA_OP_CM_REJECT, &request,
			  sizeof(request));
}

int ucma_disconnect(const struct ucma_command *command)
{
	const struct rdma_ucm_disconnect *cmd = command->in;
	struct urdma_cm_id request = { .id = cmd->id };

	return session_do(command->fd, URDMA_OP_CM_DISCONNECT, &request,
			  sizeof(request));
}

int ucma_notify(const struct ucma_command *command)
{
	const struct rdma_ucm_notify *cmd = command->in;
	struct urdma_cm_notify request = {
		.id = cmd->id,
		.event = cmd->event,
	};

	return session_do(command->fd, URDMA_OP_CM_NOTIFY, &request,
			  sizeof(request));
}

static void qp_attributes(struct ib_uverbs_qp_attr *to,
			  const struct urdma_cm_init_qp_attr_reply *from)
{
	const struct urdma_qp_attr *attr = &from->attr;

	*to = (struct ib_uverbs_qp_attr){
		.qp_attr_mask = from->attr_mask,
		QP_ATTR_FIELDS(attr),
		.qp_access_flags = attr->access_flags,
		.en_sqd_async_notify = attr->en_sqd_async_notify,
		.sq_draining = attr->sq_draining,
	};
	ucma_put_ah(&to->ah_attr, &attr->ah);
}

int ucma_init_qp_attr(const struct ucma_command *command)
{
	const struct rdma_ucm_init_qp_attr *cmd = command->in;
	struct urdma_cm_init_qp_attr request = {
		.id = cmd->id,
		.qp_state = cmd->qp_state,
	};
	struct urdma_cm_init_qp_attr_reply reply;
	struct ib_uverbs_qp_attr response;
	int ret = session_call(command->fd, URDMA_OP_CM_INIT_QP_ATTR, &request,
			       sizeof(request), &reply, sizeof(reply));

	if (ret < 0)
		return ret;
	qp_attributes(&response, &reply);
	ucma_respond(command, cmd->response, &response, sizeof(response));
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Events of a cm session: datagrams on its socket. */
#include "preload/ucma.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <rdma/rdma_user_cm.h>

#include "preload/notes.h"

enum { CM_EVENT_DEVICE_REMOVAL = 11 }; /* of enum rdma_cm_event_type */

static void get_param(struct rdma_ucm_conn_param *to,
		      const struct urdma_cm_conn_param *from)
{
	to->qp_num = from->qp_num;
	to->qkey = from->qkey;
	memcpy(to->private_data, from->private_data, sizeof(to->private_data));
	to->private_data_len = from->private_data_len;
	to->srq = from->srq;
	to->responder_resources = from->responder_resources;
	to->initiator_depth = from->initiator_depth;
	to->flow_control = from->flow_control;
	to->retry_count = from->retry_count;
	to->rnr_retry_count = from->rnr_retry_count;
	to->valid = from->valid;
}

/* ESTABLISHED of an id of datagrams, and of a multicast group: whoever sends
 * needs no more. */
static void get_ud_param(struct rdma_ucm_ud_param *to,
			 const struct urdma_cm_event *event)
{
	const struct urdma_cm_conn_param *from = &event->conn;

	to->qp_num = from->qp_num;
	to->qkey = from->qkey;
	ucma_put_ah(&to->ah_attr, &event->ah);
	memcpy(to->private_data, from->private_data, sizeof(to->private_data));
	to->private_data_len = from->private_data_len;
}

static void report(const struct ucma_command *command,
		   const struct urdma_cm_event *event)
{
	const struct rdma_ucm_get_event *cmd = command->in;
	struct rdma_ucm_event_resp response = {
		.uid = event->uid,
		.id = event->id,
		.event = event->event,
		.status = (uint32_t)event->status,
	};

	if (event->is_ud)
		get_ud_param(&response.param.ud, event);
	else
		get_param(&response.param.conn, &event->conn);
	ucma_respond(command, cmd->response, &response, sizeof(response));
}

/* urdmad is gone, and with it every id, one event each. */
static int report_removal(const struct ucma_command *command)
{
	struct urdma_cm_event event = { .event = CM_EVENT_DEVICE_REMOVAL };
	uint64_t uid;

	if (!note_take_any(NOTE_CM_UID, command->session->session, &event.id,
			   &uid))
		return -ENODEV;
	event.uid = uid;
	report(command, &event);
	return 0;
}

/*
 * Waits in recv(), as the program would in the kernel's write(): it is a
 * cancellation point, ends by EINTR or EAGAIN as the program arranged, and
 * holds the socket open when another thread closes the descriptor.
 */
int ucma_get_event(const struct ucma_command *command)
{
	struct urdma_cm_event event;
	ssize_t len = recv(command->fd, &event, sizeof(event), 0);

	if (len < 0 && errno != ECONNRESET)
		return -errno;
	if (len <= 0)
		return report_removal(command);
	if (len != sizeof(event))
		return -EIO;
	report(command, &event);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Operations on rdma_cm that only the kernel module asks: it has resolved
 * addresses and routes, so an id comes in one step. */
#include <errno.h>

#include "cm/cm.h"
#include "rdma/rdma_dev.h"
#include "rdma/verbs.h"
#include "urdmad/control_ops.h"
#include "urdmad/sockaddr.h"

static int bind_on(const struct control_call *call, struct session_cm_id *entry,
		   const struct urdma_sockaddr *at)
{
	const struct session *session = call->session;
	struct cm_addr addr;
	int ret = sockaddr_decode(&addr, at);

	if (session->device >= session->control->config.device_count)
		return -ENODEV;
	if (ret < 0)
		return ret;
	return cm_id_bind_on(entry->id, session->device, &addr);
}

static int listen_at(struct control_call *call, struct session_cm_id *entry)
{
	const struct urdma_cm_listen_at *ask = call->request;
	const int afonly = ask->afonly != 0;
	int ret;

	ret = cm_id_set_option(entry->id, CM_OPTION_ID, CM_OPTION_AFONLY,
			       &afonly, sizeof(afonly));
	if (ret == 0)
		ret = bind_on(call, entry, &ask->addr);
	return ret < 0 ? ret : cm_id_listen(entry->id, ask->backlog);
}

/* rdma_cm takes a queue pair to INIT without any right before it connects, and
 * knows no atomics: rights are the device's affair. */
void control_cm_give_rights(struct rdma_qp *qp, nsec_t now)
{
	const struct urdma_qp_attr attr = {
		.access_flags = ACCESS_REMOTE_WRITE | ACCESS_REMOTE_READ |
				ACCESS_REMOTE_ATOMIC,
	};

	if (qp)
		rdma_qp_modify(qp, &attr, QP_ACCESS_FLAGS, now);
}

static int connect_to(struct control_call *call, struct session_cm_id *entry)
{
	const struct urdma_cm_connect_to *ask = call->request;
	struct rdma_qp *qp;
	struct cm_addr dst;
	int ret = bind_on(call, entry, &ask->src);

	if (ret == 0)
		ret = sockaddr_decode(&dst, &ask->dst);
	if (ret == 0)
		ret = cm_id_route_to(entry->id, &dst);
	if (ret < 0)
		return ret;
	qp = control_cm_qp(call->session, entry->id, ask->conn.qp_num);
	control_cm_give_rights(qp, call->now);
	return cm_id_connect(entry->id, qp, &ask->conn, call->now);
}

static int with_new_id(struct control_call *call,
		       int (*begin)(struct control_call *,
				    struct session_cm_id *))
{
	struct urdma_cm_id *reply = call->reply;
	struct session_cm_id *entry = NULL;
	int ret;

	if (!call->session->carrier)
		return -EOPNOTSUPP;
	ret = control_cm_add(call->session, CM_PS_TCP, 0, &entry);
	if (ret < 0)
		return ret;
	ret = begin(call, entry);
	if (ret < 0)
		control_cm_drop(call->session, entry, call->now);
	else
		reply->id = entry->handle;
	return ret;
}

int control_cm_listen_at(struct control_call *call)
{
	return with_new_id(call, listen_at);
}

int control_cm_connect_to(struct control_call *call)
{
	return with_new_id(call, connect_to);
}

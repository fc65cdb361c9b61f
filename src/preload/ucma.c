// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "preload/ucma.h"

#include <errno.h>
#include <rdma/rdma_user_cm.h>
#include <string.h>

#include "preload/trace.h"

struct method {
	const char *name;
	size_t request;	 /* least bytes */
	size_t response; /* least bytes of the program's buffer */
	int (*run)(const struct ucma_command *command);
};

/* Older programs know structures that end before the fields of ECE. */
#define UNTIL(type, member) offsetof(struct type, member)

#define METHOD(cmd, request_bytes, response_bytes, handler)                    \
	[RDMA_USER_CM_CMD_##                                                   \
		cmd] = { #cmd, request_bytes, response_bytes, handler }

static const struct method methods[] = {
	METHOD(CREATE_ID, sizeof(struct rdma_ucm_create_id),
	       sizeof(struct rdma_ucm_create_id_resp), ucma_create_id),
	METHOD(DESTROY_ID, sizeof(struct rdma_ucm_destroy_id),
	       sizeof(struct rdma_ucm_destroy_id_resp), ucma_destroy_id),
	METHOD(BIND_IP, sizeof(struct rdma_ucm_bind_ip), 0, ucma_bind_ip),
	METHOD(RESOLVE_IP, sizeof(struct rdma_ucm_resolve_ip), 0,
	       ucma_resolve_ip),
	METHOD(RESOLVE_ROUTE, sizeof(struct rdma_ucm_resolve_route), 0,
	       ucma_resolve_route),
	METHOD(QUERY_ROUTE, sizeof(struct rdma_ucm_query),
	       UNTIL(rdma_ucm_query_route_resp, ibdev_index), ucma_query_route),
	METHOD(CONNECT, UNTIL(rdma_ucm_connect, ece), 0, ucma_connect),
	METHOD(LISTEN, sizeof(struct rdma_ucm_listen), 0, ucma_listen),
	METHOD(ACCEPT, UNTIL(rdma_ucm_accept, ece), 0, ucma_accept),
	METHOD(REJECT, sizeof(struct rdma_ucm_reject), 0, ucma_reject),
	METHOD(DISCONNECT, sizeof(struct rdma_ucm_disconnect), 0,
	       ucma_disconnect),
	METHOD(INIT_QP_ATTR, sizeof(struct rdma_ucm_init_qp_attr),
	       sizeof(struct ib_uverbs_qp_attr), ucma_init_qp_attr),
	METHOD(GET_EVENT, sizeof(struct rdma_ucm_get_event),
	       UNTIL(rdma_ucm_event_resp, reserved), ucma_get_event),
	METHOD(SET_OPTION, sizeof(struct rdma_ucm_set_option), 0,
	       ucma_set_option),
	METHOD(NOTIFY, sizeof(struct rdma_ucm_notify), 0, ucma_notify),
	METHOD(JOIN_IP_MCAST, sizeof(struct rdma_ucm_join_ip_mcast),
	       sizeof(struct rdma_ucm_create_id_resp), ucma_join_ip_mcast),
	METHOD(JOIN_MCAST, sizeof(struct rdma_ucm_join_mcast),
	       sizeof(struct rdma_ucm_create_id_resp), ucma_join_mcast),
	METHOD(LEAVE_MCAST, sizeof(struct rdma_ucm_destroy_id),
	       sizeof(struct rdma_ucm_destroy_id_resp), ucma_leave_mcast),
	METHOD(MIGRATE_ID, sizeof(struct rdma_ucm_migrate_id),
	       sizeof(struct rdma_ucm_migrate_resp), ucma_migrate_id),
	METHOD(BIND, sizeof(struct rdma_ucm_bind), 0, ucma_bind),
	METHOD(RESOLVE_ADDR, sizeof(struct rdma_ucm_resolve_addr), 0,
	       ucma_resolve_addr),
};

void ucma_respond(const struct ucma_command *command, uint64_t address,
		  const void *response, size_t len)
{
	if (len > command->response_len)
		len = command->response_len;
	memcpy((void *)(uintptr_t)address, response, len);
}

void ucma_put_ah(struct ib_uverbs_ah_attr *to, const struct urdma_ah_attr *from)
{
	memcpy(to->grh.dgid, from->dgid, sizeof(to->grh.dgid));
	to->grh.flow_label = from->flow_label;
	to->grh.sgid_index = from->sgid_index;
	to->grh.hop_limit = from->hop_limit;
	to->grh.traffic_class = from->traffic_class;
	to->dlid = from->dlid;
	to->sl = from->sl;
	to->src_path_bits = from->src_path_bits;
	to->static_rate = from->static_rate;
	to->is_global = from->is_global;
	to->port_num = from->port_num;
}

static const struct method *find_method(uint32_t command)
{
	if (command >= sizeof(methods) / sizeof(*methods) ||
	    !methods[command].run)
		return NULL;
	return &methods[command];
}

static int run(int fd, const struct fd_info *session,
	       const struct method *method,
	       const struct rdma_ucm_cmd_hdr *header, size_t len)
{
	const struct ucma_command command = {
		.fd = fd,
		.session = session,
		.in = header + 1,
		.response_len = header->out,
	};

	if (sizeof(*header) + header->in > len || header->in < method->request)
		return -EINVAL;
	if (header->out < method->response)
		return -ENOSPC;
	return method->run(&command);
}

ssize_t ucma_write(int fd, const struct fd_info *session, const void *buf,
		   size_t len)
{
	const struct rdma_ucm_cmd_hdr *header = buf;
	const struct method *method;
	int ret;

	if (len < sizeof(*header))
		return -EINVAL;
	method = find_method(header->cmd);
	if (!method) {
		trace("ucma fd %d command %u: not supported", fd, header->cmd);
		return -EOPNOTSUPP;
	}
	ret = run(fd, session, method, header, len);
	trace("ucma fd %d %s in %u out %u: %s", fd, method->name, header->in,
	      header->out, ret ? strerrorname_np(-ret) : "done");
	return ret < 0 ? ret : (ssize_t)len;
}

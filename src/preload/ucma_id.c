// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Commands on the life of a cm id: made, bound, resolved, moved, ended. */
#include "preload/ucma.h"

#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <rdma/rdma_user_cm.h>
#include <string.h>

#include "client/client.h"
#include "preload/notes.h"
#include "preload/session.h"

#ifndef AF_IB
#define AF_IB 27
#endif

/* Of path records (IBA volume 1, section 15.2.5.16). */
enum {
	PATH_EXACTLY = 2,
	PATH_RATE_10_GBIT = 3,
	PATH_LIFE_TIME = 13, /* 4.096 us << n */
};

int ucma_create_id(const struct ucma_command *command)
{
	const struct rdma_ucm_create_id *cmd = command->in;
	struct urdma_cm_create request = {
		.uid = cmd->uid,
		.ps = cmd->ps,
		.qp_type = cmd->qp_type,
	};
	struct urdma_cm_id reply;
	struct rdma_ucm_create_id_resp response;
	int ret = session_call(command->fd, URDMA_OP_CM_CREATE, &request,
			       sizeof(request), &reply, sizeof(reply));

	if (ret < 0)
		return ret;
	/* Forgotten for lack of memory, it misses one event at the very end. */
	note_put(NOTE_CM_UID, command->session->session, reply.id, cmd->uid);
	response.id = reply.id;
	ucma_respond(command, cmd->response, &response, sizeof(response));
	return 0;
}

/* Ends an id, or the membership of a group, and tells how many of its events
 * the program has read. */
static int end(const struct ucma_command *command, enum urdma_op op)
{
	const struct rdma_ucm_destroy_id *cmd = command->in;
	struct urdma_cm_id request = { .id = cmd->id };
	struct urdma_cm_events_reply reply = { 0 };
	struct rdma_ucm_destroy_id_resp response;
	const struct client_call call = {
		.op = op,
		.request = &request,
		.request_len = sizeof(request),
		.reply = &reply,
		.reply_len = sizeof(reply),
		.lend = &command->fd,
		.lend_count = 1,
	};
	int ret = client_call(command->fd, &call);

	if (ret == -EIO)
		reply.events_reported = 0;
	else if (ret < 0)
		return ret;
	response.events_reported = reply.events_reported;
	ucma_respond(command, cmd->response, &response, sizeof(response));
	return 0;
}

int ucma_destroy_id(const struct ucma_command *command)
{
	const struct rdma_ucm_destroy_id *cmd = command->in;
	int ret = end(command, URDMA_OP_CM_DESTROY);

	if (ret == 0)
		note_drop(NOTE_CM_UID, command->session->session, cmd->id);
	return ret;
}

int ucma_leave_mcast(const struct ucma_command *command)
{
	return end(command, URDMA_OP_CM_LEAVE);
}

/* An address of `len` bytes; family 0 stays so. */
static int put_address(struct urdma_sockaddr *to, const void *from, size_t len)
{
	sa_family_t family;
	size_t want;

	memset(to, 0, sizeof(*to));
	if (len < sizeof(family))
		return -EINVAL;
	memcpy(&family, from, sizeof(family));
	switch (family) {
	case 0:
		return 0;
	case AF_INET:
		want = sizeof(struct sockaddr_in);
		break;
	case AF_INET6:
		want = sizeof(struct sockaddr_in6);
		break;
	case AF_IB:
		return -ENODEV; /* librdmacm asks to know if there is any */
	default:
		return -EAFNOSUPPORT;
	}
	if (len < want)
		return -EINVAL;
	memcpy(to->bytes, from, want);
	return 0;
}

_Static_assert(sizeof(struct sockaddr_in6) ==
		       sizeof(((struct urdma_sockaddr *)0)->bytes),
	       "room for the longest address");

static int bind_to(const struct ucma_command *command, uint32_t id,
		   const void *address, size_t len)
{
	struct urdma_cm_bind request = { .id = id };
	int ret = put_address(&request.addr, address, len);

	if (ret < 0)
		return ret;
	return session_do(command->fd, URDMA_OP_CM_BIND, &request,
			  sizeof(request));
}

int ucma_bind_ip(const struct ucma_command *command)
{
	const struct rdma_ucm_bind_ip *cmd = command->in;

	return bind_to(command, cmd->id, &cmd->addr, sizeof(cmd->addr));
}

/* The structure says how much of the address counts. */
static size_t address_len(size_t claimed)
{
	size_t room = sizeof(struct __kernel_sockaddr_storage);

	return claimed < room ? claimed : room;
}

int ucma_bind(const struct ucma_command *command)
{
	const struct rdma_ucm_bind *cmd = command->in;

	return bind_to(command, cmd->id, &cmd->addr,
		       address_len(cmd->addr_size));
}

static int join(const struct ucma_command *command,
		struct urdma_cm_join *request, const void *address, size_t len,
		uint64_t to)
{
	struct urdma_cm_id reply;
	struct rdma_ucm_create_id_resp response;
	int ret = put_address(&request->addr, address, len);

	if (ret == 0)
		ret = session_call(command->fd, URDMA_OP_CM_JOIN, request,
				   sizeof(*request), &reply, sizeof(reply));
	if (ret < 0)
		return ret;
	response.id = reply.id;
	ucma_respond(command, to, &response, sizeof(response));
	return 0;
}

int ucma_join_ip_mcast(const struct ucma_command *command)
{
	const struct rdma_ucm_join_ip_mcast *cmd = command->in;
	struct urdma_cm_join request = { .uid = cmd->uid, .id = cmd->id };

	return join(command, &request, &cmd->addr, sizeof(cmd->addr),
		    cmd->response);
}

/* Whoever only wants to send does not attach a queue pair, and nothing else
 * makes us listen: flags change nothing. */
int ucma_join_mcast(const struct ucma_command *command)
{
	const struct rdma_ucm_join_mcast *cmd = command->in;
	struct urdma_cm_join request = { .uid = cmd->uid, .id = cmd->id };

	if (cmd->join_flags > RDMA_MC_JOIN_FLAG_SENDONLY_FULLMEMBER)
		return -EINVAL;
	return join(command, &request, &cmd->addr, address_len(cmd->addr_size),
		    cmd->response);
}

struct span {
	const void *bytes;
	size_t len;
};

static int resolve(const struct ucma_command *command,
		   struct urdma_cm_resolve_addr *request, struct span src,
		   struct span dst)
{
	int ret = src.len ? put_address(&request->src, src.bytes, src.len) : 0;

	if (ret == 0)
		ret = put_address(&request->dst, dst.bytes, dst.len);
	if (ret < 0)
		return ret;
	return session_do(command->fd, URDMA_OP_CM_RESOLVE_ADDR, request,
			  sizeof(*request));
}

int ucma_resolve_ip(const struct ucma_command *command)
{
	const struct rdma_ucm_resolve_ip *cmd = command->in;
	struct urdma_cm_resolve_addr request = {
		.id = cmd->id,
		.timeout_ms = cmd->timeout_ms,
	};

	return resolve(command, &request,
		       (struct span){ &cmd->src_addr, sizeof(cmd->src_addr) },
		       (struct span){ &cmd->dst_addr, sizeof(cmd->dst_addr) });
}

int ucma_resolve_addr(const struct ucma_command *command)
{
	const struct rdma_ucm_resolve_addr *cmd = command->in;
	struct urdma_cm_resolve_addr request = {
		.id = cmd->id,
		.timeout_ms = cmd->timeout_ms,
	};

	return resolve(
		command, &request,
		(struct span){ &cmd->src_addr, address_len(cmd->src_size) },
		(struct span){ &cmd->dst_addr, address_len(cmd->dst_size) });
}

int ucma_resolve_route(const struct ucma_command *command)
{
	const struct rdma_ucm_resolve_route *cmd = command->in;
	struct urdma_cm_resolve_route request = {
		.id = cmd->id,
		.timeout_ms = cmd->timeout_ms,
	};

	return session_do(command->fd, URDMA_OP_CM_RESOLVE_ROUTE, &request,
			  sizeof(request));
}

/* As a subnet administrator would tell it; iWARP has GIDs, but no path. */
static void put_path(struct rdma_ucm_query_route_resp *response,
		     const struct urdma_cm_query_route_reply *route)
{
	struct ib_user_path_rec *path = &response->ib_route[0];

	memcpy(path->sgid, route->sgid, sizeof(path->sgid));
	memcpy(path->dgid, route->dgid, sizeof(path->dgid));
	if (!route->mtu)
		return;
	response->num_paths = 1;
	path->pkey = htobe16(0xffff);
	path->mtu = route->mtu;
	path->mtu_selector = PATH_EXACTLY;
	path->rate = PATH_RATE_10_GBIT;
	path->rate_selector = PATH_EXACTLY;
	path->packet_life_time = PATH_LIFE_TIME;
	path->packet_life_time_selector = PATH_EXACTLY;
	path->hop_limit = route->hop_limit;
	path->traffic_class = route->traffic_class;
	path->reversible = 1;
}

int ucma_query_route(const struct ucma_command *command)
{
	const struct rdma_ucm_query *cmd = command->in;
	struct urdma_cm_id request = { .id = cmd->id };
	struct urdma_cm_query_route_reply reply;
	struct rdma_ucm_query_route_resp response = {
		/* Devices are found in sysfs, where they have no index. */
		.ibdev_index = ~0u,
	};
	int ret = session_call(command->fd, URDMA_OP_CM_QUERY_ROUTE, &request,
			       sizeof(request), &reply, sizeof(reply));

	if (ret < 0)
		return ret;
	response.node_guid = reply.node_guid;
	response.port_num = (uint8_t)reply.port_num;
	put_path(&response, &reply);
	memcpy(&response.src_addr, reply.src.bytes, sizeof(response.src_addr));
	memcpy(&response.dst_addr, reply.dst.bytes, sizeof(response.dst_addr));
	ucma_respond(command, cmd->response, &response, sizeof(response));
	return 0;
}

static int set_option(const struct ucma_command *command,
		      const struct rdma_ucm_set_option *cmd)
{
	struct urdma_cm_set_option request = {
		.id = cmd->id,
		.level = cmd->level,
		.optname = cmd->optname,
		.optlen = cmd->optlen,
	};

	memcpy(request.optval, (const void *)(uintptr_t)cmd->optval,
	       cmd->optlen);
	return session_do(command->fd, URDMA_OP_CM_SET_OPTION, &request,
			  sizeof(request));
}

int ucma_set_option(const struct ucma_command *command)
{
	const struct rdma_ucm_set_option *cmd = command->in;

	/* The longest is an InfiniBand path record, which iWARP has not. */
	if (cmd->optlen > sizeof(((struct urdma_cm_set_option *)0)->optval))
		return -EINVAL;
	return set_option(command, cmd);
}

/* The id leaves the channel `fd` and comes to this one. */
static int migrate(const struct ucma_command *command, uint32_t id, int fd,
		   const struct fd_info *old, uint32_t *events_reported)
{
	struct urdma_cm_migrate request = {
		.session = old->session,
		.id = id,
	};
	struct urdma_cm_migrate_reply reply;
	const struct client_call move = {
		.op = URDMA_OP_CM_MIGRATE,
		.request = &request,
		.request_len = sizeof(request),
		.reply = &reply,
		.reply_len = sizeof(reply),
		.lend = &fd,
		.lend_count = 1,
	};
	int ret = client_call(command->fd, &move);

	if (ret < 0)
		return ret;
	if (reply.id != id)
		return -EIO; /* librdmacm will not hear of another number */
	*events_reported = reply.events_reported;
	return 0;
}

int ucma_migrate_id(const struct ucma_command *command)
{
	const struct rdma_ucm_migrate_id *cmd = command->in;
	struct rdma_ucm_migrate_resp response;
	struct fd_info old;
	uint64_t uid;
	int ret;

	if (!fdtable_get((int)cmd->fd, &old) || old.kind != FD_CM)
		return -EINVAL;
	ret = migrate(command, cmd->id, (int)cmd->fd, &old,
		      &response.events_reported);
	if (ret < 0)
		return ret;
	if (note_get(NOTE_CM_UID, old.session, cmd->id, &uid)) {
		note_drop(NOTE_CM_UID, old.session, cmd->id);
		note_put(NOTE_CM_UID, command->session->session, cmd->id, uid);
	}
	ucma_respond(command, cmd->response, &response, sizeof(response));
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/show.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <rte_mempool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <config.h>

#include "cm/cm.h"
#include "rdma/iw_stack.h"
#include "rdma/qp_info.h"
#include "rdma/rv_stack.h"
#include "urdmad/control.h"
#include "urdmad/now.h"
#include "urdmad/process.h"
#include "urdmad/session.h"
#include "urdmad/urdmad.h"

static void add(struct json_object *to, const char *name,
		struct json_object *value)
{
	json_object_object_add(to, name, value);
}

static void add_text(struct json_object *to, const char *name,
		     const char *value)
{
	add(to, name, json_object_new_string(value));
}

static void add_number(struct json_object *to, const char *name, uint64_t value)
{
	add(to, name, json_object_new_uint64(value));
}

static void add_mac(struct json_object *to, const uint8_t m[6])
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", m[0],
		 m[1], m[2], m[3], m[4], m[5]);
	add_text(to, "mac", text);
}

static void put_ip(char text[static INET6_ADDRSTRLEN],
		   const uint8_t addr[FLOW_ADDR_LEN])
{
	if (flow_addr_is_ip4(addr))
		inet_ntop(AF_INET, flow_addr_ip4(addr), text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, addr, text, INET6_ADDRSTRLEN);
}

/* Why RoCE packets were, in `drops`' number "roce". */
static void add_refused(struct json_object *to, const struct rv_stack *stack)
{
	const char *name;
	uint64_t count;

	for (unsigned int i = 0; rv_stack_counter(stack, i, &name, &count); i++)
		if (count) {
			char key[64];

			snprintf(key, sizeof(key), "roce_%s", name);
			add_number(to, key, count);
		}
}

static void add_congestion(struct json_object *to, const struct rv_stack *stack)
{
	const char *name;
	uint64_t count;

	for (unsigned int i = 0; rv_stack_congestion(stack, i, &name, &count);
	     i++)
		add_number(to, name, count);
}

/* Counters that are not zero, by name. */
static struct json_object *drops(const struct port *port)
{
	struct json_object *object = json_object_new_object();

	for (int i = 0; i < DROP_COUNT; i++)
		if (port->counters.drops[i])
			add_number(object, drop_name[i],
				   port->counters.drops[i]);
	if (port->rv)
		add_refused(object, port->rv);
	return object;
}

static void add_ipv6(struct json_object *to, const struct port_config *config)
{
	char ip[INET6_ADDRSTRLEN], address[INET6_ADDRSTRLEN + 4];

	if (!config->has_ipv6)
		return;
	inet_ntop(AF_INET6, config->ipv6, ip, sizeof(ip));
	snprintf(address, sizeof(address), "%s/%u", ip,
		 config->ipv6_prefix_len);
	add_text(to, "ipv6_address", address);
}

/* Queue pairs in each. */
static struct json_object *groups(const struct rv_stack *stack)
{
	struct json_object *object = json_object_new_object();
	uint8_t addr[FLOW_ADDR_LEN];
	char name[INET6_ADDRSTRLEN];
	uint32_t members;

	for (unsigned int i = 0; rv_stack_show_group(stack, i, addr, &members);
	     i++) {
		put_ip(name, addr);
		add_number(object, name, members);
	}
	return object;
}

static struct json_object *device(const struct port *port)
{
	struct json_object *object = json_object_new_object();
	const struct port_counters *counters = &port->counters;
	char ip[INET_ADDRSTRLEN], address[INET_ADDRSTRLEN + 4];

	inet_ntop(AF_INET, port->config->ipv4, ip, sizeof(ip));
	snprintf(address, sizeof(address), "%s/%u", ip,
		 port->config->prefix_len);
	add_text(object, "name", port->config->name);
	add_text(object, "transport", port->config->roce ? "roce" : "iwarp");
	if (port->config->netdev)
		add_text(object, "netdev", port->config->netdev);
	add_text(object, "ipv4_address", address);
	add_ipv6(object, port->config);
	add_mac(object, port->mac);
	add_number(object, "mtu", port->plan.mtu);
	add(object, "link_up", json_object_new_boolean(port->link_up));
	add_number(object, "rx_frames", counters->rx_frames);
	add_number(object, "rx_bytes", counters->rx_bytes);
	add_number(object, "tx_frames", counters->tx_frames);
	add_number(object, "tx_bytes", counters->tx_bytes);
	add_number(object, "tx_full", counters->tx_full);
	add_number(object, "tx_no_neighbour", counters->tx_no_neigh);
	add_number(object, "tx_copied", counters->tx_copied);
	add_number(object, "tx_looped", counters->tx_looped);
	add_number(object, "kernel_rx_frames", counters->kernel_rx_frames);
	add_number(object, "kernel_rx_full", counters->kernel_rx_full);
	add_number(object, "kernel_tx_frames", counters->kernel_tx_frames);
	if (port->rv) {
		add_congestion(object, port->rv);
		add(object, "groups", groups(port->rv));
	}
	add(object, "drops", drops(port));
	add_number(object, "buffers_used",
		   rte_mempool_in_use_count(port->mempool));
	if (port->iw)
		add_number(object, "ports_taken",
			   iw_stack_ports_taken(port->iw));
	return object;
}

/* What the device keeps, whoever it is for. */
static void add_use(struct json_object *object, const struct urdmad *urdmad,
		    unsigned int number)
{
	const struct rdma_use use = rdma_dev_use(urdmad->devices[number]);

	add_number(object, "connections", cm_connections(urdmad->cm, number));
	add_number(object, "qps", use.qps);
	add_number(object, "cqs", use.cqs);
	add_number(object, "srqs", use.srqs);
	add_number(object, "pds", use.pds);
	add_number(object, "ahs", use.ahs);
	add_number(object, "keys", use.keys);
}

static void add_end(struct json_object *to, const char *name,
		    const uint8_t addr[FLOW_ADDR_LEN], uint16_t port)
{
	char ip[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 8];

	put_ip(ip, addr);
	snprintf(text, sizeof(text), "%s:%u", ip, port);
	add_text(to, name, text);
}

static void add_tcp(struct json_object *object, const struct rdma_qp_info *info)
{
	add_number(object, "bytes_out", info->bytes_out);
	add_number(object, "bytes_in", info->tcp.bytes_in);
	add_number(object, "segments_out", info->tcp.segments_out);
	add_number(object, "segments_in", info->tcp.segments_in);
	add_number(object, "resent", info->tcp.resent);
	add_number(object, "timeouts", info->tcp.timeouts);
	add_number(object, "srtt_ns", info->srtt);
	add_number(object, "cwnd", info->cwnd);
}

static struct json_object *queue_pair(const struct rdma_qp_info *info)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "qp_num", info->num);
	add_text(object, "type", info->type);
	add_text(object, "state", info->state);
	add_number(object, "sends", info->sends);
	add_number(object, "recvs", info->recvs);
	for (uint32_t i = 0; i < info->count_of; i++)
		add_number(object, info->counts[i].name, info->counts[i].count);
	if (!info->connected)
		return object;
	add_end(object, "local", info->key.local, info->key.local_port);
	add_end(object, "peer", info->key.remote, info->key.remote_port);
	if (info->is_roce)
		add_number(object, "peer_qp_num", info->peer_num);
	else
		add_tcp(object, info);
	return object;
}

static struct json_object *queue_pairs(const struct rdma_ctx *ctx)
{
	struct json_object *array = json_object_new_array();
	struct rdma_qp_info info;
	uint32_t pos = 0;

	while (rdma_next_qp_info(ctx, &pos, &info))
		json_object_array_add(array, queue_pair(&info));
	return array;
}

static struct json_object *cm_ids(const struct session *session)
{
	struct json_object *array = json_object_new_array();
	struct cm_id *id = NULL;

	while ((id = control_next_cm_id(session, id))) {
		struct json_object *object = json_object_new_object();
		const struct cm_addr *src = cm_id_src(id);
		const struct cm_addr *dst = cm_id_dst(id);

		add_text(object, "state", cm_id_state_name(id));
		if (src->family != CM_NONE)
			add_end(object, "local", src->ip, src->port);
		if (dst->family != CM_NONE)
			add_end(object, "peer", dst->ip, dst->port);
		json_object_array_add(array, object);
	}
	return array;
}

/* Of who opened the session. */
static void add_command(struct json_object *to, pid_t pid)
{
	char name[PROCESS_NAME];

	process_name(pid, name);
	if (name[0])
		add_text(to, "command", name);
}

static struct json_object *session(const struct control_session_info *info,
				   const struct urdmad *urdmad)
{
	static const char *const kinds[] = {
		[URDMA_SESSION_VERBS] = "verbs",
		[URDMA_SESSION_CM] = "rdma_cm",
		[URDMA_SESSION_TOOL] = "tool",
	};
	struct json_object *object = json_object_new_object();

	add_number(object, "pid", (uint64_t)info->pid);
	add_number(object, "uid", info->uid);
	add_command(object, info->pid);
	add_text(object, "kind", info->kind ? kinds[info->kind] : "new");
	if (info->kind == URDMA_SESSION_VERBS) {
		add_text(object, "device",
			 urdmad->ports[info->device]->config->name);
		add_number(object, "qps", info->qps);
		add_number(object, "cqs", info->cqs);
		add_number(object, "mrs", info->mrs);
		add_number(object, "mr_bytes", info->mr_bytes);
		add_number(object, "pds", info->pds);
		add_number(object, "queue_bytes", info->arena_bytes);
		if (info->session->ctx)
			add(object, "queue_pairs",
			    queue_pairs(info->session->ctx));
	}
	if (info->kind == URDMA_SESSION_CM)
		add(object, "ids", cm_ids(info->session));
	return object;
}

static struct json_object *sessions(const struct urdmad *urdmad)
{
	struct json_object *array = json_object_new_array();
	struct control_session_info info = { .session = NULL };

	while (control_next_session(urdmad->control, &info))
		json_object_array_add(array, session(&info, urdmad));
	return array;
}

static struct json_object *everything(const struct urdmad *urdmad)
{
	struct json_object *object = json_object_new_object();
	struct json_object *devices = json_object_new_array();

	for (unsigned int i = 0; i < urdmad->port_count; i++) {
		struct json_object *one = device(urdmad->ports[i]);

		add_use(one, urdmad, i);
		json_object_array_add(devices, one);
	}
	add_text(object, "version", PACKAGE_VERSION);
	add_number(object, "pid", (uint64_t)getpid());
	add_number(object, "time_ns", now_read());
	add_number(object, "turns", urdmad->worker.turns);
	add_number(object, "sleeps", urdmad->worker.sleeps);
	add(object, "devices", devices);
	add(object, "sessions", sessions(urdmad));
	return object;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t done = write(fd, text, len);

		if (done < 0)
			return -errno;
		text += done;
		len -= (size_t)done;
	}
	return 0;
}

int show_make(const struct urdmad *urdmad, uint64_t *bytes)
{
	struct json_object *object = everything(urdmad);
	const char *text = json_object_to_json_string_ext(
		object,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	int fd = memfd_create("urdma-show", MFD_CLOEXEC);
	int result = fd < 0 ? -errno : 0;

	*bytes = strlen(text);
	if (result == 0)
		result = write_all(fd, text, *bytes);
	json_object_put(object);
	if (result == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return result;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <inttypes.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tools/show.h"

static const char *text(struct json_object *of, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(of, name, &value)
		       ? json_object_get_string(value)
		       : "-";
}

static uint64_t number(struct json_object *of, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(of, name, &value)
		       ? json_object_get_uint64(value)
		       : 0;
}

static struct json_object *member(struct json_object *of, const char *name)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(of, name, &value);
	return value;
}

static size_t length(struct json_object *array)
{
	return array ? json_object_array_length(array) : 0;
}

/* The member of an earlier array that has the same name; NULL: none. */
static struct json_object *same(struct json_object *array, const char *key,
				struct json_object *as)
{
	for (size_t i = 0; i < length(array); i++) {
		struct json_object *entry = json_object_array_get_idx(array, i);

		if (strcmp(text(entry, key), text(as, key)) == 0)
			return entry;
	}
	return NULL;
}

/* Of a counter, in a second. */
static double rate(struct json_object *now, struct json_object *before,
		   const char *name, double seconds)
{
	uint64_t a = number(before, name), b = number(now, name);

	return b > a ? (double)(b - a) / seconds : 0;
}

static void print_device(struct json_object *device)
{
	struct json_object *drops = member(device, "drops");

	printf("%-10s %-10s %-18s %-17s %5" PRIu64 " %-5s %12" PRIu64
	       " %12" PRIu64 "\n",
	       text(device, "name"), text(device, "netdev"),
	       text(device, "ipv4_address"), text(device, "mac"),
	       number(device, "mtu"),
	       strcmp(text(device, "link_up"), "true") == 0 ? "up" : "down",
	       number(device, "rx_frames"), number(device, "tx_frames"));
	if (!drops)
		return;
	json_object_object_foreach(drops, reason, count)
		printf("  dropped: %-16s %12" PRIu64 "\n", reason,
		       json_object_get_uint64(count));
}

static void print_devices(struct json_object *devices)
{
	printf("%-10s %-10s %-18s %-17s %5s %-5s %12s %12s\n", "DEVICE",
	       "NETDEV", "ADDRESS", "MAC", "MTU", "LINK", "RX FRAMES",
	       "TX FRAMES");
	for (size_t i = 0; i < length(devices); i++)
		print_device(json_object_array_get_idx(devices, i));
}

static void print_rates(struct json_object *devices, struct json_object *before,
			double seconds)
{
	printf("\n%-10s %12s %12s %12s %12s\n", "DEVICE", "RX MB/s", "TX MB/s",
	       "RX FRAMES/s", "TX FRAMES/s");
	for (size_t i = 0; i < length(devices); i++) {
		struct json_object *now = json_object_array_get_idx(devices, i);
		struct json_object *then = same(before, "name", now);

		printf("%-10s %12.2f %12.2f %12.0f %12.0f\n", text(now, "name"),
		       rate(now, then, "rx_bytes", seconds) / 1e6,
		       rate(now, then, "tx_bytes", seconds) / 1e6,
		       rate(now, then, "rx_frames", seconds),
		       rate(now, then, "tx_frames", seconds));
	}
}

static void print_session(struct json_object *session)
{
	printf("%7" PRIu64 " %6" PRIu64 " %-16s %-8s %-10s %5" PRIu64
	       " %5" PRIu64 " %5" PRIu64 " %14" PRIu64 " %4zu\n",
	       number(session, "pid"), number(session, "uid"),
	       text(session, "command"), text(session, "kind"),
	       text(session, "device"), number(session, "qps"),
	       number(session, "cqs"), number(session, "mrs"),
	       number(session, "mr_bytes"), length(member(session, "ids")));
}

static void print_sessions(struct json_object *sessions)
{
	printf("\n%7s %6s %-16s %-8s %-10s %5s %5s %5s %14s %4s\n", "PID",
	       "UID", "COMMAND", "SESSION", "DEVICE", "QPS", "CQS", "MRS",
	       "MR BYTES", "IDS");
	for (size_t i = 0; i < length(sessions); i++)
		print_session(json_object_array_get_idx(sessions, i));
}

static void print_queue_pair(struct json_object *qp,
			     struct json_object *session)
{
	printf("%8" PRIu64 " %-6s %-21s %-21s %10" PRIu64 " %10" PRIu64
	       " %14" PRIu64 " %14" PRIu64 " %7" PRIu64 "  %s/%" PRIu64 "\n",
	       number(qp, "qp_num"), text(qp, "state"), text(qp, "local"),
	       text(qp, "peer"), number(qp, "sends"), number(qp, "recvs"),
	       number(qp, "bytes_out"), number(qp, "bytes_in"),
	       number(qp, "resent"), text(session, "command"),
	       number(session, "pid"));
}

static void print_queue_pairs(struct json_object *sessions)
{
	printf("\n%8s %-6s %-21s %-21s %10s %10s %14s %14s %7s  %s\n", "QP",
	       "STATE", "LOCAL", "PEER", "SENDS", "RECVS", "BYTES OUT",
	       "BYTES IN", "RESENT", "OWNER");
	for (size_t i = 0; i < length(sessions); i++) {
		struct json_object *session =
			json_object_array_get_idx(sessions, i);
		struct json_object *qps = member(session, "queue_pairs");

		for (size_t j = 0; j < length(qps); j++)
			print_queue_pair(json_object_array_get_idx(qps, j),
					 session);
	}
}

void show_print(struct json_object *now, struct json_object *before)
{
	struct json_object *devices = member(now, "devices");
	struct json_object *sessions = member(now, "sessions");

	print_devices(devices);
	if (before)
		print_rates(devices, member(before, "devices"),
			    (double)(number(now, "time_ns") -
				     number(before, "time_ns")) /
				    1e9);
	print_sessions(sessions);
	print_queue_pairs(sessions);
}

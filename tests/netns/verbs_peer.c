// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns/verbs_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RESOLVE_MS = 5000,
	READS = 16,
	BACKLOG = 64,
	RETRIES = 7,	  /* RNR: for ever */
	ACK_TIMEOUT = 18, /* 4.096 us << n: 1 s, RoCE's */
};

void die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void need(int ok, const char *what)
{
	if (!ok)
		die("%s: %s", what, strerror(errno));
}

static struct rdma_cm_event *next_event(struct rdma_event_channel *channel,
					enum rdma_cm_event_type type)
{
	struct rdma_cm_event *event;

	need(rdma_get_cm_event(channel, &event) == 0, "rdma_get_cm_event");
	if (event->event != type)
		die("event %s (status %d) instead of %s",
		    rdma_event_str(event->event), event->status,
		    rdma_event_str(type));
	return event;
}

void peer_event(struct rdma_cm_id *id, enum rdma_cm_event_type type)
{
	rdma_ack_cm_event(next_event(id->channel, type));
}

/* A busy machine stops for a second now and then: to a RoCE device that looks
 * like a peer that is gone.  TCP has timeouts of its own. */
static void be_patient(struct rdma_cm_id *id)
{
	uint8_t timeout = ACK_TIMEOUT;

	need(rdma_set_option(id, RDMA_OPTION_ID, RDMA_OPTION_ID_ACK_TIMEOUT,
			     &timeout, sizeof(timeout)) == 0,
	     "rdma_set_option");
}

struct rdma_cm_id *peer_resolve(const char *address, uint16_t port)
{
	struct rdma_event_channel *channel = rdma_create_event_channel();
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};
	struct rdma_cm_id *id;

	need(channel != NULL, "rdma_create_event_channel");
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		die("%s is no address", address);
	need(rdma_create_id(channel, &id, NULL, RDMA_PS_TCP) == 0,
	     "rdma_create_id");
	be_patient(id);
	need(rdma_resolve_addr(id, NULL, (struct sockaddr *)&to, RESOLVE_MS) ==
		     0,
	     "rdma_resolve_addr");
	peer_event(id, RDMA_CM_EVENT_ADDR_RESOLVED);
	need(rdma_resolve_route(id, RESOLVE_MS) == 0, "rdma_resolve_route");
	peer_event(id, RDMA_CM_EVENT_ROUTE_RESOLVED);
	return id;
}

static struct rdma_conn_param conn_param(const uint32_t *word)
{
	return (struct rdma_conn_param){
		.private_data = word,
		.private_data_len = word ? sizeof(*word) : 0,
		.responder_resources = READS,
		.initiator_depth = READS,
		/* iWARP retries by itself, RoCE as often as it is told to */
		.retry_count = RETRIES,
		.rnr_retry_count = RETRIES,
	};
}

void peer_connect(struct rdma_cm_id *id, uint32_t word)
{
	struct rdma_conn_param param = conn_param(&word);

	need(rdma_connect(id, &param) == 0, "rdma_connect");
	peer_event(id, RDMA_CM_EVENT_ESTABLISHED);
}

void peer_listen(struct peer_listener *listener, uint16_t port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};

	listener->channel = rdma_create_event_channel();
	need(listener->channel != NULL, "rdma_create_event_channel");
	need(rdma_create_id(listener->channel, &listener->id, NULL,
			    RDMA_PS_TCP) == 0,
	     "rdma_create_id");
	be_patient(listener->id);
	need(rdma_bind_addr(listener->id, (struct sockaddr *)&at) == 0,
	     "rdma_bind_addr");
	need(rdma_listen(listener->id, BACKLOG) == 0, "rdma_listen");
}

struct rdma_cm_id *peer_asked(struct peer_listener *listener, uint32_t *word)
{
	struct rdma_cm_event *event =
		next_event(listener->channel, RDMA_CM_EVENT_CONNECT_REQUEST);
	struct rdma_event_channel *channel = rdma_create_event_channel();
	struct rdma_cm_id *id = event->id;

	need(channel != NULL, "rdma_create_event_channel");
	if (event->param.conn.private_data_len < sizeof(*word))
		die("a connect request without its word");
	memcpy(word, event->param.conn.private_data, sizeof(*word));
	rdma_ack_cm_event(event);
	need(rdma_migrate_id(id, channel) == 0, "rdma_migrate_id");
	return id;
}

void peer_accept(struct rdma_cm_id *id)
{
	struct rdma_conn_param param = conn_param(NULL);

	need(rdma_accept(id, &param) == 0, "rdma_accept");
	peer_event(id, RDMA_CM_EVENT_ESTABLISHED);
}

void peer_close(struct rdma_cm_id *id)
{
	struct rdma_event_channel *channel = id->channel;

	if (id->qp)
		rdma_destroy_qp(id);
	need(rdma_destroy_id(id) == 0, "rdma_destroy_id");
	rdma_destroy_event_channel(channel);
}

void peer_unlisten(struct peer_listener *listener)
{
	rdma_destroy_id(listener->id);
	rdma_destroy_event_channel(listener->channel);
}

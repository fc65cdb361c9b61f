/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Communication management of one port (IBA volume 1, chapter 12): who
 * listens on which service, connections being made, held and ended, and
 * service id resolution (SIDR).
 *
 * Pure: management datagrams go in with ibcm_input() and come out of
 * ibcm_output(), what happened is pulled with ibcm_event(), time is the
 * caller's.  A connection is named by struct ibcm_conn from ibcm_connect(),
 * ibcm_resolve() or IBCM_EV_REQUEST until ibcm_release(); it does not know
 * queue pairs, only their numbers.
 */
#ifndef URDMA_IBCM_IBCM_H
#define URDMA_IBCM_IBCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "ibcm/msg.h"
#include "ibcm/verdict.h"

struct ibcm;
struct ibcm_conn;
struct ibcm_listener;

/* The two ends of a datagram: GIDs, and the queue pair at the other one. */
struct ibcm_way {
	uint8_t local[IBCM_GID_LEN];
	uint8_t remote[IBCM_GID_LEN];
	uint32_t qpn; /* 1 but after a redirection */
};

struct ibcm_config {
	uint64_t ca_guid;	/* as a number */
	uint8_t mtu;		/* the largest path MTU, enum ibv_mtu */
	bool uc;		/* unreliable connections exist, too */
	uint32_t max_half_open; /* requests of peers that are not established */
	void (*random)(void *arg, void *out, size_t len);
	void *random_arg;
};

/* NULL: out of memory.  The config is copied. */
struct ibcm *ibcm_create(const struct ibcm_config *config);
/* What is left of connections and listeners is freed, nobody is told.  NULL
 * is fine. */
void ibcm_destroy(struct ibcm *ibcm);

/* IBCM_OK, or why the datagram did not lead anywhere; refusals are answered
 * as the specification wants all the same. */
enum ibcm_verdict ibcm_input(struct ibcm *ibcm, const struct ibcm_way *way,
			     const uint8_t *bytes, size_t len, nsec_t now);

/* The next datagram to send; false: none. */
bool ibcm_output(struct ibcm *ibcm, struct ibcm_way *way,
		 uint8_t bytes[static IBCM_MAD_LEN]);

/* When ibcm_expire() is due, or a little before; NSEC_NEVER: not at all. */
nsec_t ibcm_deadline(const struct ibcm *ibcm);
void ibcm_expire(struct ibcm *ibcm, nsec_t now);

/* Also those that are over and wait for what may still be under way. */
uint32_t ibcm_connections(const struct ibcm *ibcm);

/* How often a verdict was given. */
uint64_t ibcm_counter(const struct ibcm *ibcm, enum ibcm_verdict verdict);

enum ibcm_event_kind {
	/* A peer wants to connect: ibcm_accept(), ibcm_reject(). */
	IBCM_EV_REQUEST,
	/* Our request was accepted: ibcm_confirm(), ibcm_reject(). */
	IBCM_EV_REPLY,
	/* The peer confirmed what we accepted. */
	IBCM_EV_ESTABLISHED,
	IBCM_EV_REJECTED,    /* `reason` says why */
	IBCM_EV_UNREACHABLE, /* it does not answer */
	/* The peer, or we, ended it; or it is the remains of an older one. */
	IBCM_EV_DISCONNECTED,
	/* No packet of the connection is on its way any more. */
	IBCM_EV_TIMEWAIT_EXIT,
	/* Service id resolution: ibcm_sidr_reply(). */
	IBCM_EV_SIDR_REQUEST,
	IBCM_EV_SIDR_REPLY, /* `reason` is an enum ibcm_sidr_status */
};

struct ibcm_event {
	enum ibcm_event_kind kind;
	struct ibcm_conn *conn;
	void *user; /* of the connection; requests: of the listener */
	uint16_t reason;
	/* SIDR_REPLY */
	uint32_t qpn;
	uint32_t qkey;
	uint8_t private_data_len; /* all that the message has room for */
	uint8_t private_data[IBCM_PRIVATE_MAX];
};

/* False: nothing more. */
bool ibcm_event(struct ibcm *ibcm, struct ibcm_event *event);

/*
 * Listening.  `gid` NULL: on any; ::ffff:0.0.0.0: on any of IPv4, zeros: on any
 * of IPv6.  A request goes to the one that is closest.  -EADDRINUSE: somebody
 * does on the same; -ENOMEM.
 */
int ibcm_listen(struct ibcm *ibcm, const uint8_t *gid, uint64_t service_id,
		void *user, struct ibcm_listener **listener);
/* Requests that nobody has seen yet are rejected; those that come a moment
 * later wait for another listener of the service.  NULL is fine. */
void ibcm_unlisten(struct ibcm_listener *listener, nsec_t now);

/* What one end says of its queue pair, in REQ and REP. */
struct ibcm_offer {
	uint32_t qpn;
	uint32_t qkey;
	uint8_t responder_resources;
	uint8_t initiator_depth;
	uint8_t flow_control;
	uint8_t retry_count;
	uint8_t rnr_retry_count;
	uint8_t srq;
	const void *private_data;
	uint8_t private_data_len;
};

struct ibcm_request {
	struct ibcm_way way;
	uint64_t service_id;
	uint8_t service; /* enum ibcm_service */
	uint8_t mtu;	 /* enum ibv_mtu */
	uint8_t ack_timeout;
	uint8_t traffic_class;
	uint8_t hop_limit;
	struct ibcm_offer offer; /* SIDR: only its private data */
};

/* EV_REPLY, EV_REJECTED or EV_UNREACHABLE follows.  -EINVAL: more private data
 * than REQ has room for; -ENOMEM. */
int ibcm_connect(struct ibcm *ibcm, const struct ibcm_request *request,
		 void *user, nsec_t now, struct ibcm_conn **conn);
/* EV_SIDR_REPLY or EV_UNREACHABLE follows. */
int ibcm_resolve(struct ibcm *ibcm, const struct ibcm_request *request,
		 void *user, nsec_t now, struct ibcm_conn **conn);

/* Answers EV_REQUEST; EV_ESTABLISHED, EV_REJECTED or EV_UNREACHABLE follows.
 * -ECONNRESET: the peer gave up meanwhile; -EINVAL: wrong state, or too much
 * private data. */
int ibcm_accept(struct ibcm_conn *conn, const struct ibcm_offer *offer,
		nsec_t now);
/* Answers EV_REPLY: the connection is up on this side. */
int ibcm_confirm(struct ibcm_conn *conn, nsec_t now);
/* Answers EV_REQUEST or EV_REPLY, or takes an accept back. */
int ibcm_reject(struct ibcm_conn *conn, enum ibcm_reason reason,
		const void *private_data, uint8_t len, nsec_t now);
/* A first packet came over the connection: as good as the peer's RTU
 * (12.9.8.1.4).  EV_ESTABLISHED follows if it was not up yet. */
int ibcm_established(struct ibcm_conn *conn, nsec_t now);
/* EV_DISCONNECTED follows.  -EINVAL: it is not up. */
int ibcm_disconnect(struct ibcm_conn *conn, nsec_t now);
/* Answers EV_SIDR_REQUEST; nothing follows. */
int ibcm_sidr_reply(struct ibcm_conn *conn, enum ibcm_sidr_status status,
		    const struct ibcm_offer *offer, nsec_t now);

/* The caller will not name it again and gets no more events of it; the peer
 * is told in the way that the state asks for.  NULL is fine. */
void ibcm_release(struct ibcm_conn *conn, nsec_t now);

void ibcm_set_user(struct ibcm_conn *conn, void *user);

/* What a queue pair needs to know of the connection. */
struct ibcm_info {
	struct ibcm_way way;
	uint64_t service_id;
	uint32_t local_qpn;
	uint32_t remote_qpn; /* from REQ (there) or REP on */
	uint32_t sq_psn;     /* the first one that we send: the peer's word */
	uint32_t rq_psn;     /* the first one that the peer sends, random */
	uint8_t service;     /* enum ibcm_service */
	uint8_t mtu;
	uint8_t ack_timeout;
	uint8_t retry_count;
	uint8_t rnr_retry_count;
	uint8_t responder_resources; /* reads of the peer towards us */
	uint8_t initiator_depth;     /* ours towards the peer */
	uint8_t flow_control;
	uint8_t srq; /* the peer's */
	uint8_t traffic_class;
	uint8_t hop_limit;
};

void ibcm_conn_info(const struct ibcm_conn *conn, struct ibcm_info *info);

#endif

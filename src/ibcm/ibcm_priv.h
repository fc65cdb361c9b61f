/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inside of libibcm.  A connection is found by our own communication id, by
 * the peer's (a repeated REQ knows no other), and by the peer's queue pair
 * while it lives; ids of ours are random, so that they are hard to guess.
 */
#ifndef URDMA_IBCM_PRIV_H
#define URDMA_IBCM_PRIV_H

#include <uthash.h>

#include "base/gone.h"
#include "base/idtable.h"
#include "base/list.h"
#include "base/timerq.h"
#include "ibcm/ibcm.h"
#include "ibcm/state.h"

enum {
	/* What we promise to answer in, and let others have: 4.096 us << 17 is
	 * half a second (12.7.20, 12.7.22). */
	IBCM_RESPONSE_TIMEOUT = 17,
	/* Longer promises of a peer only mean that it is asked again earlier
	 * than it needs: 4 s. */
	IBCM_RESPONSE_TIMEOUT_MAX = 20,
	/* While a program makes up its mind: 17 s, then the peer asks again. */
	IBCM_SERVICE_TIMEOUT = 22,
	IBCM_SERVICE_TIMEOUT_MAX = 24,
	IBCM_PACKET_LIFE = 13, /* one way, 33 ms */
	IBCM_RETRIES = 15,     /* as many as fit in 4 bits */
	IBCM_DREQ_RETRIES = 7,
	IBCM_OUT_MAX = 4096, /* datagrams that wait to be pulled */
};

/* How long late messages are answered, at least twice the life of a packet
 * and an attempt of the peer (12.9.8.4.2). */
#define IBCM_TIMEWAIT (1 * NSEC_PER_SEC)
/* A request that neither end cares for any more. */
#define IBCM_PATIENCE (300 * NSEC_PER_SEC)

/* 4.096 us << n, as everything in this chapter counts time. */
static inline nsec_t ibcm_time(unsigned int n)
{
	return UINT64_C(4096) << n;
}

/* Between two attempts, when the peer promises to answer in `response`. */
static inline nsec_t ibcm_interval(unsigned int response)
{
	if (response > IBCM_RESPONSE_TIMEOUT_MAX)
		response = IBCM_RESPONSE_TIMEOUT_MAX;
	return ibcm_time(response) + 2 * ibcm_time(IBCM_PACKET_LIFE);
}

struct ibcm_peer_key {
	uint8_t gid[IBCM_GID_LEN];
	uint32_t id;
	uint32_t sidr;
};

struct ibcm_qp_key {
	uint8_t gid[IBCM_GID_LEN];
	uint32_t qpn;
};

struct ibcm_conn {
	struct ibcm *ibcm;
	void *user;
	bool released; /* nobody will name it: freed when it is over */
	bool was_up;
	uint8_t state; /* enum ibcm_state */
	uint32_t local_id;
	uint32_t remote_id; /* 0: not known yet */
	uint64_t tid;
	struct ibcm_info info;

	struct timer timer;
	nsec_t interval;	    /* of attempts */
	uint8_t tries;		    /* attempts that are left */
	uint8_t retries;	    /* what REQ said of them */
	uint16_t sent_attr;	    /* enum ibcm_attr of `sent`, 0: none */
	uint8_t sent[IBCM_MAD_LEN]; /* the last message that may be repeated */

	/* Of those that a peer began. */
	bool passive;
	struct ibcm_peer_key peer;
	UT_hash_handle hh_peer;

	bool in_qps;
	struct ibcm_qp_key qp;
	UT_hash_handle hh_qp;

	/* What the owner has not been told. */
	struct list ready;
	unsigned int pending; /* BIT(enum ibcm_event_kind) */
	uint16_t reason;
	uint32_t said_qpn;
	uint32_t said_qkey;
	uint8_t said_len;
	uint8_t said[IBCM_PRIVATE_MAX];
	/* Until its REQUEST was pulled: whose event it is. */
	struct ibcm_listener *listener;
	struct list in_listener;
};

struct ibcm_listener_key {
	uint64_t service_id;
	uint8_t gid[IBCM_GID_LEN]; /* all ones: any */
};

struct ibcm_listener {
	struct ibcm *ibcm;
	void *user;
	struct ibcm_listener_key key;
	UT_hash_handle hh;
	struct list unseen; /* struct ibcm_conn */
};

struct ibcm_linger {
	struct gone gone;
	struct list waiting; /* requests, the first is due first */
	unsigned int count;
	bool look_again; /* there is a new listener */
};

struct ibcm {
	struct ibcm_config config;
	struct idtable conns;		 /* by local id */
	struct ibcm_conn *peers;	 /* hash: passive ones */
	struct ibcm_conn *qps;		 /* hash */
	struct ibcm_listener *listeners; /* hash */
	struct timerq timers;
	struct list ready; /* connections with events */
	struct list out;   /* datagrams */
	struct ibcm_linger linger;
	uint32_t out_count;
	uint32_t half_open;
	uint64_t counters[IBCM_VERDICT_COUNT];
};

/* ibcm.c */
/* Queues it; lost when too many wait, as on any wire. */
void ibcm_send_bytes(struct ibcm *ibcm, const struct ibcm_way *way,
		     const uint8_t *bytes);
void ibcm_send(struct ibcm *ibcm, const struct ibcm_way *way,
	       const struct ibcm_msg *msg);
struct ibcm_listener *ibcm_find_listener(struct ibcm *ibcm, const uint8_t *gid,
					 uint64_t service_id);

/* input.c: requests that have waited for a listener. */
void ibcm_input_waiting(struct ibcm *ibcm, nsec_t now);

/* linger.c */
void ibcm_linger_init(struct ibcm_linger *linger);
void ibcm_linger_free(struct ibcm_linger *linger);
/* A listener has gone, or was made. */
void ibcm_linger_gone(struct ibcm_linger *linger, uint64_t service_id,
		      nsec_t now);
void ibcm_linger_made(struct ibcm_linger *linger);
/* A request that nobody listens for.  True: it waits. */
bool ibcm_linger_hold(struct ibcm_linger *linger, const struct ibcm_way *way,
		      const struct ibcm_msg *msg, nsec_t now);
/* The peer gave up the request with this id.  False: none of those waits. */
bool ibcm_linger_forget(struct ibcm_linger *linger, const struct ibcm_way *way,
			uint32_t local_id);
/* One that somebody listens for now, or that has waited long enough. */
bool ibcm_linger_next(struct ibcm *ibcm, struct ibcm_way *way,
		      struct ibcm_msg *msg, nsec_t now);
nsec_t ibcm_linger_deadline(const struct ibcm_linger *linger);

/* conn.c */
/* NULL: out of memory.  In NEW, with a random id. */
struct ibcm_conn *ibcm_conn_new(struct ibcm *ibcm, const struct ibcm_way *way);
/* A peer began it with `id`. */
void ibcm_conn_set_peer(struct ibcm_conn *conn, uint32_t id, bool sidr);
struct ibcm_conn *ibcm_find_peer(struct ibcm *ibcm, const uint8_t *gid,
				 uint32_t id, bool sidr);
/* The peer's queue pair is in this connection. */
void ibcm_conn_set_qp(struct ibcm_conn *conn, uint32_t qpn);
struct ibcm_conn *ibcm_find_qp(struct ibcm *ibcm, const uint8_t *gid,
			       uint32_t qpn);
/* In OVER it is gone if it was released. */
void ibcm_conn_enter(struct ibcm_conn *conn, enum ibcm_state state, nsec_t now);
void ibcm_conn_free(struct ibcm_conn *conn);
/* Sends it, and, in a state that waits for an answer, `tries` times more. */
void ibcm_conn_send(struct ibcm_conn *conn, const struct ibcm_msg *msg,
		    uint8_t tries, nsec_t now);
void ibcm_conn_resend(struct ibcm_conn *conn);
/* A message of it without more than ids. */
struct ibcm_msg ibcm_conn_msg(const struct ibcm_conn *conn,
			      enum ibcm_attr attr);
void ibcm_conn_tell(struct ibcm_conn *conn, enum ibcm_event_kind kind);
/* The same, with what the peer's message says. */
void ibcm_conn_tell_msg(struct ibcm_conn *conn, enum ibcm_event_kind kind,
			const struct ibcm_msg *msg);
/* Says no in the state's own way. */
void ibcm_conn_send_reject(struct ibcm_conn *conn, enum ibcm_reason reason,
			   const void *private_data, size_t len);
void ibcm_conn_send_dreq(struct ibcm_conn *conn, nsec_t now);

#endif

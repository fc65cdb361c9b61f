/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The iWARP side of a device: its TCP connections with MPA, DDP and RDMAP on
 * them, its listeners and its timers.  rdma_dev_create() makes one.
 *
 * The port feeds it segments and pulls segments, the connection manager uses
 * the endpoints.  An endpoint belongs to the stack; the connection manager may
 * name it from iw_connect() or IW_CONNECT_REQUEST until it calls iw_release().
 */
#ifndef URDMA_RDMA_IW_STACK_H
#define URDMA_RDMA_IW_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/drop.h"
#include "net/flow.h"

struct iw_ep;
struct iw_listener;
struct iw_stack;
struct rdma_qp;
struct tcp_segment;

/*
 * The port.
 */

/* Takes `buf`, which holds the segment's payload (may be NULL if there is
 * none), whatever it answers. */
enum drop iw_stack_input(struct iw_stack *stack, const struct flow_key *key,
			 struct tcp_segment *segment, struct buf *buf,
			 nsec_t now);

/* Is a segment of that flow ours: a connection's, or for a port where a
 * program listens, or did a moment ago?  If not, and the kernel shares our
 * address, it is the kernel's. */
bool iw_stack_wants(const struct iw_stack *stack, const struct flow_key *key,
		    nsec_t now);

/*
 * The next segment to send, until false.  Its payload stays the connection's:
 * the caller sends it, or takes a reference of its own, before it calls
 * anything here again.
 */
bool iw_stack_output(struct iw_stack *stack, struct flow_key *key,
		     struct tcp_segment *segment, nsec_t now);

/* When iw_stack_expire() is due; NSEC_NEVER: not at all. */
/* How many connections there are, those in TIME-WAIT included, and how many
 * ports are taken: for whoever watches. */
uint32_t iw_stack_connections(const struct iw_stack *stack);
uint32_t iw_stack_ports_taken(const struct iw_stack *stack);

nsec_t iw_stack_deadline(const struct iw_stack *stack);
void iw_stack_expire(struct iw_stack *stack, nsec_t now);

/*
 * Port numbers of the device's address.
 */

/* Takes `port`, or a free dynamic one for 0.  The port or -EADDRINUSE. */
int iw_port_take(struct iw_stack *stack, uint16_t port);
void iw_port_put(struct iw_stack *stack, uint16_t port);

/* Are there queue pairs by number?  Not if config.qpn_port is 0, or another's:
 * then ibv_modify_qp(3) refuses them. */
bool iw_stack_by_number(const struct iw_stack *stack);

/*
 * The connection manager.
 */
enum { IW_PRIVATE_DATA_MAX = 512 }; /* RFC 5044 section 7.1.1 */

enum iw_event_kind {
	/* A peer wants to connect: answer with iw_accept or iw_reject, or
	 * iw_release. */
	IW_CONNECT_REQUEST,
	/* The stream is up, the queue pair in RTS.  Both sides. */
	IW_CONNECTED,
	IW_REJECTED,	   /* by the peer, with private data */
	IW_CONNECT_FAILED, /* `error` says why */
	/* The queue pair has left RTS, for whatever reason. */
	IW_DISCONNECTED,
};

struct iw_event {
	enum iw_event_kind kind;
	struct iw_ep *ep;
	void *user; /* of the endpoint; CONNECT_REQUEST: of the listener */
	struct flow_key key;
	/*
	 * CONNECT_FAILED: -ECONNREFUSED, -ETIMEDOUT, -ECONNRESET, -EPROTO (MPA
	 * not understood).  DISCONNECTED: 0 for a graceful end.
	 */
	int error;
	/*
	 * CONNECT_REQUEST: what the peer offers, seen from here: `ird` reads
	 * it may send us (its ORD), `ord` reads we may send it (its IRD).
	 * CONNECTED: what was agreed.
	 */
	uint16_t ird;
	uint16_t ord;
	uint16_t private_data_len;
	uint8_t private_data[IW_PRIVATE_DATA_MAX];
};

/* False: nothing more. */
bool iw_stack_event(struct iw_stack *stack, struct iw_event *event);

/* The private data is only read during the call. */
struct iw_params {
	uint16_t ird; /* RDMA READs we are ready to answer at a time */
	uint16_t ord; /* RDMA READs we want to have outstanding */
	const void *private_data;
	uint16_t private_data_len;
};

/*
 * `addr`: FLOW_ADDR_LEN bytes; a wildcard is any of its family, NULL any of
 * both.  -EADDRINUSE: somebody listens there already;
 * -ENOMEM.  The port is taken and put by the caller (iw_port_take).
 */
int iw_listen(struct iw_stack *stack, const uint8_t *addr, uint16_t port,
	      uint32_t backlog, void *user, struct iw_listener **listener);

/* Requests that nobody has answered yet, or seen, are aborted: endpoints that
 * IW_CONNECT_REQUEST named stay valid until iw_release().  NULL is fine. */
void iw_unlisten(struct iw_listener *listener, nsec_t now);

/*
 * `qp` is in INIT or RTR and has no connection (-EINVAL); it goes to RTS when
 * the peer accepts.  -EADDRINUSE: there is such a connection.
 */
int iw_connect(struct iw_stack *stack, const struct flow_key *key,
	       struct rdma_qp *qp, const struct iw_params *params, void *user,
	       nsec_t now, struct iw_ep **ep);

/* -ECONNRESET: the peer has gone away meanwhile; release the endpoint.
 * -ENOBUFS: nothing has happened, try again later.  -EINVAL: the queue pair is
 * not in INIT or RTR, or too much private data. */
int iw_accept(struct iw_ep *ep, struct rdma_qp *qp,
	      const struct iw_params *params, nsec_t now);
int iw_reject(struct iw_ep *ep, const void *private_data, uint16_t len,
	      nsec_t now);

/*
 * Ends the connection; the queue pair goes to ERR and its work requests flush.
 * Graceful: what TCP has taken still goes out, then FIN.  Abrupt: RST.
 * IW_DISCONNECTED follows.
 */
void iw_disconnect(struct iw_ep *ep, bool abrupt, nsec_t now);

/* The caller will not name the endpoint again and gets no more events of it;
 * an unanswered request is rejected, a connection that is not closed yet is
 * ended first.  NULL is fine. */
void iw_release(struct iw_ep *ep, nsec_t now);

/* What events of the endpoint carry; NULL until set. */
void iw_ep_set_user(struct iw_ep *ep, void *user);
const struct flow_key *iw_ep_key(const struct iw_ep *ep);
struct rdma_qp *iw_ep_qp(const struct iw_ep *ep); /* NULL: none any more */

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The insides of the iWARP stack, for librdma's own files. */
#ifndef URDMA_RDMA_IW_STACK_PRIV_H
#define URDMA_RDMA_IW_STACK_PRIV_H

#include "base/list.h"
#include "rdma/iw_bynum.h"
#include "rdma/iw_gap.h"
#include "rdma/iw_stack.h"
#include "rdma/iw_stream.h"
#include "base/timerq.h"
#include "tcp/config.h"
#include "tcp/isn.h"
#include "tcp/listen.h"
#include "tcp/segment.h"

struct rdma_dev;

/* RSTs that wait for output; more than these are not sent. */
enum { IW_RESETS = 64 };

struct iw_reset {
	struct flow_key key;
	struct tcp_segment segment;
};

struct iw_listener {
	struct list link; /* of the stack's */
	struct iw_stack *stack;
	void *user;
	uint8_t addr[FLOW_ADDR_LEN];
	bool both; /* families; the address does not matter */
	uint16_t port;
	uint32_t backlog; /* most unanswered requests */
	uint32_t asking_count;
	struct list asking; /* struct iw_ep, the oldest first */
	struct list *queue; /* where its endpoints' events go */
	bool evicts;	    /* the oldest gives way when it is full */
	struct tcp_listener tcp;
};

struct iw_stack {
	struct rdma_dev *dev;
	struct tcp_config tcp;	/* over IPv4 */
	struct tcp_config tcp6; /* over IPv6, whose headers take more */
	struct tcp_secret secret;
	struct iw_stream **buckets; /* the flow table */
	uint32_t bucket_mask;
	uint32_t stream_count;
	struct timerq timers;
	struct list ready;
	struct list events; /* struct iw_ep, of the connection manager's */
	struct iw_bynum bynum;
	struct list doomed;
	struct list listeners;
	struct iw_reset resets[IW_RESETS];
	uint32_t reset_head;
	uint32_t reset_count;
	struct iw_gap gap;
	bool listens_anew; /* what the gap kept may have a listener now */
	uint64_t ports[65536 / 64]; /* taken */
	/* Connections of each local port, those in TIME-WAIT included. */
	uint32_t port_streams[65536];
};

struct iw_stack *iw_stack_create(struct rdma_dev *dev);
void iw_stack_destroy(struct iw_stack *stack); /* NULL is fine */

/* The flow table.  -EADDRINUSE, -ENOMEM. */
int iw_stack_add(struct iw_stack *stack, struct iw_stream *stream);
void iw_stack_remove(struct iw_stack *stack, struct iw_stream *stream);

/* What tcp_connect() and tcp_accept() want to know. */
void iw_stack_open(const struct iw_stack *stack, const struct iw_stream *stream,
		   struct tcp_open *open, nsec_t now);

/* As iw_connect(), for a queue pair whose peer is named by number. */
int iw_connect_named(struct iw_stack *stack, const struct flow_key *key,
		     struct rdma_qp *qp, const struct iw_params *params,
		     void *user, nsec_t now, struct iw_ep **ep);
/* As iw_stack_event(), of any endpoints' queue. */
bool iw_take_event(struct list *queue, struct iw_event *event);

/* After every change: the timer is set, output gets its turn, and what is over
 * is freed soon. */
void iw_stack_settle(struct iw_stack *stack, struct iw_stream *stream);

#endif

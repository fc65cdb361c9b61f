/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * iWARP queue pairs by number: programs tell each other GIDs and QP numbers
 * and call ibv_modify_qp, no connection manager.  iWARP needs a connection all
 * the same, so from RTR on the two daemons make one beneath: MPA revision 2 to
 * one TCP port (config.qpn_port), iw_hello.h in its private data.
 *
 * Whose (GID, QP number) is the lower connects; the other answers when its
 * program has named the first, and until then lets it wait.  A refused attempt
 * is made again.  The queue pair's state stays the program's: work posted in
 * RTS before there is a connection waits, for the timeout and retries that
 * ibv_modify_qp set but at least IW_PATIENCE; then the queue pair fails as on
 * InfiniBand (IBV_EVENT_QP_FATAL, IBV_WC_RETRY_EXC_ERR).  Without such work it
 * waits for ever: also on InfiniBand nothing is sent then.
 *
 * When the peer's queue pair ends in peace, this one goes to ERR only after
 * IW_LINGER.  On InfiniBand it would hear of it when its own work has timed
 * out, and so programs end without a word to each other: one that reads the
 * last completion it wants must not find failed ones beside it.
 */
#ifndef URDMA_RDMA_IW_BYNUM_H
#define URDMA_RDMA_IW_BYNUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/timerq.h"

struct iw_ep;
struct iw_listener;
struct iw_stack;
struct rdma_qp;
struct urdma_qp_attr;

/* A lost SYN goes out again after 1 s, and after 3 s (RFC 6298 section 2). */
#define IW_PATIENCE (4 * NSEC_PER_SEC)

#define IW_LINGER NSEC_PER_SEC

/* Requests of peers that nobody has named yet; the oldest gives way. */
enum { IW_BYNUM_BACKLOG = 1024 };

/* Part of a stack. */
struct iw_bynum {
	struct iw_listener *listener; /* NULL: config.qpn_port is 0 */
	struct list events;	      /* struct iw_ep */
	struct timerq timers;	      /* struct iw_named */
};

/* Part of a queue pair. */
struct iw_named {
	struct timer timer; /* of try_at and fail_at, the earlier */
	struct rdma_qp *qp;
	struct iw_ep *ep; /* of the attempt, or of the connection */
	bool started;	  /* RTR was entered, with a peer's name */
	bool left;	  /* by its peer: lingers */
	bool has_hello;
	uint32_t peer_psn; /* has_hello: what it expects of us */
	nsec_t try_at;	   /* NSEC_NEVER: not ours to try, or trying */
	nsec_t pause;	   /* before the try after the next */
	nsec_t fail_at;	   /* NSEC_NEVER: nothing waits */
};

/* -ENOMEM.  Without the port there are no queue pairs by number. */
int iw_bynum_open(struct iw_stack *stack);
void iw_bynum_close(struct iw_stack *stack);

/* Takes what happened to the connections: before output. */
void iw_bynum_work(struct iw_stack *stack, nsec_t now);
nsec_t iw_bynum_deadline(const struct iw_stack *stack);
void iw_bynum_expire(struct iw_stack *stack, nsec_t now);

/*
 * What a queue pair does (transport.h).
 */
int iw_bynum_attach(struct rdma_qp *qp); /* -ENOMEM */
void iw_bynum_detach(struct rdma_qp *qp, nsec_t now);
int iw_bynum_check(const struct rdma_qp *qp, const struct urdma_qp_attr *attr);
void iw_bynum_run(struct rdma_qp *qp, nsec_t now);
void iw_bynum_wake(struct rdma_qp *qp, nsec_t now);
/* What it sent still arrives: its peer's completions depend on that. */
void iw_bynum_stop(struct rdma_qp *qp, nsec_t now);

#endif

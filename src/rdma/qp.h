/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A queue pair: two queues, the CQs they complete into, a state, and its part
 * in the transport that carries it (transport.h): a stream while it is
 * connected, or what RoCE keeps of it.
 *
 * What programs may do with it is rdma_dev.h; this is for the transports.
 */
#ifndef URDMA_RDMA_QP_H
#define URDMA_RDMA_QP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "rdma/async.h"
#include "rdma/bell.h"
#include "rdma/cq.h"
#include "rdma/rdma_dev.h"
#include "rdma/rq.h"
#include "rdma/sq.h"

struct iw_stream;
struct rv_qp;

struct rdma_qp {
	struct bell bell;
	struct async_source async; /* ctx, user_handle */
	struct cq_use send_use;
	struct cq_use recv_use;
	struct sq sq;
	struct rq rq;
	struct rdma_srq *srq; /* NULL: rq is its own */
	struct list srq_link; /* of those that wait for a RECV of it */
	bool has_shared;      /* shared_wr_id was taken from srq */
	uint64_t shared_wr_id;
	struct list windows;	   /* struct mw of type 2 that it has bound */
	struct sge_view view;	   /* what its SGEs are checked with */
	struct sge_view recv_view; /* likewise, of RECVs */
	struct iw_stream *stream;  /* iWARP; NULL: not connected */
	struct iw_named *bynum;	   /* iWARP, iw_bynum.h */
	struct rv_qp *rv;	   /* RoCE; NULL: iWARP */
	struct rdma_pd *pd;
	struct rdma_qp_caps caps;
	struct urdma_qp_attr attr; /* as the program set it; qp_state is not */
	uint32_t handle;
	uint32_t num;
	uint32_t doorbell;
	uint8_t state;	/* enum qp_state */
	uint8_t type;	/* enum qp_type */
	bool named;	/* attr says by number who its peer is */
	uint64_t sends; /* work requests completed so far */
	uint64_t recvs;
};

/* A RECV's part of a completion. */
struct recv_done {
	uint64_t wr_id;
	uint32_t status; /* enum wc_status */
	uint32_t opcode; /* enum wc_opcode */
	uint32_t byte_len;
	uint32_t imm;	 /* immediate, network order, or the invalidated key */
	uint32_t flags;	 /* enum wc_flags */
	uint32_t src_qp; /* of datagrams */
	uint16_t slid;	 /* of datagrams */
	uint8_t sl;	 /* of datagrams */
	bool solicited;
};

/*
 * Changes the state.  ERR: everything in the queues flushes, now and when it
 * is posted later.  SQE: likewise, what is to be sent.  RESET: everything in
 * them is forgotten.
 */
void qp_enter(struct rdma_qp *qp, enum qp_state state);

/* To ERR because of the first work request that is not done, which says why. */
void qp_fail(struct rdma_qp *qp, enum wc_status status);

/* Completes the first work request in progress. */
void qp_complete_send(struct rdma_qp *qp, enum wc_status status,
		      uint32_t byte_len);

/* Work requests have completed: tells the program that waits in SQD for the
 * last. */
void qp_drained(struct rdma_qp *qp);

/* Completes the first RECV. */
void qp_complete_recv(struct rdma_qp *qp, const struct recv_done *done);

/* The RECV for the message that begins.  False: there is none, and there will
 * be a wake-up when one is posted. */
bool qp_take_recv(struct rdma_qp *qp, struct recv_wr *wr);

/* The doorbell of a queue pair was rung. */
void qp_service(struct bell *bell, nsec_t now);

/* Frees it; the transport knows it no longer. */
void qp_free(struct rdma_qp *qp);

#endif

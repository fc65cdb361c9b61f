/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections on RoCE (rv_qp.h): a queue pair's work requests and memory
 * around a requester and a responder of roce/, which know neither.  Reliable
 * ones, and unreliable ones (UC, IBA volume 1 section 9.8), which differ in
 * what follows from that:
 *  - a work request is done when its last packet goes;
 *  - one that fails is the send queue's error only: state SQE;
 *  - a request that cannot be carried out is dropped, and a RECV that was
 *    taken for it waits for the next.
 */
#ifndef URDMA_RDMA_RV_RC_H
#define URDMA_RDMA_RV_RC_H

#include "rdma/rq.h"
#include "rdma/rv_qp.h"
#include "rdma/sq.h"
#include "roce/dcqcn.h"
#include "roce/early.h"
#include "roce/req.h"
#include "roce/resp.h"

struct roce_kept;

/* A packet that is ready to go but for its payload, which the memory does not
 * give at once; nothing else goes meanwhile. */
struct rv_held {
	bool busy;
	bool response;
	struct roce_packet pkt;
	struct roce_gather from;   /* of a request */
	struct roce_source source; /* of a response */
	uint8_t *payload;	   /* NULL: none, it was never needed */
	struct place_wait wait;
};

struct rv_rc {
	struct rv_qp rv;
	struct roce_req req;
	struct roce_resp resp;
	bool requesting;  /* req is set up: it was in RTS */
	bool established; /* the program was told that the peer is there */
	/* Sending. */
	bool has_wr;  /* wr was taken and has not begun */
	bool stopped; /* a work request has failed: no more are taken */
	bool has_at;  /* at is a copy of the one whose packet came last */
	struct send_wr wr;
	struct send_wr at;
	struct rv_held held;
	struct dcqcn rate;
	bool paced;    /* there may be more to send, at the rate's deadline */
	bool cnp_due;  /* the peer shall know that its packets were marked */
	nsec_t cnp_at; /* of the last one */
	uint64_t congestion[RV_CONGESTION_COUNT];
	/* Receiving. */
	bool stalled;  /* the packet must wait for its memory */
	bool placing;  /* it is an answer, and goes where `to` says */
	bool has_sink; /* sink is where the answer of sink_pos goes */
	bool has_recv; /* recv is of the message under way or about to begin */
	int fault;     /* event (enum async_event) when resp is over; or -1 */
	uint32_t sink_pos;
	struct roce_scatter to;
	struct sge_list sink;
	struct recv_wr recv;
	struct place_wait wait;
	/* Packets behind one that waits, itself first. */
	struct roce_kept *kept;
	struct roce_kept *kept_last;
	uint32_t kept_count;
	struct roce_early early; /* requests that one is missing before */
};

/* Frees what is kept and held, and what was begun in program memory. */
void rv_rc_forget_rx(struct rv_rc *rc);
void rv_rc_forget_tx(struct rv_rc *rc);

/* The answer of the memory is there. */
void rv_rc_resume_rx(struct place_wait *wait, nsec_t now);
void rv_rc_resume_tx(struct place_wait *wait, nsec_t now);

static inline struct rv_rc *rv_rc_of(struct rv_qp *rv)
{
	return (struct rv_rc *)rv;
}

static inline bool rv_rc_is_uc(const struct rv_rc *rc)
{
	return rc->rv.service->bth == ROCE_UC;
}

/* Of enum RV_MARKED ... */
void rv_rc_count(struct rv_rc *rc, unsigned int what);

/* Of rv_service; tx. */
void rv_rc_start_sending(struct rv_qp *rv, nsec_t now);
bool rv_rc_output(struct rv_qp *rv, struct rv_frame *frame, nsec_t now);

/* Of rv_service; rx. */
enum roce_verdict rv_rc_input(struct rv_qp *rv,
			      const struct rv_arrival *arrival, nsec_t now);

/* Completes what has ended, in the order of the queue; after one that has
 * failed the queue pair is in ERR, or SQE if UC. */
void rv_rc_complete(struct rv_rc *rc, nsec_t now);

/* The work request in progress ends with an error when those before it have
 * ended. */
void rv_rc_fail_wr(struct rv_rc *rc, uint32_t pos, enum wc_status status);

#endif

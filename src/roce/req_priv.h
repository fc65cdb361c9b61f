/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the requester share: req.c, req_rx.c, req_tx.c. */
#ifndef URDMA_ROCE_REQ_PRIV_H
#define URDMA_ROCE_REQ_PRIV_H

#include "base/serial.h"
#include "roce/req.h"

static inline struct roce_msg *roce_req_msg(const struct roce_req *req,
					    uint32_t i)
{
	return &req->msgs[i & (req->slots - 1)];
}

/* Answered by data, not by an acknowledgement. */
static inline bool roce_msg_asks(const struct roce_msg *msg)
{
	return msg->wr.kind == ROCE_KIND_READ ||
	       msg->wr.kind == ROCE_KIND_ATOMIC;
}

static inline bool roce_msg_takes_recv(const struct roce_msg *msg)
{
	return msg->wr.kind == ROCE_KIND_SEND || msg->wr.with_imm;
}

static inline bool roce_req_is_early(const struct roce_req *req, uint32_t psn)
{
	uint32_t i = psn % ROCE_REQ_EARLY;

	return req->early[i / 64] >> i % 64 & 1;
}

static inline bool roce_req_in_flight(const struct roce_req *req)
{
	return req->una != req->sent;
}

/* An answer is due: it was asked for. */
static inline bool roce_req_asked(const struct roce_req *req)
{
	return psn_le(req->una, req->asked);
}

/* The packet that goes wants one. */
void roce_req_ask(struct roce_req *req, uint32_t psn, nsec_t now);

/* How long something in flight may be silent: see req.c. */
nsec_t roce_req_patience(const struct roce_req *req);

/* Something is in flight that was not: time runs. */
void roce_req_start_timers(struct roce_req *req, nsec_t now);
void roce_req_stop_timers(struct roce_req *req);

/*
 * Sends again: everything from una on; so many packets from there, and then
 * what was next; the next packet only, until an answer comes.
 */
void roce_req_go_back(struct roce_req *req);
void roce_req_mend(struct roce_req *req, uint32_t packets);
void roce_req_send_one(struct roce_req *req);
/* una may be beyond what was to be sent again. */
void roce_req_rewind(struct roce_req *req);

/* The peer takes less than it was given. */
void roce_req_shrink(struct roce_req *req);

/* The peer has told of a gap. */
void roce_req_tells(struct roce_req *req);

/* What came before `end` has reached the peer: if that is news of the packet
 * that is being timed, the round trip is known. */
void roce_req_sample(struct roce_req *req, uint32_t end, nsec_t now);

/* The message that has this number, or the tail. */
uint32_t roce_req_find(const struct roce_req *req, uint32_t psn);

/* The oldest message ends with that, and all others with it. */
void roce_req_fail(struct roce_req *req, enum roce_status status);

/* Pieces of a READ that there is room for now. */
void roce_req_refill(struct roce_req *req);

/* The oldest so many packets, all of message `first`, are answered. */
void roce_req_advance(struct roce_req *req, uint32_t packets);

#endif

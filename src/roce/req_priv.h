/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the requester share: req.c, req_tx.c. */
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

static inline bool roce_req_in_flight(const struct roce_req *req)
{
	return req->una != req->sent;
}

/* Something is in flight that was not: time runs. */
void roce_req_start_timers(struct roce_req *req, nsec_t now);
void roce_req_stop_timers(struct roce_req *req);

/* The oldest so many packets, all of message `first`, are answered. */
void roce_req_advance(struct roce_req *req, uint32_t packets);

#endif

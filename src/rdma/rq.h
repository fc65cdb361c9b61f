/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A receive queue, urdmad's side.  A RECV stays in the ring until it is
 * completed; its SGEs are copied out when a message begins, looked up and
 * checked when bytes are placed.
 */
#ifndef URDMA_RDMA_RQ_H
#define URDMA_RDMA_RQ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ring.h"
#include "rdma/sge.h"

struct rq {
	struct ring ring;
	uint32_t max_sge;
	bool waiting; /* the doorbell was asked for */
};

/* A RECV, copied out of the ring. */
struct recv_wr {
	uint64_t wr_id;
	bool bad; /* more SGEs than the queue has, or 4 GiB of buffer */
	struct sge_list sges;
};

/* False: the queue is empty, and the program will ring when it no longer is. */
bool rq_peek(struct rq *rq, struct recv_wr *wr);

/* Entries in the queue; with none the doorbell is asked for. */
uint32_t rq_ready(struct rq *rq);

/* Goes on in another ring, empty and of so many slots, with the entries that
 * wait.  Nobody posts meanwhile.  -EINVAL: there are more of them. */
int rq_move(struct rq *rq, struct urdma_ring *shared, uint32_t slots);

/* The first entry is completed.  Before the completion is pushed: who polls
 * it finds the room. */
static inline void rq_pop(struct rq *rq)
{
	ring_consume(&rq->ring, 1);
}

#endif

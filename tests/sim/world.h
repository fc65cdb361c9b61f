/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two hosts and the link between them, all in virtual time: each host is a
 * real device with real TCP and iWARP, a program's memory, and the program's
 * side of the shared queues.
 */
#ifndef URDMA_TESTS_SIM_WORLD_H
#define URDMA_TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "rdma/iw_stack.h"
#include "rdma/rdma_dev.h"
#include "sim/link.h"
#include "sim/memory.h"

enum {
	WORLD_EVENTS = 16,
	WORLD_BUF_ROOM = 9216,
	WORLD_PORT = 7471,
};

/* Bufs from the heap, counted; some requests fail if so wished. */
struct world_pool {
	struct buf_pool pool;
	struct rng rng;
	uint32_t failures; /* of a million */
	int out;	   /* bufs that somebody holds */
};

struct world_cq {
	uint32_t handle;
	struct urdma_ring *ring;
	uint32_t slots;
	uint32_t head;
};

struct world_qp {
	uint32_t handle;
	struct rdma_qp *qp;
	struct rdma_qp_caps caps;
	struct urdma_ring *sq;
	struct urdma_ring *rq;
	uint32_t sq_tail;
	uint32_t rq_tail;
};

struct host {
	struct world *world;
	uint8_t addr[FLOW_ADDR_LEN];
	struct rng rng;
	struct world_pool pool;
	struct rdma_dev *dev;
	struct rdma_ctx *ctx;
	struct urdma_doorbell doorbell;
	struct world_memory memory;
	uint32_t pd;
	uint32_t mr;
	uint32_t key; /* of a region that is all of memory, all rights */
	struct world_cq cq;
	uint32_t srq; /* 0: none; else it is the rq of qp */
	struct world_qp qp;
	struct iw_ep *ep;
	struct iw_listener *listener;
	/* what was told, in order */
	struct iw_event events[WORLD_EVENTS];
	int event_count;
	struct rdma_event told[WORLD_EVENTS];
	int told_count;
};

struct world_options {
	uint64_t seed;
	uint16_t mtu;
	uint8_t revision[2]; /* of MPA */
	bool crc[2];
	uint16_t ird[2];
	uint16_t ord[2];
	nsec_t delay;
	nsec_t jitter;
	uint32_t loss; /* of a million */
	uint32_t doubled;
	uint32_t pool_failures;
	uint32_t slow_memory;
	uint64_t memory; /* bytes */
	uint32_t max_wr;
	uint32_t cqe;
	bool srq; /* receives go through a shared queue */
};

struct raw;

struct world {
	struct world_options options;
	nsec_t now;
	struct raw *raw; /* takes host 1's place (raw.h), or NULL */
	struct link link;
	struct host host[2];
};

/* A quiet, loss-free world. */
struct world_options world_defaults(uint64_t seed);

void world_create(struct world *world, const struct world_options *options);
/* Contexts, devices, then the counts: bufs that were leaked. */
int world_destroy(struct world *world);

/* A pass of both workers at the same instant; then time goes on to whatever
 * comes next, but not beyond `until`.  False: nothing will ever come. */
bool world_step(struct world *world, nsec_t until);
/* Steps until so much time has passed. */
void world_pass(struct world *world, nsec_t span);

/* Host n's part of making a connection. */
int world_listen(struct world *world, int n);
int world_call(struct world *world, int n);
struct iw_params world_params(const struct world *world, int n);

/* Host 1 listens, host 0 connects; false if that failed. */
bool world_connect(struct world *world);

/* The last event of that kind, or NULL. */
const struct iw_event *world_event(const struct host *host,
				   enum iw_event_kind kind);
bool world_was_told(const struct host *host, uint32_t async_type);

/* Another queue pair in a host's context; frees nothing of the first. */
void world_make_qp(struct host *host, struct world_qp *qp);

/* What a provider does.  False: the queue is full. */
bool world_post_send(struct host *host, const struct urdma_sqe *sqe,
		     const void *behind, uint32_t bytes);
bool world_post_recv(struct host *host, uint64_t wr_id,
		     const struct urdma_sge *sges, uint32_t count);
bool world_poll(struct host *host, struct urdma_cqe *cqe);

static inline uint8_t *world_bytes(struct host *host, uint64_t addr)
{
	return host->memory.bytes + (addr - host->memory.base);
}

#endif

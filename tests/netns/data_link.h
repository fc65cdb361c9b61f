/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One connection of the data test: this side's half of two plans, as the
 * initiator of one and the responder of the other.  What goes wrong ends the
 * program.
 */
#ifndef URDMA_TESTS_DATA_LINK_H
#define URDMA_TESTS_DATA_LINK_H

#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>
#include <stdbool.h>
#include <stdint.h>

#include "netns/data_plan.h"

enum {
	DATA_SQ_DEPTH = 24,
	DATA_RQ_DEPTH = PLAN_OPS,
	DATA_CQ_DEPTH = 2 * (DATA_SQ_DEPTH + DATA_RQ_DEPTH),
	DATA_INLINE = 200,
};

struct data_options {
	uint64_t seed;
	uint64_t operations; /* of each initiator */
	uint32_t connections;
	uint32_t max_len;
	uint32_t pieces;      /* of a request, both ends alike */
	uint32_t read_pieces; /* of the sink of a READ */
	bool events;	     /* wait for completion events instead of polling */
	const char *address; /* NULL: the server */
};

extern struct data_options options;

/* A peer's region: where it is, and its two keys. */
struct away {
	uint64_t addr;
	uint32_t key[2];
};

struct region_memory {
	uint8_t *at;
	struct ibv_mr *mr[2];
};

/* What is posted, and of the signaled what must complete next. */
struct progress {
	uint32_t posted;
	uint32_t completed;
};

struct data_link {
	uint32_t index;
	struct rdma_cm_id *id;
	struct ibv_cq *send_cq; /* may be the same */
	struct ibv_cq *recv_cq;
	struct region_memory region[REGIONS];
	struct away target;
	struct away fixed;
	struct plan *mine;   /* as initiator */
	struct plan *theirs; /* as responder */
	struct progress send;
	struct progress recv;
	uint32_t my_round;
	uint32_t their_round;
	uint64_t operations;
	bool greeted;
	bool heard;    /* all of their round */
	bool verified; /* my round, by the peer */
	bool done;     /* all my rounds */
};

/* Regions with two keys each, and the first rounds, for a queue pair that is
 * not connected yet. */
void data_link_begin(struct data_link *l, struct ibv_pd *pd, bool is_client);
void data_link_end(struct data_link *l);

/* How the peer reaches this side's region. */
struct away data_link_describe(const struct data_link *l, enum region region);

/* Posts what there is room for; how much that was. */
int data_link_post(struct data_link *l);

void data_link_completed(struct data_link *l, const struct ibv_wc *wc);

/* My round is over on both sides: verifies it and begins the next. */
bool data_link_next_round(struct data_link *l);

/* Their round has come wholly: verifies it and begins the next. */
bool data_link_heard_round(struct data_link *l);

extern uint64_t data_bytes_verified;

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One connection of the data test: this side's half of two plans, as the
 * initiator of one and the responder of the other.  Round by round: a round is
 * over when the responder has verified it.  What goes wrong ends the program.
 */
#ifndef URDMA_TESTS_DATA_LINK_H
#define URDMA_TESTS_DATA_LINK_H

#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "netns/data_join.h"
#include "netns/data_options.h"
#include "netns/data_plan.h"

enum {
	DATA_CONNECTIONS_MAX = 32,
	DATA_SQ_DEPTH = 24,
	DATA_RQ_DEPTH = 160, /* datagrams come twice, too */
	DATA_CQ_DEPTH = 2 * (DATA_SQ_DEPTH + DATA_RQ_DEPTH),
	DATA_INLINE = 200,
	/* What a port takes in while nobody looks: where nothing is resent all
	 * that is under way at once must fit. */
	DATA_PACKETS = 800,
};

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

struct data_service;
struct datagrams;

struct data_link {
	uint32_t index;
	const struct data_service *as;
	struct rdma_cm_id *id; /* or, by number: */
	struct data_join join;
	struct ibv_qp *qp;
	struct ibv_cq *send_cq; /* may be the same */
	struct ibv_cq *recv_cq;
	struct region_memory region[REGIONS];
	struct away target;
	struct away fixed;
	struct plan *mine;	     /* as initiator */
	struct plan *theirs;	     /* as responder */
	struct datagrams *datagrams; /* instead of all these */
	struct progress send;
	struct progress recv;
	uint32_t my_round;
	uint32_t their_round;
	uint64_t operations;
	bool owes_ready; /* it is joined, and the peer does not know */
	bool greeted;	 /* the peer can take what is sent */
	bool heard;	 /* all of their round */
	bool verified;	 /* my round, by the peer */
	bool done;	 /* all my rounds */
};

/* What the connections of a service do. */
struct data_service {
	/* For a queue pair that takes RECVs, and is not connected yet. */
	void (*begin)(struct data_link *l, struct ibv_pd *pd, bool is_client);
	void (*end)(struct data_link *l);
	/* Posts what there is room for; how much that was. */
	int (*post)(struct data_link *l);
	void (*completed)(struct data_link *l, const struct ibv_wc *wc);
	/* My round is over on both sides: verifies it, begins the next. */
	bool (*next_round)(struct data_link *l);
	/* Their round has come wholly: verifies it, begins the next. */
	bool (*heard_round)(struct data_link *l);
	/* All of my round is sent, and the peer is to be told; or NULL. */
	bool (*sent_round)(struct data_link *l);
	/* The peer has told so. */
	void (*peer_sent)(struct data_link *l);
};

extern const struct data_service data_streams;	 /* RC, UC */
extern const struct data_service data_datagrams; /* UD */

/* How the peer reaches this side's region; of streams. */
struct away data_link_describe(const struct data_link *l, enum region region);

/* `what` went wrong at link `l`. */
noreturn void data_wrong(const struct data_link *l, const char *what,
			 uint64_t is, uint64_t expected);

void data_same(const struct data_link *l, const char *what, uint64_t is,
	       uint64_t expected);

extern uint64_t data_bytes_verified;

/* What became of datagrams; ends with a newline. */
void data_datagrams_report(void);

#endif

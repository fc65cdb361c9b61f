/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What verbs promise, claim by claim.  A case is a function that returns if
 * its claim holds and else ends its process; each runs in a process of its own
 * that has not used verbs yet.
 *
 * Most cases work on a pair: both ends of one connection, in one program, over
 * the host's own address.
 */
#ifndef URDMA_TESTS_SEMANTICS_H
#define URDMA_TESTS_SEMANTICS_H

#include <stdbool.h>
#include <stdint.h>

#include "netns/verbs_peer.h"

struct semantics_case {
	const char *claim;
	void (*run)(void);
};

/* Each ends with a zero. */
extern const struct semantics_case access_cases[];
extern const struct semantics_case queue_cases[];
extern const struct semantics_case life_cases[];
extern const struct semantics_case memory_cases[];
extern const struct semantics_case extended_cases[];
extern const struct semantics_case window_cases[];
extern const struct semantics_case resize_cases[];
extern const struct semantics_case rereg_cases[];
extern const struct semantics_case rare_cases[];

/* The host's own address, and the program that is to be executed setuid. */
extern const char *own_address;
extern const char *setuid_program;

enum {
	END_BYTES = 1 << 16,
	ALL_RIGHTS = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |
		     IBV_ACCESS_REMOTE_READ,
	DEPTH = 16,
};

struct end {
	struct rdma_cm_id *id;
	struct ibv_pd *pd;
	struct ibv_qp *qp;
	struct ibv_cq *cq;
	struct ibv_srq *srq; /* NULL: none */
	struct ibv_comp_channel *channel;
	struct ibv_mr *mr; /* of bytes */
	uint8_t *bytes;	   /* END_BYTES */
	uint32_t max_inline;
};

struct pair {
	struct end a; /* connected */
	struct end b; /* accepted */
};

/* Connected, with memory of ALL_RIGHTS: a's bytes are 'a', b's are 'b'. */
void pair_open(struct pair *pair);
/* The same with so many entries in b's CQ. */
void pair_open_cq(struct pair *pair, int b_cqe);
/* The same, b with a shared receive queue of DEPTH. */
void pair_open_srq(struct pair *pair);
/* The same by ibv_create_cq_ex, with all fields that there are, and queue
 * pairs for ibv_wr_start(). */
void pair_open_extended(struct pair *pair);
/* The ends' queue pairs and whatever they use, nothing left over. */
void pair_close(struct pair *pair);

void end_open(struct end *end, struct rdma_cm_id *id, uint8_t fill, int cqe);
void end_free_memory(struct end *end);

/* A request on the whole of `bytes` or a part; wr_id as given. */
struct ask {
	uint64_t wr_id;
	enum ibv_wr_opcode opcode;
	uint32_t len;
	uint32_t off;	    /* local, in bytes */
	uint32_t lkey;	    /* 0: of mr */
	uint64_t remote;    /* 0: the other end's bytes */
	uint32_t rkey;	    /* 0: of the other end's mr */
	unsigned int flags; /* beside SIGNALED */
	bool no_sge;
};

/* What ibv_post_send returns. */
int try_send(struct end *from, const struct end *to, const struct ask *ask);
int try_recv(struct end *at, uint64_t wr_id, uint32_t off, uint32_t len);
void do_send(struct end *from, const struct end *to, struct ask ask);
void do_recv(struct end *at, uint64_t wr_id, uint32_t off, uint32_t len);

/* The next completion; there is one within the deadline. */
struct ibv_wc next_wc(struct ibv_cq *cq);
/* It is this one. */
void expect_wc(struct ibv_cq *cq, uint64_t wr_id, enum ibv_wc_status status);
void expect_no_wc(struct ibv_cq *cq);

/* The next asynchronous event that is of this type, others are passed over. */
void expect_async(struct ibv_context *context, enum ibv_event_type type);

/* urdmad has done all that was asked of it before. */
void settle(struct end *end);

/* The other end's memory has all that this one sent: a READ is answered after
 * it, a WRITE completes when the peer's TCP has it. */
void all_arrived(struct end *from, const struct end *to);

bool all_are(const uint8_t *bytes, uint64_t len, uint8_t value);
/* Now or soon: a WRITE completes when the peer has it, which may be before it
 * is in memory that is not mapped (RFC 5040 section 5.4 promises even less). */
void expect_bytes(const uint8_t *bytes, uint64_t len, uint8_t value,
		  const char *what);
void expect_number(const char *what, int64_t is, int64_t expected);

/* The completion event of this end is there, and is taken. */
void take_cq_event(struct end *end);

/* `fd` becomes readable within the deadline. */
void await_fd(int fd, const char *what);
bool is_readable(int fd);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The libibverbs provider of urdma: the part of the card's driver that runs in
 * the program.  It knows nothing but the uverbs contract (ibv_cmd_*, mmap and
 * write on the command file) and the shared queues of urdma/queue.h, and so
 * cannot tell the kernel module from the preload library.
 *
 * Locks: a CQ's, then that of its arming or the context's list of QPs, then a
 * work queue's.
 */
#ifndef URDMA_PROVIDER_PROVIDER_H
#define URDMA_PROVIDER_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <infiniband/verbs.h>

#include "base/list.h"
#include "base/ring.h"
#include "provider/arena.h"
#include "provider/lock.h"
#include "provider/mr.h"
#include "provider/pabi34.h"
#include "urdma/uverbs_abi.h"

#define container_of(ptr, type, member)                                        \
	((type *)((char *)(ptr)-offsetof(type, member)))

struct context {
	struct verbs_context verbs;
	struct arenas arenas;
	struct arena *doorbell_arena;
	struct urdma_doorbell *doorbell;
	struct mr_table mrs;
	struct lock qps_lock;
	struct list qps; /* all of this context */
	bool dead;	 /* urdmad is gone; atomic, never false again */
};

/* A queue in shared memory, and the mapping it lies in. */
struct queue {
	struct lock lock;
	struct ring ring;
	struct arena *arena; /* NULL: there is no queue */
	struct urdma_queue_place place;
	uint32_t max_sge;
};

struct cq {
	union {
		struct ibv_cq ibv;
		struct ibv_cq_ex ex;
		unsigned char room[PABI_CQ_ROOM];
	};
	struct queue queue;
	struct lock arm_lock;
	/* Between ibv_start_poll and ibv_end_poll, which hold the lock. */
	struct urdma_cqe cqe; /* the completion that is looked at */
	uint32_t looked;      /* so many of the ring's, it included */
	uint32_t empty_polls; /* in a row */
	uint64_t look_after;  /* ns: when to see if urdmad lives; 0: unset */
};

/* What is being posted by ibv_wr_start() and its like, under the lock of the
 * send queue. */
struct batch {
	uint32_t opcodes; /* bit n: enum urdma_wr_opcode n may be posted so */
	uint32_t count;	  /* requests so far, in slots behind the tail */
	int error;	  /* the first */
};

struct qp {
	union {
		struct ibv_qp ibv;
		struct ibv_qp_ex ex;
		unsigned char room[PABI_QP_ROOM];
	};
	struct list link; /* in context->qps */
	struct queue sq;
	struct queue rq;
	struct mr_cache mr_cache; /* under the lock of sq */
	struct batch batch;	  /* likewise */
	uint32_t max_inline;	  /* bytes, what the program was told */
	uint32_t doorbell;
};

struct srq {
	union {
		struct ibv_srq ibv;
		unsigned char room[PABI_SRQ_ROOM];
	};
	struct queue rq;
	uint32_t doorbell;
	uint32_t num;
};

struct ah {
	struct ibv_ah ibv;
	uint32_t number; /* urdmad's for it */
};

static inline struct context *context_of(struct ibv_context *ibv)
{
	return container_of(ibv, struct context, verbs.context);
}

static inline struct cq *cq_of(struct ibv_cq *ibv)
{
	return container_of(ibv, struct cq, ibv);
}

static inline struct qp *qp_of(struct ibv_qp *ibv)
{
	return container_of(ibv, struct qp, ibv);
}

static inline struct srq *srq_of(struct ibv_srq *ibv)
{
	return container_of(ibv, struct srq, ibv);
}

static inline struct ah *ah_of(struct ibv_ah *ibv)
{
	return container_of(ibv, struct ah, ibv);
}

/* context.c */
struct verbs_context *context_alloc(struct ibv_device *device, int cmd_fd,
				    void *private_data);
void context_free(struct ibv_context *ibv);

/* queue.c: 0 or an errno; queue_unmap() takes a queue never mapped. */
int queue_map(struct context *context, struct queue *queue,
	      const struct urdma_queue_place *place, uint32_t least_stride);
void queue_unmap(struct context *context, struct queue *queue);
/* The queue, which is locked, goes on at `place`, if that is another one. */
int queue_move(struct context *context, struct queue *queue,
	       const struct urdma_queue_place *place);

/* alive.c */
bool context_is_dead(struct context *context);
void context_kick(struct context *context, uint32_t qp_handle);

/* cq.c, poll.c */
struct ibv_cq *cq_create(struct ibv_context *ibv, int cqe,
			 struct ibv_comp_channel *channel, int comp_vector);
struct ibv_cq_ex *cq_create_ex(struct ibv_context *ibv,
			       struct ibv_cq_init_attr_ex *attr);
int cq_destroy(struct ibv_cq *ibv);
int cq_resize(struct ibv_cq *ibv, int cqe);
/* Removes what is in it of a queue pair that completes nothing any more. */
void cq_forget(struct ibv_cq *ibv, uint32_t qp_num);
int cq_modify(struct ibv_cq *ibv, struct ibv_modify_cq_attr *attr);
int cq_arm(struct ibv_cq *ibv, int solicited_only);
int cq_poll(struct ibv_cq *ibv, int entries, struct ibv_wc *wc);

/* What is to be done after a look at a CQ, found with it locked, done without.
 */
struct cq_wait {
	bool yield;
	bool proof;
};
struct cq_wait cq_found(struct cq *cq, bool something);
void cq_wait(struct context *context, struct cq_wait wait);

/* poll_ex.c: what ibv_start_poll() and its like call. */
void cq_init_ex(struct ibv_cq_ex *ex);

/* flush.c: completes in error what a dead urdmad left behind on queues that
 * report to cq, at most `entries`; says how many.  The caller holds cq. */
int flush_poll(struct context *context, const struct cq *cq, int entries,
	       struct ibv_wc *wc);

/* qp.c */
struct ibv_qp *qp_create(struct ibv_pd *pd, struct ibv_qp_init_attr *attr);
struct ibv_qp *qp_create_ex(struct ibv_context *ibv,
			    struct ibv_qp_init_attr_ex *attr);
int qp_modify(struct ibv_qp *ibv, struct ibv_qp_attr *attr, int mask);
int qp_query(struct ibv_qp *ibv, struct ibv_qp_attr *attr, int mask,
	     struct ibv_qp_init_attr *init_attr);
int qp_destroy(struct ibv_qp *ibv);

/* ah.c */
struct ibv_ah *ah_create(struct ibv_pd *pd, struct ibv_ah_attr *attr);
int ah_destroy(struct ibv_ah *ibv);

/* srq.c */
struct ibv_srq *srq_create(struct ibv_pd *pd, struct ibv_srq_init_attr *attr);
int srq_modify(struct ibv_srq *ibv, struct ibv_srq_attr *attr, int mask);
int srq_number(struct ibv_srq *ibv, uint32_t *number);
int srq_query(struct ibv_srq *ibv, struct ibv_srq_attr *attr);
int srq_destroy(struct ibv_srq *ibv);

/* wr.c: opcodes of enum ibv_qp_create_send_ops_flags, false if there is one
 * that is not supported; what makes a queue pair one of ibv_qp_to_qp_ex(),
 * false if this libibverbs cannot be told. */
bool wr_opcodes(const struct ibv_context *context, enum ibv_qp_type type,
		uint64_t flags, uint32_t *opcodes);
bool wr_init(struct qp *qp, uint32_t opcodes);

/* mw.c */
struct ibv_mw *mw_alloc(struct ibv_pd *pd, enum ibv_mw_type type);
int mw_dealloc(struct ibv_mw *mw);
int mw_bind(struct ibv_qp *qp, struct ibv_mw *mw, struct ibv_mw_bind *bind);

/* send.c, recv.c */
int qp_post_send(struct ibv_qp *ibv, struct ibv_send_wr *wr,
		 struct ibv_send_wr **bad_wr);
int qp_post_recv(struct ibv_qp *ibv, struct ibv_recv_wr *wr,
		 struct ibv_recv_wr **bad_wr);

int srq_post_recv(struct ibv_srq *ibv, struct ibv_recv_wr *wr,
		  struct ibv_recv_wr **bad_wr);

#endif

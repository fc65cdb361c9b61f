/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A device (one a port) and what programs create on it: protection domains,
 * memory regions, completion queues, queue pairs.
 *
 * A program's session is a struct rdma_ctx; handles are numbers of that
 * context and mean nothing in another one.  Functions return 0 or a negative
 * errno.  What a queue needs of shared memory belongs to the caller, is zeroed
 * when handed in and outlives the object.
 *
 * Single-threaded; `now` is the caller's clock.  What happened is pulled:
 * rdma_dev_event() for completion and asynchronous events, iw_stack_event()
 * (iw_stack.h) for connections of iWARP.
 */
#ifndef URDMA_RDMA_DEV_H
#define URDMA_RDMA_DEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "rdma/place.h"
#include "urdma/control.h"
#include "urdma/queue.h"

struct gid_table;
struct iw_stack;
struct rdma_ah;
struct rdma_cq;
struct rdma_ctx;
struct rdma_dev;
struct rdma_qp;
struct rdma_srq;
struct rv_stack;

/* What the device grants to all its programs together, and to one queue. */
struct rdma_limits {
	uint32_t max_qp;
	uint32_t max_cq;
	uint32_t max_mr;
	uint32_t max_mw;
	uint32_t max_pd;
	uint32_t max_srq;
	uint32_t max_ah;
	uint32_t max_mcast_grp; /* RoCE; GROUPS_MAX (net/group.h) at most */
	uint32_t max_mcast_qp;	/* in one of them */
	uint32_t max_qp_wr;	/* entries of a SQ or RQ */
	uint32_t max_cqe;
	uint16_t max_sge;    /* at most URDMA_MAX_SGE */
	uint16_t max_inline; /* bytes, at most URDMA_MAX_INLINE */
	/* RDMA READs in flight each way for one queue pair (IRD and ORD of
	 * RFC 5040 section 6). */
	uint8_t max_rd_atomic;
	uint64_t max_mr_size; /* bytes */
};

enum rdma_transport_kind { RDMA_IWARP, RDMA_ROCE };

struct rdma_config {
	enum rdma_transport_kind transport;
	uint8_t mac[6];
	uint8_t ip4[4]; /* as on the wire */
	bool has_ip6;	/* beside the link-local address */
	uint8_t ip6[16];
	uint16_t mtu; /* of IP packets, bytes */
	/* How long a message may wait for a RECV before the stream ends. */
	nsec_t recv_wait;
	/* How long TCP may take to connect, and a peer to ask. */
	nsec_t setup_wait;
	/* How long its program may take to accept or reject a connection that
	 * we asked for. */
	nsec_t answer_wait;
	/* iWARP: tcp_cc_find() (tcp/cc.h) knows it. */
	const char *congestion_control;
	/* RoCE: packets ask to be marked on congestion, and DCQCN heeds it. */
	bool dcqcn;
	/* RoCE: the link is told as InfiniBand's (rdma/lid.h). */
	bool infiniband;
	/* MPA (RFC 5044, 6581): 1 or 2 first; ask for CRCs. */
	uint8_t mpa_revision;
	bool mpa_crc;
	/* TCP port of iWARP queue pairs by number (iw_bynum.h), here and on
	 * every peer; 0: there are none. */
	uint16_t qpn_port;
	struct rdma_limits limits;
	struct buf_pool *pool; /* outlives the device */
	/*
	 * Who else gives out TCP ports of our address: 0 if this one is ours
	 * from now on, and back with the other.  NULL: nobody does.
	 */
	int (*port_take)(void *arg, uint16_t port);
	void (*port_put)(void *arg, uint16_t port);
	void *port_arg;
	/* Unpredictable bytes: keys, sequence numbers, ports. */
	void (*random)(void *arg, void *out, size_t len);
	void *random_arg;
};

/* The default of everything but addresses, pool and random. */
void rdma_config_init(struct rdma_config *config);

/* NULL: out of memory.  The config is copied. */
struct rdma_dev *rdma_dev_create(const struct rdma_config *config);

/* All contexts must be gone; NULL is fine. */
void rdma_dev_destroy(struct rdma_dev *dev);

/* What the port feeds, of the device's transport; NULL: it has the other. */
struct iw_stack *rdma_dev_iw(struct rdma_dev *dev);
struct rv_stack *rdma_dev_rv(struct rdma_dev *dev);

/* When rdma_dev_set_time() and rdma_dev_expire() are due; NSEC_NEVER: not at
 * all. */
nsec_t rdma_dev_deadline(const struct rdma_dev *dev);
void rdma_dev_expire(struct rdma_dev *dev, nsec_t now);

/* The time of this turn, before all else in it: completions are stamped with
 * it, and moderated completion queues may be due. */
void rdma_dev_set_time(struct rdma_dev *dev, nsec_t now);

/* The port's link went up or down: an asynchronous event to every context. */
void rdma_dev_set_link(struct rdma_dev *dev, bool up);

void rdma_dev_query(const struct rdma_dev *dev,
		    struct urdma_query_device_reply *reply);

/* -EINVAL: there is only port 1. */
int rdma_dev_query_port(const struct rdma_dev *dev, uint32_t port,
			struct urdma_query_port_reply *reply);

/* How many of each there are, of all programs. */
struct rdma_use {
	uint32_t qps;
	uint32_t cqs;
	uint32_t srqs;
	uint32_t pds;
	uint32_t ahs;
	uint32_t keys; /* memory regions, and windows that are bound */
};

struct rdma_use rdma_dev_use(const struct rdma_dev *dev);

/* The names of its port (gid.h). */
const struct gid_table *rdma_dev_gids(const struct rdma_dev *dev);

/* By number, whoever owns it (ask rdma_qp_ctx); NULL: no such. */
struct rdma_qp *rdma_dev_find_qp(const struct rdma_dev *dev, uint32_t qp_num);

/*
 * Events for programs.
 */
enum rdma_event_kind {
	RDMA_EVENT_COMP,  /* the CQ's channel is to be told */
	RDMA_EVENT_ASYNC, /* the context's async socket is to be told */
};

struct rdma_event {
	enum rdma_event_kind kind;
	struct rdma_ctx *ctx;
	void *channel;	  /* COMP: as given to rdma_cq_create */
	uint64_t element; /* user_handle of the CQ or QP; port number */
	uint32_t type;	  /* ASYNC: enum async_event (verbs.h) */
};

/* False: nothing more.  Call after every turn. */
bool rdma_dev_event(struct rdma_dev *dev, struct rdma_event *event);

/*
 * Contexts.
 */

/* `doorbell` is shared with the program.  `owner` is the caller's own.  NULL:
 * out of memory. */
struct rdma_ctx *rdma_ctx_create(struct rdma_dev *dev,
				 struct urdma_doorbell *doorbell, void *owner);

/* The program is gone: queue pairs stop, their peers are told, everything is
 * freed, in the right order.  NULL is fine. */
void rdma_ctx_destroy(struct rdma_ctx *ctx, nsec_t now);

void *rdma_ctx_owner(const struct rdma_ctx *ctx);
struct rdma_dev *rdma_ctx_dev(const struct rdma_ctx *ctx);

/* Takes the doorbells that were rung and wakes their queue pairs.  O(rung). */
void rdma_ctx_service(struct rdma_ctx *ctx, nsec_t now);

/*
 * Whether a doorbell waits to be served: the second look, after `need_wakeup`
 * was stored and a full fence, before the worker sleeps.
 */
bool rdma_ctx_rung(const struct rdma_ctx *ctx);

/*
 * Protection domains.  EBUSY: a memory region, queue pair or address
 * handle is in it.
 */
int rdma_pd_alloc(struct rdma_ctx *ctx, uint32_t *pd);
int rdma_pd_dealloc(struct rdma_ctx *ctx, uint32_t pd);

/*
 * Memory regions.
 */
struct rdma_mr_attr {
	uint32_t pd;
	uint32_t access;     /* enum access_flags (verbs.h) */
	uint64_t start;	     /* program address */
	uint64_t length;     /* bytes; 0 is allowed */
	uint64_t iova;	     /* what SGEs and peers call `start` */
	struct place *place; /* a reference is taken */
};

/* `key` is lkey and rkey. */
int rdma_mr_reg(struct rdma_ctx *ctx, const struct rdma_mr_attr *attr,
		uint32_t *mr, uint32_t *key);
/* EBUSY: a memory window is bound to it. */
int rdma_mr_dereg(struct rdma_ctx *ctx, uint32_t mr);

/* Becomes what `what` (enum mr_change) names of `attr`, its key stays.  Nothing
 * happens beside an error; -EBUSY: windows are bound to it. */
int rdma_mr_rereg(struct rdma_ctx *ctx, uint32_t mr, uint32_t what,
		  const struct rdma_mr_attr *attr);

/*
 * Address handles: where datagrams go.  They need a queue pair's protection
 * domain, and are checked once, here (ah.h).
 */
int rdma_ah_create(struct rdma_ctx *ctx, uint32_t pd,
		   const struct urdma_ah_attr *attr, uint32_t *ah);
int rdma_ah_destroy(struct rdma_ctx *ctx, uint32_t ah);
/* NULL: no such handle. */
const struct rdma_ah *rdma_ctx_find_ah(const struct rdma_ctx *ctx, uint32_t ah);

/*
 * Memory windows.  `type`: enum mw_type (verbs.h).  `key`: the first, with
 * which nothing is bound yet; those of a bind keep its upper 24 bits.
 */
int rdma_mw_alloc(struct rdma_ctx *ctx, uint32_t pd, uint32_t type,
		  uint32_t *mw, uint32_t *key);
int rdma_mw_dealloc(struct rdma_ctx *ctx, uint32_t mw);

/*
 * Completion queues.
 */

/* Slots of the ring for at least `cqe` entries, 0: refused. */
uint32_t rdma_cq_slots(const struct rdma_dev *dev, uint32_t cqe);

struct rdma_cq_attr {
	uint64_t user_handle;	 /* what events name it */
	struct urdma_ring *ring; /* of struct urdma_cqe */
	uint32_t slots;		 /* what rdma_cq_slots said */
	void *channel;		 /* the caller's; NULL: no events */
};

int rdma_cq_create(struct rdma_ctx *ctx, const struct rdma_cq_attr *attr,
		   uint32_t *cq);
/* EBUSY: a queue pair completes into it. */
int rdma_cq_destroy(struct rdma_ctx *ctx, uint32_t cq);

/* In `ring` from now on, of `slots` as rdma_cq_slots said; the old one is the
 * caller's again.  The program neither polls nor arms meanwhile.  -EINVAL: more
 * completions wait than it holds. */
int rdma_cq_resize(struct rdma_cq *cq, struct urdma_ring *ring, uint32_t slots);

/* Moderation of its events: after `count` completions or, from the first of
 * them, `period_us`.  What is 0 does not count; both 0: an event at once. */
void rdma_cq_modify(struct rdma_cq *cq, uint16_t count, uint16_t period_us);

/* NULL: no such handle. */
struct rdma_cq *rdma_ctx_find_cq(const struct rdma_ctx *ctx, uint32_t cq);
void *rdma_cq_channel(const struct rdma_cq *cq);
uint64_t rdma_cq_user_handle(const struct rdma_cq *cq);

/*
 * Shared receive queues.
 */
struct rdma_srq_caps {
	uint32_t max_wr;
	uint32_t max_sge;
	/* The ring it needs. */
	uint32_t slots;
	uint32_t stride;
};

/* What one asked for so would get; -EINVAL beyond the limits. */
int rdma_srq_plan(const struct rdma_dev *dev, uint32_t max_wr, uint32_t max_sge,
		  struct rdma_srq_caps *caps);

struct rdma_srq_attr {
	uint32_t pd;
	uint32_t limit;
	uint64_t user_handle;	 /* what events name it */
	struct urdma_ring *ring; /* as planned */
	struct rdma_srq_caps caps;
};

int rdma_srq_create(struct rdma_ctx *ctx, const struct rdma_srq_attr *attr,
		    uint32_t *srq);
/* 0: not armed.  -EINVAL: more than there is room for. */
int rdma_srq_set_limit(struct rdma_srq *srq, uint32_t limit);
/* In `ring` from now on, as planned with the same number of SGEs; the old one
 * is the caller's again.  The program does not post meanwhile.  -EINVAL: more
 * wait, or the limit is higher, than it has room for. */
int rdma_srq_resize(struct rdma_srq *srq, struct urdma_ring *ring,
		    const struct rdma_srq_caps *caps);
void rdma_srq_query(const struct rdma_srq *srq,
		    struct urdma_query_srq_reply *reply);
/* EBUSY: a queue pair takes from it. */
int rdma_srq_destroy(struct rdma_ctx *ctx, uint32_t srq);
/* NULL: no such handle. */
struct rdma_srq *rdma_ctx_find_srq(const struct rdma_ctx *ctx, uint32_t srq);

/*
 * Queue pairs.
 */
struct rdma_qp_caps {
	uint32_t max_send_wr;
	uint32_t max_recv_wr;
	uint32_t max_send_sge;
	uint32_t max_recv_sge;
	uint32_t max_inline;
	/* The rings these need: struct urdma_ring, then slots * stride. */
	uint32_t sq_slots;
	uint32_t sq_stride;
	uint32_t rq_slots;
	uint32_t rq_stride;
};

/* What a queue pair asked for so would get: -EINVAL beyond the limits,
 * -EOPNOTSUPP for a type that the device has not. */
int rdma_qp_plan(const struct rdma_dev *dev, const struct urdma_create_qp *ask,
		 struct rdma_qp_caps *caps);

/* `caps` as planned for the same `ask`, rings of that size. */
int rdma_qp_create(struct rdma_ctx *ctx, const struct urdma_create_qp *ask,
		   const struct rdma_qp_caps *caps, struct urdma_ring *sq,
		   struct urdma_ring *rq, uint32_t *qp);

/*
 * ibv_attach_mcast(3) and its opposite: `gid` names a group of IPv4 (mapped) or
 * IPv6.  -EOPNOTSUPP: iWARP; -EINVAL: it is none, the queue pair is not one of
 * datagrams, or to be detached and not in the group; -ENOMEM.
 */
int rdma_qp_join(struct rdma_qp *qp, const uint8_t gid[16]);
int rdma_qp_leave(struct rdma_qp *qp, const uint8_t gid[16]);

/* A connection it has is aborted. */
int rdma_qp_destroy(struct rdma_ctx *ctx, uint32_t qp, nsec_t now);

/* NULL: no such handle. */
struct rdma_qp *rdma_ctx_find_qp(const struct rdma_ctx *ctx, uint32_t qp);

uint32_t rdma_qp_num(const struct rdma_qp *qp);
uint32_t rdma_qp_doorbell(const struct rdma_qp *qp); /* its bit */
uint64_t rdma_qp_user_handle(const struct rdma_qp *qp);
struct rdma_ctx *rdma_qp_ctx(const struct rdma_qp *qp);

/*
 * ibv_modify_qp(3): -EINVAL for a transition that is not allowed, and for RTS
 * without a connection (iw_connect and iw_accept make it RTS by themselves).
 * To ERR: work requests flush, the connection ends.
 */
int rdma_qp_modify(struct rdma_qp *qp, const struct urdma_qp_attr *attr,
		   uint32_t mask, nsec_t now);
void rdma_qp_query(const struct rdma_qp *qp,
		   struct urdma_query_qp_reply *reply);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The queues that a program and urdmad share: send queue (SQ), receive queue
 * (RQ), completion queue (CQ), and one doorbell page for each context.
 *
 * Every ring has one producer and one consumer.  Indices run freely through
 * 32 bits; slot number = index & (slots - 1), slots is a power of two.  The
 * producer fills the slot, then stores `tail` with release; the consumer loads
 * `tail` with acquire, and stores `head` with release when the slot may be
 * used again.  All words are host byte order.
 *
 * urdmad trusts none of it: it keeps its own copies of the indices it owns,
 * bounds those it reads, and copies a work request out before it looks at it.
 */
#ifndef URDMA_QUEUE_H
#define URDMA_QUEUE_H

#include <linux/types.h>

#ifdef __cplusplus
#define URDMA_SHARED_ASSERT(e) static_assert(e, #e)
#else
#define URDMA_SHARED_ASSERT(e) _Static_assert(e, #e)
#endif

/* Head of every ring, one cache line for each side. */
struct urdma_ring {
	__u32 tail; /* written by the producer only */
	__u32 reserved1[15];
	__u32 head; /* written by the consumer only */
	/*
	 * SQ, RQ: written by urdmad.  Non-zero asks the producer to ring the
	 * doorbell of the queue pair after it stored `tail` (SQ: always on).
	 */
	__u32 need_doorbell;
	/* CQ: enum urdma_arm, written by the program, taken (zeroed by an
	 * atomic exchange) by urdmad when it sends the event. */
	__u32 armed;
	__u32 reserved2[13];
};
URDMA_SHARED_ASSERT(sizeof(struct urdma_ring) == 128);

enum urdma_arm {
	URDMA_ARM_NONE = 0,
	URDMA_ARM_SOLICITED = 1, /* solicited or failed completions only */
	URDMA_ARM_ANY = 2,
};

/*
 * Doorbell page of a context, first bytes of its first mapping.  A doorbell
 * is a bit, found through two summary levels, so that ringing twice costs
 * nothing and a turn of the worker costs O(rung), not O(queue pairs).
 *
 * To ring bit n: fetch_or (seq_cst) leaf[n / 64]; then, if the bit is not
 * seen there, fetch_or mid[n / 4096]; likewise top.  The worker takes the
 * levels top-down by atomic exchange with zero.  Then, after a full fence, if
 * `need_wakeup` is non-zero the program kicks: write(cmd_fd, POST_SEND with
 * wr_count 0).
 */
enum {
	URDMA_DOORBELLS = 65536, /* queue pairs a context can have */
	URDMA_DB_LEAVES = URDMA_DOORBELLS / 64,
	URDMA_DB_MIDS = URDMA_DB_LEAVES / 64,
};

struct urdma_doorbell {
	__u32 need_wakeup; /* urdmad: non-zero while it sleeps */
	__u32 dead;	   /* non-zero: the daemon is gone, complete in error */
	__u32 reserved[14];
	__u64 top; /* bit i: mid[i] has bits */
	__u64 reserved2[7];
	__u64 mid[URDMA_DB_MIDS];    /* bit j of mid[i]: leaf[64 * i + j] has */
	__u64 leaf[URDMA_DB_LEAVES]; /* bit k of leaf[m]: queue pair 64 m + k */
};
URDMA_SHARED_ASSERT(sizeof(struct urdma_doorbell) == 128 + 128 + 8192);
URDMA_SHARED_ASSERT(URDMA_DB_MIDS <= 64);

enum { URDMA_DOORBELL_BYTES = 12288 }; /* whole pages */

/* A scatter/gather element. */
struct urdma_sge {
	__u64 addr;
	__u32 length;
	__u32 lkey;
};
URDMA_SHARED_ASSERT(sizeof(struct urdma_sge) == 16);

enum urdma_wr_opcode {
	URDMA_WR_WRITE = 0, /* same numbers as enum ibv_wr_opcode */
	URDMA_WR_WRITE_IMM = 1,
	URDMA_WR_SEND = 2,
	URDMA_WR_SEND_IMM = 3,
	URDMA_WR_READ = 4,
	URDMA_WR_CAS = 5,
	URDMA_WR_FAA = 6,
	URDMA_WR_LOCAL_INV = 7,
	URDMA_WR_BIND_MW = 8,
	URDMA_WR_SEND_INV = 9,
};

enum urdma_wr_flags {
	URDMA_WRF_FENCE = 1 << 0, /* same bits as enum ibv_send_flags */
	URDMA_WRF_SIGNALED = 1 << 1,
	URDMA_WRF_SOLICITED = 1 << 2,
	URDMA_WRF_INLINE = 1 << 3, /* payload follows, not SGEs */
};

/*
 * BIND_MW uses the fields of the header otherwise: `rkey` is the window's new
 * key, of the same upper 24 bits as its last, `imm` the lkey of the region,
 * `remote_addr` and `compare_add` where in it and how many bytes, `remote_qkey`
 * the rights (enum ibv_access_flags).
 */

/*
 * A send work request: this header, then num_sge times struct urdma_sge or,
 * with URDMA_WRF_INLINE, `inline_len` bytes of payload.
 */
struct urdma_sqe {
	__u64 wr_id;
	__u8 opcode; /* enum urdma_wr_opcode */
	__u8 flags;  /* enum urdma_wr_flags */
	__u16 num_sge;
	__u32 inline_len; /* bytes */
	__u64 remote_addr;
	__u32 rkey;
	__u32 imm; /* immediate, network order, or the key to invalidate */
	__u64 compare_add;
	__u64 swap;
	__u32 remote_qpn; /* datagrams */
	__u32 remote_qkey;
	__u32 ah; /* likewise: handle of CREATE_AH */
	__u32 reserved;
};
URDMA_SHARED_ASSERT(sizeof(struct urdma_sqe) == 64);

/* A receive work request: this header, then num_sge times struct urdma_sge. */
struct urdma_rqe {
	__u64 wr_id;
	__u32 num_sge;
	__u32 reserved;
};
URDMA_SHARED_ASSERT(sizeof(struct urdma_rqe) == 16);

/* A completion.  Numbers are those of enum ibv_wc_status, ibv_wc_opcode and
 * ibv_wc_flags. */
struct urdma_cqe {
	__u64 wr_id;
	__u32 status;
	__u32 opcode;
	__u32 vendor_err;
	__u32 byte_len;
	__u32 imm; /* immediate, network order, or the invalidated key */
	__u32 qp_num;
	__u32 src_qp;
	__u32 wc_flags;
	__u16 pkey_index;
	__u16 slid;
	__u8 sl;
	__u8 dlid_path_bits;
	__u16 reserved;
	__u64 timestamp; /* ns of CLOCK_MONOTONIC */
	__u64 reserved2;
};
URDMA_SHARED_ASSERT(sizeof(struct urdma_cqe) == 64);

/* What urdmad promises to accept; queue creation refuses more. */
enum {
	URDMA_MAX_SGE = 16,
	URDMA_MAX_INLINE = 960,
	/* Room that every SQ slot has, so that small payloads are taken at
	 * post time whether the program asked for inline or not. */
	URDMA_MIN_INLINE = 192,
};

/* Bytes of one SQ slot; a power of two from 256 to 1024. */
static inline __u32 urdma_sq_stride(__u32 max_sge, __u32 max_inline)
{
	__u32 want =
		max_inline > URDMA_MIN_INLINE ? max_inline : URDMA_MIN_INLINE;
	__u32 sges = max_sge * (__u32)sizeof(struct urdma_sge);
	__u32 stride = 256;

	if (sges > want)
		want = sges;
	while (stride < sizeof(struct urdma_sqe) + want)
		stride *= 2;
	return stride;
}

/* Bytes of one RQ slot; a power of two from 32 to 512. */
static inline __u32 urdma_rq_stride(__u32 max_sge)
{
	__u32 stride = 32;

	while (stride < sizeof(struct urdma_rqe) +
				max_sge * (__u32)sizeof(struct urdma_sge))
		stride *= 2;
	return stride;
}

/* Bytes of a ring with its head; slots start right behind the head. */
static inline __u64 urdma_ring_bytes(__u32 slots, __u32 stride)
{
	return sizeof(struct urdma_ring) + (__u64)slots * stride;
}

#endif

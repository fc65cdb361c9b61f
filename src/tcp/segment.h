/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The TCP header with the options we speak: RFC 9293 section 3.1, RFC 7323
 * (window scale, timestamps), RFC 2018 (SACK).
 *
 * Addresses and the checksum over them are the caller's: decode does not look
 * at the checksum, encode leaves it zero; ECN's bits of the IP header (`ce`,
 * `ect`) as well.  Nothing is owned: `buf` is lent.
 */
#ifndef URDMA_TCP_SEGMENT_H
#define URDMA_TCP_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "tcp/verdict.h"

enum {
	TCP_HEADER_LEN = 20,	  /* without options */
	TCP_HEADER_MAX = 60,	  /* with 40 bytes of them */
	TCP_CHECKSUM_OFFSET = 16, /* of the checksum in the header */
	TCP_SACK_MAX = 4,
	TCP_NO_WSCALE = 0xff,
	TCP_MAX_WSCALE = 14, /* RFC 7323 section 2.3 */
	/* What the timestamps option costs in every segment once negotiated,
	 * padded as RFC 7323 appendix A has it. */
	TCP_TIMESTAMPS_LEN = 12,
};

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

/* The bytes [left, right) arrived. */
struct tcp_sack_block {
	uint32_t left;
	uint32_t right;
};

struct tcp_segment {
	uint16_t src_port;
	uint16_t dst_port;
	uint32_t seq;
	uint32_t ack;	/* means nothing without TCP_ACK */
	uint16_t wnd;	/* as in the header: not scaled */
	uint16_t mss;	/* zero: no such option */
	uint8_t flags;	/* enum tcp_flag */
	uint8_t wscale; /* TCP_NO_WSCALE: no such option */
	bool ce;	/* came with ECN's congestion mark in the IP header */
	bool ect;	/* to be sent as ECN-capable: ECT(0) */
	bool sack_permitted;
	bool has_timestamps;
	uint32_t ts_val;
	uint32_t ts_ecr;
	uint8_t sack_count;
	struct tcp_sack_block sack[TCP_SACK_MAX];

	/*
	 * The payload.  From decode: `off` is the length of the header, `len`
	 * what follows it, `buf` NULL.  From tcp_output(): buf->data + off,
	 * `len` bytes, still owned by the connection; off is 0 and len is
	 * buf->len unless a window or an acknowledgement cut the buf.  NULL:
	 * no payload.
	 */
	struct buf *buf;
	uint32_t off;
	uint32_t len;
};

/*
 * `bytes` are one whole TCP segment, checksum already verified.  Options that
 * are unknown are skipped; one whose length makes no sense ends the options
 * (TCP_BAD_OPTION).  On any verdict but TCP_OK the segment must be dropped.
 */
enum tcp_verdict tcp_segment_decode(struct tcp_segment *seg,
				    const uint8_t *bytes, size_t len);

/*
 * Writes the header at `out`, which has room for TCP_HEADER_MAX, and returns
 * its length, a multiple of 4.  SACK blocks that do not fit beside the other
 * options are left out, the last ones first.
 */
size_t tcp_segment_encode(const struct tcp_segment *seg, uint8_t *out);

/* What encode would return. */
size_t tcp_segment_header_len(const struct tcp_segment *seg);

/* Sequence numbers used: payload, SYN and FIN (RFC 9293 section 3.4). */
static inline uint32_t tcp_segment_seqs(const struct tcp_segment *seg)
{
	return seg->len + !!(seg->flags & TCP_SYN) + !!(seg->flags & TCP_FIN);
}

#endif

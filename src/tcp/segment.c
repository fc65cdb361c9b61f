// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp/segment.h"

#include <string.h>

#include "base/wire.h"

/* RFC 9293 section 3.2, RFC 7323, RFC 2018. */
enum {
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_WSCALE = 3,
	OPT_SACK_PERMITTED = 4,
	OPT_SACK = 5,
	OPT_TIMESTAMPS = 8,

	MSS_LEN = 4,
	WSCALE_LEN = 3,
	SACK_PERMITTED_LEN = 2,
	TIMESTAMPS_LEN = 10,
	SACK_BLOCK_LEN = 8,
};

static void read_mss(struct tcp_segment *seg, const uint8_t *p, uint8_t len)
{
	if (len == MSS_LEN - 2)
		seg->mss = load_be16(p);
}

static void read_wscale(struct tcp_segment *seg, const uint8_t *p, uint8_t len)
{
	if (len != WSCALE_LEN - 2)
		return;
	/* RFC 7323 section 2.3: more than 14 counts as 14. */
	seg->wscale = p[0] > TCP_MAX_WSCALE ? TCP_MAX_WSCALE : p[0];
}

static void read_sack_permitted(struct tcp_segment *seg, const uint8_t *p,
				uint8_t len)
{
	(void)p;
	if (len == SACK_PERMITTED_LEN - 2)
		seg->sack_permitted = true;
}

static void read_sack(struct tcp_segment *seg, const uint8_t *p, uint8_t len)
{
	if (len % SACK_BLOCK_LEN || len > TCP_SACK_MAX * SACK_BLOCK_LEN)
		return;
	seg->sack_count = len / SACK_BLOCK_LEN;
	for (unsigned int i = 0; i < seg->sack_count; i++) {
		seg->sack[i].left = load_be32(p + i * SACK_BLOCK_LEN);
		seg->sack[i].right = load_be32(p + i * SACK_BLOCK_LEN + 4);
	}
}

static void read_timestamps(struct tcp_segment *seg, const uint8_t *p,
			    uint8_t len)
{
	if (len != TIMESTAMPS_LEN - 2)
		return;
	seg->has_timestamps = true;
	seg->ts_val = load_be32(p);
	seg->ts_ecr = load_be32(p + 4);
}

/* A known kind with a wrong length is skipped like an unknown one. */
static void (*const readers[])(struct tcp_segment *, const uint8_t *,
			       uint8_t) = {
	[OPT_MSS] = read_mss,
	[OPT_WSCALE] = read_wscale,
	[OPT_SACK_PERMITTED] = read_sack_permitted,
	[OPT_SACK] = read_sack,
	[OPT_TIMESTAMPS] = read_timestamps,
};

static void read_option(struct tcp_segment *seg, uint8_t kind, const uint8_t *p,
			uint8_t len)
{
	if (kind < sizeof(readers) / sizeof(readers[0]) && readers[kind])
		readers[kind](seg, p, len);
}

/* RFC 9293 section 3.2, MUST-6 and MUST-7. */
static enum tcp_verdict read_options(struct tcp_segment *seg, struct wire *in)
{
	while (in->left) {
		uint8_t kind = *wire_take(in, 1);
		const uint8_t *p;
		uint8_t len;

		if (kind == OPT_END)
			break;
		if (kind == OPT_NOP)
			continue;
		p = wire_take(in, 1);
		if (!p || *p < 2)
			return TCP_BAD_OPTION;
		len = *p - 2;
		p = wire_take(in, len);
		if (!p)
			return TCP_BAD_OPTION;
		read_option(seg, kind, p, len);
	}
	return TCP_OK;
}

/*
 *   0  source port (16) | destination port (16)
 *   4  sequence number
 *   8  acknowledgement number
 *  12  data offset (4) | reserved (4) | flags (8) | window (16)
 *  16  checksum (16) | urgent pointer (16)
 *  20  options
 */
enum tcp_verdict tcp_segment_decode(struct tcp_segment *seg,
				    const uint8_t *bytes, size_t len)
{
	struct wire in = { bytes, len };
	const uint8_t *p = wire_take(&in, TCP_HEADER_LEN);
	size_t header_len;

	if (!p)
		return TCP_SHORT;
	header_len = (p[12] >> 4) * 4u;
	if (header_len < TCP_HEADER_LEN)
		return TCP_BAD_OFFSET;
	if (header_len > len)
		return TCP_SHORT;

	*seg = (struct tcp_segment){
		.src_port = load_be16(p),
		.dst_port = load_be16(p + 2),
		.seq = load_be32(p + 4),
		.ack = load_be32(p + 8),
		.flags = p[13],
		.wnd = load_be16(p + 14),
		.wscale = TCP_NO_WSCALE,
		.off = header_len,
		.len = len - header_len,
	};
	in.left = header_len - TCP_HEADER_LEN;
	return read_options(seg, &in);
}

static uint8_t *write_syn_options(const struct tcp_segment *seg, uint8_t *p)
{
	if (seg->mss) {
		*p++ = OPT_MSS;
		*p++ = MSS_LEN;
		store_be16(p, seg->mss);
		p += 2;
	}
	if (seg->wscale != TCP_NO_WSCALE) {
		*p++ = OPT_NOP;
		*p++ = OPT_WSCALE;
		*p++ = WSCALE_LEN;
		*p++ = seg->wscale;
	}
	return p;
}

/* SACK-permitted takes the place of the two NOPs, if it can. */
static uint8_t *write_timestamps(const struct tcp_segment *seg, uint8_t *p)
{
	if (!seg->sack_permitted && !seg->has_timestamps)
		return p;
	*p++ = seg->sack_permitted ? OPT_SACK_PERMITTED : OPT_NOP;
	*p++ = seg->sack_permitted ? SACK_PERMITTED_LEN : OPT_NOP;
	if (!seg->has_timestamps) {
		*p++ = OPT_NOP;
		*p++ = OPT_NOP;
		return p;
	}
	*p++ = OPT_TIMESTAMPS;
	*p++ = TIMESTAMPS_LEN;
	store_be32(p, seg->ts_val);
	store_be32(p + 4, seg->ts_ecr);
	return p + 8;
}

static uint8_t *write_sack(const struct tcp_segment *seg, unsigned int count,
			   uint8_t *p)
{
	if (!count)
		return p;
	*p++ = OPT_NOP;
	*p++ = OPT_NOP;
	*p++ = OPT_SACK;
	*p++ = 2 + count * SACK_BLOCK_LEN;
	for (unsigned int i = 0; i < count; i++, p += SACK_BLOCK_LEN) {
		store_be32(p, seg->sack[i].left);
		store_be32(p + 4, seg->sack[i].right);
	}
	return p;
}

static size_t fixed_options_len(const struct tcp_segment *seg)
{
	size_t len = 0;

	if (seg->mss)
		len += MSS_LEN;
	if (seg->wscale != TCP_NO_WSCALE)
		len += WSCALE_LEN + 1;
	if (seg->has_timestamps)
		len += TCP_TIMESTAMPS_LEN;
	else if (seg->sack_permitted)
		len += 4;
	return len;
}

/* How many of the blocks find room. */
static unsigned int sack_fitting(const struct tcp_segment *seg)
{
	size_t room = TCP_HEADER_MAX - TCP_HEADER_LEN - fixed_options_len(seg);
	unsigned int most = room < 4 ? 0 : (room - 4) / SACK_BLOCK_LEN;

	return seg->sack_count < most ? seg->sack_count : most;
}

size_t tcp_segment_header_len(const struct tcp_segment *seg)
{
	unsigned int blocks = sack_fitting(seg);

	return TCP_HEADER_LEN + fixed_options_len(seg) +
	       (blocks ? 4 + blocks * SACK_BLOCK_LEN : 0);
}

size_t tcp_segment_encode(const struct tcp_segment *seg, uint8_t *out)
{
	uint8_t *p = out + TCP_HEADER_LEN;

	p = write_syn_options(seg, p);
	p = write_timestamps(seg, p);
	p = write_sack(seg, sack_fitting(seg), p);

	store_be16(out, seg->src_port);
	store_be16(out + 2, seg->dst_port);
	store_be32(out + 4, seg->seq);
	store_be32(out + 8, seg->ack);
	out[12] = (p - out) / 4 << 4;
	out[13] = seg->flags;
	store_be16(out + 14, seg->wnd);
	memset(out + 16, 0, 4); /* checksum; urgent pointer */
	return p - out;
}

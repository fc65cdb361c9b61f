// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/packet.h"

#include <string.h>

#include "base/bits.h"
#include "base/wire.h"

enum {
	BTH_SE = 0x80,
	BTH_MIGREQ = 0x40,
	BTH_PAD = 0x30,
	BTH_TVER = 0x0f,
	BTH_FECN = 0x80,
	BTH_BECN = 0x40,
	BTH_ACKREQ = 0x80,
	CNP_ZEROS = 16,
};

static void store_be24(uint8_t *p, uint32_t host)
{
	p[0] = (uint8_t)(host >> 16);
	store_be16(p + 1, (uint16_t)host);
}

static uint32_t load_be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | load_be16(p + 1);
}

static void load_bth(struct roce_packet *pkt, const uint8_t *p)
{
	pkt->opcode = p[0];
	pkt->solicited = p[1] & BTH_SE;
	pkt->migrated = p[1] & BTH_MIGREQ;
	pkt->pkey = load_be16(p + 2);
	pkt->fecn = p[4] & BTH_FECN;
	pkt->becn = p[4] & BTH_BECN;
	pkt->dest_qpn = load_be24(p + 5);
	pkt->ack_req = p[8] & BTH_ACKREQ;
	pkt->psn = load_be24(p + 9);
}

/* The caller has seen that there are header_len bytes. */
static void load_extended(struct roce_packet *pkt, const uint8_t *p)
{
	uint8_t headers = pkt->op->headers;

	if (headers & ROCE_DETH) {
		pkt->qkey = load_be32(p);
		pkt->src_qpn = load_be24(p + 5);
		p += 8;
	}
	if (headers & (ROCE_RETH | ROCE_ATOMIC_ETH)) {
		pkt->va = load_be64(p);
		pkt->rkey = load_be32(p + 8);
		p += 12;
	}
	if (headers & ROCE_RETH) {
		pkt->dma_len = load_be32(p);
		p += 4;
	}
	if (headers & ROCE_ATOMIC_ETH) {
		pkt->swap_add = load_be64(p);
		pkt->compare = load_be64(p + 8);
	}
	if (headers & ROCE_AETH) {
		pkt->syndrome = p[0];
		pkt->msn = load_be24(p + 1);
		p += 4;
	}
	if (headers & ROCE_ATOMIC_ACK_ETH)
		pkt->original = load_be64(p);
	if (headers & ROCE_IMM)
		pkt->imm = load_be32(p);
	if (headers & ROCE_IETH)
		pkt->inv_rkey = load_be32(p);
}

enum roce_verdict roce_parse(struct roce_packet *pkt, const uint8_t *bytes,
			     size_t len)
{
	size_t behind; /* payload and pad */
	uint32_t pad;

	if (len < ROCE_BTH_LEN + ROCE_ICRC_LEN)
		return ROCE_RUNT;
	if (FIELD_GET(BTH_TVER, bytes[1]) != 0)
		return ROCE_VERSION;
	load_bth(pkt, bytes);
	pkt->op = roce_op(pkt->opcode);
	if (!pkt->op)
		return ROCE_OPCODE;
	if (len < (size_t)pkt->op->header_len + ROCE_ICRC_LEN)
		return ROCE_RUNT;
	pad = FIELD_GET(BTH_PAD, bytes[1]);
	behind = len - pkt->op->header_len - ROCE_ICRC_LEN;
	if (behind % 4 || pad > behind)
		return ROCE_PAD;
	if (pkt->op->payload == ROCE_PAYLOAD_NONE && behind)
		return ROCE_PAYLOAD;
	/* only UD may be sent to all members of a group (IBA 9.6.1.2) */
	if (pkt->dest_qpn == 0 ||
	    (pkt->dest_qpn == ROCE_QPN_MULTICAST &&
	     (pkt->opcode & ROCE_SERVICE_MASK) != ROCE_UD))
		return ROCE_QPN;
	load_extended(pkt, bytes + ROCE_BTH_LEN);
	pkt->payload = bytes + pkt->op->header_len;
	pkt->payload_len = (uint32_t)(behind - pad);
	return ROCE_OK;
}

enum roce_verdict roce_check_mtu(const struct roce_packet *pkt, uint32_t mtu)
{
	uint32_t len = pkt->payload_len;
	bool fits = false;

	switch ((enum roce_payload)pkt->op->payload) {
	case ROCE_PAYLOAD_NONE:
		fits = len == 0;
		break;
	case ROCE_PAYLOAD_FULL:
		fits = len == mtu;
		break;
	case ROCE_PAYLOAD_REST:
		fits = len > 0 && len <= mtu;
		break;
	case ROCE_PAYLOAD_ANY:
		fits = len <= mtu;
		break;
	}
	return fits ? ROCE_OK : ROCE_LENGTH;
}

static void store_bth(const struct roce_packet *pkt, uint8_t *p)
{
	p[0] = pkt->opcode;
	p[1] = (uint8_t)((pkt->solicited ? BTH_SE : 0) |
			 (pkt->migrated ? BTH_MIGREQ : 0) |
			 FIELD_PREP(BTH_PAD, roce_pad(pkt->payload_len)));
	store_be16(p + 2, pkt->pkey);
	p[4] = (pkt->fecn ? BTH_FECN : 0) | (pkt->becn ? BTH_BECN : 0);
	store_be24(p + 5, pkt->dest_qpn);
	p[8] = pkt->ack_req ? BTH_ACKREQ : 0;
	store_be24(p + 9, pkt->psn);
}

static uint8_t *store_request(const struct roce_packet *pkt, uint8_t headers,
			      uint8_t *p)
{
	if (headers & ROCE_DETH) {
		store_be32(p, pkt->qkey);
		store_be32(p + 4, pkt->src_qpn & 0xffffff);
		p += 8;
	}
	if (headers & (ROCE_RETH | ROCE_ATOMIC_ETH)) {
		store_be64(p, pkt->va);
		store_be32(p + 8, pkt->rkey);
		p += 12;
	}
	if (headers & ROCE_RETH) {
		store_be32(p, pkt->dma_len);
		p += 4;
	}
	if (headers & ROCE_ATOMIC_ETH) {
		store_be64(p, pkt->swap_add);
		store_be64(p + 8, pkt->compare);
		p += 16;
	}
	return p;
}

size_t roce_build(const struct roce_packet *pkt,
		  uint8_t out[static ROCE_HEADER_MAX])
{
	const struct roce_op *op = roce_op(pkt->opcode);
	uint8_t *p;

	if (!op)
		return 0;
	store_bth(pkt, out);
	p = store_request(pkt, op->headers, out + ROCE_BTH_LEN);
	if (op->headers & ROCE_AETH) {
		p[0] = pkt->syndrome;
		store_be24(p + 1, pkt->msn);
		p += 4;
	}
	if (op->headers & ROCE_ATOMIC_ACK_ETH) {
		store_be64(p, pkt->original);
		p += 8;
	}
	if (op->headers & (ROCE_IMM | ROCE_IETH)) {
		store_be32(p,
			   op->headers & ROCE_IMM ? pkt->imm : pkt->inv_rkey);
		p += 4;
	}
	if (op->headers & ROCE_CNP_ZEROS) {
		memset(p, 0, CNP_ZEROS);
		p += CNP_ZEROS;
	}
	return (size_t)(p - out);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A RoCE packet from its BTH to its ICRC, that is the UDP payload (IBA volume
 * 1, section 9.2 and annex A17):
 *
 *   BTH | extended headers of its opcode | payload | 0..3 pad | ICRC
 *
 * BTH:
 *   0      opcode
 *   1      SE | MigReq | pad count(2) | TVer(4)
 *   2..3   P_Key
 *   4      FECN | BECN | reserved(6)
 *   5..7   destination queue pair
 *   8      AckReq | reserved(7)
 *   9..11  PSN
 *
 * RETH:          VA(8) R_Key(4) length(4)
 * AtomicETH:     VA(8) R_Key(4) swap or add(8) compare(8)
 * AETH:          syndrome(1) MSN(3)
 * AtomicAckETH:  original value(8)
 * DETH:          Q_Key(4) reserved(1) source queue pair(3)
 * ImmDt, IETH:   (4)
 *
 * Reserved bits: ignored on receipt, zero on transmit.  The pad bytes too.
 */
#ifndef URDMA_ROCE_PACKET_H
#define URDMA_ROCE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "roce/opcode.h"
#include "roce/verdict.h"

enum {
	ROCE_UDP_PORT = 4791,
	ROCE_BTH_LEN = 12,
	/* BTH, RETH or AtomicETH, ImmDt. */
	ROCE_HEADER_MAX = ROCE_BTH_LEN + 28 + 4,
	ROCE_PAD_MAX = 3,
	ROCE_ICRC_LEN = 4,
	ROCE_MTU_MIN = 256,
	ROCE_MTU_MAX = 4096,
	ROCE_QPN_MULTICAST = 0xffffff,
	ROCE_PKEY_DEFAULT = 0xffff,
};

enum { ROCE_PSN_WINDOW = 1 << 23 }; /* packets in flight, at most */

/* IBA 9.7.7: messages have at most 2^31 bytes. */
#define ROCE_MESSAGE_MAX (UINT32_C(1) << 31)

struct roce_packet {
	const struct roce_op *op; /* of opcode; set by roce_parse() */
	uint8_t opcode;
	bool solicited;
	bool migrated; /* ConnectX drops requests without it */
	bool fecn;
	bool becn;
	bool ack_req;
	uint16_t pkey;
	uint32_t dest_qpn; /* 24 bits */
	uint32_t psn;	   /* 24 bits */

	/* Those that opcode has; others are not written by roce_parse(). */
	uint64_t va;	  /* RETH, AtomicETH */
	uint32_t rkey;	  /* likewise */
	uint32_t dma_len; /* RETH */
	uint64_t swap_add;
	uint64_t compare;
	uint8_t syndrome;  /* AETH, see aeth.h */
	uint32_t msn;	   /* AETH, 24 bits */
	uint64_t original; /* AtomicAckETH */
	uint32_t qkey;	   /* DETH */
	uint32_t src_qpn;  /* DETH, 24 bits */
	uint32_t imm;	   /* ImmDt as a number: a WC wants htobe32() of it */
	uint32_t inv_rkey; /* IETH */

	/* Received: borrowed from the frame. */
	const uint8_t *payload;
	uint32_t payload_len; /* without pad */
};

/*
 * `bytes`: the UDP payload, ICRC and all.  ROCE_OK: opcode, lengths and
 * version are right, and `pkt` is complete.  Not checked here: ICRC (first,
 * see icrc.h), keys, path MTU (roce_check_mtu()).
 */
enum roce_verdict roce_parse(struct roce_packet *pkt, const uint8_t *bytes,
			     size_t len);

/* Whether the payload is one that the opcode can have with this path MTU
 * (bytes): ROCE_OK or ROCE_LENGTH. */
enum roce_verdict roce_check_mtu(const struct roce_packet *pkt, uint32_t mtu);

/*
 * Writes BTH and extended headers of pkt->opcode, for payload_len bytes of
 * payload; returns their length.  Behind them belong the payload,
 * roce_pad(payload_len) zeros and the ICRC.
 */
size_t roce_build(const struct roce_packet *pkt,
		  uint8_t out[static ROCE_HEADER_MAX]);

static inline uint32_t roce_pad(uint32_t payload_len)
{
	return -payload_len & ROCE_PAD_MAX;
}

/* IBA 10.9.3: bases equal and not both limited members. */
static inline bool roce_pkey_match(uint16_t a, uint16_t b)
{
	return ((a ^ b) & 0x7fff) == 0 && ((a | b) & 0x8000) && (a & 0x7fff);
}

/* Path MTU as ibv_modify_qp has it (1 .. 5) in bytes; 0: no such. */
static inline uint32_t roce_mtu_bytes(uint32_t mtu)
{
	return mtu >= 1 && mtu <= 5 ? 128u << mtu : 0;
}

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/hole.h"

#include "base/serial.h"
#include "roce/aeth.h"

/* "urdma" and what is asked for. */
#define ASK_VA UINT64_C(0x7572646d61204741)
#define ASK_RKEY UINT32_C(0x50533f31)

enum {
	LEN_SHIFT = 12,
	FAR = 1 << 23,
	SYNDROME = AETH_NAK | AETH_NAK_SEQUENCE,
};

void roce_hole_ask(struct roce_packet *pkt, uint32_t psn)
{
	*pkt = (struct roce_packet){
		.opcode = ROCE_RC | ROCE_WRITE_ONLY,
		.psn = psn,
		.va = ASK_VA,
		.rkey = ASK_RKEY,
	};
	pkt->op = roce_op(pkt->opcode);
}

bool roce_hole_asked(const struct roce_packet *pkt)
{
	return pkt->opcode == (ROCE_RC | ROCE_WRITE_ONLY) && !pkt->dma_len &&
	       pkt->va == ASK_VA && pkt->rkey == ASK_RKEY;
}

void roce_hole_tell(struct roce_packet *pkt, const struct roce_hole *hole)
{
	*pkt = (struct roce_packet){
		.opcode = ROCE_RC | ROCE_ACKNOWLEDGE,
		.psn = psn_add(hole->psn, FAR),
		.syndrome = SYNDROME,
		.msn = hole->len << LEN_SHIFT | hole->reach,
	};
	pkt->op = roce_op(pkt->opcode);
}

bool roce_hole_told(const struct roce_packet *pkt, struct roce_hole *hole)
{
	*hole = (struct roce_hole){
		.psn = psn_add(pkt->psn, FAR),
		.len = pkt->msn >> LEN_SHIFT,
		.reach = pkt->msn & ROCE_HOLE_MOST,
	};
	return pkt->opcode == (ROCE_RC | ROCE_ACKNOWLEDGE) &&
	       pkt->syndrome == SYNDROME && hole->len &&
	       hole->len <= hole->reach;
}

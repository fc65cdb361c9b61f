/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an unreliable datagram has besides its packet: the Q_Key question and
 * the 40 bytes in front of it in the RECV (IBA volume 1, sections 8.3 and
 * 10.2.5; annex A17.4.5.1).
 */
#ifndef URDMA_ROCE_UD_H
#define URDMA_ROCE_UD_H

#include <stdbool.h>
#include <stdint.h>

enum {
	ROCE_GRH_LEN = 40,
	ROCE_QKEY_CONTROLLED = 0x80000000, /* privileged */
	ROCE_QKEY_GSI = 0x80010000,
};

/* What a completion's service level says of the packet, where there are none
 * (IBA annex A17.4.5.1 wants it told, verbs have no other place; Mellanox's
 * adapters tell it so, and UCX drops datagrams of which it is not told). */
enum {
	ROCE_SL_IP6 = 1,
	ROCE_SL_IP4 = 2,
	ROCE_SL_UDP = 8,
};

/* The Q_Key that goes out: a controlled one in the work request means the
 * queue pair's own (IBA 10.2.5). */
uint32_t roce_ud_qkey(uint32_t wr_qkey, uint32_t qp_qkey);

/* What IPv4 and IPv6 headers leave in the RECV: IPv6 the whole header, IPv4
 * 20 bytes of zeros and the header in the last 20. */
void roce_ud_grh(uint8_t out[static ROCE_GRH_LEN], const uint8_t *ip);
const uint8_t *roce_ud_ip(const uint8_t grh[static ROCE_GRH_LEN]);
uint8_t roce_ud_sl(const uint8_t grh[static ROCE_GRH_LEN]);

#endif

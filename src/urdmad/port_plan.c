// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/port_plan.h"

#include "net/eth.h"
#include "urdmad/config.h"

enum {
	VLAN_TAG = 4,
	/* A device named by its string may want more than a frame:
	 * net_af_packet a whole frame of the kernel's ring. */
	ROOM_STEP = 1024,
	RING_HEADER = 128,
	DATA_BYTES = 64 << 20, /* of packets queued and out of order */
	DATA_BUFS_MIN = 2048,
	DATA_BUFS_MAX = 16384,
	/* mbuf, struct buf, mempool's own header and trailer. */
	BUF_OVERHEAD = 512,
};

static uint32_t round_up(uint32_t n, uint32_t step)
{
	return (n + step - 1) / step * step;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void port_plan(struct port_plan *plan, const struct port_config *config,
	       uint32_t mtu)
{
	uint32_t bufs;

	plan->mtu = mtu;
	plan->data_room =
		PORT_HEADROOM +
		round_up(mtu + ETH_LEN + VLAN_TAG + RING_HEADER, ROOM_STEP);
	bufs = smaller(larger(DATA_BYTES / plan->data_room, DATA_BUFS_MIN),
		       DATA_BUFS_MAX);
	plan->buf_count = bufs + config->rx_desc_count + config->tx_desc_count;
	plan->memory =
		(uint64_t)plan->buf_count * (plan->data_room + BUF_OVERHEAD);
}

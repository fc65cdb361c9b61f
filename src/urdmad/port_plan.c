// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/port_plan.h"

#include "net/eth.h"
#include "urdmad/config.h"

enum {
	PAGE = 4096,

	FRAME_STEP = 1024,
	BLOCK_MAX = 65536, /* one piece of kernel memory, where it fits */
	VLAN_TAG = 4,
	/* What the kernel puts before a packet's network header in the ring:
	 * struct tpacket2_hdr, struct sockaddr_ll, alignment. */
	RING_HEADER = 128,
	RING_BYTES_MAX = 32 << 20, /* of each of the kernel's two rings */
	DATA_BYTES = 64 << 20,	   /* of packets queued and out of order */
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

/* A block is a whole number of pages and of frames, and best near a power of
 * two, which is what the kernel takes for it. */
static uint32_t block_for(uint32_t frame)
{
	uint32_t block = frame;

	while (block % PAGE)
		block += frame;
	if (block > BLOCK_MAX)
		return block;
	return BLOCK_MAX / block * block;
}

void port_plan(struct port_plan *plan, const struct port_config *config,
	       uint32_t mtu)
{
	uint32_t frames = larger(config->rx_desc_count, config->tx_desc_count);
	uint32_t per_block, bufs;

	plan->mtu = mtu;
	plan->frame =
		round_up(mtu + ETH_LEN + VLAN_TAG + RING_HEADER, FRAME_STEP);
	plan->block = block_for(plan->frame);
	per_block = plan->block / plan->frame;
	frames = smaller(frames, RING_BYTES_MAX / plan->frame);
	plan->frame_count = larger(frames / per_block, 1) * per_block;

	/* net_af_packet wants room for a whole ring frame in a buffer. */
	plan->data_room = PORT_HEADROOM + plan->frame;
	bufs = smaller(larger(DATA_BYTES / plan->data_room, DATA_BUFS_MIN),
		       DATA_BUFS_MAX);
	plan->buf_count = bufs + config->rx_desc_count + config->tx_desc_count;
	plan->memory =
		(uint64_t)plan->buf_count * (plan->data_room + BUF_OVERHEAD);
}

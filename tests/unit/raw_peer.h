/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One host of sim/world.h and a peer of it made of bytes (sim/raw.h).  unit.h
 * before this.
 */
#ifndef URDMA_TESTS_RAW_PEER_H
#define URDMA_TESTS_RAW_PEER_H

#include "rdma/iw_stream.h"
#include "sim/raw.h"
#include "sim/world.h"

static struct world world;
static struct host *host;
static struct raw raw;

static inline int setup(void **state)
{
	struct world_options options = world_defaults(1);

	(void)state;
	options.crc[0] = true;
	world_create(&world, &options);
	host = &world.host[0];
	raw_create(&raw, &world);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	raw_destroy(&raw);
	return world_destroy(&world);
}

static inline void some_time(void)
{
	world_pass(&world, 10 * NSEC_PER_MSEC);
}

static const uint8_t request_rev1[20] = "MPA ID Req Frame\x40\x01\x00\x00";

static inline void ask(const uint8_t *request, uint32_t len)
{
	assert_int_equal(world_listen(&world, 0), 0);
	assert_true(raw_connect(&raw));
	raw_send(&raw, request, len);
	some_time();
}

static inline void accept_with(const uint8_t *request, uint32_t len)
{
	struct iw_params params = world_params(&world, 0);

	ask(request, len);
	assert_non_null(world_event(host, IW_CONNECT_REQUEST));
	assert_int_equal(iw_accept(host->ep, host->qp.qp, &params, world.now),
			 0);
	some_time();
	assert_memory_equal(raw.in, "MPA ID Rep Frame", 16);
	raw.in_len = 0;
}

static inline int setup_accepted(void **state)
{
	setup(state);
	accept_with(request_rev1, 20);
	return 0;
}

#endif

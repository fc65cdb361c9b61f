/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What tests of cm over two hosts begin with.  cmocka.h before this. */
#ifndef URDMA_TESTS_CM_HOSTS_H
#define URDMA_TESTS_CM_HOSTS_H

#include "cm_world.h"

enum { PORT = 7471 };

static struct world world;
static struct host *const here = &world.hosts[0];
static struct host *const there = &world.hosts[1];

static int set_up(void **state)
{
	(void)state;
	world_open(&world);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return world_close(&world);
}

static inline struct cm_id *new_id(struct host *host)
{
	struct cm_id *id;

	assert_int_equal(
		cm_id_create(host->channel, CM_PS_TCP, QPT_RC, NULL, &id), 0);
	return id;
}

static inline struct cm_event next_event(struct host *host,
					 enum cm_event_type type)
{
	struct cm_event event;

	assert_ptr_equal(cm_next_ready(host->cm), host->channel);
	assert_true(cm_channel_event(host->channel, &event));
	assert_int_equal(event.type, type);
	return event;
}

static void assert_quiet(struct host *host)
{
	struct cm_event event;

	assert_null(cm_next_ready(host->cm));
	assert_false(cm_channel_event(host->channel, &event));
}

static inline struct cm_id *
listen_at(struct host *host, const struct cm_addr *addr, uint32_t backlog)
{
	struct cm_id *id = new_id(host);

	assert_int_equal(cm_id_bind(id, addr), 0);
	assert_int_equal(cm_id_listen(id, backlog), 0);
	return id;
}

static inline struct cm_id *listener(struct host *host)
{
	struct cm_addr addr = world_addr(host->index, PORT);

	return listen_at(host, &addr, 0);
}

static inline struct cm_id *resolved(struct host *host, struct cm_addr dst)
{
	struct cm_id *id = new_id(host);
	struct cm_addr any = { 0 };

	assert_int_equal(cm_id_resolve_addr(id, &any, &dst, 2000, world.now),
			 0);
	next_event(host, CM_EVENT_ADDR_RESOLVED);
	assert_int_equal(cm_id_resolve_route(id), 0);
	next_event(host, CM_EVENT_ROUTE_RESOLVED);
	return id;
}

#endif

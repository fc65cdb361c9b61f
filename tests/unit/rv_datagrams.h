/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two RoCE hosts (rv_world.h), a and b, with a queue pair of datagrams each; a
 * is the one that sends.  unit.h before this.
 */
#ifndef URDMA_TESTS_RV_DATAGRAMS_H
#define URDMA_TESTS_RV_DATAGRAMS_H

#include "rv_world.h"

static struct rv_host a, b;
static struct rv_packet packet;

enum { GRH = 40, FROM = 100, TO = 20000 };

static inline int setup_link(bool infiniband)
{
	rv_host_open_link(&a, 1, 2, infiniband);
	rv_host_open_link(&b, 2, 1, infiniband);
	rv_make_datagrams(&a);
	rv_make_datagrams(&b);
	for (int i = 0; i < 4096; i++)
		a.bytes[FROM + i] = (uint8_t)(i * 7);
	return 0;
}

static inline int setup(void **state)
{
	(void)state;
	return setup_link(false);
}

static inline int setup_infiniband(void **state)
{
	(void)state;
	return setup_link(true);
}

static inline int teardown(void **state)
{
	(void)state;
	return rv_host_close(&a) || rv_host_close(&b);
}

static inline struct urdma_sqe to_b(void)
{
	return (struct urdma_sqe){ .wr_id = 1,
				   .opcode = URDMA_WR_SEND,
				   .ah = a.ah,
				   .remote_qpn = rdma_qp_num(b.qp),
				   .remote_qkey = RV_QKEY };
}

/* `packet` is what a sends then. */
static inline void send(struct urdma_sqe sqe, uint32_t len)
{
	rv_post_send(&a, &sqe, FROM, len);
	assert_true(rv_take(&a, &packet));
}

/* It is refused for that reason, and b's RECV is still there. */
static inline void refused(const char *reason)
{
	uint64_t before = rv_count(&b, reason);

	assert_int_equal(rv_give(&b, &packet), DROP_ROCE);
	assert_int_equal(rv_count(&b, reason), before + 1);
	expect_nothing(&b);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two ports whose communication managers talk to each other, and a clock that
 * is a variable.  cmocka.h before this.
 */
#ifndef URDMA_TESTS_IBCM_PAIR_H
#define URDMA_TESTS_IBCM_PAIR_H

#include <string.h>

#include "ibcm/ibcm.h"

enum { SERVICE = 0x1061d2f, PAIR_LOG = 64 };

struct end {
	struct ibcm *ibcm;
	uint8_t gid[IBCM_GID_LEN];
	uint64_t seed;
	/* Attributes of what it has sent, in order. */
	uint16_t sent[PAIR_LOG];
	unsigned int sent_count;
	struct ibcm_msg last;
};

static struct end ends[2];
static struct end *const us = &ends[0];
static struct end *const peer = &ends[1];
static nsec_t now;

static void pair_random(void *arg, void *out, size_t len)
{
	struct end *end = arg;
	uint8_t *bytes = out;

	while (len--) {
		end->seed ^= end->seed << 13;
		end->seed ^= end->seed >> 7;
		end->seed ^= end->seed << 17;
		*bytes++ = (uint8_t)end->seed;
	}
}

static void open_end(unsigned int i)
{
	struct ibcm_config config = {
		.ca_guid = 0x0200000000000001 + i,
		.mtu = 3,
		.uc = true,
		.max_half_open = 4,
		.random = pair_random,
		.random_arg = &ends[i],
	};
	static const uint8_t mapped[IBCM_GID_LEN] = { [10] = 0xff, 0xff, 10 };

	memset(&ends[i], 0, sizeof(ends[i]));
	ends[i].seed = 0x9e3779b97f4a7c15 + i;
	memcpy(ends[i].gid, mapped, sizeof(mapped));
	ends[i].gid[15] = (uint8_t)(i + 1);
	ends[i].ibcm = ibcm_create(&config);
	assert_non_null(ends[i].ibcm);
}

static int pair_open(void **state)
{
	(void)state;
	now = NSEC_PER_SEC;
	open_end(0);
	open_end(1);
	return 0;
}

static int pair_close(void **state)
{
	(void)state;
	ibcm_destroy(us->ibcm);
	ibcm_destroy(peer->ibcm);
	return 0;
}

static struct end *end_of(const uint8_t *gid)
{
	for (unsigned int i = 0; i < 2; i++)
		if (memcmp(ends[i].gid, gid, IBCM_GID_LEN) == 0)
			return &ends[i];
	return NULL;
}

/* The next datagram of `from`, decoded; false: none. */
static bool pull(struct end *from, struct ibcm_way *way, uint8_t *bytes)
{
	if (!ibcm_output(from->ibcm, way, bytes))
		return false;
	assert_int_equal(ibcm_decode(&from->last, bytes, IBCM_MAD_LEN),
			 IBCM_OK);
	assert_true(from->sent_count < PAIR_LOG);
	from->sent[from->sent_count++] = from->last.attr;
	return true;
}

/* Delivered as it came from `from`. */
static inline enum ibcm_verdict
feed(struct end *from, const struct ibcm_way *way, const uint8_t *bytes)
{
	struct ibcm_way back = { .qpn = 1 };
	struct end *to = end_of(way->remote);

	(void)from;
	assert_non_null(to);
	memcpy(back.local, way->remote, sizeof(back.local));
	memcpy(back.remote, way->local, sizeof(back.remote));
	return ibcm_input(to->ibcm, &back, bytes, IBCM_MAD_LEN, now);
}

static inline enum ibcm_verdict feed_msg(struct end *from, struct end *to,
					 const struct ibcm_msg *msg)
{
	struct ibcm_way way = { .qpn = 1 };
	uint8_t bytes[IBCM_MAD_LEN];

	memcpy(way.local, from->gid, sizeof(way.local));
	memcpy(way.remote, to->gid, sizeof(way.remote));
	ibcm_encode(msg, bytes);
	return feed(from, &way, bytes);
}

/* One datagram from `from` reaches the other end. */
static inline enum ibcm_verdict carry(struct end *from)
{
	uint8_t bytes[IBCM_MAD_LEN];
	struct ibcm_way way;

	assert_true(pull(from, &way, bytes));
	return feed(from, &way, bytes);
}

static inline void lose(struct end *from, uint16_t attr)
{
	uint8_t bytes[IBCM_MAD_LEN];
	struct ibcm_way way;

	assert_true(pull(from, &way, bytes));
	assert_int_equal(from->last.attr, attr);
}

static inline void carry_twice(struct end *from)
{
	uint8_t bytes[IBCM_MAD_LEN];
	struct ibcm_way way;

	assert_true(pull(from, &way, bytes));
	feed(from, &way, bytes);
	feed(from, &way, bytes);
}

static inline void quiet(struct end *end)
{
	struct ibcm_event event;
	struct ibcm_way way;
	uint8_t bytes[IBCM_MAD_LEN];

	assert_false(ibcm_output(end->ibcm, &way, bytes));
	assert_false(ibcm_event(end->ibcm, &event));
}

/* Everything, until nobody has anything to say. */
static inline void run(void)
{
	uint8_t bytes[IBCM_MAD_LEN];
	struct ibcm_way way;
	bool moved;

	do {
		moved = false;
		for (unsigned int i = 0; i < 2; i++)
			while (pull(&ends[i], &way, bytes)) {
				feed(&ends[i], &way, bytes);
				moved = true;
			}
	} while (moved);
}

/* To the next deadline of `end`. */
static inline void wait_for(struct end *end)
{
	nsec_t due = ibcm_deadline(end->ibcm);

	assert_true(due != NSEC_NEVER);
	now = due > now ? due : now;
	ibcm_expire(end->ibcm, now);
}

static inline struct ibcm_event told(struct end *end, enum ibcm_event_kind kind)
{
	struct ibcm_event event;

	assert_true(ibcm_event(end->ibcm, &event));
	assert_int_equal(event.kind, kind);
	return event;
}

/* Whenever that is. */
static inline struct ibcm_event told_later(struct end *end,
					   enum ibcm_event_kind kind)
{
	struct ibcm_event event;

	while (!ibcm_event(end->ibcm, &event))
		wait_for(end);
	assert_int_equal(event.kind, kind);
	return event;
}

static inline struct ibcm_request request_to(const struct end *from,
					     const struct end *to, uint32_t qpn)
{
	struct ibcm_request request = {
		.service_id = SERVICE,
		.service = IBCM_RC,
		.mtu = 3,
		.ack_timeout = 14,
		.hop_limit = 64,
		.way.qpn = 1,
		.offer = {
			.qpn = qpn,
			.responder_resources = 7,
			.initiator_depth = 5,
			.retry_count = 6,
			.rnr_retry_count = 4,
			.private_data = "asking",
			.private_data_len = 6,
		},
	};

	memcpy(request.way.local, from->gid, IBCM_GID_LEN);
	memcpy(request.way.remote, to->gid, IBCM_GID_LEN);
	return request;
}

static inline struct ibcm_conn *ask(uint32_t qpn)
{
	struct ibcm_request request = request_to(us, peer, qpn);
	struct ibcm_conn *conn;

	assert_int_equal(ibcm_connect(us->ibcm, &request, us, now, &conn), 0);
	return conn;
}

static inline struct ibcm_listener *listen_on(struct end *end)
{
	struct ibcm_listener *listener;

	assert_int_equal(ibcm_listen(end->ibcm, NULL, SERVICE, end, &listener),
			 0);
	return listener;
}

static const struct ibcm_offer pair_offer = {
	.qpn = 0x222,
	.responder_resources = 3,
	.initiator_depth = 2,
	.rnr_retry_count = 5,
	.private_data = "yes",
	.private_data_len = 3,
};

/* What `peer` was asked for, just now. */
static inline struct ibcm_conn *asked(void)
{
	struct ibcm_conn *conn = told(peer, IBCM_EV_REQUEST).conn;

	ibcm_set_user(conn, peer);
	return conn;
}

struct both {
	struct ibcm_conn *a;
	struct ibcm_conn *b;
};

/* Connected; queue pairs 0x111 and 0x222. */
static inline struct both connected(void)
{
	struct both both = { .a = ask(0x111) };

	run();
	both.b = asked();
	assert_int_equal(ibcm_accept(both.b, &pair_offer, now), 0);
	run();
	told(us, IBCM_EV_REPLY);
	assert_int_equal(ibcm_confirm(both.a, now), 0);
	run();
	told(peer, IBCM_EV_ESTABLISHED);
	return both;
}

/* A request of ours that does not arrive. */
static inline struct ibcm_msg last_req(void)
{
	ask(0x111);
	lose(us, IBCM_REQ);
	return us->last;
}

/* The beginning of a message on their connection, as if from us; its end, which
 * tells the ids, does not arrive. */
static inline struct ibcm_msg about(const struct both *both,
				    enum ibcm_attr attr)
{
	struct ibcm_msg msg = { .method = IBCM_SEND, .attr = attr };

	ibcm_disconnect(both->a, now);
	lose(us, IBCM_DREQ);
	msg.local_id = us->last.local_id;
	msg.remote_id = us->last.remote_id;
	msg.qpn = us->last.qpn;
	return msg;
}

#endif

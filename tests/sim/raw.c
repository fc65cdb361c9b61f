// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sim/raw.h"

#include <assert.h>
#include <string.h>

#include "iwarp/mpa_fpdu.h"

enum { RAW_PORT = 40000, MTU = 1500, HEADERS = 40 };

void raw_create(struct raw *raw, struct world *world)
{
	memset(raw, 0, sizeof(*raw));
	raw->world = world;
	tcp_config_init(&raw->config, MTU - HEADERS);
	tcp_listener_init(&raw->listener, 1);
	world->raw = raw;
}

void raw_destroy(struct raw *raw)
{
	raw->world->raw = NULL;
	if (raw->live)
		tcp_conn_destroy(&raw->conn);
	tcp_listener_destroy(&raw->listener);
}

static struct tcp_open opening(struct raw *raw)
{
	return (struct tcp_open){
		.config = &raw->config,
		.pool = &raw->world->host[1].pool.pool,
		.local_port = raw->key.local_port,
		.peer_port = raw->key.remote_port,
		.iss = 1000u * (raw->accepted + 1) +
		       (uint32_t)(raw->world->now / 1000),
	};
}

static void renew(struct raw *raw, const struct flow_key *key)
{
	if (raw->live)
		tcp_conn_destroy(&raw->conn);
	raw->key = *key;
	raw->live = true;
	raw->in_len = 0;
	raw->peer_closed = false;
}

bool raw_connect(struct raw *raw)
{
	struct world *world = raw->world;
	struct flow_key key = { .local_port = RAW_PORT,
				.remote_port = WORLD_PORT };
	struct tcp_open open;

	memcpy(key.local, world->host[1].addr, FLOW_ADDR_LEN);
	memcpy(key.remote, world->host[0].addr, FLOW_ADDR_LEN);
	renew(raw, &key);
	open = opening(raw);
	tcp_connect(&raw->conn, &open, world->now);
	world_pass(world, NSEC_PER_MSEC);
	return tcp_conn_state(&raw->conn) == TCP_ESTABLISHED;
}

void raw_send(struct raw *raw, const void *bytes, uint32_t len)
{
	struct buf_pool *pool = &raw->world->host[1].pool.pool;

	while (len) {
		struct buf *buf = buf_alloc(pool);
		uint32_t piece = tcp_send_mss(&raw->conn);

		assert(buf);
		buf->len = len < piece ? len : piece;
		memcpy(buf->data, bytes, buf->len);
		bytes = (const uint8_t *)bytes + buf->len;
		len -= buf->len;
		tcp_send(&raw->conn, buf);
	}
}

void raw_send_fpdu(struct raw *raw, const void *ulpdu, uint32_t len)
{
	uint8_t fpdu[2048];
	struct mpa_tx tx;

	assert(mpa_fpdu_len(len) <= sizeof(fpdu));
	mpa_tx_init(&tx, true, false);
	memcpy(fpdu + MPA_LENGTH_LEN, ulpdu, len);
	raw_send(raw, fpdu, mpa_tx_seal(&tx, fpdu, len));
}

void raw_close(struct raw *raw)
{
	tcp_close(&raw->conn, raw->world->now);
}

void raw_abort(struct raw *raw)
{
	tcp_abort(&raw->conn);
}

static void input_new(struct raw *raw, const struct flow_key *key,
		      const struct tcp_segment *segment)
{
	enum tcp_verdict why;
	struct tcp_open open;

	if (tcp_listener_decide(&raw->listener, segment, &why) !=
	    TCP_LISTEN_ACCEPT)
		return;
	renew(raw, key);
	raw->accepted++;
	open = opening(raw);
	tcp_accept(&raw->conn, &open, &raw->listener, segment, raw->world->now);
}

void raw_input(struct raw *raw, const struct flow_key *key,
	       const struct tcp_segment *segment, struct buf *buf)
{
	enum tcp_verdict verdict = TCP_REOPEN;
	bool over =
		!raw->live || tcp_close_reason(&raw->conn) != TCP_STILL_OPEN;

	if (!over && flow_key_equal(key, &raw->key))
		verdict = tcp_input(&raw->conn, segment, buf, raw->world->now);
	else
		buf_free(&raw->world->host[1].pool.pool, buf);
	if (verdict == TCP_REOPEN)
		input_new(raw, key, segment);
}

static void swallow(struct raw *raw)
{
	const struct buf *buf;

	while ((buf = tcp_recv_first(&raw->conn))) {
		uint32_t len = buf->len;

		uint32_t keep = sizeof(raw->in) - raw->in_len;

		if (keep > len)
			keep = len;
		memcpy(raw->in + raw->in_len, buf->data, keep);
		raw->in_len += keep;
		tcp_recv_consume(&raw->conn, len);
	}
}

void raw_turn(struct raw *raw)
{
	struct world *world = raw->world;
	struct tcp_segment segment;
	enum tcp_event event;

	if (!raw->live)
		return;
	if (tcp_deadline(&raw->conn) <= world->now)
		tcp_expire(&raw->conn, world->now);
	while ((event = tcp_event(&raw->conn)) != TCP_NO_EVENT)
		raw->peer_closed |= event == TCP_EVENT_PEER_CLOSED;
	swallow(raw);
	while (tcp_output(&raw->conn, &segment, world->now))
		link_send(&world->link, 0, &raw->key, &segment, world->now);
}

nsec_t raw_deadline(const struct raw *raw)
{
	return raw->live ? tcp_deadline(&raw->conn) : NSEC_NEVER;
}

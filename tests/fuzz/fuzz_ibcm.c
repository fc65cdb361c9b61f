// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A communication manager between a peer that says anything and an owner that
 * wants anything, at any time.  Four bytes of input are a step: what, and its
 * arguments.  Ids and queue pairs come from few values, so that messages hit
 * connections.
 */
#include "ibcm/ibcm.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ibcm/ibcm_priv.h"

enum { CONNS = 8, HALF_OPEN = 3 };

static struct {
	struct ibcm *ibcm;
	struct ibcm_listener *listener;
	struct ibcm_conn *conns[CONNS];
	uint32_t next_id;
	uint32_t last_id; /* that we named in a message */
	nsec_t now;
} host;

static const struct ibcm_way way = { .local = "us",
				     .remote = "peer",
				     .qpn = 1 };

/* Small and growing, so that a peer can guess. */
static void count_up(void *arg, void *out, size_t len)
{
	uint8_t *bytes = out;

	(void)arg;
	memset(bytes, 0, len);
	bytes[0] = (uint8_t)++host.next_id;
}

static void take_outputs(void)
{
	uint8_t bytes[IBCM_MAD_LEN];
	struct ibcm_msg msg;
	struct ibcm_way to;

	while (ibcm_output(host.ibcm, &to, bytes)) {
		if (ibcm_decode(&msg, bytes, sizeof(bytes)) != IBCM_OK)
			abort();
		host.last_id = msg.local_id;
	}
}

static void keep(struct ibcm_conn *conn)
{
	for (unsigned int i = 0; i < CONNS; i++)
		if (!host.conns[i]) {
			host.conns[i] = conn;
			return;
		}
	ibcm_release(conn, host.now);
}

static void take_events(void)
{
	struct ibcm_event event;

	while (ibcm_event(host.ibcm, &event))
		if (event.kind == IBCM_EV_REQUEST ||
		    event.kind == IBCM_EV_SIDR_REQUEST)
			keep(event.conn);
}

static void receive(const uint8_t *step)
{
	struct ibcm_msg msg = {
		.method = IBCM_SEND,
		.attr = step[1] % 12 ? IBCM_REQ + step[1] % 12 - 1
				     : IBCM_CLASS_PORT_INFO,
		.local_id = step[2] & 7,
		.remote_id = step[2] & 8 ? host.last_id : step[2] >> 4,
		.service_id = step[3] & 1,
		.qpn = step[3] >> 4,
		.mtu = 3,
		.max_cm_retries = step[3] & 15,
		.local_timeout = step[3] >> 3,
		.service_timeout = step[3] >> 3,
		.about = step[3] & 3,
		.reason = step[3] & 31,
		.path.remote_gid = "us",
	};
	uint8_t bytes[IBCM_MAD_LEN];

	if (msg.attr == IBCM_CLASS_PORT_INFO)
		msg.method = IBCM_GET;
	ibcm_encode(&msg, bytes);
	ibcm_input(host.ibcm, &way, bytes, sizeof(bytes), host.now);
}

static void begin(const uint8_t *step)
{
	struct ibcm_request request = {
		.way = way,
		.mtu = 3,
		.offer.qpn = step[2] & 3,
	};
	struct ibcm_conn *conn;
	int ret = step[3] & 1 ? ibcm_resolve(host.ibcm, &request, NULL,
					     host.now, &conn)
			      : ibcm_connect(host.ibcm, &request, NULL,
					     host.now, &conn);

	if (ret == 0)
		keep(conn);
}

static void act(const uint8_t *step)
{
	struct ibcm_conn **conn = &host.conns[step[2] % CONNS];
	struct ibcm_offer offer = { .qpn = step[3] & 3 };

	if (!*conn)
		return;
	switch (step[1] % 7) {
	case 0:
		ibcm_accept(*conn, &offer, host.now);
		break;
	case 1:
		ibcm_confirm(*conn, host.now);
		break;
	case 2:
		ibcm_reject(*conn, IBCM_REJ_CONSUMER, NULL, 0, host.now);
		break;
	case 3:
		ibcm_established(*conn, host.now);
		break;
	case 4:
		ibcm_disconnect(*conn, host.now);
		break;
	case 5:
		ibcm_sidr_reply(*conn, IBCM_SIDR_OK, &offer, host.now);
		break;
	default:
		ibcm_release(*conn, host.now);
		*conn = NULL;
	}
}

static void toggle_listener(void)
{
	if (host.listener) {
		ibcm_unlisten(host.listener, host.now);
		host.listener = NULL;
	} else if (ibcm_listen(host.ibcm, NULL, 1, NULL, &host.listener)) {
		abort();
	}
}

static void step_forward(const uint8_t *step)
{
	switch (step[0] % 6) {
	case 0:
	case 1:
		receive(step);
		break;
	case 2:
		begin(step);
		break;
	case 3:
		act(step);
		break;
	case 4:
		host.now += (nsec_t)step[1] << (step[2] % 40);
		ibcm_expire(host.ibcm, host.now);
		break;
	default:
		toggle_listener();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ibcm_config config = {
		.mtu = 3,
		.uc = true,
		.max_half_open = HALF_OPEN,
		.random = count_up,
	};

	memset(&host, 0, sizeof(host));
	host.ibcm = ibcm_create(&config);
	for (size_t i = 0; i + 4 <= size && host.next_id < 200; i += 4) {
		step_forward(data + i);
		take_outputs();
		take_events();
		if (host.ibcm->half_open > HALF_OPEN)
			abort();
	}
	for (unsigned int i = 0; i < CONNS; i++)
		ibcm_release(host.conns[i], host.now);
	ibcm_unlisten(host.listener, host.now);
	/* Nobody holds anything: time alone must end all of it. */
	while (ibcm_deadline(host.ibcm) != NSEC_NEVER) {
		host.now = ibcm_deadline(host.ibcm);
		ibcm_expire(host.ibcm, host.now);
		take_outputs();
	}
	if (host.ibcm->conns.count || host.ibcm->half_open)
		abort();
	ibcm_destroy(host.ibcm);
	return 0;
}

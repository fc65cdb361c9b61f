// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two communication managers over a link that loses, doubles, delays and
 * reorders datagrams, in virtual time.  Programs at both ends connect, accept,
 * reject, resolve and disconnect at random.  Whatever happens:
 *
 *	every request ends, in exactly one way
 *	when both ends are up they agree on each other
 *	an end that is up hears of its end
 *	nothing is left in the end
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ibcm/ibcm.h"
#include "ibcm/ibcm_priv.h"
#include "sim/rng.h"

enum { SEEDS = 60, REQUESTS = 24, FLYING = 512, SERVICE = 1 };

enum outcome { OPEN, UP, DOWN, NO };

struct call {
	struct ibcm_conn *conn;
	uint32_t psn; /* ours: what a peer calls us by */
	uint8_t outcome;
	bool passive;
	bool sidr;
};

struct end {
	struct ibcm *ibcm;
	struct ibcm_listener *listener;
	uint8_t gid[IBCM_GID_LEN];
	struct call calls[4 * REQUESTS];
	unsigned int count;
	unsigned int asked;
};

struct flight {
	nsec_t at;
	int to;
	uint8_t bytes[IBCM_MAD_LEN];
};

static struct {
	struct end ends[2];
	struct rng rng;
	struct flight flying[FLYING];
	unsigned int count;
	uint32_t loss;
	uint32_t doubled;
	nsec_t now;
	uint64_t seed;
	uint64_t up, refused;
} sim;

static void fail(const char *what)
{
	printf("not ok 1 - seed %llu: %s\n1..1\n", (unsigned long long)sim.seed,
	       what);
	exit(1);
}

static void sim_random(void *arg, void *out, size_t len)
{
	uint8_t *bytes = out;

	(void)arg;
	while (len--)
		*bytes++ = (uint8_t)rng_next(&sim.rng);
}

/*
 * The link.
 */

static void launch(int to, const uint8_t *bytes)
{
	struct flight *flight;

	if (rng_chance(&sim.rng, sim.loss) || sim.count == FLYING)
		return;
	flight = &sim.flying[sim.count++];
	flight->at = sim.now + rng_below(&sim.rng, 300 * NSEC_PER_MSEC);
	flight->to = to;
	memcpy(flight->bytes, bytes, IBCM_MAD_LEN);
}

static void send_all(int from)
{
	uint8_t bytes[IBCM_MAD_LEN];
	struct ibcm_way way;

	while (ibcm_output(sim.ends[from].ibcm, &way, bytes)) {
		launch(!from, bytes);
		if (rng_chance(&sim.rng, sim.doubled))
			launch(!from, bytes);
	}
}

static void land(unsigned int i)
{
	struct flight flight = sim.flying[i];
	struct ibcm_way way = { .qpn = 1 };

	sim.flying[i] = sim.flying[--sim.count];
	memcpy(way.local, sim.ends[flight.to].gid, IBCM_GID_LEN);
	memcpy(way.remote, sim.ends[!flight.to].gid, IBCM_GID_LEN);
	ibcm_input(sim.ends[flight.to].ibcm, &way, flight.bytes, IBCM_MAD_LEN,
		   sim.now);
}

/*
 * The programs.
 */

static struct call *add(struct end *end, struct ibcm_conn *conn)
{
	struct call *call = &end->calls[end->count++];
	struct ibcm_info info;

	if (end->count > sizeof(end->calls) / sizeof(*end->calls))
		fail("more calls than requests");
	ibcm_conn_info(conn, &info);
	*call = (struct call){ .conn = conn, .psn = info.rq_psn };
	ibcm_set_user(conn, call);
	return call;
}

static struct ibcm_offer offer_of(const struct end *end)
{
	return (struct ibcm_offer){
		.qpn = 0x100 + (uint32_t)(end - sim.ends) * 0x1000 + end->count,
	};
}

static void ask(struct end *end)
{
	struct end *other = end == sim.ends ? end + 1 : end - 1;
	struct ibcm_request request = {
		.service_id = SERVICE + rng_chance(&sim.rng, 100000),
		.mtu = 3,
		.way.qpn = 1,
		.offer = offer_of(end),
	};
	bool sidr = rng_chance(&sim.rng, 200000);
	struct ibcm_conn *conn;
	int ret;

	memcpy(request.way.local, end->gid, IBCM_GID_LEN);
	memcpy(request.way.remote, other->gid, IBCM_GID_LEN);
	ret = sidr ? ibcm_resolve(end->ibcm, &request, NULL, sim.now, &conn)
		   : ibcm_connect(end->ibcm, &request, NULL, sim.now, &conn);
	if (ret)
		fail("asking failed");
	end->asked++;
	add(end, conn)->sidr = sidr;
}

static void answer(struct end *end, const struct ibcm_event *event)
{
	struct call *call = add(end, event->conn);
	struct ibcm_offer offer = offer_of(end);

	call->passive = true;
	call->sidr = event->kind == IBCM_EV_SIDR_REQUEST;
	if (call->sidr) {
		ibcm_sidr_reply(call->conn, IBCM_SIDR_OK, &offer, sim.now);
		call->outcome = NO;
	} else if (rng_chance(&sim.rng, 150000)) {
		ibcm_reject(call->conn, IBCM_REJ_CONSUMER, NULL, 0, sim.now);
		call->outcome = NO;
	} else if (ibcm_accept(call->conn, &offer, sim.now)) {
		fail("accepting failed");
	}
}

static void decide(struct call *call, enum outcome outcome)
{
	bool fits = call->outcome == OPEN ||
		    (call->outcome == UP && outcome == DOWN);

	if (!fits)
		fail("two outcomes of one request");
	sim.up += outcome == UP;
	sim.refused += outcome == NO;
	call->outcome = (uint8_t)outcome;
}

static void hear(struct end *end, const struct ibcm_event *event)
{
	struct call *call = event->user;

	switch (event->kind) {
	case IBCM_EV_REQUEST:
	case IBCM_EV_SIDR_REQUEST:
		answer(end, event);
		break;
	case IBCM_EV_REPLY:
		if (ibcm_confirm(call->conn, sim.now))
			fail("confirming failed");
		decide(call, UP);
		break;
	case IBCM_EV_ESTABLISHED:
		decide(call, UP);
		break;
	case IBCM_EV_REJECTED:
	case IBCM_EV_UNREACHABLE:
	case IBCM_EV_SIDR_REPLY:
		decide(call, NO);
		break;
	case IBCM_EV_DISCONNECTED:
		decide(call, DOWN);
		break;
	case IBCM_EV_TIMEWAIT_EXIT:
		if (call->outcome != DOWN)
			fail("time wait before the end");
	}
}

static void hear_all(struct end *end)
{
	struct ibcm_event event;

	while (ibcm_event(end->ibcm, &event))
		hear(end, &event);
}

/* Two that are up and name each other's first numbers belong together. */
static void compare(const struct call *a, const struct call *b)
{
	struct ibcm_info one, other;

	if (a->outcome != UP || b->outcome != UP || a->passive == b->passive)
		return;
	ibcm_conn_info(a->conn, &one);
	ibcm_conn_info(b->conn, &other);
	if (one.sq_psn != b->psn)
		return;
	if (other.sq_psn != a->psn || one.remote_qpn != other.local_qpn ||
	    other.remote_qpn != one.local_qpn)
		fail("the ends do not agree");
}

static void act_at_random(struct end *end)
{
	struct call *call;

	if (end->asked < REQUESTS && rng_chance(&sim.rng, 100000))
		ask(end);
	if (!end->count || !rng_chance(&sim.rng, 30000))
		return;
	call = &end->calls[rng_below(&sim.rng, end->count)];
	if (call->outcome == UP)
		ibcm_disconnect(call->conn, sim.now);
}

/*
 * Time.
 */

static void turn(void)
{
	for (int i = 0; i < 2; i++) {
		ibcm_expire(sim.ends[i].ibcm, sim.now);
		hear_all(&sim.ends[i]);
		act_at_random(&sim.ends[i]);
		send_all(i);
	}
	for (unsigned int i = 0; i < sim.count;)
		if (sim.flying[i].at <= sim.now) {
			int to = sim.flying[i].to;

			land(i);
			hear_all(&sim.ends[to]);
		} else {
			i++;
		}
}

static bool is_open(const struct end *end)
{
	for (unsigned int i = 0; i < end->count; i++)
		if (end->calls[i].outcome == OPEN ||
		    end->calls[i].outcome == UP)
			return true;
	return end->asked < REQUESTS;
}

static void open_end(int i)
{
	struct ibcm_config config = {
		.ca_guid = (uint64_t)i + 1,
		.mtu = 3,
		.max_half_open = 1000,
		.random = sim_random,
	};
	struct end *end = &sim.ends[i];

	end->gid[15] = (uint8_t)(i + 1);
	end->ibcm = ibcm_create(&config);
	if (!end->ibcm ||
	    ibcm_listen(end->ibcm, NULL, SERVICE, NULL, &end->listener))
		fail("no memory");
}

static void close_end(struct end *end)
{
	for (unsigned int i = 0; i < end->count; i++)
		ibcm_release(end->calls[i].conn, sim.now);
	ibcm_unlisten(end->listener, sim.now);
	while (ibcm_deadline(end->ibcm) != NSEC_NEVER) {
		sim.now = ibcm_deadline(end->ibcm);
		ibcm_expire(end->ibcm, sim.now);
	}
	if (end->ibcm->conns.count || end->ibcm->peers || end->ibcm->qps)
		fail("something is left");
	ibcm_destroy(end->ibcm);
}

static void run(uint64_t seed)
{
	uint64_t turns = 0;

	memset(sim.ends, 0, sizeof(sim.ends));
	sim.seed = seed;
	sim.rng.state = seed;
	sim.count = 0;
	sim.now = NSEC_PER_SEC;
	sim.loss = seed % 4 * 100000;
	sim.doubled = seed % 3 * 100000;
	open_end(0);
	open_end(1);
	while (is_open(&sim.ends[0]) || is_open(&sim.ends[1])) {
		turn();
		for (unsigned int i = 0; i < sim.ends[0].count; i++)
			for (unsigned int j = 0; j < sim.ends[1].count; j++)
				compare(&sim.ends[0].calls[i],
					&sim.ends[1].calls[j]);
		sim.now += 20 * NSEC_PER_MSEC;
		if (++turns > 100000)
			fail("it does not end");
	}
	close_end(&sim.ends[0]);
	close_end(&sim.ends[1]);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		run(strtoull(argv[1], NULL, 0));
	} else {
		for (uint64_t seed = 0; seed < SEEDS; seed++)
			run(seed);
	}
	if (!sim.up || !sim.refused)
		fail("nothing happened");
	printf("# %llu ends came up, %llu did not\n",
	       (unsigned long long)sim.up, (unsigned long long)sim.refused);
	printf("ok 1 - every request ends in one way, and both ends "
	       "agree\n1..1\n");
	return 0;
}

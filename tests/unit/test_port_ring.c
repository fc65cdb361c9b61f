// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A port over net_ring: it opens, and answers ARP.  The device is a
 * ring from itself to itself, so the test puts a frame in and takes the answer
 * out between the port's turns.
 */
#include "urdmad/port.h"

#include <string.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "net/arp.h"
#include "net/eth.h"
#include "rdma/iw_stack.h"
#include "rdma/rv_stack.h"
#include "urdmad/config.h"
#include "urdmad/eal.h"
#include "urdmad/pktio.h"

#include "unit.h"

static const char text[] = "{ \"ports\": { \"device\": \"net_ring0\","
			   "  \"ipv4_address\": \"10.70.0.1/24\","
			   "  \"mac\": \"02:00:00:00:00:01\" } }";

static const uint8_t our_ip[4] = { 10, 70, 0, 1 };
static const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t peer_ip[4] = { 10, 70, 0, 2 };
static const uint8_t peer_mac[6] = { 2, 0, 0, 0, 0, 2 };

struct world {
	struct config config;
	struct port_plan plan;
	struct port *port;
	struct rte_ring *wire;
	nsec_t now;
};

/* No stack is behind this port: it takes no segment and has none. */
enum drop iw_stack_input(struct iw_stack *stack, const struct flow_key *key,
			 struct tcp_segment *segment, struct buf *buf,
			 nsec_t now)
{
	(void)stack;
	(void)key;
	(void)segment;
	(void)buf;
	(void)now;
	fail_msg("nobody sent a segment");
	return DROP_NO_FLOW;
}

bool iw_stack_wants(const struct iw_stack *stack, const struct flow_key *key,
		    nsec_t now)
{
	(void)stack;
	(void)key;
	(void)now;
	return true;
}

bool iw_stack_output(struct iw_stack *stack, struct flow_key *key,
		     struct tcp_segment *segment, nsec_t now)
{
	(void)stack;
	(void)key;
	(void)segment;
	(void)now;
	return false;
}

enum drop rv_stack_input(struct rv_stack *stack, const uint8_t *ip,
			 struct buf *buf, nsec_t now)
{
	(void)stack;
	(void)ip;
	(void)buf;
	(void)now;
	fail_msg("nobody sent a datagram");
	return DROP_ROCE;
}

struct buf *rv_stack_output(struct rv_stack *stack, uint8_t to[FLOW_ADDR_LEN],
			    nsec_t now)
{
	(void)stack;
	(void)to;
	(void)now;
	return NULL;
}

bool rv_stack_in_group(struct rv_stack *stack,
		       const uint8_t addr[FLOW_ADDR_LEN])
{
	(void)stack;
	(void)addr;
	return false;
}

bool rv_stack_group(struct rv_stack *stack, uint8_t addr[FLOW_ADDR_LEN],
		    bool *joined)
{
	(void)stack;
	(void)addr;
	(void)joined;
	return false;
}

bool rv_stack_expected(struct rv_stack *stack, uint8_t to[FLOW_ADDR_LEN])
{
	(void)stack;
	(void)to;
	return false;
}

static int open_world(void **state)
{
	static struct world w;
	struct config_error config_error;
	struct port_error error;

	*state = &w;
	if (config_parse(&w.config, "test", text, strlen(text), &config_error) <
		    0 ||
	    port_prepare(&w.plan, &w.config.ports[0], &error) < 0 ||
	    eal_start(&w.config, w.plan.memory) < 0)
		return -1;
	w.port = port_open(&w.config.ports[0], &w.plan, &error);
	w.wire = rte_ring_lookup("ETH_RXTX0_net_ring0");
	if (!w.port || !w.wire)
		return -1;
	w.port->link_up = port_link_up(w.port); /* the worker's part */
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	port_close(w->port);
	eal_stop();
	config_free(&w->config);
	return 0;
}

static void put(struct world *w, const uint8_t *frame, uint16_t len)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(w->port->mempool);
	char *room;

	assert_non_null(mbuf);
	room = rte_pktmbuf_append(mbuf, len);
	assert_non_null(room);
	memcpy(room, frame, len);
	assert_int_equal(rte_ring_enqueue(w->wire, mbuf), 0);
}

/* Whatever is on the wire is the port's to take, then it may answer. */
static void turn(struct world *w)
{
	w->now += NSEC_PER_MSEC;
	pktio_receive(w->port, w->now);
	pktio_transmit(w->port, w->now);
}

static struct rte_mbuf *take(struct world *w)
{
	void *mbuf = NULL;

	return rte_ring_dequeue(w->wire, &mbuf) == 0 ? mbuf : NULL;
}

static void ask_who_has(struct world *w, const uint8_t ip[4])
{
	uint8_t frame[ETH_LEN + ARP_LEN];
	struct eth eth = { .type = ETH_TYPE_ARP };
	struct arp arp = { .op = ARP_REQUEST };

	memcpy(eth.dst, eth_broadcast, 6);
	memcpy(eth.src, peer_mac, 6);
	memcpy(arp.sender_mac, peer_mac, 6);
	memcpy(arp.sender_ip, peer_ip, 4);
	memcpy(arp.target_ip, ip, 4);
	eth_encode(&eth, frame);
	arp_encode(&arp, frame + ETH_LEN);
	put(w, frame, sizeof(frame));
}

static void a_net_ring_port_opens_with_its_link_up(void **state)
{
	struct world *w = *state;

	assert_true(w->port->started);
	assert_true(w->port->link_up);
	assert_memory_equal(w->port->mac, our_mac, 6);
}

static void a_net_ring_port_answers_arp(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *mbuf;
	struct wire in;
	struct eth eth;
	struct arp arp;

	ask_who_has(w, our_ip);
	turn(w);
	mbuf = take(w);
	assert_non_null(mbuf);
	in = (struct wire){ rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len };
	assert_true(eth_decode(&eth, &in));
	assert_memory_equal(eth.dst, peer_mac, 6);
	assert_int_equal(eth.type, ETH_TYPE_ARP);
	assert_true(arp_decode(&arp, &in));
	assert_int_equal(arp.op, ARP_REPLY);
	assert_memory_equal(arp.sender_ip, our_ip, 4);
	assert_memory_equal(arp.sender_mac, our_mac, 6);
	assert_memory_equal(arp.target_ip, peer_ip, 4);
	rte_pktmbuf_free(mbuf);
	assert_null(take(w));
}

static void it_does_not_answer_for_others(void **state)
{
	struct world *w = *state;

	ask_who_has(w, (const uint8_t[]){ 10, 70, 0, 3 });
	turn(w);
	assert_null(take(w));
}

static void it_leaks_no_buffer(void **state)
{
	struct world *w = *state;
	unsigned int before = rte_mempool_avail_count(w->port->mempool);

	for (int i = 0; i < 100; i++) {
		ask_who_has(w, our_ip);
		turn(w);
		rte_pktmbuf_free(take(w));
	}
	assert_int_equal(rte_mempool_avail_count(w->port->mempool), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_net_ring_port_opens_with_its_link_up),
		cmocka_unit_test(a_net_ring_port_answers_arp),
		cmocka_unit_test(it_does_not_answer_for_others),
		cmocka_unit_test(it_leaks_no_buffer),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}

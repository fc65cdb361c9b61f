// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/exception.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <rte_mbuf.h>

#include "net/neigh.h"
#include "net/train.h"
#include "urdmad/config.h"
#include "urdmad/kernel_port.h"
#include "urdmad/kernel_route.h"
#include "urdmad/netdev.h"
#include "urdmad/now.h"
#include "urdmad/port.h"

static void on_neighbour(void *arg, const uint8_t addr[static FLOW_ADDR_LEN],
			 const uint8_t mac[static ETH_ADDR])
{
	struct port *port = arg;

	neigh_learn(&port->neigh, addr, mac, now_read());
}

static void on_frames(struct poller_watch *watch, uint32_t events, nsec_t now)
{
	struct exception *exception =
		(struct exception *)((char *)watch -
				     offsetof(struct exception, frames));

	(void)events;
	(void)now;
	exception->readable = true;
}

static void on_news(struct poller_watch *watch, uint32_t events, nsec_t now)
{
	struct exception *exception =
		(struct exception *)((char *)watch -
				     offsetof(struct exception, news));

	(void)events;
	(void)now;
	kernel_route_read(exception->route);
}

static int refuse(const struct port *port, struct port_error *error,
		  const char *what, int result)
{
	snprintf(error->text, sizeof(error->text),
		 "ports[%u].exception: interface %s: %s: %s%s",
		 port->config->index, port->config->name, what,
		 strerror(-result),
		 result == -EBUSY ? ": it is there already, give the port "
				    "another name"
				  : "");
	return -1;
}

static int open_tap(struct exception *exception, struct port_error *error)
{
	const struct port *port = exception->port;
	const char *step = NULL;
	struct tap_setup setup = {
		.name = port->config->name,
		.mtu = port->plan.mtu,
		.prefix_len = port->config->prefix_len,
	};
	int result;

	memcpy(setup.mac, port->mac, sizeof(setup.mac));
	memcpy(setup.ipv4, port->config->ipv4, sizeof(setup.ipv4));
	setup.has_ipv6 = port->config->has_ipv6;
	memcpy(setup.ipv6, port->config->ipv6, sizeof(setup.ipv6));
	setup.ipv6_prefix_len = port->config->ipv6_prefix_len;
	result = tap_open(&exception->tap, &setup, &step);
	return result < 0 ? refuse(port, error, step, result) : 0;
}

static int open_kernel(struct exception *exception, struct port_error *error)
{
	struct port *port = exception->port;
	int result = -ENOMEM;

	exception->ports = kernel_ports_create(
		port->config->ipv4, port->config->has_ipv6, port->config->name);
	if (exception->ports)
		exception->route = kernel_route_open(
			exception->tap.ifindex, on_neighbour, port, &result);
	if (exception->route)
		return 0;
	return refuse(port, error, "asking for its neighbours and routes",
		      result);
}

/* The netdev below would answer ARP for the address of the interface above,
 * with its own MAC address. */
static int quiet_netdev(struct exception *exception, struct port_error *error)
{
	const char *netdev = exception->port->config->netdev;
	int before = netdev ? netdev_set_arp_ignore(netdev, 1) : 1;

	exception->quieted = before == 0;
	if (before >= 0)
		return 0;
	return refuse(exception->port, error,
		      "setting arp_ignore of the netdev to 1", before);
}

struct exception *exception_open(struct port *port, struct port_error *error)
{
	struct exception *exception = calloc(1, sizeof(*exception));

	if (!exception) {
		refuse(port, error, "making it", -ENOMEM);
		return NULL;
	}
	exception->port = port;
	exception->tap.fd = -1;
	if (quiet_netdev(exception, error) < 0 ||
	    open_tap(exception, error) < 0 ||
	    open_kernel(exception, error) < 0) {
		exception_close(exception);
		return NULL;
	}
	exception->frames.fd = exception->tap.fd;
	exception->frames.ready = on_frames;
	exception->news.fd = kernel_route_fd(exception->route);
	exception->news.ready = on_news;
	return exception;
}

void exception_close(struct exception *exception)
{
	if (!exception)
		return;
	if (exception->quieted)
		netdev_set_arp_ignore(exception->port->config->netdev, 0);
	kernel_ports_destroy(exception->ports);
	kernel_route_close(exception->route);
	tap_close(&exception->tap);
	free(exception);
}

int exception_watch(struct exception *exception, struct poller *poller)
{
	int result = poller_add(poller, &exception->frames, EPOLLIN);

	if (result == 0)
		result = poller_add(poller, &exception->news, EPOLLIN);
	return result;
}

bool exception_hop(struct exception *exception,
		   const uint8_t dst[static FLOW_ADDR_LEN],
		   uint8_t hop[static FLOW_ADDR_LEN])
{
	return kernel_route_hop(exception->route, dst, hop);
}

void exception_ask(struct exception *exception,
		   const uint8_t addr[static FLOW_ADDR_LEN])
{
	kernel_route_ask(exception->route, addr);
}

/* Interfaces of virtual machines and containers leave checksums to who might
 * need them, as the tap does. */
static void finish_checksum(struct rte_mbuf *mbuf)
{
	uint64_t vouched = mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	if (vouched == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		train_finish(rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len);
}

void exception_take(struct exception *exception, struct rte_mbuf *mbuf)
{
	struct port_counters *counters = &exception->port->counters;

	finish_checksum(mbuf);
	if (tap_write(&exception->tap, rte_pktmbuf_mtod(mbuf, const void *),
		      mbuf->data_len))
		counters->kernel_rx_frames++;
	else
		counters->kernel_rx_full++;
}

struct rte_mbuf *exception_next(struct exception *exception)
{
	struct port *port = exception->port;
	struct rte_mbuf *mbuf;
	ssize_t len;

	if (!exception->readable)
		return NULL;
	mbuf = rte_pktmbuf_alloc(port->mempool);
	if (!mbuf) {
		port->counters.drops[DROP_NO_BUFFER]++;
		return NULL;
	}
	len = tap_read(&exception->tap, rte_pktmbuf_mtod(mbuf, void *),
		       rte_pktmbuf_tailroom(mbuf));
	if (len <= 0) {
		exception->readable = false;
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	mbuf->data_len = (uint16_t)len;
	mbuf->pkt_len = (uint32_t)len;
	port->counters.kernel_tx_frames++;
	return mbuf;
}

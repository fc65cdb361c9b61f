// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "rdma/gid.h"
#include "urdmad/config.h"
#include "urdmad/exception.h"
#include "urdmad/netdev.h"
#include "urdmad/packet_port.h"
#include "urdmad/port_buf.h"

enum { DEFAULT_MTU = 1500 };

static int __attribute__((format(printf, 3, 4)))
fail(const struct port_config *config, struct port_error *error,
     const char *format, ...)
{
	char text[PORT_ERROR_MAX - 32];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(error->text, sizeof(error->text), "ports[%u]: %s",
		 config->index, text);
	return -1;
}

/* RFC 1122 would have both stacks answer ARP and reset each other's TCP. */
static int check_address(const struct port_config *config, int family,
			 const uint8_t *ip, struct port_error *error)
{
	char text[INET6_ADDRSTRLEN];

	if (!netdev_has_address(config->netdev, family, ip))
		return 0;
	inet_ntop(family, ip, text, sizeof(text));
	return fail(config, error,
		    "%s is the kernel's address on %s, and both would answer: "
		    "remove it there (ip address del %s dev %s) or give the "
		    "port another",
		    text, config->netdev, text, config->netdev);
}

static int check_addresses(const struct port_config *config,
			   struct port_error *error)
{
	int ret = check_address(config, AF_INET, config->ipv4, error);

	if (ret == 0 && config->has_ipv6)
		ret = check_address(config, AF_INET6, config->ipv6, error);
	return ret;
}

int port_prepare(struct port_plan *plan, const struct port_config *config,
		 struct port_error *error)
{
	int mtu = config->mtu ? (int)config->mtu : DEFAULT_MTU;
	int kernel;

	if (config->netdev) {
		kernel = netdev_mtu(config->netdev);
		if (kernel < 0)
			return fail(config, error, "interface %s: %s",
				    config->netdev, strerror(-kernel));
		if ((int)config->mtu > kernel)
			return fail(config, error,
				    "mtu is %" PRIu32 ", but %s has %d",
				    config->mtu, config->netdev, kernel);
		if (!config->mtu)
			mtu = kernel < CONFIG_MTU_MAX ? kernel : CONFIG_MTU_MAX;
		if (check_addresses(config, error) < 0)
			return -1;
	}
	port_plan(plan, config, (uint32_t)mtu);
	return 0;
}

/* FNV-1a. */
static uint64_t hash(uint64_t sum, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ p[i]) * UINT64_C(0x100000001b3);
	return sum;
}

static const char *where(const struct port_config *config)
{
	if (config->netdev)
		return config->netdev;
	if (config->device)
		return config->device;
	return config->pci_address ? config->pci_address : "";
}

void port_mac_derive(uint8_t mac[6], const struct port_config *config)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	sum = hash(sum, where(config), strlen(where(config)));
	sum = hash(sum, config->ipv4, sizeof(config->ipv4));
	mac[0] = 0x02; /* locally administered, unicast */
	for (int i = 1; i < 6; i++)
		mac[i] = (uint8_t)(sum >> (8 * i));
}

static int find_by_name(struct port *port, const char *name,
			struct port_error *error)
{
	if (rte_eth_dev_get_port_by_name(name, &port->id) == 0)
		return 0;
	return fail(port->config, error, "DPDK has no port %s", name);
}

/* One that EAL found by itself and no other port of ours took. */
static int find_next(struct port *port, struct port_error *error)
{
	uint16_t id;

	RTE_ETH_FOREACH_DEV(id)
	{
		struct rte_eth_dev_info info;

		/* Whoever took it has configured it. */
		if (rte_eth_dev_info_get(id, &info) == 0 &&
		    info.nb_rx_queues == 0) {
			port->id = id;
			return 0;
		}
	}
	return fail(port->config, error,
		    "no netdev, pci_address or device, and DPDK found no "
		    "port");
}

static int find_device(struct port *port, struct port_error *error)
{
	const struct port_config *config = port->config;
	char name[RTE_ETH_NAME_MAX_LEN];
	int result;

	if (config->pci_address)
		return find_by_name(port, config->pci_address, error);
	if (!config->device)
		return find_next(port, error);

	result = rte_dev_probe(config->device);
	if (result < 0)
		return fail(config, error, "DPDK refuses %.100s: %s",
			    config->device, strerror(-result));
	port->probed = true;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(config->device, ","),
		 config->device);
	return find_by_name(port, name, error);
}

static int make_pool(struct port *port, struct port_error *error)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "port%u", port->config->index);
	port->mempool = port_buf_pool_create(name, &port->plan);
	if (port->mempool)
		return 0;
	return fail(port->config, error,
		    "no memory for %" PRIu32 " buffers of %" PRIu32
		    " bytes: %s",
		    port->plan.buf_count, port->plan.data_room,
		    rte_strerror(rte_errno));
}

static int open_packets(struct port *port, struct port_error *error)
{
	const struct port_config *config = port->config;

	if (make_pool(port, error) < 0)
		return -1;
	port->packets = packet_port_open(config->netdev, port->mempool,
					 config->rx_desc_count);
	if (!port->packets)
		return fail(config, error, "packet socket on %s: %s",
			    config->netdev, strerror(errno));
	port->rx.fd = packet_port_fd(port->packets);
	return 0;
}

static bool is_card(const struct port_config *config)
{
	return !config->netdev && !config->device;
}

static int make_queues(struct port *port, struct port_error *error)
{
	struct rte_eth_conf conf = { .intr_conf.rxq = 0 };
	uint16_t rx = (uint16_t)port->config->rx_desc_count;
	uint16_t tx = (uint16_t)port->config->tx_desc_count;
	int result;

	/* Virtual devices take what comes, and refuse to be told. */
	if (is_card(port->config))
		conf.rxmode.mtu = port->plan.mtu;
	result = rte_eth_dev_configure(port->id, 1, 1, &conf);
	if (result == 0)
		result = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx, &tx);
	if (result == 0)
		result = rte_eth_rx_queue_setup(port->id, 0, rx, SOCKET_ID_ANY,
						NULL, port->mempool);
	if (result == 0)
		result = rte_eth_tx_queue_setup(port->id, 0, tx, SOCKET_ID_ANY,
						NULL);
	if (result == 0)
		return 0;
	return fail(port->config, error, "queues: %s", strerror(-result));
}

/* A NIC has a good address of its own.  A kernel interface's belongs to the
 * kernel, which would take our frames for its own; ours is another one. */
static void choose_mac(struct port *port)
{
	struct rte_ether_addr own;

	if (port->config->has_mac)
		memcpy(port->mac, port->config->mac, sizeof(port->mac));
	else if (is_card(port->config) &&
		 rte_eth_macaddr_get(port->id, &own) == 0)
		memcpy(port->mac, own.addr_bytes, sizeof(port->mac));
	else
		port_mac_derive(port->mac, port->config);
}

/* Virtual devices without a filter refuse to change one: they pass us
 * everything, and pktio sorts it out. */
static int start(struct port *port, struct port_error *error)
{
	int result = rte_eth_dev_start(port->id);

	if (result < 0)
		return fail(port->config, error, "start: %s",
			    strerror(-result));
	port->started = true;
	rte_eth_promiscuous_enable(port->id);
	return 0;
}

static int open_device(struct port *port, struct port_error *error)
{
	if (port->config->netdev)
		return open_packets(port, error);
	if (find_device(port, error) < 0 || make_pool(port, error) < 0 ||
	    make_queues(port, error) < 0)
		return -1;
	return start(port, error);
}

/* A link-local address, made of the MAC (RFC 4291 appendix A), and the one
 * that was configured. */
static void add_ip6(struct port *port)
{
	uint8_t local[16] = { 0xfe, 0x80 };

	gid_eui64(local + 8, port->mac);
	neigh_add_ip6(&port->neigh, local);
	if (port->config->has_ipv6)
		neigh_add_ip6(&port->neigh, port->config->ipv6);
}

struct port *port_open(const struct port_config *config,
		       const struct port_plan *plan, struct port_error *error)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port) {
		fail(config, error, "out of memory");
		return NULL;
	}
	port->pool.ops = &port_buf_ops;
	port->config = config;
	port->plan = *plan;
	port->id = RTE_MAX_ETHPORTS;
	port->rx.fd = -1;
	if (open_device(port, error) < 0) {
		port_close(port);
		return NULL;
	}
	choose_mac(port);
	neigh_init(&port->neigh, config->ipv4, port->mac);
	if (config->exception) {
		port->exception = exception_open(port, error);
		if (!port->exception) {
			port_close(port);
			return NULL;
		}
	}
	/* What the kernel has there without being told to is its own. */
	if (!config->exception || config->has_ipv6)
		add_ip6(port);
	groups_init(&port->groups, config->ipv4,
		    port->neigh.ip6_count ? port->neigh.ip6[0] : NULL,
		    port->mac);
	return port;
}

static void free_frames(struct port *port)
{
	struct rte_mbuf *held;

	while ((held = neigh_take_held(&port->neigh)))
		rte_pktmbuf_free(held);
	while (port->tx_count)
		rte_pktmbuf_free(port->tx[--port->tx_count]);
	for (; port->loop_count; port->loop_count--)
		rte_pktmbuf_free(port->loop[port->loop_head++ % PORT_LOOP_MAX]);
}

void port_close(struct port *port)
{
	struct rte_eth_dev_info info;

	if (!port)
		return;
	free_frames(port);
	exception_close(port->exception);
	packet_port_close(port->packets);
	if (port->started)
		rte_eth_dev_stop(port->id);
	if (port->probed && rte_eth_dev_info_get(port->id, &info) == 0)
		rte_dev_remove(info.device);
	rte_mempool_free(port->mempool);
	free(port);
}

bool port_next_hop(struct port *port, const uint8_t dst[static FLOW_ADDR_LEN],
		   uint8_t hop[static FLOW_ADDR_LEN])
{
	memcpy(hop, dst, FLOW_ADDR_LEN);
	if (!flow_addr_is_ip4(dst) && !port->neigh.ip6_count)
		return false;
	return !port->exception || exception_hop(port->exception, dst, hop);
}

bool port_link_up(const struct port *port)
{
	struct rte_eth_link link;

	if (port->config->netdev)
		return netdev_running(port->config->netdev);
	return rte_eth_link_get_nowait(port->id, &link) == 0 &&
	       link.link_status == RTE_ETH_LINK_UP;
}

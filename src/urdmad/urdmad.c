// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/urdmad.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cm/cm.h"
#include "rdma/gid.h"
#include "rdma/iw_stack.h"
#include "rdma/rdma_dev.h"
#include "urdma/kernel.h"
#include "urdmad/control.h"
#include "urdmad/eal.h"
#include "urdmad/exception.h"
#include "urdmad/kernel.h"
#include "urdmad/kernel_port.h"
#include "urdmad/listener.h"
#include "urdmad/log.h"
#include "urdmad/mem_async.h"
#include "urdmad/mem_fd.h"
#include "urdmad/mishap.h"
#include "urdmad/notify.h"
#include "urdmad/now.h"
#include "urdmad/show.h"
#include "urdmad/sysfs.h"

static void on_signal(struct poller_watch *watch, uint32_t events, nsec_t now)
{
	struct urdmad *urdmad =
		(struct urdmad *)((char *)watch -
				  offsetof(struct urdmad, signals));
	struct signalfd_siginfo info;

	(void)events;
	(void)now;
	if (read(watch->fd, &info, sizeof(info)) != sizeof(info))
		return;
	log_info("%s, stopping", strsignal((int)info.ssi_signo));
	urdmad->worker.stop = true;
}

/* Before EAL makes threads, so that none of them takes the signals. */
static int open_signals(struct urdmad *urdmad)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	urdmad->signals.ready = on_signal;
	urdmad->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (urdmad->signals.fd < 0)
		return -errno;
	return poller_add(&urdmad->poller, &urdmad->signals, EPOLLIN);
}

static int open_ports(struct urdmad *urdmad)
{
	const struct config *config = urdmad->config;
	struct port_plan plans[CONFIG_MAX_PORTS];
	struct port_error error;
	uint64_t memory = 0;
	int result;

	for (size_t i = 0; i < config->port_count; i++) {
		if (port_prepare(&plans[i], &config->ports[i], &error) < 0) {
			log_error("%s", error.text);
			return -EINVAL;
		}
		memory += plans[i].memory;
	}
	result = eal_start(config, memory);
	if (result < 0)
		return result;
	urdmad->eal = true;
	for (size_t i = 0; i < config->port_count; i++) {
		urdmad->ports[i] =
			port_open(&config->ports[i], &plans[i], &error);
		if (!urdmad->ports[i]) {
			log_error("%s", error.text);
			return -EINVAL;
		}
		urdmad->port_count++;
	}
	return 0;
}

static void random_bytes(void *arg, void *out, size_t len)
{
	uint8_t *to = out;

	(void)arg;
	while (len) {
		ssize_t got = getrandom(to, len, 0);

		if (got > 0) {
			to += got;
			len -= (size_t)got;
		}
	}
}

static int take_port(void *arg, uint16_t port)
{
	return kernel_port_take(arg, port);
}

static void put_port(void *arg, uint16_t port)
{
	kernel_port_put(arg, port);
}

/* rdma_cm works without. */
static void check_qpn_port(const struct port *port)
{
	uint32_t number = port->config->mpa_qpn_port;

	if (number && port->iw && !iw_stack_by_number(port->iw))
		log_error("ports[%u]: TCP port %u (mpa_qpn_port) is in use by "
			  "a program of the kernel's: no queue pairs by "
			  "number; end it, or choose another port on all hosts",
			  port->config->index, number);
}

static int open_device(struct urdmad *urdmad, unsigned int number)
{
	struct port *port = urdmad->ports[number];
	struct rdma_config config;

	rdma_config_init(&config);
	config.transport = port->config->roce ? RDMA_ROCE : RDMA_IWARP;
	memcpy(config.mac, port->mac, sizeof(config.mac));
	memcpy(config.ip4, port->config->ipv4, sizeof(config.ip4));
	config.has_ip6 = port->config->has_ipv6;
	memcpy(config.ip6, port->config->ipv6, sizeof(config.ip6));
	config.mtu = (uint16_t)port->plan.mtu;
	config.recv_wait = port->config->recv_wait_ms * NSEC_PER_MSEC;
	config.qpn_port = (uint16_t)port->config->mpa_qpn_port;
	config.congestion_control = port->config->congestion_control;
	config.mpa_crc = port->config->mpa_crc;
	config.dcqcn = port->config->dcqcn;
	config.infiniband = port->config->infiniband;
	config.limits.max_qp = port->config->max_qp;
	config.pool = &port->pool;
	config.random = random_bytes;
	if (port->exception) {
		config.port_take = take_port;
		config.port_put = put_port;
		config.port_arg = port->exception->ports;
	}
	urdmad->devices[number] = rdma_dev_create(&config);
	if (!urdmad->devices[number])
		return -ENOMEM;
	port->iw = rdma_dev_iw(urdmad->devices[number]);
	port->rv = rdma_dev_rv(urdmad->devices[number]);
	check_qpn_port(port);
	return 0;
}

static void describe_to_cm(struct cm_device *device, struct rdma_dev *dev,
			   const struct port *port, bool kernel)
{
	device->dev = dev;
	device->random = random_bytes;
	device->addr = cm_addr_ip4(port->config->ipv4, 0);
	device->prefix_len = port->config->prefix_len;
	for (uint32_t i = 0; i < port->neigh.ip6_count; i++) {
		struct cm_addr *ip6 = &device->ip6[device->ip6_count++];

		ip6->family = CM_IP6;
		memcpy(ip6->ip, port->neigh.ip6[i], sizeof(ip6->ip));
	}
	device->ip6_prefix_len = port->config->ipv6_prefix_len;
	memcpy(device->mac, port->mac, sizeof(device->mac));
	gid_eui64(device->node_guid, port->mac);
	device->gsi_taken =
		port->config->roce && kernel && config_is_kernels(port->config);
}

static int open_cm(struct urdmad *urdmad)
{
	struct cm_device devices[CONFIG_MAX_PORTS] = { 0 };

	for (unsigned int i = 0; i < urdmad->port_count; i++)
		describe_to_cm(&devices[i], urdmad->devices[i],
			       urdmad->ports[i], urdmad->config->kernel);
	resolver_init(&urdmad->resolver, urdmad->ports, urdmad->port_count);
	urdmad->cm =
		cm_create(devices, urdmad->port_count, &urdmad->resolver.net);
	return urdmad->cm ? 0 : -ENOMEM;
}

static int show(void *arg, uint64_t *bytes)
{
	return show_make(arg, bytes);
}

static void mishap(void *arg, const struct control_mishap *mishap)
{
	const struct urdmad *urdmad = arg;

	mishap_log(mishap, urdmad->ports[mishap->device]->config->name);
}

static int open_control(struct urdmad *urdmad)
{
	int result = mem_asyncs_create(&urdmad->poller, &urdmad->mem_asyncs);
	struct control_config config = {
		.devices = urdmad->devices,
		.device_count = urdmad->port_count,
		.cm = urdmad->cm,
		.poller = &urdmad->poller,
		.limits = &urdmad->config->limits,
		.mem_open = mem_fd_open,
		.mem_asyncs = urdmad->mem_asyncs,
		.closers = true,
		.mem_flags = urdmad->config->mem_flags,
		.random = random_bytes,
		.show = show,
		.show_arg = urdmad,
		.mishap = mishap,
		.mishap_arg = urdmad,
	};

	if (result < 0)
		return result;
	urdmad->control = control_create(&config);
	return urdmad->control ? 0 : -ENOMEM;
}

static int open_stacks(struct urdmad *urdmad)
{
	int result = 0;

	for (unsigned int i = 0; i < urdmad->port_count && result == 0; i++)
		result = open_device(urdmad, i);
	if (result == 0)
		result = open_cm(urdmad);
	if (result == 0)
		result = open_control(urdmad);
	if (result < 0)
		log_error("making the devices: %s", strerror(-result));
	return result;
}

static void describe(struct sysfs_device *device, const struct port *port,
		     const struct rdma_dev *dev)
{
	device->gids = rdma_dev_gids(dev);
	device->name = port->config->name;
	device->netdev = port->config->netdev;
	device->roce = port->config->roce;
	memcpy(device->mac, port->mac, sizeof(device->mac));
	device->mtu = port->plan.mtu;
}

static int write_sysfs(struct urdmad *urdmad)
{
	struct sysfs_device devices[CONFIG_MAX_PORTS] = { 0 };
	int result;

	for (unsigned int i = 0; i < urdmad->port_count; i++)
		describe(&devices[i], urdmad->ports[i], urdmad->devices[i]);
	if (asprintf(&urdmad->sysfs, "%s.d", urdmad->config->sock_name) < 0)
		return -ENOMEM;
	result = sysfs_write(urdmad->sysfs, devices, urdmad->port_count);
	if (result < 0)
		log_error("%s: %s", urdmad->sysfs, strerror(-result));
	return result;
}

static void on_connection(struct poller_watch *watch, uint32_t events,
			  nsec_t now)
{
	struct urdmad *urdmad =
		(struct urdmad *)((char *)watch -
				  offsetof(struct urdmad, listener));
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int result;

	(void)events;
	(void)now;
	if (fd < 0)
		return;
	result = control_accept(urdmad->control, fd);
	if (result < 0)
		log_warning("a connection was refused: %s", strerror(-result));
}

static int open_listener(struct urdmad *urdmad)
{
	int fd = listener_open(urdmad->config);

	if (fd < 0)
		return fd;
	urdmad->listener.fd = fd;
	urdmad->listener.ready = on_connection;
	return poller_add(&urdmad->poller, &urdmad->listener, EPOLLIN);
}

static int add_kernel_devices(struct urdmad *urdmad)
{
	int result = 0;

	for (unsigned int i = 0; i < urdmad->port_count && result == 0; i++) {
		const struct port_config *config = urdmad->ports[i]->config;

		if (!config_is_kernels(config))
			continue;
		result =
			kernel_add_device(urdmad->kernel, i, urdmad->devices[i],
					  config->name, config->name);
		if (result < 0)
			log_error("%s: the kernel module does not take it: %s",
				  config->name, strerror(-result));
	}
	return result;
}

static int open_kernel(struct urdmad *urdmad)
{
	int result;

	if (!urdmad->config->kernel)
		return 0;
	result = kernel_open(urdmad->control, &urdmad->poller, &urdmad->kernel);
	if (result == -ENOENT || result == -ENXIO || result == -ENODEV)
		log_error("kernel: there is no " URDMA_KERNEL_PATH
			  ": load the module (modprobe urdma), or set "
			  "\"kernel\": false");
	else if (result < 0)
		log_error("kernel: " URDMA_KERNEL_PATH ": %s",
			  strerror(-result));
	return result < 0 ? result : add_kernel_devices(urdmad);
}

static void say_ready(const struct urdmad *urdmad)
{
	for (unsigned int i = 0; i < urdmad->port_count; i++) {
		const struct port *port = urdmad->ports[i];
		const uint8_t *ip = port->config->ipv4;
		const uint8_t *mac = port->mac;

		log_info("%s: %u.%u.%u.%u/%u at "
			 "%02x:%02x:%02x:%02x:%02x:%02x, mtu %u",
			 port->config->name, ip[0], ip[1], ip[2], ip[3],
			 port->config->prefix_len, mac[0], mac[1], mac[2],
			 mac[3], mac[4], mac[5], port->plan.mtu);
	}
	log_info("ready at %s", urdmad->config->sock_name);
	notify_ready();
}

int urdmad_open(struct urdmad *urdmad, struct config *config)
{
	int result;

	memset(urdmad, 0, sizeof(*urdmad));
	urdmad->config = config;
	urdmad->listener.fd = -1;
	urdmad->signals.fd = -1;
	result = poller_open(&urdmad->poller);
	if (result == 0)
		result = open_signals(urdmad);
	if (result == 0)
		result = open_ports(urdmad);
	if (result == 0)
		result = open_stacks(urdmad);
	if (result == 0)
		result = open_listener(urdmad);
	if (result == 0)
		result = write_sysfs(urdmad);
	if (result == 0)
		result = open_kernel(urdmad);
	return result;
}

int urdmad_run(struct urdmad *urdmad)
{
	int result;

	/* The default of 50 us would be the granularity of TCP's timers. */
	prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0);
	stats_init(&urdmad->stats, urdmad->ports, urdmad->port_count,
		   urdmad->config->stats_timer_interval_ms, now_read());
	urdmad->worker = (struct worker){
		.ports = urdmad->ports,
		.devices = urdmad->devices,
		.port_count = urdmad->port_count,
		.resolver = &urdmad->resolver,
		.cm = urdmad->cm,
		.control = urdmad->control,
		.kernel = urdmad->kernel,
		.mem_asyncs = urdmad->mem_asyncs,
		.poller = &urdmad->poller,
		.stats = &urdmad->stats,
	};
	say_ready(urdmad);
	result = worker_run(&urdmad->worker);
	notify_stopping();
	if (result < 0)
		log_error("waiting for work: %s", strerror(-result));
	return result;
}

void urdmad_close(struct urdmad *urdmad)
{
	if (urdmad->sysfs)
		sysfs_remove(urdmad->sysfs);
	free(urdmad->sysfs);
	listener_close(urdmad->config, urdmad->listener.fd);
	control_destroy(urdmad->control, now_read());
	kernel_close(urdmad->kernel);
	worker_drain(&urdmad->worker); /* peers are told */
	mem_asyncs_destroy(urdmad->mem_asyncs);
	cm_destroy(urdmad->cm);
	for (unsigned int i = 0; i < urdmad->port_count; i++) {
		rdma_dev_destroy(urdmad->devices[i]);
		port_close(urdmad->ports[i]);
	}
	if (urdmad->signals.fd >= 0)
		close(urdmad->signals.fd);
	poller_close(&urdmad->poller);
	if (urdmad->eal)
		eal_stop();
}

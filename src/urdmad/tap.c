// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rdma/gid.h"

/* A request about the interface, and what it is for. */
struct step {
	unsigned long request;
	const char *what;
	void (*fill)(struct ifreq *ifreq, const struct tap_setup *setup);
};

static void fill_mac(struct ifreq *ifreq, const struct tap_setup *setup)
{
	ifreq->ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifreq->ifr_hwaddr.sa_data, setup->mac, sizeof(setup->mac));
}

static void fill_mtu(struct ifreq *ifreq, const struct tap_setup *setup)
{
	ifreq->ifr_mtu = (int)setup->mtu;
}

static void put_ip4(struct ifreq *ifreq, in_addr_t ip)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { ip } };

	memcpy(&ifreq->ifr_addr, &in, sizeof(in));
}

static void fill_address(struct ifreq *ifreq, const struct tap_setup *setup)
{
	in_addr_t ip;

	memcpy(&ip, setup->ipv4, sizeof(ip));
	put_ip4(ifreq, ip);
}

static void fill_netmask(struct ifreq *ifreq, const struct tap_setup *setup)
{
	put_ip4(ifreq, htonl((uint32_t)(UINT64_C(0xffffffff)
					<< (32 - setup->prefix_len))));
}

static void fill_up(struct ifreq *ifreq, const struct tap_setup *setup)
{
	(void)setup;
	ifreq->ifr_flags = IFF_UP | IFF_RUNNING | IFF_BROADCAST | IFF_MULTICAST;
}

static const struct step steps[] = {
	{ SIOCSIFHWADDR, "setting its MAC address", fill_mac },
	{ SIOCSIFMTU, "setting its MTU", fill_mtu },
	{ SIOCSIFADDR, "giving it the port's address", fill_address },
	{ SIOCSIFNETMASK, "setting its netmask", fill_netmask },
};

static const struct step last_step = { SIOCSIFFLAGS, "bringing it up",
				       fill_up };

static void name_it(struct ifreq *ifreq, const char *name)
{
	memset(ifreq, 0, sizeof(*ifreq));
	snprintf(ifreq->ifr_name, sizeof(ifreq->ifr_name), "%s", name);
}

static int attach(struct tap *tap, const char *name, const char **step)
{
	struct ifreq ifreq;

	*step = "opening /dev/net/tun";
	tap->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tap->fd < 0)
		return -errno;
	*step = "making it";
	name_it(&ifreq, name);
	ifreq.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL);
	if (ioctl(tap->fd, TUNSETIFF, &ifreq) < 0)
		return -errno;
	tap->ifindex = if_nametoindex(name);
	return tap->ifindex ? 0 : -errno;
}

static int take(const struct step *first, size_t count,
		const struct tap_setup *setup, const char **step)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result = fd < 0 ? -errno : 0;

	for (size_t i = 0; result == 0 && i < count; i++) {
		struct ifreq ifreq;

		*step = first[i].what;
		name_it(&ifreq, setup->name);
		first[i].fill(&ifreq, setup);
		if (ioctl(fd, first[i].request, &ifreq) < 0)
			result = -errno;
	}
	if (fd >= 0)
		close(fd);
	return result;
}

/* An address by ioctl would be tentative for a second, in which nobody can use
 * it; urdmad alone does not look for duplicates either (IFA_F_NODAD). */
static int add_ip6(struct nl_sock *sock, const struct tap *tap,
		   const uint8_t bytes[static 16], uint8_t prefix_len)
{
	struct nl_addr *local = nl_addr_build(AF_INET6, bytes, 16);
	struct rtnl_addr *addr = rtnl_addr_alloc();
	int result = -NLE_NOMEM;

	if (local && addr) {
		nl_addr_set_prefixlen(local, prefix_len);
		rtnl_addr_set_ifindex(addr, (int)tap->ifindex);
		rtnl_addr_set_local(addr, local);
		rtnl_addr_set_flags(addr, IFA_F_NODAD);
		result = rtnl_addr_add(sock, addr, 0);
	}
	rtnl_addr_put(addr);
	nl_addr_put(local);
	return result == -NLE_EXIST ? 0 : result;
}

/* Before the interface is up: the kernel would then make the link-local one
 * itself, look for duplicates, and ask for no neighbours meanwhile. */
static int add_both_ip6(const struct tap *tap, const struct tap_setup *setup,
			const char **step)
{
	struct nl_sock *sock = nl_socket_alloc();
	uint8_t link_local[16] = { 0xfe, 0x80 };
	int result = sock ? nl_connect(sock, NETLINK_ROUTE) : -NLE_NOMEM;

	*step = "giving it the port's ipv6_address";
	gid_eui64(link_local + 8, setup->mac);
	if (result == 0)
		result =
			add_ip6(sock, tap, setup->ipv6, setup->ipv6_prefix_len);
	if (result == 0)
		result = add_ip6(sock, tap, link_local, 64);
	nl_socket_free(sock);
	switch (-result) {
	case 0:
		return 0;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM: /* or IPv6 is switched off (disable_ipv6) */
	case NLE_NOACCESS:
		return -EPERM;
	default:
		return -EAFNOSUPPORT;
	}
}

int tap_open(struct tap *tap, const struct tap_setup *setup, const char **step)
{
	int result;

	*tap = (struct tap){ .fd = -1 };
	result = attach(tap, setup->name, step);
	if (result == 0)
		result = take(steps, sizeof(steps) / sizeof(steps[0]), setup,
			      step);
	if (result == 0 && setup->has_ipv6)
		result = add_both_ip6(tap, setup, step);
	if (result == 0)
		result = take(&last_step, 1, setup, step);
	if (result < 0)
		tap_close(tap);
	return result;
}

void tap_close(struct tap *tap)
{
	if (tap->fd >= 0)
		close(tap->fd);
	tap->fd = -1;
}

ssize_t tap_read(const struct tap *tap, void *frame, size_t room)
{
	ssize_t got = read(tap->fd, frame, room);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return got;
}

bool tap_write(const struct tap *tap, const void *frame, size_t len)
{
	return write(tap->fd, frame, len) == (ssize_t)len;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

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
	{ SIOCSIFFLAGS, "bringing it up", fill_up },
};

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

static int set_up(const struct tap_setup *setup, const char **step)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result = fd < 0 ? -errno : 0;

	for (size_t i = 0; result == 0 && i < sizeof(steps) / sizeof(steps[0]);
	     i++) {
		struct ifreq ifreq;

		*step = steps[i].what;
		name_it(&ifreq, setup->name);
		steps[i].fill(&ifreq, setup);
		if (ioctl(fd, steps[i].request, &ifreq) < 0)
			result = -errno;
	}
	if (fd >= 0)
		close(fd);
	return result;
}

int tap_open(struct tap *tap, const struct tap_setup *setup, const char **step)
{
	int result;

	*tap = (struct tap){ .fd = -1 };
	result = attach(tap, setup->name, step);
	if (result == 0)
		result = set_up(setup, step);
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

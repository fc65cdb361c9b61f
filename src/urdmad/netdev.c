// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/netdev.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int ask(const char *name, unsigned long what, struct ifreq *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result = 0;

	if (fd < 0)
		return -errno;
	memset(request, 0, sizeof(*request));
	snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", name);
	if (ioctl(fd, what, request) < 0)
		result = -errno;
	close(fd);
	return result;
}

int netdev_mtu(const char *name)
{
	struct ifreq request;
	int result = ask(name, SIOCGIFMTU, &request);

	return result < 0 ? result : request.ifr_mtu;
}

bool netdev_running(const char *name)
{
	struct ifreq request;

	return ask(name, SIOCGIFFLAGS, &request) == 0 &&
	       (request.ifr_flags & (IFF_UP | IFF_RUNNING)) ==
		       (IFF_UP | IFF_RUNNING);
}

static bool has(const struct ifaddrs *entry, const char *name, int family,
		const uint8_t *ip)
{
	const struct sockaddr *addr = entry->ifa_addr;
	const struct sockaddr_in *in = (const void *)addr;
	const struct sockaddr_in6 *in6 = (const void *)addr;

	if (strcmp(entry->ifa_name, name) != 0 || !addr ||
	    addr->sa_family != family)
		return false;
	return family == AF_INET ? memcmp(&in->sin_addr, ip, 4) == 0
				 : memcmp(&in6->sin6_addr, ip, 16) == 0;
}

bool netdev_has_address(const char *name, int family, const uint8_t *ip)
{
	struct ifaddrs *all, *entry;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (entry = all; entry && !found; entry = entry->ifa_next)
		found = has(entry, name, family, ip);
	freeifaddrs(all);
	return found;
}

int netdev_set_arp_ignore(const char *name, int value)
{
	char path[80];
	FILE *file;
	int before = 0, result = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/arp_ignore",
		 name);
	file = fopen(path, "r+e");
	if (!file)
		return -errno;
	if (fscanf(file, "%d", &before) != 1)
		result = -EIO;
	rewind(file);
	if (result == 0 && (before == 0) != (value == 0) &&
	    (fprintf(file, "%d", value) < 0 || fflush(file) != 0))
		result = -errno;
	fclose(file);
	return result < 0 ? result : before;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/sockaddr.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#ifndef AF_IB
#define AF_IB 27
#endif

_Static_assert(sizeof(struct sockaddr_in6) == sizeof(struct urdma_sockaddr),
	       "room for the longer one");

static int from_ip4(struct cm_addr *addr, const struct urdma_sockaddr *from)
{
	struct sockaddr_in in;
	uint32_t ip;

	memcpy(&in, from->bytes, sizeof(in));
	ip = in.sin_addr.s_addr;
	*addr = cm_addr_ip4((const uint8_t *)&ip, ntohs(in.sin_port));
	return 0;
}

static int from_ip6(struct cm_addr *addr, const struct urdma_sockaddr *from)
{
	struct sockaddr_in6 in6;

	memcpy(&in6, from->bytes, sizeof(in6));
	*addr = (struct cm_addr){ .port = ntohs(in6.sin6_port),
				  .family = CM_IP6 };
	memcpy(addr->ip, &in6.sin6_addr, sizeof(addr->ip));
	return 0;
}

int sockaddr_decode(struct cm_addr *addr, const struct urdma_sockaddr *from)
{
	sa_family_t family;

	memcpy(&family, from->bytes, sizeof(family));
	switch (family) {
	case AF_UNSPEC:
		*addr = (struct cm_addr){ 0 };
		return 0;
	case AF_INET:
		return from_ip4(addr, from);
	case AF_INET6:
		return from_ip6(addr, from);
	case AF_IB:
		return -ENODEV;
	default:
		return -EINVAL;
	}
}

void sockaddr_encode(struct urdma_sockaddr *to, const struct cm_addr *addr)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(addr->port) };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(addr->port) };

	memset(to, 0, sizeof(*to));
	if (addr->family == CM_IP4) {
		memcpy(&in.sin_addr, flow_addr_ip4(addr->ip),
		       sizeof(in.sin_addr));
		memcpy(to->bytes, &in, sizeof(in));
	} else if (addr->family == CM_IP6) {
		memcpy(&in6.sin6_addr, addr->ip, sizeof(in6.sin6_addr));
		memcpy(to->bytes, &in6, sizeof(in6));
	}
}

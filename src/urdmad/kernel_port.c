// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/kernel_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/idtable.h"

struct kernel_ports {
	struct sockaddr_in addr;
	bool ip6; /* any address of the interface, too */
	const char *interface;
	struct idtable held; /* struct holder by port number */
};

struct holder {
	int fd;
	int fd6; /* -1: without IPv6 */
	uint16_t port;
};

struct kernel_ports *kernel_ports_create(const uint8_t ipv4[static 4], bool ip6,
					 const char *interface)
{
	struct kernel_ports *ports = calloc(1, sizeof(*ports));

	if (!ports)
		return NULL;
	ports->addr.sin_family = AF_INET;
	memcpy(&ports->addr.sin_addr, ipv4, 4);
	ports->ip6 = ip6;
	ports->interface = interface;
	return ports;
}

static void release(struct holder *holder)
{
	if (holder->fd >= 0)
		close(holder->fd);
	if (holder->fd6 >= 0)
		close(holder->fd6);
	free(holder);
}

void kernel_ports_destroy(struct kernel_ports *ports)
{
	const struct holder *holder;
	uint32_t pos = 0;

	if (!ports)
		return;
	while ((holder = idtable_any(&ports->held, &pos)))
		kernel_port_put(ports, holder->port);
	idtable_free(&ports->held);
	free(ports);
}

/* Without SO_REUSEADDR: nobody else may have it, listening or not; but who
 * keeps to another interface, as siw does, does not mind us. */
static int hold(const struct kernel_ports *ports, const struct sockaddr *addr,
		socklen_t len)
{
	int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ports->interface,
		       (socklen_t)strlen(ports->interface) + 1) < 0 ||
	    (addr->sa_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
	    bind(fd, addr, len) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

static int hold_both(const struct kernel_ports *ports, struct holder *holder)
{
	struct sockaddr_in in = ports->addr;
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(holder->port) };

	in.sin_port = htons(holder->port);
	holder->fd = hold(ports, (const struct sockaddr *)&in, sizeof(in));
	if (holder->fd < 0 || !ports->ip6)
		return holder->fd < 0 ? holder->fd : 0;
	holder->fd6 = hold(ports, (const struct sockaddr *)&in6, sizeof(in6));
	return holder->fd6 < 0 ? holder->fd6 : 0;
}

int kernel_port_take(struct kernel_ports *ports, uint16_t port)
{
	struct holder *holder = malloc(sizeof(*holder));
	int result;

	if (!holder)
		return -ENOMEM;
	*holder = (struct holder){ .fd = -1, .fd6 = -1, .port = port };
	result = hold_both(ports, holder);
	if (result == 0)
		result = idtable_add(&ports->held, port, holder);
	if (result < 0)
		release(holder);
	return result;
}

void kernel_port_put(struct kernel_ports *ports, uint16_t port)
{
	struct holder *holder = idtable_remove(&ports->held, port);

	if (holder)
		release(holder);
}

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
	const char *interface;
	struct idtable held; /* struct holder by port number */
};

struct holder {
	int fd;
	uint16_t port;
};

struct kernel_ports *kernel_ports_create(const uint8_t ipv4[static 4],
					 const char *interface)
{
	struct kernel_ports *ports = calloc(1, sizeof(*ports));

	if (!ports)
		return NULL;
	ports->addr.sin_family = AF_INET;
	memcpy(&ports->addr.sin_addr, ipv4, 4);
	ports->interface = interface;
	return ports;
}

static void release(struct holder *holder)
{
	close(holder->fd);
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
static int hold(struct kernel_ports *ports, uint16_t port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	ports->addr.sin_port = htons(port);
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ports->interface,
		       (socklen_t)strlen(ports->interface) + 1) < 0 ||
	    bind(fd, (const struct sockaddr *)&ports->addr,
		 sizeof(ports->addr)) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

int kernel_port_take(struct kernel_ports *ports, uint16_t port)
{
	struct holder *holder = malloc(sizeof(*holder));
	int result;

	if (!holder)
		return -ENOMEM;
	holder->port = port;
	holder->fd = hold(ports, port);
	if (holder->fd < 0) {
		result = holder->fd;
		free(holder);
		return result;
	}
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

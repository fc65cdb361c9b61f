// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Port numbers of the device's address (iw_stack.h). */
#include <errno.h>

#include "rdma/iw_stack_priv.h"
#include "rdma/rdma_ctx.h"

/* RFC 6335 section 6 */
enum { DYNAMIC_FIRST = 49152, DYNAMIC_COUNT = 65536 - DYNAMIC_FIRST };

static bool take(struct iw_stack *stack, uint16_t port)
{
	uint64_t bit = UINT64_C(1) << port % 64;

	const struct rdma_config *config = &stack->dev->config;

	if (stack->ports[port / 64] & bit)
		return false;
	if (config->port_take && config->port_take(config->port_arg, port) < 0)
		return false;
	stack->ports[port / 64] |= bit;
	return true;
}

/* RFC 6056 section 3.3.1: a random one, then the next free.  A port whose last
 * connection is still ending is not: the next one might go to the same peer. */
static int take_dynamic(struct iw_stack *stack)
{
	const struct rdma_config *config = &stack->dev->config;
	uint16_t start;

	config->random(config->random_arg, &start, sizeof(start));
	for (uint32_t i = 0; i < DYNAMIC_COUNT; i++) {
		uint16_t port = DYNAMIC_FIRST + (start + i) % DYNAMIC_COUNT;

		if (!stack->port_streams[port] && take(stack, port))
			return port;
	}
	return -EADDRINUSE;
}

int iw_port_take(struct iw_stack *stack, uint16_t port)
{
	if (!port)
		return take_dynamic(stack);
	return take(stack, port) ? port : -EADDRINUSE;
}

void iw_port_put(struct iw_stack *stack, uint16_t port)
{
	const struct rdma_config *config = &stack->dev->config;

	stack->ports[port / 64] &= ~(UINT64_C(1) << port % 64);
	if (config->port_put)
		config->port_put(config->port_arg, port);
}

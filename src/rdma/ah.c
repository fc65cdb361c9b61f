// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/ah.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "rdma/lid.h"
#include "rdma/rdma_ctx.h"
#include "rdma/transport.h"

enum {
	MULTICAST = 0xff, /* first byte of such an IPv6 address */
};

static bool is_unset(const uint8_t raw[GID_LEN])
{
	for (int i = 0; i < GID_LEN; i++)
		if (raw[i])
			return false;
	return true;
}

/* Groups of IPv6 are reached from any address; those of IPv4 are mapped ones
 * like all of its addresses (as cma_iboe_set_mgid() of Linux makes them). */
static bool may_reach(const uint8_t from[GID_LEN], const uint8_t to[GID_LEN])
{
	return to[0] == MULTICAST || gid_is_ip4(from) == gid_is_ip4(to);
}

int ah_check(const struct urdma_ah_attr *attr, const struct gid_table *gids)
{
	if (attr->port_num != 1)
		return -EINVAL;
	if (!attr->is_global)
		return gids->lid && lid_is_port(attr->dlid) ? 0 : -EINVAL;
	if (attr->sgid_index >= gids->count || is_unset(attr->dgid))
		return -EINVAL;
	if (!may_reach(gids->entries[attr->sgid_index].raw, attr->dgid))
		return -EINVAL;
	return 0;
}

int rdma_ah_create(struct rdma_ctx *ctx, uint32_t pd_handle,
		   const struct urdma_ah_attr *attr, uint32_t *handle)
{
	struct rdma_pd *pd = idtable_find(&ctx->pds, pd_handle);
	struct rdma_ah *ah;

	if (!pd || ah_check(attr, &ctx->dev->gids) < 0)
		return -EINVAL;
	if (ctx->dev->ah_count >= ctx->dev->config.limits.max_ah)
		return -ENOMEM;
	ah = calloc(1, sizeof(*ah));
	if (!ah)
		return -ENOMEM;
	ah->attr = *attr;
	ah->pd = pd;
	ah->handle = idtable_next_id(&ctx->ahs, &ctx->ah_cursor, 1, UINT32_MAX);
	if (idtable_add(&ctx->ahs, ah->handle, ah) < 0) {
		free(ah);
		return -ENOMEM;
	}
	pd->users++;
	ctx->dev->ah_count++;
	*handle = ah->handle;
	if (ctx->dev->transport->expect)
		ctx->dev->transport->expect(ctx->dev, attr);
	return 0;
}

int rdma_ah_destroy(struct rdma_ctx *ctx, uint32_t handle)
{
	struct rdma_ah *ah = idtable_find(&ctx->ahs, handle);

	if (!ah)
		return -EINVAL;
	idtable_remove(&ctx->ahs, handle);
	ah->pd->users--;
	ctx->dev->ah_count--;
	free(ah);
	return 0;
}

const struct rdma_ah *rdma_ctx_find_ah(const struct rdma_ctx *ctx, uint32_t ah)
{
	return idtable_find(&ctx->ahs, ah);
}

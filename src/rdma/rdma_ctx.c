// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/rdma_ctx.h"

#include <errno.h>
#include <stdlib.h>

#include "base/doorbell.h"
#include "rdma/ah.h"
#include "rdma/cq.h"
#include "rdma/mr.h"
#include "rdma/mw.h"
#include "rdma/qp.h"
#include "rdma/srq.h"

struct rdma_ctx *rdma_ctx_create(struct rdma_dev *dev,
				 struct urdma_doorbell *doorbell, void *owner)
{
	struct rdma_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return NULL;
	ctx->dev = dev;
	ctx->doorbell = doorbell;
	ctx->owner = owner;
	/* port events name the port: there is only 1 */
	async_init(&ctx->async, &dev->async, ctx, 1);
	list_add_tail(&dev->ctxs, &ctx->link);
	return ctx;
}

/* Users before what they use: then nothing is ever in use. */
void rdma_ctx_destroy(struct rdma_ctx *ctx, nsec_t now)
{
	uint32_t pos = 0;
	struct rdma_qp *qp;
	struct rdma_srq *srq;
	struct rdma_ah *ah;
	struct rdma_cq *cq;
	struct mw *mw;
	struct mr *mr;
	struct rdma_pd *pd;

	if (!ctx)
		return;
	while ((qp = idtable_any(&ctx->qps, &pos)))
		rdma_qp_destroy(ctx, qp->handle, now);
	while ((ah = idtable_any(&ctx->ahs, &pos)))
		rdma_ah_destroy(ctx, ah->handle);
	while ((srq = idtable_any(&ctx->srqs, &pos)))
		rdma_srq_destroy(ctx, srq->handle);
	while ((cq = idtable_any(&ctx->cqs, &pos)))
		rdma_cq_destroy(ctx, cq->handle);
	while ((mw = idtable_any(&ctx->mws, &pos)))
		rdma_mw_dealloc(ctx, mw->shown.handle);
	while ((mr = idtable_any(&ctx->mrs, &pos)))
		rdma_mr_dereg(ctx, mr->handle);
	while ((pd = idtable_any(&ctx->pds, &pos)))
		rdma_pd_dealloc(ctx, pd->handle);
	idtable_free(&ctx->doorbells);
	idtable_free(&ctx->ahs);
	idtable_free(&ctx->srqs);
	idtable_free(&ctx->qps);
	idtable_free(&ctx->cqs);
	idtable_free(&ctx->mws);
	idtable_free(&ctx->mrs);
	idtable_free(&ctx->pds);
	async_drop(&ctx->async);
	list_remove(&ctx->link);
	free(ctx);
}

void *rdma_ctx_owner(const struct rdma_ctx *ctx)
{
	return ctx->owner;
}

struct rdma_dev *rdma_ctx_dev(const struct rdma_ctx *ctx)
{
	return ctx->dev;
}

void rdma_ctx_service(struct rdma_ctx *ctx, nsec_t now)
{
	struct doorbell_round round;
	uint32_t bit;

	if (!rdma_ctx_rung(ctx))
		return;
	round = doorbell_round(ctx->doorbell);
	while (doorbell_next(&round, &bit)) {
		struct bell *bell = idtable_find(&ctx->doorbells, bit);

		if (bell)
			bell->serve(bell, now);
	}
}

bool rdma_ctx_rung(const struct rdma_ctx *ctx)
{
	return __atomic_load_n(&ctx->doorbell->top, __ATOMIC_ACQUIRE);
}

int rdma_pd_alloc(struct rdma_ctx *ctx, uint32_t *handle)
{
	struct rdma_pd *pd;

	if (ctx->dev->pd_count >= ctx->dev->config.limits.max_pd)
		return -ENOMEM;
	pd = calloc(1, sizeof(*pd));
	if (!pd)
		return -ENOMEM;
	pd->handle = idtable_next_id(&ctx->pds, &ctx->pd_cursor, 1, UINT32_MAX);
	if (idtable_add(&ctx->pds, pd->handle, pd) < 0) {
		free(pd);
		return -ENOMEM;
	}
	ctx->dev->pd_count++;
	*handle = pd->handle;
	return 0;
}

int rdma_pd_dealloc(struct rdma_ctx *ctx, uint32_t handle)
{
	struct rdma_pd *pd = idtable_find(&ctx->pds, handle);

	if (!pd)
		return -EINVAL;
	if (pd->users)
		return -EBUSY;
	idtable_remove(&ctx->pds, handle);
	ctx->dev->pd_count--;
	free(pd);
	return 0;
}

uint32_t mr_random_key(struct rdma_dev *dev)
{
	uint32_t key;

	/* index 0 would look like a mistake */
	do
		dev->config.random(dev->config.random_arg, &key, sizeof(key));
	while (!key_index(key) || idtable_find(&dev->keys, key_index(key)));
	return key;
}

static bool is_range(const struct rdma_ctx *ctx,
		     const struct rdma_mr_attr *attr)
{
	return attr->length <= ctx->dev->config.limits.max_mr_size &&
	       attr->start + attr->length >= attr->start &&
	       attr->iova + attr->length >= attr->iova;
}

static int check_region(const struct rdma_ctx *ctx,
			const struct rdma_mr_attr *attr)
{
	const struct rdma_limits *limits = &ctx->dev->config.limits;

	if (!is_range(ctx, attr))
		return -EINVAL;
	if (ctx->dev->keys.count - ctx->dev->mw_count >= limits->max_mr)
		return -ENOMEM;
	return mr_access_check(attr->access);
}

/* Takes what is in the tables out of them, and frees it. */
static void mr_free(struct rdma_ctx *ctx, struct mr *mr)
{
	if (idtable_find(&ctx->mrs, mr->handle) == mr)
		idtable_remove(&ctx->mrs, mr->handle);
	if (mr_find(&ctx->dev->keys, mr->key) == mr)
		idtable_remove(&ctx->dev->keys, key_index(mr->key));
	mr->pd->users--;
	place_quiesce(mr->place, mr->start, mr->length);
	place_put(mr->place);
	free(mr);
}

int rdma_mr_reg(struct rdma_ctx *ctx, const struct rdma_mr_attr *attr,
		uint32_t *handle, uint32_t *key)
{
	struct rdma_pd *pd = idtable_find(&ctx->pds, attr->pd);
	int err = pd ? check_region(ctx, attr) : -EINVAL;
	struct mr *mr;

	if (err)
		return err;
	mr = calloc(1, sizeof(*mr));
	if (!mr)
		return -ENOMEM;
	*mr = (struct mr){
		.pd = pd,
		.place = place_get(attr->place),
		.handle = idtable_next_id(&ctx->mrs, &ctx->mr_cursor, 1,
					  UINT32_MAX),
		.key = mr_random_key(ctx->dev),
		.access = attr->access | ACCESS_LOCAL_READ,
		.start = attr->start,
		.length = attr->length,
		.iova = attr->access & ACCESS_ZERO_BASED ? 0 : attr->iova,
	};
	pd->users++;
	if (idtable_add(&ctx->mrs, mr->handle, mr) < 0 ||
	    idtable_add(&ctx->dev->keys, key_index(mr->key), mr) < 0) {
		mr_free(ctx, mr);
		return -ENOMEM;
	}
	*handle = mr->handle;
	*key = mr->key;
	return 0;
}

int rdma_mr_dereg(struct rdma_ctx *ctx, uint32_t handle)
{
	struct mr *mr = idtable_find(&ctx->mrs, handle);

	if (!mr)
		return -EINVAL;
	if (mr->windows)
		return -EBUSY;
	mr_free(ctx, mr);
	return 0;
}

static void move(struct mr *mr, const struct rdma_mr_attr *attr)
{
	place_quiesce(mr->place, mr->start, mr->length);
	place_get(attr->place);
	place_put(mr->place);
	mr->place = attr->place;
	mr->start = attr->start;
	mr->length = attr->length;
	mr->iova = mr->access & ACCESS_ZERO_BASED ? 0 : attr->iova;
}

int rdma_mr_rereg(struct rdma_ctx *ctx, uint32_t handle, uint32_t what,
		  const struct rdma_mr_attr *attr)
{
	struct mr *mr = idtable_find(&ctx->mrs, handle);
	struct rdma_pd *pd = idtable_find(&ctx->pds, attr->pd);
	int err = 0;

	if (!mr || !what || what & ~(uint32_t)MR_CHANGES ||
	    (what & MR_CHANGE_PD && !pd) ||
	    (what & MR_CHANGE_TRANSLATION && !is_range(ctx, attr)))
		return -EINVAL;
	if (mr->windows)
		return -EBUSY;
	if (what & MR_CHANGE_ACCESS)
		err = mr_access_check(attr->access);
	if (err)
		return err;
	if (what & MR_CHANGE_PD) {
		mr->pd->users--;
		mr->pd = pd;
		pd->users++;
	}
	if (what & MR_CHANGE_ACCESS)
		mr->access = attr->access | ACCESS_LOCAL_READ;
	if (what & MR_CHANGE_TRANSLATION)
		move(mr, attr);
	return 0;
}

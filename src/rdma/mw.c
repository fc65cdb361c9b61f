// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/mw.h"

#include <errno.h>
#include <stdlib.h>

#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"

enum {
	REMOTE_RIGHTS =
		ACCESS_REMOTE_READ | ACCESS_REMOTE_WRITE | ACCESS_REMOTE_ATOMIC,
	/* The second means nothing, but programs set it (pyverbs' tests). */
	MAY_BE_ASKED = REMOTE_RIGHTS | ACCESS_LOCAL_WRITE | ACCESS_ZERO_BASED,
};

static bool is_window(const struct mr *mr)
{
	return !(mr->access & ACCESS_LOCAL_READ);
}

void mw_unbind(struct mw *mw)
{
	if (mw->region)
		mw->region->windows--;
	mw->region = NULL;
	mw->shown.key = 0;
	list_remove(&mw->link);
}

void mw_unbind_all(struct list *windows)
{
	while (!list_empty(windows))
		mw_unbind(list_member(windows->next, struct mw, link));
}

enum mr_verdict mw_find(const struct sge_view *view, uint32_t key,
			struct mw **mw)
{
	struct mr *shown = mr_find(view->keys, key);

	if (!shown)
		return MR_BAD_KEY;
	if (shown->pd != view->pd ||
	    (shown->qp_num && shown->qp_num != view->qp_num))
		return MR_WRONG_PD;
	if (!is_window(shown) || ((struct mw *)shown)->type != MW_TYPE_2)
		return MR_NO_RIGHT;
	*mw = (struct mw *)shown;
	return MR_OK;
}

/*
 * Binding (IBA 10.6.7.2): sqe->rkey, whose index names the window, becomes its
 * key for what lies at sqe->remote_addr of the region sqe->imm, as long as
 * sqe->compare_add, with the rights sqe->remote_qkey.
 */

/* The window to bind; NULL: there is none, or not for this queue pair. */
static struct mw *window_of(const struct sge_view *view, uint32_t key)
{
	struct mr *shown = idtable_find(view->keys, key_index(key));
	struct mw *mw = (struct mw *)shown;

	if (!shown || !is_window(shown) || shown->pd != view->pd)
		return NULL;
	/* that of another would be lost to it */
	return mw->type == MW_TYPE_2 && mw->region ? NULL : mw;
}

static bool rights_fit(const struct mr *region, uint32_t access)
{
	const uint32_t writing = ACCESS_REMOTE_WRITE | ACCESS_REMOTE_ATOMIC;

	if (access & ~(uint32_t)MAY_BE_ASKED)
		return false;
	return region->access & ACCESS_MW_BIND &&
	       (!(access & writing) || region->access & ACCESS_LOCAL_WRITE);
}

static void show(struct rdma_qp *qp, struct mw *mw, struct mr *region,
		 const struct urdma_sqe *sqe, uint64_t start)
{
	struct mr *shown = &mw->shown;
	bool zero_based = sqe->remote_qkey & ACCESS_ZERO_BASED;

	mw_unbind(mw);
	mw->region = region;
	region->windows++;
	shown->key = sqe->rkey;
	shown->place = region->place;
	shown->access = sqe->remote_qkey & REMOTE_RIGHTS;
	shown->start = start;
	shown->length = sqe->compare_add;
	shown->iova = zero_based ? 0 : sqe->remote_addr;
	shown->qp_num = mw->type == MW_TYPE_2 ? qp->num : 0;
	if (mw->type == MW_TYPE_2)
		list_add_tail(&qp->windows, &mw->link);
}

static enum wc_status bind(struct rdma_qp *qp, const struct urdma_sqe *sqe)
{
	struct mw *mw = window_of(&qp->view, sqe->rkey);
	struct mr *region = mr_find(qp->view.keys, sqe->imm);
	struct mr_span span;

	if (!mw)
		return WC_MW_BIND_ERR;
	/* "no bytes" takes a window of type 1 back, whatever the region */
	if (mw->type == MW_TYPE_1 && !sqe->compare_add) {
		mw_unbind(mw);
		return WC_SUCCESS;
	}
	if (!sqe->compare_add || !region ||
	    mr_check(&qp->view, sqe->imm, ACCESS_LOCAL_READ, sqe->remote_addr,
		     sqe->compare_add, &span) != MR_OK ||
	    !rights_fit(region, sqe->remote_qkey))
		return WC_MW_BIND_ERR;
	show(qp, mw, region, sqe, span.addr);
	return WC_SUCCESS;
}

static enum wc_status invalidate(struct rdma_qp *qp, uint32_t key)
{
	struct mw *mw;

	if (mw_find(&qp->view, key, &mw) != MR_OK)
		return WC_MW_BIND_ERR;
	mw_unbind(mw);
	return WC_SUCCESS;
}

enum wc_status mw_run(struct rdma_qp *qp, const struct urdma_sqe *sqe)
{
	if (sqe->opcode == URDMA_WR_BIND_MW)
		return bind(qp, sqe);
	return invalidate(qp, sqe->imm);
}

/*
 * Coming and going.
 */

/* Takes what is in the tables out of them, and frees it. */
static void mw_free(struct rdma_ctx *ctx, struct mw *mw)
{
	mw_unbind(mw);
	idtable_remove(&ctx->mws, mw->shown.handle);
	idtable_remove(&ctx->dev->keys, mw->index);
	mw->shown.pd->users--;
	ctx->dev->mw_count--;
	free(mw);
}

int rdma_mw_alloc(struct rdma_ctx *ctx, uint32_t pd_handle, uint32_t type,
		  uint32_t *handle, uint32_t *key)
{
	struct rdma_pd *pd = idtable_find(&ctx->pds, pd_handle);
	struct mw *mw;

	if (!pd || (type != MW_TYPE_1 && type != MW_TYPE_2))
		return -EINVAL;
	if (ctx->dev->mw_count >= ctx->dev->config.limits.max_mw)
		return -ENOMEM;
	mw = calloc(1, sizeof(*mw));
	if (!mw)
		return -ENOMEM;
	*key = mr_random_key(ctx->dev);
	mw->type = type;
	mw->index = key_index(*key);
	mw->shown.pd = pd;
	mw->shown.handle =
		idtable_next_id(&ctx->mws, &ctx->mw_cursor, 1, UINT32_MAX);
	list_init(&mw->link);
	pd->users++;
	ctx->dev->mw_count++;
	if (idtable_add(&ctx->mws, mw->shown.handle, mw) < 0 ||
	    idtable_add(&ctx->dev->keys, mw->index, mw) < 0) {
		mw_free(ctx, mw);
		return -ENOMEM;
	}
	*handle = mw->shown.handle;
	return 0;
}

int rdma_mw_dealloc(struct rdma_ctx *ctx, uint32_t handle)
{
	struct mw *mw = idtable_find(&ctx->mws, handle);

	if (!mw)
		return -EINVAL;
	mw_free(ctx, mw);
	return 0;
}

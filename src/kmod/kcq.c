// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Completion queues of the kernel's own users, of which ib_mad is the only one
 * that has a queue pair here (gsi.c).
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "urdma.h"

struct urdma_kcq {
	spinlock_t lock;
	bool armed;
	u32 head;
	u32 count;
	u32 size;
	struct ib_wc wcs[];
};

int urdma_kcq_create(struct urdma_cq *cq, u32 entries)
{
	struct urdma_kcq *own;

	if (!urdma_dev(cq->ib.device)->about.roce)
		return -EOPNOTSUPP;
	if (!entries || entries > urdma_dev(cq->ib.device)->about.attr.max_cqe)
		return -EINVAL;
	own = kvzalloc(struct_size(own, wcs, entries), GFP_KERNEL);
	if (!own)
		return -ENOMEM;
	spin_lock_init(&own->lock);
	own->size = entries;
	cq->own = own;
	cq->ib.cqe = entries;
	return 0;
}

void urdma_kcq_destroy(struct urdma_cq *cq)
{
	kvfree(cq->own);
}

bool urdma_kcq_push(struct urdma_cq *cq, const struct ib_wc *wc)
{
	struct urdma_kcq *own = cq->own;
	unsigned long flags;
	bool fits, tell;

	spin_lock_irqsave(&own->lock, flags);
	fits = own->count < own->size;
	if (fits)
		own->wcs[(own->head + own->count++) % own->size] = *wc;
	tell = fits && own->armed;
	if (tell)
		own->armed = false;
	spin_unlock_irqrestore(&own->lock, flags);
	if (tell)
		cq->ib.comp_handler(&cq->ib, cq->ib.cq_context);
	return fits;
}

int urdma_poll_cq(struct ib_cq *ib, int count, struct ib_wc *wc)
{
	struct urdma_kcq *own = urdma_cq(ib)->own;
	unsigned long flags;
	int n;

	if (!own) /* programs poll in shared memory */
		return -EOPNOTSUPP;
	spin_lock_irqsave(&own->lock, flags);
	for (n = 0; n < count && own->count; n++, own->count--) {
		wc[n] = own->wcs[own->head];
		own->head = (own->head + 1) % own->size;
	}
	spin_unlock_irqrestore(&own->lock, flags);
	return n;
}

int urdma_req_notify_cq(struct ib_cq *ib, enum ib_cq_notify_flags what)
{
	struct urdma_kcq *own = urdma_cq(ib)->own;
	unsigned long flags;
	bool missed;

	if (!own)
		return -EOPNOTSUPP;
	spin_lock_irqsave(&own->lock, flags);
	own->armed = true;
	missed = own->count && what & IB_CQ_REPORT_MISSED_EVENTS;
	spin_unlock_irqrestore(&own->lock, flags);
	return missed;
}

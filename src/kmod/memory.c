// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Registered memory: its pages are pinned here and mapped by the daemon. */
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "urdma.h"

static void pin_free(struct kref *ref)
{
	struct urdma_pin *pin = container_of(ref, struct urdma_pin, ref);

	ib_umem_release(pin->umem);
	put_device(&pin->ib->dev);
	urdma_daemon_put(pin->daemon);
	kfree(pin);
}

static void pin_put(struct urdma_pin *pin)
{
	kref_put(&pin->ref, pin_free);
}

static struct urdma_pin *pin_make(struct urdma_dev *dev, u64 start, u64 length,
				  int access)
{
	struct urdma_pin *pin = kzalloc(sizeof(*pin), GFP_KERNEL);
	int error;

	if (!pin)
		return ERR_PTR(-ENOMEM);
	pin->umem = ib_umem_get(&dev->ib, start, length, access);
	if (IS_ERR(pin->umem)) {
		error = PTR_ERR(pin->umem);
		kfree(pin);
		return ERR_PTR(error);
	}
	kref_init(&pin->ref);
	kref_get(&dev->daemon->ref);
	pin->daemon = dev->daemon;
	get_device(&dev->ib.dev);
	pin->ib = &dev->ib;
	error = xa_alloc(&pin->daemon->pins, &pin->number, pin,
			 XA_LIMIT(1, URDMA_KERNEL_PINS - 1), GFP_KERNEL);
	if (error) {
		pin_put(pin);
		return ERR_PTR(error);
	}
	return pin;
}

/* From now on it cannot be mapped. */
static void pin_end(struct urdma_pin *pin)
{
	xa_erase(&pin->daemon->pins, pin->number);
	pin_put(pin);
}

static struct urdma_reg_mr about(const struct urdma_pin *pin, struct ib_pd *pd,
				 u64 iova, int access)
{
	return (struct urdma_reg_mr){
		.pd = urdma_pd(pd)->handle,
		.mem = pin->number,
		.start = pin->umem->address,
		.length = pin->umem->length,
		.iova = iova,
		.access = access,
	};
}

static int ask_reg(struct urdma_mr *mr, struct ib_pd *pd, u64 iova, int access)
{
	const struct urdma_reg_mr ask = about(mr->pin, pd, iova, access);
	struct urdma_reg_mr_reply reply;
	int error;

	error = urdma_ask(urdma_session_of_pd(pd), URDMA_OP_REG_MR, &ask,
			  sizeof(ask), &reply, sizeof(reply));
	if (error)
		return error;
	mr->handle = reply.mr;
	mr->access = access;
	mr->ib.lkey = reply.lkey;
	mr->ib.rkey = reply.rkey;
	return 0;
}

struct ib_mr *urdma_reg_user_mr(struct ib_pd *pd, u64 start, u64 length,
				u64 iova, int access, struct ib_udata *udata)
{
	struct urdma_mr *mr;
	int error;

	if (access & IB_ACCESS_ON_DEMAND)
		return ERR_PTR(-EOPNOTSUPP);
	if (length >> URDMA_KERNEL_PIN_SHIFT)
		return ERR_PTR(-EINVAL);
	mr = kzalloc(sizeof(*mr), GFP_KERNEL);
	if (!mr)
		return ERR_PTR(-ENOMEM);
	mr->pin = pin_make(urdma_dev(pd->device), start, length, access);
	error = PTR_ERR_OR_ZERO(mr->pin);
	if (!error) {
		error = ask_reg(mr, pd, iova, access);
		if (error)
			pin_end(mr->pin);
	}
	if (error) {
		kfree(mr);
		return ERR_PTR(error);
	}
	return &mr->ib;
}

/* Pages that were pinned to be read only cannot become writable: the same
 * range is pinned anew then, as if it had been asked for.
 */
static struct urdma_pin *pin_again(struct urdma_mr *mr,
				   struct urdma_rereg_mr *ask)
{
	const struct ib_umem *umem = mr->pin->umem;
	struct urdma_reg_mr *now = &ask->now;

	if (!(ask->flags & IB_MR_REREG_TRANS)) {
		now->start = umem->address;
		now->length = umem->length;
		now->iova = mr->ib.iova;
		if (umem->writable || !ib_access_writable(now->access))
			return mr->pin;
	}
	ask->flags |= IB_MR_REREG_TRANS;
	return pin_make(urdma_dev(mr->ib.device), now->start, now->length,
			now->access);
}

/* The region and its keys stay. */
struct ib_mr *urdma_rereg_user_mr(struct ib_mr *ib, int flags, u64 start,
				  u64 length, u64 iova, int access,
				  struct ib_pd *pd, struct ib_udata *udata)
{
	struct urdma_mr *mr = urdma_mr(ib);
	struct urdma_rereg_mr ask = {
		.mr = mr->handle,
		.flags = flags,
		.now = { .pd = urdma_pd(pd)->handle,
			 .start = start,
			 .length = length,
			 .iova = iova },
	};
	struct urdma_reg_mr_reply reply;
	struct urdma_pin *pin, *before = mr->pin;
	int error;

	if (flags & ~IB_MR_REREG_SUPPORTED)
		return ERR_PTR(-EOPNOTSUPP);
	ask.now.access = flags & IB_MR_REREG_ACCESS ? access : mr->access;
	if (ask.now.access & IB_ACCESS_ON_DEMAND)
		return ERR_PTR(-EOPNOTSUPP);
	if (flags & IB_MR_REREG_TRANS && length >> URDMA_KERNEL_PIN_SHIFT)
		return ERR_PTR(-EINVAL);
	pin = pin_again(mr, &ask);
	if (IS_ERR(pin))
		return ERR_CAST(pin);
	ask.now.mem = pin->number;
	error = urdma_ask(urdma_session_of_pd(ib->pd), URDMA_OP_REREG_MR, &ask,
			  sizeof(ask), &reply, sizeof(reply));
	if (!error) {
		mr->pin = pin;
		mr->access = ask.now.access;
	}
	if (pin != before)
		pin_end(error ? pin : before);
	return ERR_PTR(error); /* NULL: the same region */
}

int urdma_dereg_mr(struct ib_mr *ib, struct ib_udata *udata)
{
	struct urdma_mr *mr = urdma_mr(ib);
	const struct urdma_handle ask = { .handle = mr->handle };
	struct urdma_empty reply;

	urdma_finish(urdma_session_of_pd(ib->pd), URDMA_OP_DEREG_MR, &ask,
		     sizeof(ask), &reply, sizeof(reply));
	pin_end(mr->pin);
	kfree(mr);
	return 0;
}

int urdma_alloc_mw(struct ib_mw *ib, struct ib_udata *udata)
{
	const struct urdma_alloc_mw ask = {
		.pd = urdma_pd(ib->pd)->handle,
		.type = ib->type,
	};
	struct urdma_alloc_mw_reply reply;
	int error;

	error = urdma_ask(urdma_session_of_pd(ib->pd), URDMA_OP_ALLOC_MW, &ask,
			  sizeof(ask), &reply, sizeof(reply));
	if (error)
		return error;
	urdma_mw(ib)->handle = reply.mw;
	ib->rkey = reply.rkey;
	return 0;
}

int urdma_dealloc_mw(struct ib_mw *ib)
{
	const struct urdma_handle ask = { .handle = urdma_mw(ib)->handle };
	struct urdma_empty reply;

	urdma_finish(urdma_session_of_pd(ib->pd), URDMA_OP_DEALLOC_MW, &ask,
		     sizeof(ask), &reply, sizeof(reply));
	return 0;
}

/*
 * The daemon's mappings.
 */

static void vma_open(struct vm_area_struct *vma)
{
	struct urdma_pin *pin = vma->vm_private_data;

	kref_get(&pin->ref);
}

static void vma_close(struct vm_area_struct *vma)
{
	pin_put(vma->vm_private_data);
}

static const struct vm_operations_struct vma_ops = {
	.open = vma_open,
	.close = vma_close,
};

static struct urdma_pin *pin_find(struct urdma_daemon *daemon, u64 offset)
{
	u64 number = offset >> URDMA_KERNEL_PIN_SHIFT;
	struct urdma_pin *pin = NULL;

	/* whole regions only */
	if (offset != urdma_kernel_pin_offset(number))
		return NULL;
	xa_lock(&daemon->pins);
	pin = xa_load(&daemon->pins, number);
	if (pin)
		kref_get(&pin->ref);
	xa_unlock(&daemon->pins);
	return pin;
}

/* Pages of anonymous memory must not get into another rmap, so they are mapped
 * by their frame numbers; stretches that lie together at once.
 */
static int map_pages(struct vm_area_struct *vma, struct ib_umem *umem)
{
	unsigned long at = vma->vm_start, first = 0, count = 0;
	struct sg_page_iter page;
	int error = 0;

	for_each_sgtable_page(&umem->sgt_append.sgt, &page, 0) {
		unsigned long pfn = page_to_pfn(sg_page_iter_page(&page));

		if (count && pfn == first + count) {
			count++;
			continue;
		}
		if (count)
			error = remap_pfn_range(vma, at, first,
						count << PAGE_SHIFT,
						vma->vm_page_prot);
		if (error)
			return error;
		at += count << PAGE_SHIFT;
		first = pfn;
		count = 1;
	}
	return remap_pfn_range(vma, at, first, count << PAGE_SHIFT,
			       vma->vm_page_prot);
}

static int pin_map(struct urdma_pin *pin, struct vm_area_struct *vma)
{
	if (vma_pages(vma) != ib_umem_num_pages(pin->umem) ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (!pin->umem->writable) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	return map_pages(vma, pin->umem);
}

int urdma_pin_mmap(struct urdma_daemon *daemon, struct vm_area_struct *vma)
{
	struct urdma_pin *pin;
	int error;

	pin = pin_find(daemon, (u64)vma->vm_pgoff << PAGE_SHIFT);
	if (!pin)
		return -ENOENT;
	error = pin_map(pin, vma);
	if (error) {
		pin_put(pin);
		return error;
	}
	vma->vm_private_data = pin;
	vma->vm_ops = &vma_ops;
	return 0;
}

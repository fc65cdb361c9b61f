// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A program's open device: its session, its protection domains, and the memory
 * in which its queues lie.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched.h>

#include "compat.h"
#include "urdma.h"

/* To a program that knows less, as much as it has room for. */
int urdma_respond(struct ib_udata *udata, void *resp, size_t len)
{
	return ib_copy_to_udata(udata, resp, min(len, udata->outlen));
}

static int open_session(struct urdma_ucontext *context, struct urdma_dev *dev)
{
	const struct urdma_kernel_open open = {
		.kind = URDMA_SESSION_VERBS,
		.device = dev->about.device,
		.uid = from_kuid_munged(&init_user_ns, current_euid()),
		.pid = task_tgid_nr(current),
	};

	return urdma_session_open(&context->session, dev->daemon, &open);
}

static int get_context(struct urdma_ucontext *context, struct ib_udata *udata)
{
	struct urdma_get_context_reply reply;
	const struct urdma_empty ask = { 0 };
	struct urdma_uhw_get_context_resp resp = { 0 };
	int error;

	error = urdma_ask(&context->session, URDMA_OP_GET_CONTEXT, &ask,
			  sizeof(ask), &reply, sizeof(reply));
	if (error)
		return error;
	error = urdma_arena_get(&context->ib, reply.doorbell_arena);
	if (error)
		return error;
	resp.queue_abi = reply.queue_abi;
	resp.doorbell_arena = reply.doorbell_arena;
	resp.doorbell_arena_bytes = reply.doorbell_arena_bytes;
	resp.doorbell_offset = reply.doorbell_offset;
	return urdma_respond(udata, &resp, sizeof(resp));
}

int urdma_alloc_ucontext(struct ib_ucontext *ib, struct ib_udata *udata)
{
	struct urdma_ucontext *context = urdma_ucontext(ib);
	int error;

	xa_init(&context->arenas);
	error = open_session(context, urdma_dev(ib->device));
	if (error)
		return error;
	error = get_context(context, udata);
	if (error)
		urdma_dealloc_ucontext(ib);
	return error;
}

/* Mappings hold their file themselves. */
void urdma_dealloc_ucontext(struct ib_ucontext *ib)
{
	struct urdma_ucontext *context = urdma_ucontext(ib);
	struct file *file;
	unsigned long key;

	xa_for_each(&context->arenas, key, file)
		fput(file);
	xa_destroy(&context->arenas);
	urdma_session_close(&context->session);
}

static int fetch_arena(struct urdma_ucontext *context, u64 key)
{
	const struct urdma_map_arena ask = { .key = key };
	struct urdma_map_arena_reply reply;
	struct file *file = NULL;
	int error;

	error = urdma_ask_file(&context->session, URDMA_OP_MAP_ARENA, &ask,
			       sizeof(ask), &reply, sizeof(reply), &file);
	if (error)
		return error;
	if (!file)
		return -EPROTO;
	/* What the program may do is ours to say, not the daemon's file's. */
	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) !=
		    (FMODE_READ | FMODE_WRITE) ||
	    !file->f_op->mmap)
		error = -EPROTO;
	else
		error = xa_insert(&context->arenas, key >> PAGE_SHIFT, file,
				  GFP_KERNEL);
	if (error)
		fput(file);
	return error == -EBUSY ? 0 : error;
}

int urdma_arena_get(struct ib_ucontext *ib, u64 key)
{
	struct urdma_ucontext *context = urdma_ucontext(ib);

	if (xa_load(&context->arenas, key >> PAGE_SHIFT))
		return 0;
	return fetch_arena(context, key);
}

/* The daemon's own memory, sealed by it: a mapping of its file, as if the
 * program had opened it.
 */
int urdma_mmap(struct ib_ucontext *ib, struct vm_area_struct *vma)
{
	struct urdma_ucontext *context = urdma_ucontext(ib);
	struct file *file;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	file = xa_load(&context->arenas, vma->vm_pgoff);
	if (!file)
		return -EINVAL;
	vma_set_file(vma, file);
	vma->vm_pgoff = 0;
	return call_mmap(file, vma);
}

int urdma_alloc_pd(struct ib_pd *ib, struct ib_udata *udata)
{
	const struct urdma_empty ask = { 0 };
	struct urdma_handle reply;
	int error;

	/* Of the kernel's own users there is only one that we serve (gsi.c),
	 * and its memory needs no protection.
	 */
	if (!udata)
		return urdma_dev(ib->device)->about.roce ? 0 : -EOPNOTSUPP;
	error = urdma_ask(urdma_session_of_pd(ib), URDMA_OP_ALLOC_PD, &ask,
			  sizeof(ask), &reply, sizeof(reply));
	urdma_pd(ib)->handle = error ? 0 : reply.handle;
	return error;
}

int urdma_dealloc_pd(struct ib_pd *ib, struct ib_udata *udata)
{
	const struct urdma_handle ask = { .handle = urdma_pd(ib)->handle };
	struct urdma_empty reply;

	if (!ib->uobject)
		return 0;
	urdma_finish(urdma_session_of_pd(ib), URDMA_OP_DEALLOC_PD, &ask,
		     sizeof(ask), &reply, sizeof(reply));
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is called otherwise by some kernel since 6.1. */
#ifndef URDMA_KMOD_COMPAT_H
#define URDMA_KMOD_COMPAT_H

#include <linux/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define URDMA_LLSEEK .llseek = no_llseek,
#else
#define URDMA_LLSEEK
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define URDMA_CREATE_CQ_ARG struct uverbs_attr_bundle *attrs
/* the kernel's own have none */
#define URDMA_CREATE_CQ_UDATA (attrs ? &attrs->driver_udata : NULL)
#else
#define URDMA_CREATE_CQ_ARG struct ib_udata *udata
#define URDMA_CREATE_CQ_UDATA udata
#endif

#endif

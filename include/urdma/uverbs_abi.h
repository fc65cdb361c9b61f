/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the provider and whoever answers its uverbs commands (the preload
 * library, the kernel module) say to each other beyond <rdma/ib_user_verbs.h>:
 * driver data, right behind the core structures of the same command.  All
 * other commands have none.  Version 1, which is also the abi_version of the
 * device in sysfs.
 *
 * Queues are mapped with mmap(cmd_fd, arena_bytes, offset = arena), by
 * urdma_uverbs_mmap() where there is one.  A sleeping
 * urdmad is woken with write(cmd_fd, IB_USER_VERBS_CMD_POST_SEND with wr_count
 * 0); it fails with EIO, ENODEV or EPIPE once urdmad is gone.
 */
#ifndef URDMA_UVERBS_ABI_H
#define URDMA_UVERBS_ABI_H

#include <linux/types.h>

#include "urdma/control.h"

enum { URDMA_UVERBS_ABI = 1 };

/* .../device/modalias of a device in sysfs, by which the provider knows it
 * whatever it is called: that of the module's platform device. */
#define URDMA_MODALIAS "platform:urdma"

/* Behind struct ib_uverbs_get_context. */
struct urdma_uhw_get_context {
	__u32 queue_abi; /* the layout of queue.h the provider knows */
	__u32 flags;	 /* 0 */
};
URDMA_CONTROL_SIZE(urdma_uhw_get_context, 8);

/* Behind struct ib_uverbs_get_context_resp. */
struct urdma_uhw_get_context_resp {
	__u32 queue_abi; /* the one urdmad speaks */
	__u32 reserved;
	__u64 doorbell_arena; /* as in struct urdma_get_context_reply */
	__u64 doorbell_arena_bytes;
	__u64 doorbell_offset;
};
URDMA_CONTROL_SIZE(urdma_uhw_get_context_resp, 32);

/* Behind struct ib_uverbs_create_cq_resp. */
struct urdma_uhw_create_cq_resp {
	struct urdma_queue_place ring;
};
URDMA_CONTROL_SIZE(urdma_uhw_create_cq_resp, 32);

/* Behind struct ib_uverbs_resize_cq_resp: as struct urdma_resize_cq_reply. */
struct urdma_uhw_resize_cq_resp {
	struct urdma_queue_place ring;
};
URDMA_CONTROL_SIZE(urdma_uhw_resize_cq_resp, 32);

/* Behind struct ib_uverbs_create_qp_resp. */
struct urdma_uhw_create_qp_resp {
	__u32 doorbell; /* its bit in struct urdma_doorbell */
	__u32 reserved;
	struct urdma_queue_place sq;
	struct urdma_queue_place rq; /* slots 0: none, it has a SRQ */
};
URDMA_CONTROL_SIZE(urdma_uhw_create_qp_resp, 72);

/* Behind struct ib_uverbs_create_ah_resp: what work requests name it. */
struct urdma_uhw_create_ah_resp {
	__u32 handle;
	__u32 reserved;
};
URDMA_CONTROL_SIZE(urdma_uhw_create_ah_resp, 8);

/* Behind struct ib_uverbs_modify_srq, a command without response: where in the
 * program's memory the struct urdma_queue_place of struct
 * urdma_modify_srq_reply is to be put; 0: nowhere. */
struct urdma_uhw_modify_srq {
	__u64 place;
};
URDMA_CONTROL_SIZE(urdma_uhw_modify_srq, 8);

/* Behind struct ib_uverbs_create_srq_resp. */
struct urdma_uhw_create_srq_resp {
	__u32 doorbell; /* its bit in struct urdma_doorbell */
	__u32 reserved;
	struct urdma_queue_place ring;
};
URDMA_CONTROL_SIZE(urdma_uhw_create_srq_resp, 40);

/*
 * The preload library's mmap() of a device: NULL (weak) without one.  Programs
 * may replace mmap() in a way that leads past a preload library; UCX watches
 * mappings so.  As mmap() with PROT_READ | PROT_WRITE and MAP_SHARED.
 */
void *urdma_uverbs_mmap(int cmd_fd, __u64 bytes, __u64 arena)
	__attribute__((weak));

#endif

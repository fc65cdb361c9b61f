/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Address vectors (IBA volume 1 section 11.2.2.1): where a peer is, as a
 * program says it of a queue pair's peer or, with an address handle, of
 * a datagram's.
 *
 * Creating and destroying address handles is rdma_dev.h.
 */
#ifndef URDMA_RDMA_AH_H
#define URDMA_RDMA_AH_H

#include <stdint.h>

#include "rdma/gid.h"
#include "urdma/control.h"

struct rdma_pd;

struct rdma_ah {
	struct urdma_ah_attr attr; /* checked */
	struct rdma_pd *pd;
	uint32_t handle;
};

/*
 * 0 or -EINVAL.  On Ethernet there must be a global route header; its source is
 * one of `gids` and its destination an address of the same family.  Without
 * one, where `gids` has a LID, the destination is a LID.  More bits than a
 * field has on the wire are no fault: the kernel lets them pass, and UCX sets
 * all 32 of a flow label.
 */
int ah_check(const struct urdma_ah_attr *attr, const struct gid_table *gids);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which attributes a program must and may set when it takes a queue pair that
 * it connects by number from one state to another: IBA volume 1 section
 * 11.2.5.2, table "QP state transition properties".
 */
#ifndef URDMA_RDMA_QP_MASK_H
#define URDMA_RDMA_QP_MASK_H

#include <stdbool.h>
#include <stdint.h>

#include "rdma/verbs.h"

/* False: a transition that the type does not have, something is missing in
 * `mask`, or it sets what that transition cannot.  A mask without QP_STATE is
 * a transition from a state to itself. */
bool qp_mask_is_ok(enum qp_type type, enum qp_state from, enum qp_state to,
		   uint32_t mask);

#endif

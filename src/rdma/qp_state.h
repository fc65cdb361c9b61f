/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which state of a queue pair may follow which (IBA volume 1 section 10.3.1),
 * as far as a program's ibv_modify_qp may ask for it.
 */
#ifndef URDMA_RDMA_QP_STATE_H
#define URDMA_RDMA_QP_STATE_H

#include <stdbool.h>

#include "rdma/verbs.h"

/* "RTS". */
const char *qp_state_name(enum qp_state state);

bool qp_state_may_follow(enum qp_state from, enum qp_state to);

/* Whether RECVs, or SENDs and the like, are taken from the queue. */
bool qp_state_receives(enum qp_state state);
bool qp_state_sends(enum qp_state state);

#endif

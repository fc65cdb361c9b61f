/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the two ways to post a send work request share: ibv_post_send() in
 * send.c, ibv_wr_start() and its like in wr.c. */
#ifndef URDMA_PROVIDER_SEND_H
#define URDMA_PROVIDER_SEND_H

#include <stdbool.h>

#include "provider/provider.h"

enum send_kind {
	SEND_KNOWN = 1 << 0,
	SEND_REMOTE = 1 << 1, /* names remote memory */
	SEND_ATOMIC = 1 << 2, /* likewise, with operands */
	SEND_IMM = 1 << 3,    /* carries an immediate, or a key to invalidate */
	SEND_PAYLOAD = 1 << 4, /* its elements are read, so may be copied */
	SEND_BIND = 1 << 5,    /* of a memory window */
};

/* Of an opcode (enum urdma_wr_opcode) on such a queue pair; 0: it cannot be
 * posted there. */
unsigned int send_kind(const struct ibv_context *context, enum ibv_qp_type type,
		       unsigned int opcode);

/*
 * Puts the payload behind `sqe`.  Nobody has asked for it, but the buffer does
 * not change until the completion, and what is copied now urdmad need not
 * fetch.  False if the payload is too long or not certainly readable; then the
 * rest of the slot may have been overwritten.
 */
bool send_take_early(struct qp *qp, struct urdma_sqe *sqe,
		     const struct ibv_sge *list, int count);

/* A BIND_MW, as queue.h has it.  0, or EINVAL or EPERM as ibv_bind_mw(); all
 * else is for urdmad to say. */
int send_fill_bind(struct urdma_sqe *sqe, const struct ibv_mw *mw,
		   uint32_t rkey, const struct ibv_mw_bind_info *info);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What can be told of a context's queue pairs to whoever watches. */
#ifndef URDMA_RDMA_QP_INFO_H
#define URDMA_RDMA_QP_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "net/flow.h"
#include "tcp/conn.h"

struct rdma_ctx;

enum { RDMA_QP_COUNTS = 16 };

struct rdma_qp_count {
	const char *name;
	uint64_t count;
};

struct rdma_qp_info {
	uint32_t num;
	const char *type;  /* "RC" */
	const char *state; /* "RTS" */
	uint64_t sends;	   /* work requests completed so far */
	uint64_t recvs;
	bool connected; /* what follows is only then */
	struct flow_key key;
	struct tcp_counters tcp;
	uint64_t bytes_out; /* acknowledged by the peer */
	nsec_t srtt;
	uint32_t cwnd; /* bytes */
	/* RoCE has instead of what TCP counts: */
	bool is_roce;
	uint32_t peer_num;
	struct rdma_qp_count counts[RDMA_QP_COUNTS];
	uint32_t count_of;
};

/* There is room for all that a service has. */
void rdma_qp_info_add(struct rdma_qp_info *info, const char *name,
		      uint64_t count);

/* Each queue pair once; *pos is 0 at the start.  False: no further one. */
bool rdma_next_qp_info(const struct rdma_ctx *ctx, uint32_t *pos,
		       struct rdma_qp_info *info);

#endif

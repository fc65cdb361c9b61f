// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/qp_info.h"

#include "rdma/qp.h"
#include "rdma/qp_state.h"
#include "rdma/rdma_ctx.h"
#include "rdma/transport.h"

static const char *const types[] = {
	[QPT_RC] = "RC",
	[QPT_UC] = "UC",
	[QPT_UD] = "UD",
};

void rdma_qp_info_add(struct rdma_qp_info *info, const char *name,
		      uint64_t count)
{
	if (info->count_of < RDMA_QP_COUNTS)
		info->counts[info->count_of++] =
			(struct rdma_qp_count){ name, count };
}

bool rdma_next_qp_info(const struct rdma_ctx *ctx, uint32_t *pos,
		       struct rdma_qp_info *info)
{
	const struct rdma_qp *qp = idtable_next(&ctx->qps, pos);

	if (!qp)
		return false;
	*info = (struct rdma_qp_info){
		.num = qp->num,
		.type = types[qp->type],
		.state = qp_state_name(qp->state),
		.sends = qp->sends,
		.recvs = qp->recvs,
	};
	ctx->dev->transport->tell(qp, info);
	return true;
}

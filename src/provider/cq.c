// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include "base/arm.h"
#include "provider/provider.h"

struct create_cq_resp {
	_Alignas(8) unsigned char core[sizeof(struct ib_uverbs_create_cq_resp)];
	struct urdma_uhw_create_cq_resp uhw;
};

static void cq_free(struct context *context, struct cq *cq)
{
	queue_unmap(context, &cq->queue);
	free(cq);
}

struct ibv_cq *cq_create(struct ibv_context *ibv, int cqe,
			 struct ibv_comp_channel *channel, int comp_vector)
{
	struct context *context = context_of(ibv);
	struct cq *cq = calloc(1, sizeof(*cq));
	struct create_cq_resp resp = { 0 };
	struct ibv_create_cq cmd;
	int error;

	if (!cq)
		return NULL;
	error = ibv_cmd_create_cq(ibv, cqe, channel, comp_vector, &cq->ibv,
				  &cmd, sizeof(cmd), (void *)resp.core,
				  sizeof(resp));
	if (error)
		goto fail;
	error = queue_map(context, &cq->queue, &resp.uhw.ring,
			  sizeof(struct urdma_cqe));
	if (!error)
		return &cq->ibv;
	ibv_cmd_destroy_cq(&cq->ibv);
fail:
	cq_free(context, cq);
	errno = error;
	return NULL;
}

int cq_destroy(struct ibv_cq *ibv)
{
	struct context *context = context_of(ibv->context);
	int error = ibv_cmd_destroy_cq(ibv);

	if (!error)
		cq_free(context, cq_of(ibv));
	return error;
}

int cq_arm(struct ibv_cq *ibv, int solicited_only)
{
	arm_set(cq_of(ibv)->queue.ring.shared,
		solicited_only ? URDMA_ARM_SOLICITED : URDMA_ARM_ANY);
	return 0;
}

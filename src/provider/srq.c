// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "provider/provider.h"

struct create_srq_resp {
	_Alignas(
		8) unsigned char core[sizeof(struct ib_uverbs_create_srq_resp)];
	struct urdma_uhw_create_srq_resp uhw;
};

struct modify_srq_cmd {
	_Alignas(8) unsigned char core[sizeof(struct ibv_modify_srq)];
	struct urdma_uhw_modify_srq uhw;
};

static void srq_free(struct context *context, struct srq *srq)
{
	queue_unmap(context, &srq->rq);
	free(srq);
}

struct ibv_srq *srq_create(struct ibv_pd *pd, struct ibv_srq_init_attr *attr)
{
	struct context *context = context_of(pd->context);
	struct srq *srq = calloc(1, sizeof(*srq));
	struct create_srq_resp resp = { 0 };
	struct ib_uverbs_create_srq_resp core;
	struct ibv_create_srq cmd;
	int error;

	if (!srq)
		return NULL;
	error = ibv_cmd_create_srq(pd, &srq->ibv, attr, &cmd, sizeof(cmd),
				   (void *)resp.core, sizeof(resp));
	if (error)
		goto fail;
	srq->doorbell = resp.uhw.doorbell;
	memcpy(&core, resp.core, sizeof(core));
	srq->num = core.srqn;
	srq->rq.max_sge = attr->attr.max_sge;
	error = queue_map(context, &srq->rq, &resp.uhw.ring,
			  urdma_rq_stride(srq->rq.max_sge));
	if (!error)
		return &srq->ibv;
	ibv_cmd_destroy_srq(&srq->ibv);
fail:
	srq_free(context, srq);
	errno = error;
	return NULL;
}

int srq_modify(struct ibv_srq *ibv, struct ibv_srq_attr *attr, int mask)
{
	struct srq *srq = srq_of(ibv);
	struct urdma_queue_place place = srq->rq.place;
	struct modify_srq_cmd cmd = { .uhw.place = (uintptr_t)&place };
	int error;

	lock_take(&srq->rq.lock);
	error = ibv_cmd_modify_srq(ibv, attr, mask, (void *)cmd.core,
				   sizeof(cmd));
	if (!error)
		error = queue_move(context_of(ibv->context), &srq->rq, &place);
	if (!error)
		ring_resume(&srq->rq.ring);
	lock_pass(&srq->rq.lock);
	return error;
}

int srq_number(struct ibv_srq *ibv, uint32_t *number)
{
	*number = srq_of(ibv)->num;
	return 0;
}

int srq_query(struct ibv_srq *ibv, struct ibv_srq_attr *attr)
{
	struct ibv_query_srq cmd;

	return ibv_cmd_query_srq(ibv, attr, &cmd, sizeof(cmd));
}

int srq_destroy(struct ibv_srq *ibv)
{
	struct context *context = context_of(ibv->context);
	int error = ibv_cmd_destroy_srq(ibv);

	if (!error)
		srq_free(context, srq_of(ibv));
	return error;
}

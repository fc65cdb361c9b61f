// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "provider/mr.h"

#include <errno.h>
#include <stdlib.h>

#include "provider/provider.h"

struct ibv_mr *mr_reg(struct ibv_pd *pd, void *addr, size_t length,
		      uint64_t iova, int access)
{
	struct mr *mr = calloc(1, sizeof(*mr));
	struct ib_uverbs_reg_mr_resp resp;
	struct ibv_reg_mr cmd;
	int error;

	if (!mr)
		return NULL;
	error = ibv_cmd_reg_mr(pd, addr, length, iova, access, &mr->verbs, &cmd,
			       sizeof(cmd), &resp, sizeof(resp));
	if (error) {
		free(mr);
		errno = error;
		return NULL;
	}
	mr->range = (struct mr_range){
		.lkey = mr->verbs.ibv.lkey,
		.pd = pd,
		.start = addr,
		/* the kernel's rule: a zero-based region starts at 0 */
		.iova = access & IBV_ACCESS_ZERO_BASED ? 0 : iova,
		.length = length,
	};
	mr_table_add(&context_of(pd->context)->mrs, mr);
	return &mr->verbs.ibv;
}

static void change(struct mr *mr, int flags, const struct ibv_pd *pd,
		   void *addr, size_t length, int access)
{
	if (flags & IBV_REREG_MR_CHANGE_ACCESS)
		mr->verbs.access = access;
	if (flags & IBV_REREG_MR_CHANGE_PD)
		mr->range.pd = pd;
	if (flags & IBV_REREG_MR_CHANGE_TRANSLATION) {
		mr->range.start = addr;
		mr->range.length = length;
		mr->range.iova = mr->verbs.access & IBV_ACCESS_ZERO_BASED
					 ? 0
					 : (uintptr_t)addr;
	}
	mr->range.lkey = mr->verbs.ibv.lkey;
}

int mr_rereg(struct verbs_mr *verbs, int flags, struct ibv_pd *pd, void *addr,
	     size_t length, int access)
{
	struct mr_table *table = &context_of(verbs->ibv.context)->mrs;
	struct mr *mr = container_of(verbs, struct mr, verbs);
	struct ib_uverbs_rereg_mr_resp resp;
	struct ibv_rereg_mr cmd;
	int error;

	/* nothing is taken from where it no longer is */
	mr_table_remove(table, mr);
	error = ibv_cmd_rereg_mr(verbs, (uint32_t)flags, addr, length,
				 (uintptr_t)addr, access, pd, &cmd, sizeof(cmd),
				 &resp, sizeof(resp));
	if (!error)
		change(mr, flags, pd, addr, length, access);
	mr_table_add(table, mr);
	errno = error ? error : errno;
	return error;
}

int mr_dereg(struct verbs_mr *verbs)
{
	struct mr *mr = container_of(verbs, struct mr, verbs);
	int error;

	/* First: the key may be somebody else's right after the command. */
	mr_table_remove(&context_of(verbs->ibv.context)->mrs, mr);
	error = ibv_cmd_dereg_mr(verbs);
	if (error)
		mr_table_add(&context_of(verbs->ibv.context)->mrs, mr);
	else
		free(mr);
	return error;
}

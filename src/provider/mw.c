// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Memory windows.  Those of type 2 are bound by work requests: send.c. */
#include <errno.h>
#include <stdlib.h>

#include "provider/provider.h"

struct ibv_mw *mw_alloc(struct ibv_pd *pd, enum ibv_mw_type type)
{
	struct ibv_mw *mw = calloc(1, sizeof(*mw));
	struct ib_uverbs_alloc_mw_resp resp;
	struct ibv_alloc_mw cmd;
	int error;

	if (!mw)
		return NULL;
	error = ibv_cmd_alloc_mw(pd, type, mw, &cmd, sizeof(cmd), &resp,
				 sizeof(resp));
	if (error) {
		free(mw);
		errno = error;
		return NULL;
	}
	return mw;
}

int mw_dealloc(struct ibv_mw *mw)
{
	int error = ibv_cmd_dealloc_mw(mw);

	if (!error)
		free(mw);
	return error;
}

int mw_bind(struct ibv_qp *qp, struct ibv_mw *mw, struct ibv_mw_bind *bind)
{
	/* posted work requests are for windows of type 2 */
	struct ibv_mw as_type_2 = *mw;
	struct ibv_send_wr wr = {
		.wr_id = bind->wr_id,
		.opcode = IBV_WR_BIND_MW,
		.send_flags = bind->send_flags,
		.bind_mw = { &as_type_2, ibv_inc_rkey(mw->rkey),
			     bind->bind_info },
	};
	struct ibv_send_wr *bad;
	int error;

	as_type_2.type = IBV_MW_TYPE_2;
	error = qp_post_send(qp, &wr, &bad);
	if (!error)
		mw->rkey = wr.bind_mw.rkey;
	return error;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where packets go: paths of queue pairs, and address handles. */
#include "urdma.h"

/* ib_core keeps the table of GIDs of a RoCE device, by what its interface has;
 * the daemon has its own, and knows what it can send from.
 */
static int find_source(const struct urdma_dev *dev,
		       const struct ib_global_route *grh, u8 *index)
{
	const struct urdma_kernel_device *about = &dev->about;
	u32 i;

	if (!about->roce) {
		*index = grh->sgid_index;
		return 0;
	}
	if (!grh->sgid_attr)
		return -EINVAL;
	for (i = 0; i < about->gid_count; i++) {
		if (memcmp(about->gids[i], grh->sgid_attr->gid.raw,
			   sizeof(about->gids[i])))
			continue;
		*index = i;
		return 0;
	}
	return -EADDRNOTAVAIL;
}

int urdma_path(struct urdma_dev *dev, struct urdma_ah_attr *to,
	       const struct rdma_ah_attr *from)
{
	const struct ib_global_route *grh;

	to->sl = rdma_ah_get_sl(from);
	to->static_rate = rdma_ah_get_static_rate(from);
	to->port_num = rdma_ah_get_port_num(from);
	if (!(rdma_ah_get_ah_flags(from) & IB_AH_GRH))
		return dev->about.roce ? -EINVAL : 0;
	grh = rdma_ah_read_grh(from);
	to->is_global = 1;
	memcpy(to->dgid, grh->dgid.raw, sizeof(to->dgid));
	to->flow_label = grh->flow_label;
	to->hop_limit = grh->hop_limit;
	to->traffic_class = grh->traffic_class;
	return find_source(dev, grh, &to->sgid_index);
}

static int ask_create(struct urdma_ah *ah, const struct urdma_ah_attr *attr,
		      struct ib_udata *udata)
{
	const struct urdma_create_ah ask = {
		.pd = urdma_pd(ah->ib.pd)->handle,
		.attr = *attr,
	};
	struct urdma_uhw_create_ah_resp resp = { 0 };
	struct urdma_handle reply;
	int error;

	ah->session = urdma_session_of_pd(ah->ib.pd);
	error = urdma_ask(ah->session, URDMA_OP_CREATE_AH, &ask, sizeof(ask),
			  &reply, sizeof(reply));
	if (error)
		return error;
	ah->handle = reply.handle;
	resp.handle = reply.handle;
	error = urdma_respond(udata, &resp, sizeof(resp));
	if (error)
		urdma_destroy_ah(&ah->ib, 0);
	return error;
}

/* Those of ib_mad are made at any time, and need no more than this. */
int urdma_create_ah(struct ib_ah *ib, struct rdma_ah_init_attr *init,
		    struct ib_udata *udata)
{
	struct urdma_dev *dev = urdma_dev(ib->device);
	struct urdma_ah *ah = urdma_ah(ib);
	struct urdma_ah_attr attr = { 0 };
	int error = urdma_path(dev, &attr, init->ah_attr);

	if (error)
		return error;
	if (udata)
		return ask_create(ah, &attr, udata);
	memcpy(ah->remote, attr.dgid, sizeof(ah->remote));
	memcpy(ah->local, dev->about.gids[attr.sgid_index], sizeof(ah->local));
	return 0;
}

int urdma_destroy_ah(struct ib_ah *ib, u32 flags)
{
	struct urdma_ah *ah = urdma_ah(ib);
	const struct urdma_handle ask = { .handle = ah->handle };
	struct urdma_empty reply;

	if (ah->session)
		urdma_finish(ah->session, URDMA_OP_DESTROY_AH, &ask,
			     sizeof(ask), &reply, sizeof(reply));
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include "provider/provider.h"

struct create_ah_resp {
	_Alignas(4) unsigned char core[sizeof(struct ib_uverbs_create_ah_resp)];
	struct urdma_uhw_create_ah_resp uhw;
};

struct ibv_ah *ah_create(struct ibv_pd *pd, struct ibv_ah_attr *attr)
{
	struct ah *ah = calloc(1, sizeof(*ah));
	struct create_ah_resp resp = { 0 };
	int error;

	if (!ah)
		return NULL;
	error = ibv_cmd_create_ah(pd, &ah->ibv, attr, (void *)resp.core,
				  sizeof(resp));
	if (!error) {
		ah->number = resp.uhw.handle;
		return &ah->ibv;
	}
	free(ah);
	errno = error;
	return NULL;
}

int ah_destroy(struct ibv_ah *ibv)
{
	int error = ibv_cmd_destroy_ah(ibv);

	if (!error)
		free(ah_of(ibv));
	return error;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include "provider/provider.h"

struct ibv_ah *ah_create(struct ibv_pd *pd, struct ibv_ah_attr *attr)
{
	struct ibv_ah *ah = calloc(1, sizeof(*ah));
	struct ib_uverbs_create_ah_resp resp;
	int error;

	if (!ah)
		return NULL;
	error = ibv_cmd_create_ah(pd, ah, attr, &resp, sizeof(resp));
	if (!error)
		return ah;
	free(ah);
	errno = error;
	return NULL;
}

int ah_destroy(struct ibv_ah *ah)
{
	int error = ibv_cmd_destroy_ah(ah);

	if (!error)
		free(ah);
	return error;
}

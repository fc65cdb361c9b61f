// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/qp_mask.h"

#include <stddef.h>

#include "base/bits.h"

/* What is in force once a queue pair of a connected type talks. */
#define TALKING                                                                \
	(QP_CUR_STATE | QP_ACCESS_FLAGS | QP_ALT_PATH | QP_PATH_MIG_STATE)
#define PATH (QP_AV | QP_PATH_MTU | QP_DEST_QPN | QP_RQ_PSN)
#define RETRY (QP_TIMEOUT | QP_RETRY_CNT | QP_RNR_RETRY | QP_MAX_RD_ATOMIC)
#define CONNECTED (BIT(QPT_RC) | BIT(QPT_UC))

static const struct transition {
	uint8_t from;
	uint8_t to;
	uint8_t types; /* BIT(enum qp_type) */
	uint32_t must;
	uint32_t may;
} transitions[] = {
	{ QPS_RESET, QPS_INIT, CONNECTED,
	  QP_PKEY_INDEX | QP_PORT | QP_ACCESS_FLAGS, 0 },
	{ QPS_RESET, QPS_INIT, BIT(QPT_UD), QP_PKEY_INDEX | QP_PORT | QP_QKEY,
	  0 },
	{ QPS_INIT, QPS_INIT, CONNECTED, 0,
	  QP_PKEY_INDEX | QP_PORT | QP_ACCESS_FLAGS },
	{ QPS_INIT, QPS_INIT, BIT(QPT_UD), 0,
	  QP_PKEY_INDEX | QP_PORT | QP_QKEY },

	{ QPS_INIT, QPS_RTR, BIT(QPT_RC),
	  PATH | QP_MAX_DEST_RD_ATOMIC | QP_MIN_RNR_TIMER,
	  QP_ALT_PATH | QP_ACCESS_FLAGS | QP_PKEY_INDEX },
	{ QPS_INIT, QPS_RTR, BIT(QPT_UC), PATH,
	  QP_ALT_PATH | QP_ACCESS_FLAGS | QP_PKEY_INDEX },
	{ QPS_INIT, QPS_RTR, BIT(QPT_UD), 0, QP_PKEY_INDEX | QP_QKEY },

	{ QPS_RTR, QPS_RTS, BIT(QPT_RC), QP_SQ_PSN | RETRY,
	  TALKING | QP_MIN_RNR_TIMER },
	{ QPS_RTR, QPS_RTS, BIT(QPT_UC), QP_SQ_PSN, TALKING },
	{ QPS_RTR, QPS_RTS, BIT(QPT_UD), QP_SQ_PSN, QP_CUR_STATE | QP_QKEY },

	{ QPS_RTS, QPS_RTS, BIT(QPT_RC), 0, TALKING | QP_MIN_RNR_TIMER },
	{ QPS_RTS, QPS_RTS, BIT(QPT_UC), 0, TALKING },
	{ QPS_RTS, QPS_RTS, BIT(QPT_UD), 0, QP_CUR_STATE | QP_QKEY },
	{ QPS_RTS, QPS_SQD, CONNECTED | BIT(QPT_UD), 0,
	  QP_EN_SQD_ASYNC_NOTIFY },

	{ QPS_SQD, QPS_RTS, BIT(QPT_RC), 0, TALKING | QP_MIN_RNR_TIMER },
	{ QPS_SQD, QPS_RTS, BIT(QPT_UC), 0, TALKING },
	{ QPS_SQD, QPS_RTS, BIT(QPT_UD), 0, QP_CUR_STATE | QP_QKEY },
	{ QPS_SQD, QPS_SQD, BIT(QPT_RC), 0,
	  QP_PORT | QP_AV | RETRY | QP_MAX_DEST_RD_ATOMIC | QP_ALT_PATH |
		  QP_ACCESS_FLAGS | QP_PKEY_INDEX | QP_MIN_RNR_TIMER |
		  QP_PATH_MIG_STATE },
	{ QPS_SQD, QPS_SQD, BIT(QPT_UC), 0,
	  QP_AV | QP_ALT_PATH | QP_ACCESS_FLAGS | QP_PKEY_INDEX |
		  QP_PATH_MIG_STATE },
	{ QPS_SQD, QPS_SQD, BIT(QPT_UD), 0, QP_PKEY_INDEX | QP_QKEY },

	{ QPS_SQE, QPS_RTS, BIT(QPT_UC), 0, QP_CUR_STATE | QP_ACCESS_FLAGS },
	{ QPS_SQE, QPS_RTS, BIT(QPT_UD), 0, QP_CUR_STATE | QP_QKEY },
};

static const struct transition *find(enum qp_type type, enum qp_state from,
				     enum qp_state to)
{
	for (size_t i = 0; i < sizeof(transitions) / sizeof(*transitions); i++)
		if (transitions[i].from == from && transitions[i].to == to &&
		    transitions[i].types & BIT(type))
			return &transitions[i];
	return NULL;
}

bool qp_mask_is_ok(enum qp_type type, enum qp_state from, enum qp_state to,
		   uint32_t mask)
{
	const struct transition *transition = find(type, from, to);

	mask &= ~(uint32_t)QP_STATE;
	/* from every state, and alone */
	if (to == QPS_RESET || to == QPS_ERR)
		return mask == 0;
	return transition && (mask & transition->must) == transition->must &&
	       !(mask & ~(transition->must | transition->may));
}

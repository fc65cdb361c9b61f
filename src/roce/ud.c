// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/ud.h"

#include <string.h>

#include "roce/icrc.h"

uint32_t roce_ud_qkey(uint32_t wr_qkey, uint32_t qp_qkey)
{
	return wr_qkey & ROCE_QKEY_CONTROLLED ? qp_qkey : wr_qkey;
}

void roce_ud_grh(uint8_t out[static ROCE_GRH_LEN], const uint8_t *ip)
{
	if (ip[0] >> 4 == 6) {
		memcpy(out, ip, ROCE_GRH_LEN);
		return;
	}
	memset(out, 0, ROCE_GRH_LEN - ROCE_IP4_LEN);
	memcpy(out + ROCE_GRH_LEN - ROCE_IP4_LEN, ip, ROCE_IP4_LEN);
}

static bool is_ip6(const uint8_t grh[static ROCE_GRH_LEN])
{
	return grh[0] >> 4 == 6;
}

const uint8_t *roce_ud_ip(const uint8_t grh[static ROCE_GRH_LEN])
{
	return is_ip6(grh) ? grh : grh + ROCE_GRH_LEN - ROCE_IP4_LEN;
}

uint8_t roce_ud_sl(const uint8_t grh[static ROCE_GRH_LEN])
{
	return ROCE_SL_UDP | (is_ip6(grh) ? ROCE_SL_IP6 : ROCE_SL_IP4);
}

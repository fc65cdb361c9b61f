/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inside of the RoCE transport of identifiers: what via_ib.c and ib_path.c
 * share.
 */
#ifndef URDMA_CM_IB_H
#define URDMA_CM_IB_H

#include <stdint.h>

struct cm_addr;
struct cm_id;
struct cm_route;
struct urdma_ah_attr;
struct urdma_cm_conn_param;
struct urdma_cm_init_qp_attr_reply;

enum {
	CM_IB_HOPS = 64,
	/* 4.096 us << 16 is 0.27 s (Linux asks for 0.54 s): a busy host may be
	 * silent for longer than a lost packet, which is found out sooner, by
	 * probes (roce/req.h). */
	CM_IB_ACK_TIMEOUT = 16,
	/* An RNR NAK asks to wait 0.64 ms (IBA volume 1, table 45): the
	 * kernel's 0 would be 655 ms. */
	CM_IB_RNR_TIMER = 12,
	CM_IB_QKEY = 0x01234567, /* RDMA_UDP_QKEY */
};

/* The largest path MTU of the id's device, enum ibv_mtu. */
uint8_t cm_ib_mtu(const struct cm_id *id);
/* What the id's program chose, or the default. */
uint8_t cm_ib_ack_timeout(const struct cm_id *id);
/* How to get from the id's address to `dgid`. */
void cm_ib_ah(const struct cm_id *id, const uint8_t dgid[16],
	      struct urdma_ah_attr *ah);

/* Of struct cm_transport. */
void cm_ib_group(const struct cm_id *id, const struct cm_addr *addr,
		 struct urdma_cm_conn_param *conn, struct urdma_ah_attr *ah);
void cm_ib_route(const struct cm_id *id, struct cm_route *route);
int cm_ib_init_qp_attr(const struct cm_id *id, uint32_t qp_state,
		       struct urdma_cm_init_qp_attr_reply *reply);

#endif

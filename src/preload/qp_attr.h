/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Attributes of a queue pair between control.h and the kernel's structures.
 * The kernel has three (one to modify, one to query, one of rdma_cm) that share
 * names but no order, so what they share is listed here.
 */
#ifndef URDMA_PRELOAD_QP_ATTR_H
#define URDMA_PRELOAD_QP_ATTR_H

#include <string.h>

/* Initialisers of the fields that all four structures have under one name. */
#define QP_ATTR_FIELDS(from)                                                   \
	.qkey = (from)->qkey, .rq_psn = (from)->rq_psn,                        \
	.sq_psn = (from)->sq_psn, .dest_qp_num = (from)->dest_qp_num,          \
	.pkey_index = (from)->pkey_index,                                      \
	.alt_pkey_index = (from)->alt_pkey_index,                              \
	.qp_state = (from)->qp_state, .cur_qp_state = (from)->cur_qp_state,    \
	.path_mtu = (from)->path_mtu,                                          \
	.path_mig_state = (from)->path_mig_state,                              \
	.max_rd_atomic = (from)->max_rd_atomic,                                \
	.max_dest_rd_atomic = (from)->max_dest_rd_atomic,                      \
	.min_rnr_timer = (from)->min_rnr_timer, .port_num = (from)->port_num,  \
	.timeout = (from)->timeout, .retry_cnt = (from)->retry_cnt,            \
	.rnr_retry = (from)->rnr_retry, .alt_port_num = (from)->alt_port_num,  \
	.alt_timeout = (from)->alt_timeout

/* struct urdma_ah_attr and ib_uverbs_qp_dest, either way. */
#define QP_DEST_COPY(to, from)                                                 \
	do {                                                                   \
		memcpy((to)->dgid, (from)->dgid, sizeof((to)->dgid));          \
		(to)->flow_label = (from)->flow_label;                         \
		(to)->dlid = (from)->dlid;                                     \
		(to)->sgid_index = (from)->sgid_index;                         \
		(to)->hop_limit = (from)->hop_limit;                           \
		(to)->traffic_class = (from)->traffic_class;                   \
		(to)->sl = (from)->sl;                                         \
		(to)->src_path_bits = (from)->src_path_bits;                   \
		(to)->static_rate = (from)->static_rate;                       \
		(to)->is_global = (from)->is_global;                           \
		(to)->port_num = (from)->port_num;                             \
	} while (0)

#endif

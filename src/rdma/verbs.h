/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numbers of <infiniband/verbs.h> that completions, control messages and
 * events carry.  That header itself needs threads and sockets, which have no
 * place in a pure layer; test_verbs.c holds the two against each other.
 */
#ifndef URDMA_RDMA_VERBS_H
#define URDMA_RDMA_VERBS_H

enum wc_status {
	WC_SUCCESS = 0,
	WC_LOC_LEN_ERR = 1,
	WC_LOC_QP_OP_ERR = 2,
	WC_LOC_PROT_ERR = 4,
	WC_WR_FLUSH_ERR = 5,
	WC_MW_BIND_ERR = 6,
	WC_BAD_RESP_ERR = 7,
	WC_LOC_ACCESS_ERR = 8,
	WC_REM_INV_REQ_ERR = 9,
	WC_REM_ACCESS_ERR = 10,
	WC_REM_OP_ERR = 11,
	WC_RETRY_EXC_ERR = 12,
	WC_RNR_RETRY_EXC_ERR = 13,
	WC_REM_ABORT_ERR = 16,
	WC_FATAL_ERR = 19,
	WC_GENERAL_ERR = 21,
};

enum wc_opcode {
	WC_SEND = 0,
	WC_RDMA_WRITE = 1,
	WC_RDMA_READ = 2,
	WC_COMP_SWAP = 3,
	WC_FETCH_ADD = 4,
	WC_BIND_MW = 5,
	WC_LOCAL_INV = 6,
	WC_RECV = 128,
	WC_RECV_RDMA_WITH_IMM = 129,
};

enum wc_flags {
	WC_GRH = 1 << 0,
	WC_WITH_IMM = 1 << 1,
	WC_WITH_INV = 1 << 3,
};

enum access_flags {
	ACCESS_LOCAL_WRITE = 1 << 0,
	ACCESS_REMOTE_WRITE = 1 << 1,
	ACCESS_REMOTE_READ = 1 << 2,
	ACCESS_REMOTE_ATOMIC = 1 << 3,
	ACCESS_MW_BIND = 1 << 4,
	ACCESS_ZERO_BASED = 1 << 5,
	ACCESS_ON_DEMAND = 1 << 6,
	ACCESS_HUGETLB = 1 << 7,
	ACCESS_RELAXED_ORDERING = 1 << 20,
	/* A kernel or card that does not know one of these may ignore it. */
	ACCESS_OPTIONAL = 0x3ff00000,
};

enum mw_type {
	MW_TYPE_1 = 1,
	MW_TYPE_2 = 2,
};

enum device_cap_flags {
	DEVICE_MEM_WINDOW = 1 << 17,
	DEVICE_MEM_MGT_EXTENSIONS = 1 << 21,
	DEVICE_MEM_WINDOW_TYPE_2B = 1 << 24,
};

/* What ibv_rereg_mr(3) changes. */
enum mr_change {
	MR_CHANGE_TRANSLATION = 1 << 0,
	MR_CHANGE_PD = 1 << 1,
	MR_CHANGE_ACCESS = 1 << 2,
	MR_CHANGES = MR_CHANGE_TRANSLATION | MR_CHANGE_PD | MR_CHANGE_ACCESS,
};

enum async_event {
	EVENT_CQ_ERR = 0,
	EVENT_QP_FATAL = 1,
	EVENT_QP_REQ_ERR = 2,
	EVENT_QP_ACCESS_ERR = 3,
	EVENT_COMM_EST = 4,
	EVENT_SQ_DRAINED = 5,
	EVENT_DEVICE_FATAL = 8,
	EVENT_PORT_ACTIVE = 9,
	EVENT_PORT_ERR = 10,
	EVENT_SRQ_ERR = 14,
	EVENT_SRQ_LIMIT_REACHED = 15,
	EVENT_QP_LAST_WQE_REACHED = 16,
	EVENT_GID_CHANGE = 18,
};

enum atomic_cap {
	ATOMIC_NONE = 0,
	ATOMIC_HCA = 1, /* to other atomic operations of the same card */
	ATOMIC_GLOB = 2,
};

enum srq_attr_mask {
	SRQ_MAX_WR = 1 << 0,
	SRQ_LIMIT = 1 << 1,
};

enum qp_type {
	QPT_RC = 2,
	QPT_UC = 3,
	QPT_UD = 4,
};

enum qp_state {
	QPS_RESET = 0,
	QPS_INIT = 1,
	QPS_RTR = 2,
	QPS_RTS = 3,
	QPS_SQD = 4,
	QPS_SQE = 5,
	QPS_ERR = 6,
	QPS_COUNT
};

enum qp_attr_mask {
	QP_STATE = 1 << 0,
	QP_CUR_STATE = 1 << 1,
	QP_EN_SQD_ASYNC_NOTIFY = 1 << 2,
	QP_ACCESS_FLAGS = 1 << 3,
	QP_PKEY_INDEX = 1 << 4,
	QP_PORT = 1 << 5,
	QP_QKEY = 1 << 6,
	QP_AV = 1 << 7,
	QP_PATH_MTU = 1 << 8,
	QP_TIMEOUT = 1 << 9,
	QP_RETRY_CNT = 1 << 10,
	QP_RNR_RETRY = 1 << 11,
	QP_RQ_PSN = 1 << 12,
	QP_MAX_RD_ATOMIC = 1 << 13,
	QP_ALT_PATH = 1 << 14,
	QP_MIN_RNR_TIMER = 1 << 15,
	QP_SQ_PSN = 1 << 16,
	QP_MAX_DEST_RD_ATOMIC = 1 << 17,
	QP_PATH_MIG_STATE = 1 << 18,
	QP_CAP = 1 << 19,
	QP_DEST_QPN = 1 << 20,
};

#endif

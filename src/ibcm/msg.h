/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The messages of InfiniBand communication management: management datagrams
 * of class 0x07 (IBA volume 1, section 13.4.2 for the header, 12.6 for the
 * messages, tables 106 to 120).  Always 256 bytes:
 *
 *   0      base version 1       1      class 0x07
 *   2      class version 2      3      R(1) | method(7)
 *   4..5   status               6..7   class specific
 *   8..15  transaction id       16..17 attribute id
 *   18..19 reserved             20..23 attribute modifier
 *   24..   the attribute, tables in msg.c
 *
 * One struct holds any of them; fields that an attribute has not are zero
 * when it was decoded and ignored when it is encoded.  Reserved bits are
 * ignored on receipt and zero on transmit.
 */
#ifndef URDMA_IBCM_MSG_H
#define URDMA_IBCM_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "ibcm/verdict.h"

enum {
	IBCM_MAD_LEN = 256,
	IBCM_GID_LEN = 16,
	IBCM_INFO_MAX = 72,
	IBCM_PRIVATE_MAX = 224,
	IBCM_LID_PERMISSIVE = 0xffff,
};

enum ibcm_attr {
	IBCM_CLASS_PORT_INFO = 0x0001,
	IBCM_REQ = 0x0010,
	IBCM_MRA = 0x0011,
	IBCM_REJ = 0x0012,
	IBCM_REP = 0x0013,
	IBCM_RTU = 0x0014,
	IBCM_DREQ = 0x0015,
	IBCM_DREP = 0x0016,
	IBCM_SIDR_REQ = 0x0017,
	IBCM_SIDR_REP = 0x0018,
	IBCM_LAP = 0x0019,
	IBCM_APR = 0x001a,
};

enum ibcm_method {
	IBCM_GET = 0x01,
	IBCM_SEND = 0x03,
	IBCM_GET_RESP = 0x81,
};

/* Transport service types of REQ. */
enum ibcm_service { IBCM_RC = 0, IBCM_UC = 1, IBCM_RD = 2, IBCM_EXTENDED = 3 };

/* What MRA and REJ are about (12.6.6, 12.6.7). */
enum ibcm_about { IBCM_ABOUT_REQ, IBCM_ABOUT_REP, IBCM_ABOUT_OTHER };

/* Reasons of REJ, table 109. */
enum ibcm_reason {
	IBCM_REJ_NO_QP = 1,
	IBCM_REJ_NO_EEC = 2,
	IBCM_REJ_NO_RESOURCES = 3,
	IBCM_REJ_TIMEOUT = 4,
	IBCM_REJ_UNSUPPORTED = 5,
	IBCM_REJ_INVALID_COMM_ID = 6,
	IBCM_REJ_INVALID_COMM_INSTANCE = 7,
	IBCM_REJ_INVALID_SERVICE_ID = 8,
	IBCM_REJ_INVALID_SERVICE_TYPE = 9,
	IBCM_REJ_STALE = 10,
	IBCM_REJ_RDC_NOT_EXIST = 11,
	IBCM_REJ_INVALID_GID = 12,
	IBCM_REJ_INVALID_LID = 13,
	IBCM_REJ_INVALID_SL = 14,
	IBCM_REJ_INVALID_TRAFFIC_CLASS = 15,
	IBCM_REJ_INVALID_HOP_LIMIT = 16,
	IBCM_REJ_INVALID_PACKET_RATE = 17,
	IBCM_REJ_PORT_CM_REDIRECT = 24,
	IBCM_REJ_PORT_REDIRECT = 25,
	IBCM_REJ_INVALID_MTU = 26,
	IBCM_REJ_FEW_RESOURCES = 27,
	IBCM_REJ_CONSUMER = 28,
	IBCM_REJ_RNR_RETRY = 29,
	IBCM_REJ_DUPLICATE_COMM_ID = 30,
	IBCM_REJ_CLASS_VERSION = 31,
	IBCM_REJ_FLOW_LABEL = 32,
};

/* Of SIDR_REP, table 121. */
enum ibcm_sidr_status {
	IBCM_SIDR_OK,
	IBCM_SIDR_UNSUPPORTED, /* service id */
	IBCM_SIDR_REJECT,
	IBCM_SIDR_NO_QP,
	IBCM_SIDR_REDIRECT,
	IBCM_SIDR_VERSION,
};

/* Of APR, table 117. */
enum ibcm_apr_status { IBCM_APR_INVALID_COMM_ID = 1, IBCM_APR_UNSUPPORTED = 2 };

struct ibcm_path {
	uint16_t local_lid;
	uint16_t remote_lid;
	uint8_t local_gid[IBCM_GID_LEN];
	uint8_t remote_gid[IBCM_GID_LEN];
	uint32_t flow_label;
	uint8_t packet_rate;
	uint8_t traffic_class;
	uint8_t hop_limit;
	uint8_t sl;
	uint8_t subnet_local;
	uint8_t ack_timeout; /* 4.096 us << n */
};

struct ibcm_msg {
	/* The header. */
	uint8_t method; /* enum ibcm_method */
	uint16_t status;
	uint64_t tid;
	uint16_t attr; /* enum ibcm_attr */
	uint32_t attr_mod;

	uint32_t local_id; /* SIDR: the request id */
	uint32_t remote_id;
	uint64_t service_id;
	uint64_t ca_guid;
	uint32_t qkey;
	uint32_t qpn; /* the sender's; DREQ, LAP: the receiver's */
	uint32_t psn; /* the first one that the receiver sends (12.7.31) */
	uint8_t responder_resources;
	uint8_t initiator_depth;
	uint8_t remote_timeout; /* REQ, LAP; 4.096 us << n, as all timeouts */
	uint8_t local_timeout;
	uint8_t service; /* enum ibcm_service */
	uint8_t extended_service;
	uint8_t flow_control;
	uint8_t retry_count;
	uint8_t rnr_retry_count;
	uint8_t max_cm_retries;
	uint8_t srq;
	uint16_t pkey;
	uint8_t mtu; /* enum ibv_mtu */
	uint8_t rdc_exists;
	uint8_t target_ack_delay;
	uint8_t failover;
	struct ibcm_path path;	    /* REQ: primary; LAP: alternate */
	struct ibcm_path alternate; /* REQ; zero: none */

	uint8_t about;		 /* MRA, REJ: enum ibcm_about */
	uint8_t service_timeout; /* MRA */
	uint16_t reason;	 /* REJ, or the status of APR and SIDR_REP */
	uint8_t info_len;	 /* of the additional information */
	uint8_t info[IBCM_INFO_MAX];
	uint8_t private_data[IBCM_PRIVATE_MAX];

	/* CLASS_PORT_INFO */
	uint8_t base_version;
	uint8_t class_version;
	uint16_t capability_mask;
	uint8_t response_time;
};

/* IBCM_OK, or what is wrong with its form; `msg` is complete with IBCM_OK
 * only. */
enum ibcm_verdict ibcm_decode(struct ibcm_msg *msg, const uint8_t *bytes,
			      size_t len);

/* msg->attr is one of enum ibcm_attr. */
void ibcm_encode(const struct ibcm_msg *msg, uint8_t out[static IBCM_MAD_LEN]);

/* Bytes of private data that the attribute carries, 0: none, or no such. */
size_t ibcm_private_len(uint16_t attr);

/* "REQ" ...; "?" */
const char *ibcm_attr_name(uint16_t attr);

#endif

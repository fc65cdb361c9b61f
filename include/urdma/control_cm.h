/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Control messages of sessions of rdma_cm: part of urdma/control.h, which
 * includes this and says what holds for all of them. */
#ifndef URDMA_CONTROL_CM_H
#define URDMA_CONTROL_CM_H

#include "urdma/control.h"

/* A struct sockaddr_in or sockaddr_in6, zero behind it. */
struct urdma_sockaddr {
	__u8 bytes[28];
};
URDMA_CONTROL_SIZE(urdma_sockaddr, 28);

struct urdma_cm_create {
	__u64 uid; /* the program's name for the id; events carry it */
	__u16 ps;  /* RDMA_PS_TCP ... */
	__u8 qp_type;
	__u8 reserved[5];
};
URDMA_CONTROL_SIZE(urdma_cm_create, 16);

struct urdma_cm_id {
	__u32 id;
	__u32 reserved;
};
URDMA_CONTROL_SIZE(urdma_cm_id, 8);

struct urdma_cm_events_reply {
	__u32 events_reported;
	__u32 reserved;
};
URDMA_CONTROL_SIZE(urdma_cm_events_reply, 8);

struct urdma_cm_bind {
	__u32 id;
	struct urdma_sockaddr addr;
};
URDMA_CONTROL_SIZE(urdma_cm_bind, 32);

struct urdma_cm_resolve_addr {
	__u32 id;
	__u32 timeout_ms;
	struct urdma_sockaddr src; /* family 0: any */
	struct urdma_sockaddr dst;
};
URDMA_CONTROL_SIZE(urdma_cm_resolve_addr, 64);

struct urdma_cm_resolve_route {
	__u32 id;
	__u32 timeout_ms;
};
URDMA_CONTROL_SIZE(urdma_cm_resolve_route, 8);

struct urdma_cm_query_route_reply {
	__u64 node_guid; /* network order; 0: bound to no device */
	__u32 port_num;
	__u8 mtu; /* of the path, enum ibv_mtu; 0: an iWARP device has none */
	__u8 hop_limit;
	__u8 traffic_class;
	__u8 reserved;
	__u8 sgid[16];
	__u8 dgid[16];
	struct urdma_sockaddr src;
	struct urdma_sockaddr dst;
};
URDMA_CONTROL_SIZE(urdma_cm_query_route_reply, 104);

struct urdma_cm_conn_param {
	__u32 qp_num;
	__u32 qkey;
	__u8 responder_resources;
	__u8 initiator_depth;
	__u8 flow_control;
	__u8 retry_count;
	__u8 rnr_retry_count;
	__u8 srq;
	__u8 valid; /* accept: 0 says "go ahead" without parameters */
	__u8 private_data_len;
	__u8 private_data[URDMA_PRIVATE_DATA];
};
URDMA_CONTROL_SIZE(urdma_cm_conn_param, 272);

struct urdma_cm_connect {
	__u32 id;
	__u32 reserved;
	struct urdma_cm_conn_param conn;
};
URDMA_CONTROL_SIZE(urdma_cm_connect, 280);

struct urdma_cm_listen {
	__u32 id;
	__u32 backlog;
};
URDMA_CONTROL_SIZE(urdma_cm_listen, 8);

struct urdma_cm_accept {
	__u64 uid; /* of the new id from now on */
	__u32 id;
	__u32 reserved;
	struct urdma_cm_conn_param conn;
};
URDMA_CONTROL_SIZE(urdma_cm_accept, 288);

struct urdma_cm_reject {
	__u32 id;
	__u8 private_data_len;
	__u8 reason; /* of the peer's REJ, 0: the consumer's own */
	__u8 reserved[2];
	__u8 private_data[URDMA_PRIVATE_DATA];
};
URDMA_CONTROL_SIZE(urdma_cm_reject, 264);

struct urdma_cm_init_qp_attr {
	__u32 id;
	__u32 qp_state;
};
URDMA_CONTROL_SIZE(urdma_cm_init_qp_attr, 8);

struct urdma_cm_init_qp_attr_reply {
	__u32 attr_mask;
	__u32 reserved;
	struct urdma_qp_attr attr;
};
URDMA_CONTROL_SIZE(urdma_cm_init_qp_attr_reply, 80);

struct urdma_cm_set_option {
	__u32 id;
	__u32 level; /* RDMA_OPTION_ID, RDMA_OPTION_IB */
	__u32 optname;
	__u32 optlen; /* bytes used of optval */
	__u8 optval[64];
};
URDMA_CONTROL_SIZE(urdma_cm_set_option, 80);

struct urdma_cm_notify {
	__u32 id;
	__u32 event; /* enum ibv_event_type */
};
URDMA_CONTROL_SIZE(urdma_cm_notify, 8);

/* Sent on the new session; `session` is HELLO's name of the old one.  The id
 * keeps its number: librdmacm has no way to learn another. */
struct urdma_cm_migrate {
	__u64 session;
	__u32 id;
	__u32 reserved;
};
URDMA_CONTROL_SIZE(urdma_cm_migrate, 16);

struct urdma_cm_migrate_reply {
	__u32 id;	       /* its handle in the new session, the same */
	__u32 events_reported; /* on the old one */
};
URDMA_CONTROL_SIZE(urdma_cm_migrate_reply, 8);

/* The group's event names the handle of the reply and this uid, not the id's.
 * It counts as the id's too. */
struct urdma_cm_join {
	__u64 uid;
	__u32 id;
	struct urdma_sockaddr addr;
};
URDMA_CONTROL_SIZE(urdma_cm_join, 40);

/* A new id that connects from `src`, on the session's device, to `dst`. */
struct urdma_cm_connect_to {
	struct urdma_sockaddr src;
	struct urdma_sockaddr dst;
	struct urdma_cm_conn_param conn;
};
URDMA_CONTROL_SIZE(urdma_cm_connect_to, 328);

/* A new id that listens at `addr`; a wildcard means the session's device. */
struct urdma_cm_listen_at {
	struct urdma_sockaddr addr;
	__u32 backlog;
	__u32 afonly; /* :: does not mean 0.0.0.0, too */
};
URDMA_CONTROL_SIZE(urdma_cm_listen_at, 36);

/* A datagram from urdmad on a cm session's socket. */
struct urdma_cm_event {
	__u64 uid;    /* of the id; CONNECT_REQUEST: of the listener;
			 MULTICAST_JOIN: of the group */
	__u32 id;     /* CONNECT_REQUEST: handle of the new id;
			 MULTICAST_JOIN: of the group */
	__u32 event;  /* enum rdma_cm_event_type */
	__s32 status; /* 0, a negative errno, or the peer's reject reason */
	__u32 is_ud;  /* of datagrams: `ah` counts, and of `conn` qp_num, qkey,
			 private data */
	struct urdma_cm_conn_param conn;
	struct urdma_ah_attr ah; /* datagrams: how to get there */
};
URDMA_CONTROL_SIZE(urdma_cm_event, 328);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Control messages between a program's side (the preload library, the tools,
 * later the kernel module) and urdmad: everything that is not posting and
 * polling.
 *
 * A message is struct urdma_msg_head and the operation's request structure;
 * its length is exactly the sum of both.  The answer is struct
 * urdma_reply_head and the operation's reply structure, or the head alone when
 * `error` is not 0.  Integers are host byte order, addresses and the
 * contents of struct sockaddr network byte order as ever, reserved fields
 * zero.  Handles belong to the session they were given to and mean nothing in
 * another one.
 *
 * Carrier: a SOCK_SEQPACKET Unix socket.  A connection is a session and its
 * end in the program is the file descriptor that the program opened; when the
 * last copy of it is closed, what the session owns is freed.  Each request but
 * KICK carries, as its first descriptor, a socket on which the one answer is
 * sent.  Descriptors that an operation takes or gives are named beside it.
 */
#ifndef URDMA_CONTROL_H
#define URDMA_CONTROL_H

#include <linux/types.h>

#ifdef __cplusplus
#define URDMA_CONTROL_ASSERT(e) static_assert(e, #e)
#else
#define URDMA_CONTROL_ASSERT(e) _Static_assert(e, #e)
#endif
#define URDMA_CONTROL_SIZE(type, bytes)                                        \
	URDMA_CONTROL_ASSERT(sizeof(struct type) == (bytes))

enum {
	URDMA_CONTROL_MAGIC = 0x75726431, /* "urd1" */
	URDMA_CONTROL_VERSION = 1,
	URDMA_CONTROL_MAX = 1024, /* bytes of the longest message */
	URDMA_CONTROL_MAX_FDS = 4,
	URDMA_PROGRAM_TOKEN = 16,
	URDMA_PRIVATE_DATA = 256, /* bytes a cm event or request can carry */
};

struct urdma_msg_head {
	__u16 op;     /* enum urdma_op */
	__u16 length; /* of the whole message, bytes */
	__u32 reserved;
};
URDMA_CONTROL_SIZE(urdma_msg_head, 8);

struct urdma_reply_head {
	__u16 op;
	__u16 length;
	__u32 error; /* an errno, 0: done */
};
URDMA_CONTROL_SIZE(urdma_reply_head, 8);

enum urdma_op {
	URDMA_OP_HELLO = 1, /* first message of each session */
	URDMA_OP_KICK =
		2, /* the worker sleeps and work was posted; no answer */
	URDMA_OP_SHOW = 3, /* tool sessions; gives: memfd with JSON text */

	/* Sessions of a device file. */
	URDMA_OP_GET_CONTEXT = 16, /* gives: async event socket */
	URDMA_OP_MAP_ARENA = 17,   /* gives: the arena's memfd */
	URDMA_OP_MEM_ATTACH = 18,  /* takes: the process's /proc/self/mem */
	URDMA_OP_QUERY_DEVICE = 19,
	URDMA_OP_QUERY_PORT = 20,
	URDMA_OP_ALLOC_PD = 21,
	URDMA_OP_DEALLOC_PD = 22,
	URDMA_OP_REG_MR = 23,
	URDMA_OP_DEREG_MR = 24,
	URDMA_OP_CREATE_CHANNEL = 25, /* gives: completion event socket */
	URDMA_OP_CREATE_CQ = 26,
	URDMA_OP_DESTROY_CQ =
		27, /* takes: async socket, channel if it has one */
	URDMA_OP_CREATE_QP = 28,
	URDMA_OP_MODIFY_QP = 29,
	URDMA_OP_QUERY_QP = 30,
	URDMA_OP_DESTROY_QP = 31, /* takes: async socket */
	URDMA_OP_CREATE_AH = 32,
	URDMA_OP_DESTROY_AH = 33,
	URDMA_OP_MODIFY_CQ = 34,
	URDMA_OP_RESIZE_CQ = 35,
	URDMA_OP_REREG_MR = 36,
	URDMA_OP_ATTACH_MCAST = 37,
	URDMA_OP_DETACH_MCAST = 38,
	URDMA_OP_CREATE_SRQ = 40,
	URDMA_OP_MODIFY_SRQ = 41,
	URDMA_OP_QUERY_SRQ = 42,
	URDMA_OP_DESTROY_SRQ = 43, /* takes: async socket */
	URDMA_OP_ALLOC_MW = 44,
	URDMA_OP_DEALLOC_MW = 45,
	URDMA_OP_MEM_REMAP = 48, /* gives: memfd of the backing */
	URDMA_OP_MEM_LIVE = 49,
	URDMA_OP_MEM_RELEASE = 50, /* gives: memfd of the backing */
	URDMA_OP_MEM_FAULTS = 51,  /* gives: an open /dev/userfaultfd */

	/* Sessions of rdma_cm. */
	URDMA_OP_CM_CREATE = 64,
	URDMA_OP_CM_DESTROY = 65, /* takes: the session's own socket */
	URDMA_OP_CM_BIND = 66,
	URDMA_OP_CM_RESOLVE_ADDR = 67,
	URDMA_OP_CM_RESOLVE_ROUTE = 68,
	URDMA_OP_CM_QUERY_ROUTE = 69,
	URDMA_OP_CM_CONNECT = 70,
	URDMA_OP_CM_LISTEN = 71,
	URDMA_OP_CM_ACCEPT = 72,
	URDMA_OP_CM_REJECT = 73,
	URDMA_OP_CM_DISCONNECT = 74,
	URDMA_OP_CM_INIT_QP_ATTR = 75,
	URDMA_OP_CM_SET_OPTION = 76,
	URDMA_OP_CM_NOTIFY = 77,
	URDMA_OP_CM_MIGRATE = 78, /* takes: the old session's socket */
	URDMA_OP_CM_JOIN = 79,	  /* gives a handle of its own */
	URDMA_OP_CM_LEAVE = 80,	  /* takes: the session's own socket */
	/* Of the kernel module, which has resolved the address itself. */
	URDMA_OP_CM_CONNECT_TO = 81,
	URDMA_OP_CM_LISTEN_AT = 82,
};

enum urdma_session_kind {
	URDMA_SESSION_VERBS = 1, /* an open uverbs device */
	URDMA_SESSION_CM = 2,	 /* an open rdma_cm */
	URDMA_SESSION_TOOL = 3,
};

struct urdma_hello {
	__u32 magic;
	__u32 version;
	__u32 kind;   /* enum urdma_session_kind */
	__u32 device; /* verbs: number of the uverbs device file */
	/* Sessions of one program (and its forked children) show the same
	 * secret; it lets a cm session name the QPs of a verbs session. */
	__u8 token[URDMA_PROGRAM_TOKEN];
};
URDMA_CONTROL_SIZE(urdma_hello, 32);

struct urdma_hello_reply {
	__u32 version; /* the daemon's; sent also with EPROTO */
	__u32 devices; /* how many there are */
	__u64 session; /* a random name of this session, for MIGRATE */
};
URDMA_CONTROL_SIZE(urdma_hello_reply, 16);

struct urdma_empty {
	__u64 reserved;
};

struct urdma_show_reply {
	__u64 bytes; /* of JSON text in the memfd */
};

struct urdma_get_context_reply {
	__u32 num_comp_vectors;
	__u32 queue_abi;      /* URDMA_CONTROL_VERSION of queue.h's layout: 1 */
	__u64 doorbell_arena; /* mmap key, see urdma_queue_place */
	__u64 doorbell_arena_bytes;
	__u64 doorbell_offset; /* of struct urdma_doorbell in it */
};
URDMA_CONTROL_SIZE(urdma_get_context_reply, 32);

struct urdma_map_arena {
	__u64 key;
};

struct urdma_map_arena_reply {
	__u64 bytes;
};

enum urdma_mem_flags {
	URDMA_MEM_MAY_REMAP = 1 << 0,
	/* Also where system calls of the program may find EFAULT meanwhile. */
	URDMA_MEM_USER_FAULTS = 1 << 1,
};

struct urdma_mem_attach_reply {
	__u32 mem;   /* handle */
	__u32 flags; /* enum urdma_mem_flags: what the program should do */
};

enum {
	URDMA_MEM_PAGE = 4096,
	URDMA_MEM_REMAP_MAX = 32 << 20, /* bytes of one MEM_REMAP */
};

/*
 * Mapped memory: pages of a program that lie in a memfd of urdmad's, so that
 * urdmad reaches them with a memcpy.
 *
 * MEM_REMAP asks for backing of the pages [start, start + length), whole pages
 * that have none; the program puts it in the place of its own pages from the
 * lowest up and says with MEM_LIVE how far it came (0: not at all), from when
 * on urdmad uses it.  At the end MEM_RELEASE: urdmad no longer uses the
 * backing of these pages, and then the program puts its own pages back and
 * punches the hole.  All else goes through the program's /proc/self/mem, at any
 * time, and so does what MEM_RELEASE names beside backed pages.
 *
 * Before MEM_LIVE and after MEM_RELEASE no region may touch the pages that the
 * program is about to replace: replacing write-protects them, and urdmad's
 * access through /proc/self/mem would fail.
 */
struct urdma_mem_range {
	__u32 mem;
	__u32 reserved;
	__u64 start; /* program address */
	__u64 length;
};
URDMA_CONTROL_SIZE(urdma_mem_range, 24);

struct urdma_mem_remap_reply {
	__u64 offset; /* of the backing in the memfd */
};
URDMA_CONTROL_SIZE(urdma_mem_remap_reply, 8);

struct urdma_query_device_reply {
	__u64 node_guid; /* network order, as all GUIDs */
	__u64 sys_image_guid;
	__u64 max_mr_size;
	__u64 page_size_cap;
	__u32 vendor_id;
	__u32 vendor_part_id;
	__u32 hw_ver;
	__u32 device_cap_flags; /* enum ibv_device_cap_flags */
	__u32 max_qp;
	__u32 max_qp_wr;
	__u32 max_send_sge;
	__u32 max_recv_sge;
	__u32 max_sge_rd;
	__u32 max_cq;
	__u32 max_cqe;
	__u32 max_mr;
	__u32 max_pd;
	__u32 max_qp_rd_atom;
	__u32 max_res_rd_atom;
	__u32 max_qp_init_rd_atom;
	__u32 atomic_cap;
	__u32 max_srq;
	__u32 max_srq_wr;
	__u32 max_srq_sge;
	__u32 max_ah;
	__u32 max_mw;
	__u32 max_mcast_grp; /* 0: there is no multicast */
	__u32 max_mcast_qp;  /* in one group */
	__u32 reserved;
	__u16 max_pkeys;
	__u8 phys_port_cnt;
	__u8 local_ca_ack_delay;
	__u64 fw_ver;
};
URDMA_CONTROL_SIZE(urdma_query_device_reply, 144);

struct urdma_query_port {
	__u32 port;
	__u32 reserved;
};

struct urdma_query_port_reply {
	__u32 port_cap_flags;
	__u32 max_msg_sz;
	__u32 gid_tbl_len;
	__u16 pkey_tbl_len;
	__u16 lid;
	__u8 state;   /* enum ibv_port_state */
	__u8 max_mtu; /* enum ibv_mtu */
	__u8 active_mtu;
	__u8 phys_state;
	__u8 active_width;
	__u8 active_speed;
	__u8 link_layer;
	__u8 max_vl_num;
};
URDMA_CONTROL_SIZE(urdma_query_port_reply, 24);

struct urdma_handle {
	__u32 handle;
	__u32 reserved;
};
URDMA_CONTROL_SIZE(urdma_handle, 8);

struct urdma_reg_mr {
	__u32 pd;
	__u32 mem;    /* MEM_ATTACH's handle */
	__u64 start;  /* program address */
	__u64 length; /* bytes */
	__u64 iova;   /* what remote peers and SGEs call `start` */
	__u32 access; /* enum ibv_access_flags */
	__u32 reserved;
};
URDMA_CONTROL_SIZE(urdma_reg_mr, 40);

struct urdma_reg_mr_reply {
	__u32 mr;
	__u32 lkey;
	__u32 rkey;
	__u32 reserved;
};
URDMA_CONTROL_SIZE(urdma_reg_mr_reply, 16);

struct urdma_alloc_mw {
	__u32 pd;
	__u32 type; /* enum ibv_mw_type */
};
URDMA_CONTROL_SIZE(urdma_alloc_mw, 8);

struct urdma_alloc_mw_reply {
	__u32 mw;
	__u32 rkey; /* nothing is bound with it yet */
};
URDMA_CONTROL_SIZE(urdma_alloc_mw_reply, 8);

struct urdma_rereg_mr {
	__u32 mr;
	__u32 flags; /* enum ibv_rereg_mr_flags: what of the rest counts */
	struct urdma_reg_mr now;
};
URDMA_CONTROL_SIZE(urdma_rereg_mr, 48);

/* Where a queue lies: mmap(cmd_fd, arena_bytes, offset = arena), once for all
 * queues that name the same arena. */
struct urdma_queue_place {
	__u64 arena; /* a multiple of 4096 */
	__u64 arena_bytes;
	__u64 offset; /* of struct urdma_ring in the arena */
	__u32 slots;  /* power of two */
	__u32 stride; /* bytes of a slot */
};
URDMA_CONTROL_SIZE(urdma_queue_place, 32);

struct urdma_create_cq {
	__u64 user_handle; /* what completion events name it */
	__u32 cqe;	   /* least number of entries */
	__u32 channel;	   /* handle of CREATE_CHANNEL, 0: none */
	__u32 comp_vector;
	__u32 reserved;
};
URDMA_CONTROL_SIZE(urdma_create_cq, 24);

struct urdma_create_cq_reply {
	__u32 cq;
	__u32 cqe; /* what it really holds */
	struct urdma_queue_place ring;
};
URDMA_CONTROL_SIZE(urdma_create_cq_reply, 40);

/* The program neither polls nor arms it meanwhile.  If the ring is another one
 * than before, the completions that wait are in it, the first at index 0. */
struct urdma_resize_cq {
	__u32 cq;
	__u32 cqe; /* least number of entries */
};
URDMA_CONTROL_SIZE(urdma_resize_cq, 8);

struct urdma_resize_cq_reply {
	__u32 cqe; /* what it really holds */
	__u32 reserved;
	struct urdma_queue_place ring;
};
URDMA_CONTROL_SIZE(urdma_resize_cq_reply, 40);

struct urdma_modify_cq {
	__u32 cq;
	__u16 count;	 /* completions, 0: any number */
	__u16 period_us; /* 0: any time */
};
URDMA_CONTROL_SIZE(urdma_modify_cq, 8);

/* Events of the dying object that the program had read (it will wait until it
 * acknowledged as many); unread ones are taken back. */
struct urdma_destroy_reply {
	__u32 comp_events_reported;
	__u32 async_events_reported;
};
URDMA_CONTROL_SIZE(urdma_destroy_reply, 8);

struct urdma_create_qp {
	__u64 user_handle;
	__u32 pd;
	__u32 send_cq;
	__u32 recv_cq;
	__u32 srq; /* 0: none */
	__u32 max_send_wr;
	__u32 max_recv_wr;
	__u32 max_send_sge;
	__u32 max_recv_sge;
	__u32 max_inline; /* bytes */
	__u8 qp_type;	  /* enum ibv_qp_type */
	__u8 sq_sig_all;
	__u16 reserved;
};
URDMA_CONTROL_SIZE(urdma_create_qp, 48);

struct urdma_create_qp_reply {
	__u32 qp; /* handle */
	__u32 qp_num;
	__u32 doorbell; /* its bit in struct urdma_doorbell */
	__u32 max_send_wr;
	__u32 max_recv_wr;
	__u32 max_send_sge;
	__u32 max_recv_sge;
	__u32 max_inline;
	struct urdma_queue_place sq;
	struct urdma_queue_place rq;
};
URDMA_CONTROL_SIZE(urdma_create_qp_reply, 96);

/* ATTACH_MCAST, DETACH_MCAST. */
struct urdma_mcast {
	__u32 qp;
	__u32 reserved;
	__u8 gid[16];
};
URDMA_CONTROL_SIZE(urdma_mcast, 24);

/* Shared receive queues. */
struct urdma_create_srq {
	__u64 user_handle; /* what events name it */
	__u32 pd;
	__u32 max_wr;
	__u32 max_sge;
	__u32 limit; /* of MODIFY_SRQ; 0: not armed */
};
URDMA_CONTROL_SIZE(urdma_create_srq, 24);

struct urdma_create_srq_reply {
	__u32 srq; /* handle */
	__u32 srq_num;
	__u32 doorbell; /* as a queue pair's */
	__u32 max_wr;
	__u32 max_sge;
	__u32 reserved;
	struct urdma_queue_place ring;
};
URDMA_CONTROL_SIZE(urdma_create_srq_reply, 56);

/* With SRQ_MAX_WR the program posts nothing meanwhile.  If the ring is another
 * one than before, what was posted is in it, from index 0 to its tail. */
struct urdma_modify_srq {
	__u32 srq;
	__u32 attr_mask; /* enum ibv_srq_attr_mask */
	__u32 limit;
	__u32 max_wr; /* at least */
};
URDMA_CONTROL_SIZE(urdma_modify_srq, 16);

struct urdma_modify_srq_reply {
	struct urdma_queue_place ring;
};
URDMA_CONTROL_SIZE(urdma_modify_srq_reply, 32);

struct urdma_query_srq_reply {
	__u32 max_wr;
	__u32 max_sge;
	__u32 limit; /* 0: not armed, or reached */
	__u32 srq_num;
	__u32 doorbell;
	__u32 reserved;
};
URDMA_CONTROL_SIZE(urdma_query_srq_reply, 24);

/* Where a peer is, or with an address handle where datagrams go. */
struct urdma_ah_attr {
	__u8 dgid[16];
	__u32 flow_label;
	__u16 dlid;
	__u8 sgid_index;
	__u8 hop_limit;
	__u8 traffic_class;
	__u8 sl;
	__u8 src_path_bits;
	__u8 static_rate;
	__u8 is_global;
	__u8 port_num;
	__u8 reserved[2];
};
URDMA_CONTROL_SIZE(urdma_ah_attr, 32);

struct urdma_create_ah {
	__u32 pd;
	__u32 reserved;
	struct urdma_ah_attr attr;
};
URDMA_CONTROL_SIZE(urdma_create_ah, 40);

/* Values of the enums that ibv_modify_qp(3) takes. */
struct urdma_qp_attr {
	__u32 qkey;
	__u32 rq_psn;
	__u32 sq_psn;
	__u32 dest_qp_num;
	__u32 access_flags;
	__u16 pkey_index;
	__u16 alt_pkey_index;
	__u8 qp_state;
	__u8 cur_qp_state;
	__u8 path_mtu;
	__u8 path_mig_state;
	__u8 en_sqd_async_notify;
	__u8 sq_draining;
	__u8 max_rd_atomic;
	__u8 max_dest_rd_atomic;
	__u8 min_rnr_timer;
	__u8 port_num;
	__u8 timeout;
	__u8 retry_cnt;
	__u8 rnr_retry;
	__u8 alt_port_num;
	__u8 alt_timeout;
	__u8 reserved;
	struct urdma_ah_attr ah;
};
URDMA_CONTROL_SIZE(urdma_qp_attr, 72);

struct urdma_modify_qp {
	__u32 qp;
	__u32 attr_mask; /* enum ibv_qp_attr_mask */
	struct urdma_qp_attr attr;
};
URDMA_CONTROL_SIZE(urdma_modify_qp, 80);

struct urdma_query_qp_reply {
	struct urdma_qp_attr attr;
	__u32 max_send_wr;
	__u32 max_recv_wr;
	__u32 max_send_sge;
	__u32 max_recv_sge;
	__u32 max_inline;
	__u32 sq_sig_all;
};
URDMA_CONTROL_SIZE(urdma_query_qp_reply, 96);

#include "urdma/control_cm.h"

/*
 * Every operation: X(name, request, reply, takes, gives) with the tails of the
 * structures' names and the numbers of descriptors, the reply socket not
 * counted.  What has nothing to say sends struct urdma_empty.
 */
#define URDMA_CONTROL_OPS(X)                                                   \
	X(HELLO, hello, hello_reply, 0, 0)                                     \
	X(KICK, empty, empty, 0, 0)                                            \
	X(SHOW, empty, show_reply, 0, 1)                                       \
	X(GET_CONTEXT, empty, get_context_reply, 0, 1)                         \
	X(MAP_ARENA, map_arena, map_arena_reply, 0, 1)                         \
	X(MEM_ATTACH, empty, mem_attach_reply, 1, 0)                           \
	X(QUERY_DEVICE, empty, query_device_reply, 0, 0)                       \
	X(QUERY_PORT, query_port, query_port_reply, 0, 0)                      \
	X(ALLOC_PD, empty, handle, 0, 0)                                       \
	X(DEALLOC_PD, handle, empty, 0, 0)                                     \
	X(REG_MR, reg_mr, reg_mr_reply, 0, 0)                                  \
	X(REREG_MR, rereg_mr, reg_mr_reply, 0, 0)                              \
	X(DEREG_MR, handle, empty, 0, 0)                                       \
	X(CREATE_CHANNEL, empty, handle, 0, 1)                                 \
	X(CREATE_CQ, create_cq, create_cq_reply, 0, 0)                         \
	X(DESTROY_CQ, handle, destroy_reply, 2, 0)                             \
	X(RESIZE_CQ, resize_cq, resize_cq_reply, 0, 0)                         \
	X(MODIFY_CQ, modify_cq, empty, 0, 0)                                   \
	X(CREATE_QP, create_qp, create_qp_reply, 0, 0)                         \
	X(MODIFY_QP, modify_qp, empty, 0, 0)                                   \
	X(QUERY_QP, handle, query_qp_reply, 0, 0)                              \
	X(DESTROY_QP, handle, destroy_reply, 1, 0)                             \
	X(MEM_REMAP, mem_range, mem_remap_reply, 0, 1)                         \
	X(MEM_LIVE, mem_range, empty, 0, 0)                                    \
	X(MEM_RELEASE, mem_range, empty, 0, 1)                                 \
	X(MEM_FAULTS, empty, empty, 0, 1)                                      \
	X(CREATE_AH, create_ah, handle, 0, 0)                                  \
	X(DESTROY_AH, handle, empty, 0, 0)                                     \
	X(ATTACH_MCAST, mcast, empty, 0, 0)                                    \
	X(DETACH_MCAST, mcast, empty, 0, 0)                                    \
	X(CREATE_SRQ, create_srq, create_srq_reply, 0, 0)                      \
	X(MODIFY_SRQ, modify_srq, modify_srq_reply, 0, 0)                      \
	X(QUERY_SRQ, handle, query_srq_reply, 0, 0)                            \
	X(DESTROY_SRQ, handle, destroy_reply, 1, 0)                            \
	X(ALLOC_MW, alloc_mw, alloc_mw_reply, 0, 0)                            \
	X(DEALLOC_MW, handle, empty, 0, 0)                                     \
	X(CM_CREATE, cm_create, cm_id, 0, 0)                                   \
	X(CM_DESTROY, cm_id, cm_events_reply, 1, 0)                            \
	X(CM_BIND, cm_bind, empty, 0, 0)                                       \
	X(CM_RESOLVE_ADDR, cm_resolve_addr, empty, 0, 0)                       \
	X(CM_RESOLVE_ROUTE, cm_resolve_route, empty, 0, 0)                     \
	X(CM_QUERY_ROUTE, cm_id, cm_query_route_reply, 0, 0)                   \
	X(CM_CONNECT, cm_connect, empty, 0, 0)                                 \
	X(CM_LISTEN, cm_listen, empty, 0, 0)                                   \
	X(CM_ACCEPT, cm_accept, empty, 0, 0)                                   \
	X(CM_REJECT, cm_reject, empty, 0, 0)                                   \
	X(CM_DISCONNECT, cm_id, empty, 0, 0)                                   \
	X(CM_INIT_QP_ATTR, cm_init_qp_attr, cm_init_qp_attr_reply, 0, 0)       \
	X(CM_SET_OPTION, cm_set_option, empty, 0, 0)                           \
	X(CM_NOTIFY, cm_notify, empty, 0, 0)                                   \
	X(CM_MIGRATE, cm_migrate, cm_migrate_reply, 1, 0)                      \
	X(CM_JOIN, cm_join, cm_id, 0, 0)                                       \
	X(CM_LEAVE, cm_id, cm_events_reply, 1, 0)                              \
	X(CM_CONNECT_TO, cm_connect_to, cm_id, 0, 0)                           \
	X(CM_LISTEN_AT, cm_listen_at, cm_id, 0, 0)

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What urdmad and the kernel module say to each other on /dev/urdma.
 *
 * One open file is one daemon; when it is closed, by exit or kill too, its
 * devices are unregistered.  Each read() gives one frame, each write() takes
 * one: struct urdma_kernel_head and what follows it, `length` bytes in all.
 * read() without a frame: EAGAIN with O_NONBLOCK; poll(2) tells.
 *
 * The messages inside are those of urdma/control.h, with what a socket would
 * have carried beside them in the head.  Sessions are the module's: of one
 * program's open device file, and one of rdma_cm for each device.
 *
 * Memory that a program registered is mapped with mmap(fd, whole pages from
 * the one that `start` lies in, offset = urdma_kernel_pin_offset(mem)), with
 * the `mem` of struct urdma_reg_mr.  Its pages stay until both the region and
 * the mapping are gone.
 */
#ifndef URDMA_KERNEL_H
#define URDMA_KERNEL_H

#include <linux/types.h>

#include "urdma/control.h"

enum {
	URDMA_KERNEL_VERSION = 3,
	URDMA_KERNEL_NAME = 64, /* bytes of a name, with its zero */
	URDMA_KERNEL_GIDS = 4,
	/* Of a pin's offset in the file: no region is longer. */
	URDMA_KERNEL_PIN_SHIFT = 40,
	URDMA_KERNEL_PINS = 1 << 22,
	URDMA_KERNEL_MAD_LEN = 256,
};

#define URDMA_KERNEL_PATH "/dev/urdma"

enum urdma_kernel_kind {
	/* From the module. */
	URDMA_KERNEL_OPEN = 1,	/* struct urdma_kernel_open */
	URDMA_KERNEL_CLOSE = 2, /* all that the session has is freed */
	URDMA_KERNEL_ASK = 3,	/* a message of control.h; wants ANSWER */
	URDMA_KERNEL_KICK = 4,	/* as URDMA_OP_KICK, of any session */

	/* From urdmad. */
	URDMA_KERNEL_DEVICE = 16, /* struct urdma_kernel_device */
	URDMA_KERNEL_ANSWER = 17, /* to the ASK of the same `seq` */
	URDMA_KERNEL_COMP = 18,	  /* struct urdma_kernel_event, of a CQ */
	URDMA_KERNEL_ASYNC = 19,  /* likewise, of what `type` says */
	URDMA_KERNEL_CM = 20,	  /* struct urdma_kernel_cm_event */

	/* From both: struct urdma_kernel_mad, in rdma_cm's session of a RoCE
	 * device.  As any datagram it may be lost. */
	URDMA_KERNEL_MAD = 32,
};

struct urdma_kernel_head {
	__u16 kind;    /* enum urdma_kernel_kind */
	__u16 length;  /* of the frame, bytes */
	__u32 session; /* 0: none */
	__u64 seq;     /* of ASK and its ANSWER */
	__s32 fd;      /* ANSWER: a file that goes with it; -1: none */
	__u32 reserved;
};
URDMA_CONTROL_SIZE(urdma_kernel_head, 24);

enum { URDMA_KERNEL_FRAME = 24 + URDMA_CONTROL_MAX };

/* A new session; there is no HELLO. */
struct urdma_kernel_open {
	__u32 kind;   /* URDMA_SESSION_VERBS, URDMA_SESSION_CM */
	__u32 device; /* the number of struct urdma_kernel_device */
	__u32 uid;    /* whose program it is */
	__u32 pid;    /* likewise */
};
URDMA_CONTROL_SIZE(urdma_kernel_open, 16);

struct urdma_kernel_device {
	__u32 version; /* URDMA_KERNEL_VERSION; else EPROTO */
	__u32 device;  /* the daemon's number for it */
	char name[URDMA_KERNEL_NAME];
	char netdev[URDMA_KERNEL_NAME]; /* in the daemon's namespace */
	__u32 roce;
	__u32 gid_count;
	/* Zeros: nothing can be sent from this one. */
	__u8 gids[URDMA_KERNEL_GIDS][16];
	struct urdma_query_device_reply attr;
	struct urdma_query_port_reply port;
};
URDMA_CONTROL_SIZE(urdma_kernel_device, 376);

struct urdma_kernel_event {
	__u64 element; /* the user_handle that the object was created with */
	__u32 type;    /* ASYNC: enum ibv_event_type */
	__u32 reserved;
};
URDMA_CONTROL_SIZE(urdma_kernel_event, 16);

struct urdma_kernel_cm_event {
	struct urdma_cm_event event;
	__u32 listener; /* CONNECT_REQUEST: its id */
	struct urdma_sockaddr local;
	struct urdma_sockaddr remote;
	__u32 reserved;
};
URDMA_CONTROL_SIZE(urdma_kernel_cm_event, 392);

/* What queue pair 1 sends and receives.  Addresses are GIDs; `local` is one of
 * the device's. */
struct urdma_kernel_mad {
	__u8 remote[16];
	__u8 local[16];
	__u32 qpn; /* the peer's */
	__u32 reserved;
	__u8 bytes[URDMA_KERNEL_MAD_LEN];
};
URDMA_CONTROL_SIZE(urdma_kernel_mad, 296);

static inline __u64 urdma_kernel_pin_offset(__u32 mem)
{
	return (__u64)mem << URDMA_KERNEL_PIN_SHIFT;
}

#endif

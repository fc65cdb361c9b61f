/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A session: one connection of one program, and all that the program has
 * through it.  Inside of the control side; the rest of urdmad uses control.h.
 *
 * Owned by struct control.  It ends with the connection (session_close), and
 * then everything in it is freed and its peers are told.
 */
#ifndef URDMA_URDMAD_SESSION_H
#define URDMA_URDMAD_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <uthash.h>

#include "rdma/rdma_dev.h"
#include "urdma/control.h"
#include "urdmad/arena.h"
#include "urdmad/control.h"
#include "urdmad/outlet.h"
#include "urdmad/user.h"

struct cm_channel;
struct cm_event;
struct cm_id;
struct cm_mcast;
struct mem_map;
struct rdma_ctx;
struct rdma_qp;

/* A completion channel; closed, it lives on while a queue uses it. */
struct comp_channel {
	struct outlet outlet; /* first */
	struct session *session;
	uint32_t handle;
	unsigned int cqs;
	UT_hash_handle hh;
};

struct session_mem {
	uint32_t handle;
	struct mem_map *map; /* a reference */
	UT_hash_handle hh;
};

/* Handles of PDs, MRs, CQs and QPs are librdma's. */
struct session_mr {
	uint32_t handle;
	uint32_t key;
	uint64_t bytes;
	UT_hash_handle hh;
};

struct session_cq {
	uint32_t handle;
	uint64_t user_handle;
	uint32_t slots;
	struct comp_channel *channel; /* NULL: none */
	struct arena_block ring;
	/* What it had before it was resized: the program may not have mapped
	 * the new one yet. */
	struct arena_block old_ring;
	uint32_t old_slots;
	uint32_t comp_events; /* sent so far */
	uint32_t async_events;
	UT_hash_handle hh;
};

struct session_qp {
	uint32_t handle;
	uint64_t user_handle;
	struct arena_block sq;
	struct arena_block rq;
	uint32_t async_events;
	UT_hash_handle hh;
};

struct session_srq {
	uint32_t handle;
	uint64_t user_handle;
	struct rdma_srq_caps caps;
	struct arena_block ring;
	struct arena_block old_ring; /* as that of a struct session_cq */
	uint32_t async_events;
	UT_hash_handle hh;
};

/* What a program knows of a cm id. */
struct session_cm_id {
	uint32_t handle;
	uint64_t uid; /* the program's word for it; 0: not told yet */
	struct cm_id *id;
	uint32_t events; /* sent so far, of the kind it counts */
	UT_hash_handle hh;
};

/* A group that it has joined. */
struct session_cm_mcast {
	uint32_t handle;
	uint64_t uid;
	struct cm_mcast *mcast;
	struct session_cm_id *of;
	uint32_t events; /* sent so far; those of the id count them too */
	UT_hash_handle hh;
};

struct session;

/*
 * What carries a session that has no socket of its own: /dev/urdma (kernel.c).
 * Its objects' user_handles name them in events.
 */
struct session_carrier {
	void (*comp)(struct session *session, uint64_t element);
	void (*async)(struct session *session, uint64_t element, uint32_t type);
	/* `listener` is its handle, of CONNECT_REQUEST; else 0. */
	void (*cm)(struct session *session, const struct urdma_cm_event *event,
		   uint32_t listener, const struct cm_id *named);
	/* The memory of a region, one reference.  0 or a negative errno. */
	int (*memory)(struct session *session, const struct urdma_reg_mr *ask,
		      struct place **place);
};

struct session {
	struct poller_watch watch;	       /* first */
	const struct session_carrier *carrier; /* NULL: its own socket */
	void *carrier_user;		       /* the carrier's */
	uint32_t carrier_number;	       /* likewise */
	struct control *control;
	TAILQ_ENTRY(session) entry;
	struct user *user;
	pid_t pid;   /* of the opener */
	uid_t uid;   /* who opened it, and who may use it */
	bool broken; /* to be closed after this message */
	/* Since when its user's descriptors are closed too slowly; 0: not. */
	nsec_t behind;

	/* Since HELLO. */
	enum urdma_session_kind kind; /* 0 before */
	uint64_t name;
	uint8_t token[URDMA_PROGRAM_TOKEN];
	uint32_t next_handle;

	/* Of a device file. */
	unsigned int device;
	struct rdma_ctx *ctx; /* NULL before GET_CONTEXT */
	struct arena_set arenas;
	struct arena_block doorbell;
	struct outlet async;
	unsigned int mishaps; /* told so far */
	unsigned int pds;
	struct comp_channel *channels; /* hashes by handle */
	struct session_mem *mems;
	struct session_mr *mrs;
	struct session_cq *cqs;
	struct session_qp *qps;
	struct session_srq *srqs;

	/* Of rdma_cm. */
	struct cm_channel *cm;
	struct channel events; /* on the connection itself */
	bool wants_room;
	struct session_cm_id *cm_ids;
	struct session_cm_mcast *cm_mcasts;
};

struct control {
	struct control_config config;
	TAILQ_HEAD(, session) sessions;
	struct user *users;
	uint32_t last_cm_id;
};

/* Takes the descriptor. */
int session_open(struct control *control, int fd);

/* One that is carried, and past its HELLO. */
struct session_start {
	const struct session_carrier *carrier;
	void *user;
	uint32_t number;
	enum urdma_session_kind kind;
	uint32_t device;
	uid_t uid;
	pid_t pid;
};

int session_carry(struct control *control, const struct session_start *start,
		  struct session **session);
void session_close(struct session *session, nsec_t now);

/* A number that the session has not used before. */
uint32_t session_new_handle(struct session *session);
/* What HELLO asks for.  0 or a negative errno. */
int session_begin(struct session *session, uint32_t kind, uint32_t device);
/* Same token and same uid; the kernel knows by itself. */
bool session_same_program(const struct session *a, const struct session *b);

/* Frees what GET_CONTEXT made and everything in it (control_verbs.c). */
void session_free_context(struct session *session, nsec_t now);
/* Likewise the cm side (control_cm.c). */
void session_free_cm(struct session *session, nsec_t now);

/* The events of a device, of all cm ids (ditto). */
void control_deliver_device(struct control *control, unsigned int device);
void control_deliver_cm(struct control *control, nsec_t now);
/* Asks the poller for EPOLLOUT, or no longer. */
void session_update(struct session *session);

#endif

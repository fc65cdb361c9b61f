/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The control side of the daemon: the sessions of all programs and the
 * messages of include/urdma/control.h they send.
 *
 * The owner makes one struct control, hands it connections with
 * control_accept() and calls, each turn: control_service() before the stacks
 * run, control_deliver() after them.  Sockets report readiness through the
 * poller; nothing here blocks.
 */
#ifndef URDMA_URDMAD_CONTROL_H
#define URDMA_URDMAD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "urdma/control.h"

struct cm;
struct control;
struct limits_config;
struct mem_asyncs;
struct place;
struct poller;
struct rdma_dev;
struct session;

/* An object of a program's failed, of which it is told by an event. */
struct control_mishap {
	pid_t pid;
	unsigned int device;
	uint32_t event;	 /* enum async_event */
	uint32_t number; /* the queue pair's, else the object's handle */
	bool last;	 /* the program's later ones are not told */
};

struct control_config {
	struct rdma_dev *const *devices; /* by number of their device file */
	unsigned int device_count;
	struct cm *cm; /* of the same devices in the same order */
	struct poller *poller;
	const struct limits_config *limits;
	/* mem_fd_open(), or plain memory in tests. */
	int (*mem_open)(int fd, struct place **place);
	/* What gives every memory its thread; NULL: the worker waits. */
	struct mem_asyncs *mem_asyncs;
	/* What programs send is closed by threads, which may have to wait for
	 * it; else at once. */
	bool closers;
	uint32_t mem_flags; /* enum urdma_mem_flags: what programs are told */
	/* Unpredictable bytes. */
	void (*random)(void *arg, void *out, size_t len);
	void *random_arg;
	/* For SHOW: a memfd with JSON text and its length in *bytes, or a
	 * negative errno.  NULL: not supported. */
	int (*show)(void *arg, uint64_t *bytes);
	void *show_arg;
	/* For the log.  NULL: there is none. */
	void (*mishap)(void *arg, const struct control_mishap *mishap);
	void *mishap_arg;
};

/* What the config points at outlives it, the config itself is copied.  NULL:
 * out of memory. */
struct control *control_create(const struct control_config *config);
/* Programs are told (doorbell `dead`, DEVICE_FATAL), then everything that they
 * owned is freed.  NULL is fine. */
void control_destroy(struct control *control, nsec_t now);

/* A new connection; takes the descriptor whatever it answers.  0 or a negative
 * errno. */
int control_accept(struct control *control, int fd);

/* Serves the doorbells that were rung. */
void control_service(struct control *control, nsec_t now);
/* Hands events of devices and of the cm to the programs' sockets, and calls
 * cm_input() for that. */
void control_deliver(struct control *control, nsec_t now);

/* To sleep: store `asleep` in every doorbell page, fence, then look with
 * control_rung() once more. */
void control_set_asleep(struct control *control, bool asleep);
bool control_rung(const struct control *control);

/*
 * One message, wherever it came from.  `fds` are the caller's to close, those
 * that are still >= 0 afterwards: a handler that keeps one sets it to -1.
 */
struct control_message {
	const void *bytes;
	size_t len;
	int *fds; /* without the reply socket */
	unsigned int fd_count;
	bool has_reply; /* the sender can be answered */
	bool cut;	/* the carrier could not hold all of it */
	uid_t uid;	/* the kernel's word on who sent it; -1: unknown */
};

struct control_reply {
	_Alignas(8) uint8_t bytes[URDMA_CONTROL_MAX];
	size_t len;    /* 0: no answer */
	int fd;	       /* to be sent along, -1: none */
	bool close_fd; /* ... and closed afterwards */
};

void control_dispatch(struct session *session,
		      const struct control_message *message,
		      struct control_reply *reply, nsec_t now);

/*
 * For `urdma show`: sessions in the order in which they came.
 */
struct control_session_info {
	enum urdma_session_kind kind; /* 0: no HELLO yet */
	pid_t pid; /* of the opener, as this daemon's namespace sees it */
	uid_t uid;
	int device; /* verbs: its number; -1 */
	unsigned int qps;
	unsigned int cqs;
	unsigned int mrs;
	uint64_t mr_bytes;
	unsigned int pds;
	unsigned int cm_ids;
	uint64_t arena_bytes;
	struct session *session;
};

/* `session` NULL: the first.  False: there is no further one. */
bool control_next_session(const struct control *control,
			  struct control_session_info *info);

struct cm_id;
/* The cm ids of a session; NULL starts and ends. */
struct cm_id *control_next_cm_id(const struct session *session,
				 const struct cm_id *id);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two ends of connected queue pairs, for test programs: blocking, and every
 * failure ends the program with a sentence.
 */
#ifndef URDMA_TESTS_VERBS_PEER_H
#define URDMA_TESTS_VERBS_PEER_H

#include <rdma/rdma_cma.h>
#include <stdint.h>
#include <stdnoreturn.h>

struct peer_listener {
	struct rdma_event_channel *channel;
	struct rdma_cm_id *id;
};

noreturn void __attribute__((format(printf, 1, 2)))
die(const char *format, ...);

/* Ends the program if `ok` is not; says errno. */
void need(int ok, const char *what);

/* A client's id whose address and route are resolved: it has a device.  Each
 * id has an event channel of its own. */
struct rdma_cm_id *peer_resolve(const char *address, uint16_t port);

/* `word` is its private data.  Returns when connected. */
void peer_connect(struct rdma_cm_id *id, uint32_t word);

void peer_listen(struct peer_listener *listener, uint16_t port);

/* The next who asks to be connected, with an event channel of its own. */
struct rdma_cm_id *peer_asked(struct peer_listener *listener, uint32_t *word);

/* Returns when connected. */
void peer_accept(struct rdma_cm_id *id);

/* Waits for that very event. */
void peer_event(struct rdma_cm_id *id, enum rdma_cm_event_type type);

/* Destroys id, its queue pair if it has one, and its event channel. */
void peer_close(struct rdma_cm_id *id);

void peer_unlisten(struct peer_listener *listener);

#endif

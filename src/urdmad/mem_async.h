/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Program memory that may take its time (rdma/place.h), through a thread of
 * its own.
 *
 * Whatever is touched through /proc/PID/mem may be a page of a file system
 * that does not answer, for as long as it likes and without any way to
 * interrupt it, and nobody can say beforehand: the program may map such a file
 * a moment later.  So the worker never does it.  Accesses are copied, queued
 * and done one after the other by the thread, which is made when the first one
 * comes, or for the end: to close the file may take its time, too.  After an
 * access it looks for the next one for some time before it sleeps.  One that is
 * stuck holds up this program's memory only.
 *
 * The thread of a memory that was given up ends when it comes back; until then
 * its user pays for it with a descriptor.
 */
#ifndef URDMA_URDMAD_MEM_ASYNC_H
#define URDMA_URDMAD_MEM_ASYNC_H

#include <stdbool.h>

#include "base/clock.h"

struct mem_asyncs;
struct place;
struct poller;
struct user;

/* Those of a daemon.  The poller wakes when there are answers, unless who
 * delivers them is awake. */
int mem_asyncs_create(struct poller *poller, struct mem_asyncs **all);
/* All memories must be given up and settled.  Threads that are stuck stay,
 * with what they need.  NULL is fine. */
void mem_asyncs_destroy(struct mem_asyncs *all);
/* Threads of memories that were given up have ended, unless one is stuck.  For
 * the end of the daemon; NULL is fine. */
void mem_asyncs_settle(struct mem_asyncs *all);
/* Resumes those who wait.  Cheap if there is nothing. */
void mem_asyncs_deliver(struct mem_asyncs *all, nsec_t now);

/* Before waiting with the poller: false if there are answers already. */
bool mem_asyncs_sleep(struct mem_asyncs *all);
/* Until then the poller is not woken: mem_asyncs_deliver() will be called. */
void mem_asyncs_wake(struct mem_asyncs *all);

/*
 * Takes the reference to `under`, also when it fails; only the thread uses it,
 * and those who do not wait.  `user`, one of the hash `users`, is held until
 * the thread has ended.  0 or -ENOMEM.
 */
int mem_async_create(struct mem_asyncs *all, struct place *under,
		     struct user **users, struct user *user,
		     struct place **place);

#endif

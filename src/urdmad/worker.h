/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The poll loop: one thread, all ports, everything run to completion.  It
 * yields the processor whenever a turn found nothing, since on a small
 * machine the programs that it serves poll on the same one, and sleeps in the
 * poller after a while of that.
 */
#ifndef URDMA_URDMAD_WORKER_H
#define URDMA_URDMAD_WORKER_H

#include <stdbool.h>

#include "base/clock.h"
#include "urdmad/port.h"

struct cm;
struct control;
struct kernel;
struct mem_asyncs;
struct poller;
struct rdma_dev;
struct resolver;
struct stats;

struct worker {
	struct port *const *ports;
	struct rdma_dev *const *devices; /* of the ports, in their order */
	unsigned int port_count;
	struct resolver *resolver;
	struct cm *cm;
	struct control *control;
	struct kernel *kernel; /* NULL: none */
	struct mem_asyncs *mem_asyncs;
	struct poller *poller;
	struct stats *stats;
	bool stop; /* set to end worker_run */

	nsec_t worked;	/* when a turn last found something to do */
	nsec_t polled;	/* when descriptors were last looked at */
	nsec_t kept;	/* when the links were last looked at */
	bool all_block; /* every port wakes the poller */
	uint64_t turns;
	uint64_t sleeps;
};

/* Until worker->stop.  0 or a negative errno of the poller. */
int worker_run(struct worker *worker);

/* Sends what is left to be sent, at the end. */
void worker_drain(struct worker *worker);

#endif

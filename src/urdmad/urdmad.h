/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon as a whole: made in main, passed to whoever needs it. */
#ifndef URDMA_URDMAD_URDMAD_H
#define URDMA_URDMAD_URDMAD_H

#include "urdmad/config.h"
#include "urdmad/poller.h"
#include "urdmad/port.h"
#include "urdmad/resolver.h"
#include "urdmad/stats.h"
#include "urdmad/worker.h"

struct cm;
struct control;
struct kernel;
struct rdma_dev;

struct urdmad {
	struct config *config;
	struct port *ports[CONFIG_MAX_PORTS]; /* by number of the device */
	unsigned int port_count;
	struct rdma_dev *devices[CONFIG_MAX_PORTS]; /* one a port */
	struct resolver resolver;
	struct cm *cm;
	struct control *control;
	struct kernel *kernel; /* NULL: not asked for */
	struct mem_asyncs *mem_asyncs;
	struct poller poller;
	struct stats stats;
	struct worker worker;
	struct poller_watch listener;
	struct poller_watch signals;
	char *sysfs; /* <sock_name>.d, NULL: not written */
	bool eal;    /* was started */
};

/* 0 or a negative errno with the reason logged.  `config` outlives it. */
int urdmad_open(struct urdmad *urdmad, struct config *config);
/* Serves until SIGTERM or SIGINT.  0 or a negative errno. */
int urdmad_run(struct urdmad *urdmad);
/* Also the half-open. */
void urdmad_close(struct urdmad *urdmad);

#endif

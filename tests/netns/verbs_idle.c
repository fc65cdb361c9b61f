// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Connections that do nothing, between two programs:
 *
 *   verbs_idle COUNT             the server
 *   verbs_idle COUNT ADDRESS     the client
 *
 * Both say "COUNT connected" and then wait to be killed.  What urdmad needs
 * for them meanwhile, memory and processor time, is for others to look at.
 */
#include <infiniband/verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "netns/verbs_peer.h"

enum {
	PORT = 7472,
	COUNT_MAX = 20000,
	DEPTH = 16, /* of each queue: nothing is ever posted */
};

/* Each connection has an event channel. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	need(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	need(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

/* One completion queue for all of them. */
static void give_qp(struct rdma_cm_id *id, struct ibv_cq **cq)
{
	struct ibv_qp_init_attr attr = {
		.qp_type = IBV_QPT_RC,
		.cap = { .max_send_wr = DEPTH,
			 .max_recv_wr = DEPTH,
			 .max_send_sge = 1,
			 .max_recv_sge = 1 },
	};

	if (!*cq)
		*cq = ibv_create_cq(id->verbs, DEPTH, NULL, NULL, 0);
	need(*cq != NULL, "ibv_create_cq");
	attr.send_cq = *cq;
	attr.recv_cq = *cq;
	need(rdma_create_qp(id, NULL, &attr) == 0, "rdma_create_qp");
}

static void serve(int count)
{
	struct peer_listener listener;
	struct ibv_cq *cq = NULL;
	uint32_t word;

	peer_listen(&listener, PORT);
	for (int i = 0; i < count; i++) {
		struct rdma_cm_id *id = peer_asked(&listener, &word);

		give_qp(id, &cq);
		peer_accept(id);
	}
}

static void ask(int count, const char *address)
{
	struct ibv_cq *cq = NULL;

	for (int i = 0; i < count; i++) {
		struct rdma_cm_id *id = peer_resolve(address, PORT);

		give_qp(id, &cq);
		peer_connect(id, (uint32_t)i);
	}
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0;

	if (argc > 3 || count < 1 || count > COUNT_MAX)
		die("usage: verbs_idle COUNT [ADDRESS], COUNT from 1 to %d",
		    COUNT_MAX);
	allow_descriptors();
	if (argc == 3)
		ask(count, argv[2]);
	else
		serve(count);
	printf("%d connected\n", count);
	fflush(stdout);
	for (;;)
		pause();
}

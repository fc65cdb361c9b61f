/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Queue pairs that know each other by number: each side makes its own, tells
 * the other its card, and joins its queue pair to the card it was told.  Paths
 * are those of an rdma_cm connection between the same two devices.
 */
#ifndef URDMA_TESTS_DATA_JOIN_H
#define URDMA_TESTS_DATA_JOIN_H

#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>
#include <stdint.h>

/* Who a queue pair is; of the same program's byte order. */
struct data_card {
	uint32_t qpn;
	uint32_t psn;
	uint32_t qkey; /* datagrams */
	uint32_t mtu;  /* enum ibv_mtu, of its port */
	union ibv_gid gid;
};

/* Which queue pairs of a connection's device are joined. */
struct data_join {
	struct ibv_qp *qp;
	struct ibv_ah *ah; /* to the peer; datagrams only */
	struct data_card mine;
	struct data_card peer;
	uint8_t port;
	uint8_t gid_index;
};

/* Bytes of payload in a packet of the port that `talk` goes by. */
uint32_t data_join_mtu(const struct rdma_cm_id *talk);

/* A queue pair that can take RECVs. */
void data_join_open(struct data_join *j, struct rdma_cm_id *talk,
		    struct ibv_pd *pd, struct ibv_qp_init_attr *attr,
		    uint32_t random);

/* As the peer's card says; from then on both may send. */
void data_join_peer(struct data_join *j);

void data_join_close(struct data_join *j);

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns/data_join.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "netns/verbs_peer.h"

enum {
	PSN_MASK = 0xffffff,
	QKEY_MASK = 0x7fffffff, /* above are the privileged */
	HOPS = 64,
	READS = 16,
	RNR_TIMER = 12,	  /* 0.64 ms */
	ACK_TIMEOUT = 18, /* 4.096 us << n: 1 s */
	RETRIES = 7,
};

static void modify(struct ibv_qp *qp, struct ibv_qp_attr *attr, int mask)
{
	errno = ibv_modify_qp(qp, attr, mask | IBV_QP_STATE);
	need(!errno, "ibv_modify_qp");
}

static enum ibv_mtu active_mtu(const struct rdma_cm_id *id)
{
	struct ibv_port_attr port;

	need(ibv_query_port(id->verbs, id->port_num, &port) == 0,
	     "ibv_query_port");
	return port.active_mtu;
}

uint32_t data_join_mtu(const struct rdma_cm_id *talk)
{
	return 128U << active_mtu(talk);
}

/* Of the address by which rdma_cm goes: mapped into IPv6's. */
static union ibv_gid gid_of(struct rdma_cm_id *id)
{
	const struct sockaddr_in *at =
		(const struct sockaddr_in *)rdma_get_local_addr(id);
	union ibv_gid gid = { .raw = { [10] = 0xff, [11] = 0xff } };

	memcpy(gid.raw + 12, &at->sin_addr, sizeof(at->sin_addr));
	return gid;
}

static uint8_t gid_index_of(const struct rdma_cm_id *id,
			    const union ibv_gid *wanted)
{
	union ibv_gid gid;

	for (int i = 0; i <= UINT8_MAX; i++) {
		need(ibv_query_gid(id->verbs, id->port_num, i, &gid) == 0,
		     "the port's GID of its IPv4 address");
		if (memcmp(&gid, wanted, sizeof(gid)) == 0)
			return (uint8_t)i;
	}
	die("the port has no GID of its IPv4 address");
}

static void enter_init(struct data_join *j)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = j->port,
		.qkey = j->mine.qkey,
		.qp_access_flags =
			IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ,
	};

	modify(j->qp, &attr,
	       IBV_QP_PKEY_INDEX | IBV_QP_PORT |
		       (j->qp->qp_type == IBV_QPT_UD ? IBV_QP_QKEY
						     : IBV_QP_ACCESS_FLAGS));
}

void data_join_open(struct data_join *j, struct rdma_cm_id *talk,
		    struct ibv_pd *pd, struct ibv_qp_init_attr *attr,
		    uint32_t random)
{
	j->qp = ibv_create_qp(pd, attr);
	need(j->qp != NULL, "ibv_create_qp");
	j->port = talk->port_num;
	j->mine = (struct data_card){
		.qpn = j->qp->qp_num,
		.psn = random & PSN_MASK,
		.qkey = random & QKEY_MASK,
		.mtu = active_mtu(talk),
		.gid = gid_of(talk),
	};
	j->gid_index = gid_index_of(talk, &j->mine.gid);
	enter_init(j);
}

static struct ibv_ah_attr way_to_peer(const struct data_join *j)
{
	return (struct ibv_ah_attr){
		.is_global = 1,
		.port_num = j->port,
		.grh = { .dgid = j->peer.gid,
			 .sgid_index = j->gid_index,
			 .hop_limit = HOPS },
	};
}

static void become_ready_to_receive(struct data_join *j)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu =
			j->peer.mtu < j->mine.mtu ? j->peer.mtu : j->mine.mtu,
		.dest_qp_num = j->peer.qpn,
		.rq_psn = j->peer.psn,
		.max_dest_rd_atomic = READS,
		.min_rnr_timer = RNR_TIMER,
		.ah_attr = way_to_peer(j),
	};
	static const int connected =
		IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN;
	static const int reliable =
		connected | IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER;

	modify(j->qp, &attr,
	       j->qp->qp_type == IBV_QPT_UD   ? 0
	       : j->qp->qp_type == IBV_QPT_UC ? connected
					      : reliable);
}

static void become_ready_to_send(struct data_join *j)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTS,
		.sq_psn = j->mine.psn,
		.max_rd_atomic = READS,
		.timeout = ACK_TIMEOUT,
		.retry_cnt = RETRIES,
		.rnr_retry = RETRIES, /* for ever */
	};
	static const int reliable = IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC |
				    IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
				    IBV_QP_RNR_RETRY;

	modify(j->qp, &attr,
	       j->qp->qp_type == IBV_QPT_RC ? reliable : IBV_QP_SQ_PSN);
}

void data_join_peer(struct data_join *j)
{
	struct ibv_ah_attr way = way_to_peer(j);

	become_ready_to_receive(j);
	become_ready_to_send(j);
	if (j->qp->qp_type != IBV_QPT_UD)
		return;
	j->ah = ibv_create_ah(j->qp->pd, &way);
	need(j->ah != NULL, "ibv_create_ah");
}

void data_join_close(struct data_join *j)
{
	need(ibv_destroy_qp(j->qp) == 0, "ibv_destroy_qp");
	need(!j->ah || ibv_destroy_ah(j->ah) == 0, "ibv_destroy_ah");
}

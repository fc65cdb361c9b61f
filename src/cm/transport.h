/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How identifiers of a device connect: iWARP by MPA (via_iw.c), RoCE by
 * communication management datagrams (via_ib.c).  States and events of
 * identifiers are libcm's own; a transport is told what to do by this table
 * and says what happened with the functions below it.
 *
 * id->ep is the transport's part of a connection, from connect() or
 * cm_peer_asks() until release().
 */
#ifndef URDMA_CM_TRANSPORT_H
#define URDMA_CM_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "cm/cm.h"

struct cm_transport {
	/* Each port space has numbers of its own. */
	bool spaces;
	/* What it keeps of a device, in cm->carriers[device].state; NULL: no
	 * such.  0 or -ENOMEM. */
	int (*open)(struct cm *cm, unsigned int device);
	void (*close)(struct cm *cm, unsigned int device);
	/* Takes all that peers said. */
	void (*input)(struct cm *cm, unsigned int device, nsec_t now);
	/* NULL: its timers are the stack's. */
	nsec_t (*deadline)(const struct cm *cm, unsigned int device);
	void (*expire)(struct cm *cm, unsigned int device, nsec_t now);

	uint32_t (*connections)(const struct cm *cm, unsigned int device);

	/* Can ids of its kind connect and listen? */
	bool (*connects)(const struct cm_id *id);
	/* `number`, or a free one for 0; -EADDRINUSE. */
	int (*port_take)(struct cm *cm, unsigned int device, uint16_t space,
			 uint16_t number);
	void (*port_put)(struct cm *cm, unsigned int device, uint16_t number);
	/* On the id's address and port, or on any address. */
	int (*listen)(struct cm_id *id, unsigned int device, void **listener);
	void (*unlisten)(void *listener, nsec_t now);

	/* `qp` NULL: the program has none of this number. */
	int (*connect)(struct cm_id *id, struct rdma_qp *qp,
		       const struct urdma_cm_conn_param *conn, nsec_t now);
	int (*accept)(struct cm_id *id, struct rdma_qp *qp,
		      const struct urdma_cm_conn_param *conn, nsec_t now);
	/* In REPLIED: goes on to CONNECTED.  NULL: it is never there. */
	int (*confirm)(struct cm_id *id, nsec_t now);
	int (*reject)(struct cm_id *id, uint8_t reason, const void *data,
		      uint8_t len, nsec_t now);
	/* cm_peer_left() follows. */
	void (*disconnect)(struct cm_id *id, nsec_t now);
	/* A first packet came (IBV_EVENT_COMM_EST).  NULL: of no interest. */
	int (*established)(struct cm_id *id, nsec_t now);
	/* The id goes; a request that was not answered is rejected. */
	void (*release)(struct cm_id *id, nsec_t now);
	/* NULL: none, or none any more. */
	struct rdma_qp *(*qp)(const struct cm_id *id);

	/* How datagrams of the id get to a group.  NULL: there is no
	 * multicast. */
	void (*group)(const struct cm_id *id, const struct cm_addr *addr,
		      struct urdma_cm_conn_param *conn,
		      struct urdma_ah_attr *ah);
	/* GIDs and path. */
	void (*route)(const struct cm_id *id, struct cm_route *route);
	int (*init_qp_attr)(const struct cm_id *id, uint32_t qp_state,
			    struct urdma_cm_init_qp_attr_reply *reply);
};

extern const struct cm_transport cm_via_iw;
extern const struct cm_transport cm_via_ib;

/* The id's, which is bound to a device. */
const struct cm_transport *cm_transport_of(const struct cm_id *id);

/*
 * What happened (conn.c).
 */
struct flow_key;

/* A peer asks `listener`; NULL: refuse it and forget it. */
struct cm_id *cm_peer_asks(struct cm_id *listener, unsigned int device,
			   const struct flow_key *key, void *ep,
			   const struct urdma_cm_conn_param *conn, nsec_t now);
/* It accepted what we asked for, and waits for confirm(). */
void cm_peer_replied(struct cm_id *id, const struct urdma_cm_conn_param *conn);
/* Both are up.  `ah`: how datagrams get there, or NULL. */
void cm_peer_connected(struct cm_id *id, const struct urdma_cm_conn_param *conn,
		       const struct urdma_ah_attr *ah);
/* The attempt, ours or the peer's, came to nothing. */
void cm_peer_failed(struct cm_id *id, enum cm_event_type type, int status,
		    const struct urdma_cm_conn_param *conn);
/* The connection is over. */
void cm_peer_left(struct cm_id *id);
/* No packet of it is under way any more. */
void cm_peer_forgotten(struct cm_id *id);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A queue pair's part in the RoCE stack, and what differs between the
 * services RC, UC and UD: a table each (rv_rc.c, rv_ud.c).
 *
 * The stack does what they share: ICRC, headers, finding the queue pair, its
 * state, P_Key and peer, whose turn it is to send, timers.
 */
#ifndef URDMA_RDMA_RV_QP_H
#define URDMA_RDMA_RV_QP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "rdma/qp.h"
#include "rdma/rv_path.h"
#include "base/timerq.h"
#include "roce/packet.h"
#include "roce/verdict.h"

struct rdma_qp_info;
struct rv_qp;
struct rv_stack;

/* What is counted of congestion, of a queue pair and of the stack. */
enum {
	RV_MARKED,  /* packets that came with Congestion Experienced */
	RV_CNP_OUT, /* CNPs for them */
	RV_CNP_IN,
	RV_CONGESTION_COUNT
};

/* A received packet. */
struct rv_arrival {
	const struct roce_packet *pkt;
	const uint8_t *ip; /* IPv4 or IPv6 header that it came with */
};

/* A packet in the making. */
struct rv_frame {
	struct roce_packet pkt; /* payload_len too; payload is not looked at */
	const struct rv_path *path;
	uint8_t *payload; /* is to be written here: */
	uint32_t room;	  /* bytes, at least the largest path MTU of the port */
};

struct rv_service {
	bool takes_cnp;	  /* its rate is controlled */
	bool connected;	  /* has one peer, and a path from RTR on */
	uint8_t bth;	  /* enum roce_service */
	uint32_t opcodes; /* BIT(enum urdma_wr_opcode) that it sends */
	size_t bytes; /* of what it keeps of a queue pair, struct rv_qp first */
	/* `rv` is zero but for struct rv_qp.  0 or -ENOMEM.  NULL: nothing. */
	int (*init)(struct rv_qp *rv);
	/* Frees what init() and others made, not `rv` itself.  NULL: none. */
	void (*fini)(struct rv_qp *rv);
	/* It enters RTR: path and attributes are set.  NULL: nothing. */
	void (*start)(struct rv_qp *rv, nsec_t now);
	/* It enters RTS from RTR: sq_psn and what goes with it are set. */
	void (*start_sending)(struct rv_qp *rv, nsec_t now);
	/* It enters ERR or RESET: forgets what is under way; work requests
	 * are flushed by the caller, behind this. */
	void (*stop)(struct rv_qp *rv, nsec_t now);
	/* In a state that receives.  ROCE_OK, or why it is dropped. */
	enum roce_verdict (*input)(struct rv_qp *rv,
				   const struct rv_arrival *arrival,
				   nsec_t now);
	/* The next packet; false: nothing to be sent now, until rv_settle().
	 * In a state that receives; whether it sends is looked at here. */
	bool (*output)(struct rv_qp *rv, struct rv_frame *frame, nsec_t now);
	/* NULL: it has no timer. */
	nsec_t (*deadline)(const struct rv_qp *rv);
	void (*expire)(struct rv_qp *rv, nsec_t now);
	/* Adds what it counts.  NULL: nothing. */
	void (*tell)(const struct rv_qp *rv, struct rdma_qp_info *info);
};

struct rv_qp {
	struct rv_stack *stack;
	struct rdma_qp *qp;
	const struct rv_service *service;
	uint8_t state;	   /* of the queue pair, when last told */
	struct list ready; /* link: of those that may have output */
	struct timer timer;
	struct list groups;  /* that it is in (rv_group.c) */
	struct rv_path path; /* RC, UC, from RTR on */
};

extern const struct rv_service rv_rc;
extern const struct rv_service rv_uc;
extern const struct rv_service rv_ud;

/* Something may have changed: it gets its turn to send, its timer is set. */
void rv_settle(struct rv_qp *rv);

/*
 * What is wrong is the queue pair's own: it goes to ERR, with an event if
 * `type` is not negative (enum async_event).
 */
void rv_fail(struct rv_qp *rv, int type, nsec_t now);

#endif

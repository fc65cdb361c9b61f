/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Endpoints of iWARP: connections (cm.c, which says how they live) and
 * listeners (listen.c).
 */
#ifndef URDMA_KMOD_CM_H
#define URDMA_KMOD_CM_H

#include "urdma.h"

enum ep_state {
	EP_LISTENING,
	EP_CONNECTING,
	EP_REQUEST,   /* iw_cm was told of it */
	EP_ACCEPTING, /* iw_accept() waits for the daemon */
	EP_ACCEPTED,  /* and has returned 0 */
	EP_UP,
	EP_OVER,
};

struct urdma_ep {
	struct kref ref;
	struct urdma_dev *dev;
	enum ep_state state;
	u32 remote;	     /* the daemon's handle; 0: not known yet */
	u32 request;	     /* in dev->requests, or 0 */
	struct iw_cm_id *id; /* a reference; a request has none */
	struct urdma_qp *qp; /* whose `ep` is this; NULL: none (any more) */
	bool failed;	     /* while ACCEPTING */
	int error;	     /* of the daemon's answer to LISTEN_AT */
	struct completion answered;
	struct list_head entry; /* of dev->pending, or empty */
	struct pid *pid;	/* whose program waits, while pending */
};

/* One reference, and one of `id`, which may be NULL.  NULL: no memory. */
struct urdma_ep *urdma_ep_make(struct urdma_dev *dev, enum ep_state state,
			       struct iw_cm_id *id);
void urdma_ep_put(struct urdma_ep *ep);
/* Under cm_lock: it hears and says nothing more. */
void urdma_ep_over(struct urdma_ep *ep);
/* Has the daemon make what it is there; the answer is in `error` when
 * `answered` is complete.
 */
int urdma_ep_ask(struct urdma_ep *ep, u16 op, const void *ask, size_t len);
void urdma_sockaddr_give(struct urdma_sockaddr *to,
			 const struct sockaddr_storage *from);

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Events that name an object.  One that has gone meanwhile hears nothing. */
#include "urdma.h"

static void *find(struct xarray *names, u64 name)
{
	return name <= U32_MAX ? xa_load(names, name) : NULL;
}

void urdma_event_comp(struct urdma_daemon *daemon,
		      const struct urdma_kernel_event *event)
{
	struct urdma_cq *cq;

	xa_lock(&daemon->cq_names);
	cq = find(&daemon->cq_names, event->element);
	if (cq && cq->ib.comp_handler)
		cq->ib.comp_handler(&cq->ib, cq->ib.cq_context);
	xa_unlock(&daemon->cq_names);
}

static void cq_event(struct urdma_daemon *daemon, u64 name,
		     struct ib_event *event)
{
	struct urdma_cq *cq;

	xa_lock(&daemon->cq_names);
	cq = find(&daemon->cq_names, name);
	if (cq && cq->ib.event_handler) {
		event->device = cq->ib.device;
		event->element.cq = &cq->ib;
		cq->ib.event_handler(event, cq->ib.cq_context);
	}
	xa_unlock(&daemon->cq_names);
}

static void qp_event(struct urdma_daemon *daemon, u64 name,
		     struct ib_event *event)
{
	struct urdma_qp *qp;

	xa_lock(&daemon->qp_names);
	qp = find(&daemon->qp_names, name);
	if (qp && qp->ib.event_handler) {
		event->device = qp->ib.device;
		event->element.qp = &qp->ib;
		qp->ib.event_handler(event, qp->ib.qp_context);
	}
	xa_unlock(&daemon->qp_names);
}

static void srq_event(struct urdma_daemon *daemon, u64 name,
		      struct ib_event *event)
{
	struct urdma_srq *srq;

	xa_lock(&daemon->srq_names);
	srq = find(&daemon->srq_names, name);
	if (srq && srq->ib.event_handler) {
		event->device = srq->ib.device;
		event->element.srq = &srq->ib;
		srq->ib.event_handler(event, srq->ib.srq_context);
	}
	xa_unlock(&daemon->srq_names);
}

/* Those of ports come from the interface, those of devices from their end. */
void urdma_event_async(struct urdma_daemon *daemon,
		       const struct urdma_kernel_event *from)
{
	struct ib_event event = { .event = from->type };

	switch (event.event) {
	case IB_EVENT_CQ_ERR:
		cq_event(daemon, from->element, &event);
		break;
	case IB_EVENT_QP_FATAL:
	case IB_EVENT_QP_REQ_ERR:
	case IB_EVENT_QP_ACCESS_ERR:
	case IB_EVENT_COMM_EST:
	case IB_EVENT_SQ_DRAINED:
	case IB_EVENT_QP_LAST_WQE_REACHED:
		qp_event(daemon, from->element, &event);
		break;
	case IB_EVENT_SRQ_ERR:
	case IB_EVENT_SRQ_LIMIT_REACHED:
		srq_event(daemon, from->element, &event);
		break;
	default:
		break;
	}
}

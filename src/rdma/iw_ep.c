// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the connection manager calls (iw_stack.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "rdma/iw_stack_priv.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"

enum { ANY_RTR = MPA_RTR_WRITE | MPA_RTR_READ };

static struct iw_stream *stream_of(const struct iw_ep *ep)
{
	return list_member(ep, struct iw_stream, ep);
}

/* Room for at least one request: a backlog of 0 would refuse everybody. */
static uint32_t sane_backlog(uint32_t backlog)
{
	enum { MOST = 4096 };

	if (!backlog)
		return 1;
	return backlog < MOST ? backlog : MOST;
}

/* Is there an address at which both would listen?  NULL: at all of them. */
static bool overlap(const struct iw_listener *listener, const uint8_t *addr)
{
	if (!addr || listener->both)
		return true;
	if (flow_addr_is_ip4(addr) != flow_addr_is_ip4(listener->addr))
		return false;
	return flow_addr_is_any(addr) || flow_addr_is_any(listener->addr) ||
	       flow_addr_equal(addr, listener->addr);
}

static bool is_taken(const struct iw_stack *stack, const uint8_t *addr,
		     uint16_t port)
{
	for (struct list *link = stack->listeners.next;
	     link != &stack->listeners; link = link->next) {
		const struct iw_listener *other =
			list_member(link, struct iw_listener, link);

		if (other->port == port && overlap(other, addr))
			return true;
	}
	return false;
}

int iw_listen(struct iw_stack *stack, const uint8_t *addr, uint16_t port,
	      uint32_t backlog, void *user, struct iw_listener **listener)
{
	struct iw_listener *made;

	if (is_taken(stack, addr, port))
		return -EADDRINUSE;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->stack = stack;
	made->queue = &stack->events;
	made->user = user;
	made->port = port;
	made->backlog = sane_backlog(backlog);
	made->both = !addr;
	if (addr)
		memcpy(made->addr, addr, FLOW_ADDR_LEN);
	tcp_listener_init(&made->tcp, made->backlog);
	list_init(&made->asking);
	list_add_tail(&stack->listeners, &made->link);
	stack->listens_anew = true;
	*listener = made;
	return 0;
}

void iw_unlisten(struct iw_listener *listener, nsec_t now)
{
	struct list *link;

	if (!listener)
		return;
	tcp_listener_destroy(&listener->tcp);
	while ((link = list_pop(&listener->asking))) {
		struct iw_ep *ep = list_member(link, struct iw_ep, asking);

		ep->listener = NULL;
		if (ep->held)
			continue;
		if (ep->events)
			list_remove(&ep->link);
		ep->events = 0;
		iw_stream_end(stream_of(ep), true, -ECONNABORTED, now);
	}
	list_remove(&listener->link);
	iw_gap_open(&listener->stack->gap, listener->port, now);
	free(listener);
}

/* A queue pair that may be given a connection: by the connection manager, or
 * by number, where it may have gone ahead. */
static bool is_connectable(const struct rdma_qp *qp, bool by_number)
{
	if (qp->stream || qp->named != by_number)
		return false;
	if (by_number)
		return qp->state == QPS_RTR || qp->state == QPS_RTS ||
		       qp->state == QPS_SQD;
	return qp->state == QPS_INIT || qp->state == QPS_RTR;
}

static uint16_t at_most(uint16_t value, uint16_t limit)
{
	return value < limit ? value : limit;
}

static struct mpa_offer offer_of(const struct iw_stack *stack,
				 const struct iw_params *params)
{
	const struct rdma_config *config = &stack->dev->config;

	return (struct mpa_offer){
		.crc = config->mpa_crc,
		.ird = at_most(params->ird, config->limits.max_rd_atomic),
		.ord = at_most(params->ord, config->limits.max_rd_atomic),
		.rtr = ANY_RTR,
		.large_fpdu = true,
		.private_data = params->private_data,
		.private_len = params->private_data_len,
	};
}

/* The private data is said when TCP is up, and perhaps again. */
static int keep_offer(struct iw_stream *stream, const struct iw_params *params)
{
	stream->offer = offer_of(stream->stack, params);
	if (params->private_data_len > mpa_neg_private_max(stream->neg))
		return -EINVAL;
	stream->offer_data = malloc(params->private_data_len + 1u);
	if (!stream->offer_data)
		return -ENOMEM;
	if (params->private_data_len)
		memcpy(stream->offer_data, params->private_data,
		       params->private_data_len);
	stream->offer.private_data = stream->offer_data;
	return 0;
}

static int make(struct iw_stack *stack, const struct flow_key *key,
		struct rdma_qp *qp, const struct iw_params *params, void *user,
		nsec_t now, struct iw_ep **ep)
{
	struct iw_stream *stream;
	struct tcp_open open;
	int err;

	stream = iw_stream_create(stack, key, true, now);
	if (!stream)
		return -ENOMEM;
	err = keep_offer(stream, params);
	if (!err)
		err = iw_stack_add(stack, stream);
	if (err) {
		iw_stream_free(stream);
		return err;
	}
	iw_start_bind(stream, qp);
	iw_stack_open(stack, stream, &open, now);
	tcp_connect(&stream->tcp, &open, now);
	stream->ep.user = user;
	stream->ep.held = true;
	*ep = &stream->ep;
	iw_stack_settle(stack, stream);
	return 0;
}

int iw_connect(struct iw_stack *stack, const struct flow_key *key,
	       struct rdma_qp *qp, const struct iw_params *params, void *user,
	       nsec_t now, struct iw_ep **ep)
{
	if (!is_connectable(qp, false))
		return -EINVAL;
	return make(stack, key, qp, params, user, now, ep);
}

int iw_connect_named(struct iw_stack *stack, const struct flow_key *key,
		     struct rdma_qp *qp, const struct iw_params *params,
		     void *user, nsec_t now, struct iw_ep **ep)
{
	int err;

	if (!is_connectable(qp, true))
		return -EINVAL;
	err = make(stack, key, qp, params, user, now, ep);
	if (err)
		return err;
	(*ep)->queue = &stack->bynum.events;
	/* who does not know revision 2 is not whom we look for */
	stream_of(*ep)->tried_rev1 = true;
	return 0;
}

int iw_accept(struct iw_ep *ep, struct rdma_qp *qp,
	      const struct iw_params *params, nsec_t now)
{
	struct iw_stream *stream = stream_of(ep);
	struct mpa_offer offer = offer_of(stream->stack, params);

	if (stream->phase >= IW_PHASE_CLOSING)
		return -ECONNRESET;
	if (stream->phase != IW_PHASE_ASKED ||
	    !is_connectable(qp, ep->queue != &stream->stack->events))
		return -EINVAL;
	return iw_start_accept(stream, qp, &offer, now);
}

int iw_reject(struct iw_ep *ep, const void *private_data, uint16_t len,
	      nsec_t now)
{
	struct iw_stream *stream = stream_of(ep);

	if (stream->phase >= IW_PHASE_CLOSING)
		return -ECONNRESET;
	if (stream->phase != IW_PHASE_ASKED)
		return -EINVAL;
	return iw_start_reject(stream, private_data, len, now);
}

void iw_disconnect(struct iw_ep *ep, bool abrupt, nsec_t now)
{
	struct iw_stream *stream = stream_of(ep);

	/* with a RST it would try again in revision 1 */
	if (stream->phase == IW_PHASE_ASKED && !abrupt &&
	    iw_start_reject(stream, NULL, 0, now) == 0)
		return;
	if (stream->phase < IW_PHASE_CLOSING)
		iw_stream_end(stream, abrupt || stream->phase != IW_PHASE_OPEN,
			      0, now);
	else if (stream->phase == IW_PHASE_CLOSING && abrupt)
		iw_stream_abort(stream, now);
}

void iw_release(struct iw_ep *ep, nsec_t now)
{
	struct iw_stream *stream;

	if (!ep)
		return;
	stream = stream_of(ep);
	iw_disconnect(ep, false, now);
	ep->held = false;
	ep->events = 0;
	list_remove(&ep->link);
	iw_stack_settle(stream->stack, stream);
}

void iw_ep_set_user(struct iw_ep *ep, void *user)
{
	ep->user = user;
}

const struct flow_key *iw_ep_key(const struct iw_ep *ep)
{
	return &stream_of(ep)->key;
}

struct rdma_qp *iw_ep_qp(const struct iw_ep *ep)
{
	return stream_of(ep)->qp;
}

static uint16_t offered(uint16_t said, uint16_t limit)
{
	return said == MPA_IRD_ORD_NONE ? limit : at_most(said, limit);
}

static void fill_depths(struct iw_event *event, const struct iw_stream *stream)
{
	const struct mpa_outcome *outcome = &stream->neg->outcome;
	uint16_t limit = stream->stack->dev->config.limits.max_rd_atomic;

	event->ird = stream->ird;
	event->ord = stream->ord;
	if (event->kind == IW_CONNECT_REQUEST) {
		event->ird = offered(outcome->peer_ord, limit);
		event->ord = offered(outcome->peer_ird, limit);
	}
}

static void fill_private(struct iw_event *event, const struct iw_stream *stream)
{
	const struct mpa_outcome *outcome = &stream->neg->outcome;

	if (stream->neg->state != MPA_NEG_DONE)
		return;
	event->private_data_len = outcome->private_len;
	if (outcome->private_len)
		memcpy(event->private_data, outcome->private_data,
		       outcome->private_len);
}

static void fill(struct iw_event *event, struct iw_stream *stream)
{
	struct iw_ep *ep = &stream->ep;

	event->ep = ep;
	event->user = ep->user;
	event->key = stream->key;
	event->error = 0;
	event->private_data_len = 0;
	if (event->kind == IW_CONNECT_FAILED || event->kind == IW_DISCONNECTED)
		event->error = ep->error;
	if (event->kind == IW_CONNECT_REQUEST) {
		ep->held = true;
		event->user = ep->listener ? ep->listener->user : NULL;
	}
	if (!stream->neg)
		return;
	fill_depths(event, stream);
	/* who accepted has seen the request's private data already */
	if (event->kind != IW_CONNECTED || stream->initiator)
		fill_private(event, stream);
	if (event->kind == IW_CONNECTED) { /* half a KiB for each connection */
		free(stream->neg);
		stream->neg = NULL;
	}
}

bool iw_stack_event(struct iw_stack *stack, struct iw_event *event)
{
	return iw_take_event(&stack->events, event);
}

bool iw_take_event(struct list *queue, struct iw_event *event)
{
	struct iw_stream *stream;
	struct iw_ep *ep;

	if (list_empty(queue))
		return false;
	ep = list_member(queue->next, struct iw_ep, link);
	stream = stream_of(ep);
	/* in the order in which they can happen */
	event->kind = __builtin_ctz(ep->events);
	ep->events &= ep->events - 1;
	if (!ep->events)
		list_remove(&ep->link);
	fill(event, stream);
	return true;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/iw_stream.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bits.h"
#include "rdma/iw_stack_priv.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"

static void resume_rx(struct place_wait *wait, nsec_t now)
{
	iw_stream_run(list_member(wait, struct iw_stream, rx.wait), now);
}

static void resume_tx(struct place_wait *wait, nsec_t now)
{
	struct iw_stream *stream = list_member(wait, struct iw_stream, tx.wait);

	(void)now;
	iw_stack_settle(stream->stack, stream);
}

/* What was begun in program memory is no longer of interest. */
static void forget_memory(struct iw_stream *stream)
{
	place_abandon(&stream->rx.wait);
	place_abandon(&stream->tx.wait);
	buf_free(stream->stack->dev->config.pool, stream->tx.begun);
	stream->tx.begun = NULL;
}

struct iw_stream *iw_stream_create(struct iw_stack *stack,
				   const struct flow_key *key, bool initiator,
				   nsec_t now)
{
	const struct rdma_config *config = &stack->dev->config;
	struct iw_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->neg = malloc(sizeof(*stream->neg));
	if (!stream->neg) {
		free(stream);
		return NULL;
	}
	mpa_neg_init(stream->neg, initiator ? MPA_INITIATOR : MPA_RESPONDER,
		     config->mpa_revision);
	stream->stack = stack;
	stream->ep.queue = &stack->events;
	stream->key = *key;
	stream->initiator = initiator;
	stream->give_up_at = now + config->setup_wait;
	stream->retry_at = NSEC_NEVER;
	stream->rx.wait_until = NSEC_NEVER;
	stream->rx.wait.resume = resume_rx;
	stream->tx.wait.resume = resume_tx;
	stream->tx.hold_until = NSEC_NEVER;
	config->random(config->random_arg, &stream->next_sink,
		       sizeof(stream->next_sink));
	timer_init(&stream->timer);
	list_init(&stream->ready);
	list_init(&stream->doomed);
	list_init(&stream->ep.link);
	list_init(&stream->ep.asking);
	return stream;
}

void iw_stream_free(struct iw_stream *stream)
{
	if (!stream)
		return;
	if (stream->phase != IW_PHASE_CLOSED)
		tcp_conn_destroy(&stream->tcp);
	list_remove(&stream->ready);
	list_remove(&stream->doomed);
	list_remove(&stream->ep.link);
	list_remove(&stream->ep.asking);
	timerq_drop(&stream->stack->timers, &stream->timer);
	forget_memory(stream);
	free(stream->answers.ring);
	free(stream->offer_data);
	free(stream->neg);
	free(stream);
}

void iw_stream_tell(struct iw_stream *stream, enum iw_event_kind kind,
		    int error)
{
	struct iw_ep *ep = &stream->ep;

	if (!ep->held && kind != IW_CONNECT_REQUEST)
		return;
	if (!ep->events)
		list_add_tail(ep->queue, &ep->link);
	ep->events |= BIT(kind);
	ep->error = error;
}

bool iw_stream_carries(const struct iw_stream *stream)
{
	return stream && stream->phase == IW_PHASE_OPEN;
}

static struct rdma_qp *detach(struct iw_stream *stream)
{
	struct rdma_qp *qp = stream->qp;

	forget_memory(stream);
	if (qp)
		qp->stream = NULL;
	stream->qp = NULL;
	return qp;
}

static void close_tcp(struct iw_stream *stream, bool abrupt, nsec_t now)
{
	if (abrupt)
		tcp_abort(&stream->tcp);
	else
		tcp_close(&stream->tcp, now);
	stream->phase = IW_PHASE_CLOSING;
	stream->rx.wait_until = NSEC_NEVER;
	stream->tx.hold_until = NSEC_NEVER;
	stream->retry_at = NSEC_NEVER;
}

void iw_stream_drop_qp(struct iw_stream *stream, bool abrupt, nsec_t now)
{
	bool open = stream->phase == IW_PHASE_OPEN;

	detach(stream);
	close_tcp(stream, abrupt || !open, now);
	if (open)
		iw_stream_tell(stream, IW_DISCONNECTED, 0);
	else
		iw_stream_tell(stream, IW_CONNECT_FAILED, -ECONNABORTED);
	iw_stack_settle(stream->stack, stream);
}

void iw_stream_end(struct iw_stream *stream, bool abrupt, int error, nsec_t now)
{
	struct rdma_qp *qp = detach(stream);
	bool told = stream->phase == IW_PHASE_OPEN ||
		    stream->phase == IW_PHASE_ASKED;

	if (qp && stream->phase == IW_PHASE_OPEN)
		qp_enter(qp, QPS_ERR);
	close_tcp(stream, abrupt, now);
	iw_stream_tell(stream, told ? IW_DISCONNECTED : IW_CONNECT_FAILED,
		       error);
	iw_stack_settle(stream->stack, stream);
}

void iw_stream_abort(struct iw_stream *stream, nsec_t now)
{
	close_tcp(stream, true, now);
	iw_stack_settle(stream->stack, stream);
}

/* A message still waits for its RECV, or its memory. */
static bool holds_back(const struct iw_stream *stream)
{
	return stream->phase == IW_PHASE_OPEN &&
	       (stream->rx.wait_until != NSEC_NEVER || stream->rx.wait.job);
}

/* All that can be read was; the rest, if any, is a piece of a FPDU. */
static void hang_up(struct iw_stream *stream, nsec_t now)
{
	bool torn = tcp_recv_bytes(&stream->tcp) != 0;

	if (holds_back(stream))
		return;
	if (!torn && stream->qp->named) /* it lingers: iw_bynum.h */
		iw_stream_drop_qp(stream, false, now);
	else
		iw_stream_end(stream, false, torn ? -ECONNRESET : 0, now);
}

/* What came and was acknowledged before a reset is not lost with it: the sender
 * may have had its completion, and have left for good. */
bool iw_stream_is_over(const struct iw_stream *stream)
{
	return tcp_close_reason(&stream->tcp) != TCP_STILL_OPEN &&
	       !holds_back(stream);
}

static int close_error(const struct iw_stream *stream)
{
	static const int errors[] = {
		[TCP_CLOSED_NORMALLY] = 0,
		[TCP_CLOSED_BY_RESET] = -ECONNRESET,
		[TCP_CLOSED_REFUSED] = -ECONNREFUSED,
		[TCP_CLOSED_TIMEOUT] = -ETIMEDOUT,
		[TCP_CLOSED_ABORTED] = -ECONNABORTED,
	};

	return errors[tcp_close_reason(&stream->tcp)];
}

/* TCP is over before we wanted it to be. */
static void broke_off(struct iw_stream *stream, nsec_t now)
{
	int error = close_error(stream);

	if (stream->phase == IW_PHASE_CLOSING)
		return;
	if (stream->phase == IW_PHASE_NEGOTIATE && iw_start_again(stream, now))
		return;
	iw_stream_end(stream, false, error ? error : -ECONNRESET, now);
}

/* MPA's start-up is over when its last frame is understood. */
static void start_up(struct iw_stream *stream, nsec_t now)
{
	iw_start_input(stream, now);
	if (!stream->peer_closed)
		return;
	if (stream->phase == IW_PHASE_NEGOTIATE)
		tcp_close(&stream->tcp, now); /* then broke_off() */
	else if (stream->phase == IW_PHASE_ASKED)
		iw_stream_end(stream, false, 0, now);
}

static void work(struct iw_stream *stream, nsec_t now)
{
	/* Before the acknowledgements: a Terminate in the same segment says
	 * that what is acknowledged was received, but not carried out. */
	iw_rx_run(stream, now);
	if (stream->phase == IW_PHASE_OPEN)
		iw_tx_complete(stream, now);
	if (stream->phase == IW_PHASE_OPEN && stream->peer_closed)
		hang_up(stream, now);
}

static void take_events(struct iw_stream *stream, nsec_t now)
{
	enum tcp_event event;

	while ((event = tcp_event(&stream->tcp)) != TCP_NO_EVENT) {
		if (event == TCP_EVENT_PEER_CLOSED)
			stream->peer_closed = true;
		if (event == TCP_EVENT_CLOSED && stream->phase == IW_PHASE_OPEN)
			stream->give_up_at =
				now + stream->stack->dev->config.recv_wait;
		if (event != TCP_EVENT_ESTABLISHED ||
		    stream->phase != IW_PHASE_TCP)
			continue;
		stream->phase = IW_PHASE_NEGOTIATE;
		if (!stream->initiator)
			continue;
		stream->give_up_at =
			now + stream->stack->dev->config.answer_wait;
		iw_start_request(stream, now);
	}
}

void iw_stream_run(struct iw_stream *stream, nsec_t now)
{
	take_events(stream, now);
	if (stream->phase == IW_PHASE_NEGOTIATE ||
	    stream->phase == IW_PHASE_ASKED)
		start_up(stream, now);
	if (stream->phase == IW_PHASE_OPEN)
		work(stream, now);
	if (stream->phase == IW_PHASE_CLOSING)
		tcp_recv_consume(&stream->tcp, tcp_recv_bytes(&stream->tcp));
	if (iw_stream_is_over(stream))
		broke_off(stream, now);
	iw_stack_settle(stream->stack, stream);
}

void iw_stream_wake(struct iw_stream *stream, nsec_t now)
{
	if (stream->phase != IW_PHASE_OPEN)
		return;
	if (stream->rx.wait_until != NSEC_NEVER)
		iw_stream_run(stream, now);
	else
		iw_stack_settle(stream->stack, stream);
}

static nsec_t earlier(nsec_t a, nsec_t b)
{
	return a < b ? a : b;
}

/* Starting up, or over but for memory that may never answer. */
static bool may_give_up(const struct iw_stream *stream)
{
	return stream->phase == IW_PHASE_TCP ||
	       stream->phase == IW_PHASE_NEGOTIATE ||
	       (stream->phase == IW_PHASE_OPEN &&
		tcp_close_reason(&stream->tcp) != TCP_STILL_OPEN);
}

nsec_t iw_stream_deadline(const struct iw_stream *stream)
{
	nsec_t at = earlier(tcp_deadline(&stream->tcp), stream->retry_at);

	at = earlier(at, stream->rx.wait_until);
	at = earlier(at, stream->tx.hold_until);
	if (may_give_up(stream))
		at = earlier(at, stream->give_up_at);
	return at;
}

/* Nothing but the Reply was queued yet. */
static void end_hold(struct iw_stream *stream, nsec_t now)
{
	if (tcp_acked_bytes(&stream->tcp) < tcp_queued_bytes(&stream->tcp)) {
		stream->tx.hold_until = now + IW_HOLD;
		return;
	}
	stream->tx.hold_until = NSEC_NEVER;
	stream->tx.held = false;
}

void iw_stream_expire(struct iw_stream *stream, nsec_t now)
{
	if (tcp_deadline(&stream->tcp) <= now)
		tcp_expire(&stream->tcp, now);
	if (stream->retry_at <= now)
		stream->retry_at = NSEC_NEVER;
	if (stream->tx.hold_until <= now)
		end_hold(stream, now);
	if (stream->rx.wait_until <= now)
		iw_rx_starved(stream, now);
	if (may_give_up(stream) && stream->give_up_at <= now)
		iw_stream_end(stream, true, -ETIMEDOUT, now);
	iw_stream_run(stream, now);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/iw_stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rdma/iw_stack_priv.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"
#include "tcp/cc.h"

enum {
	FIRST_BUCKETS = 64,
	IP4_TCP_HEADERS = 40,
	IP6_TCP_HEADERS = 60,
};

/*
 * Keepalives are on, and sooner than the two hours of RFC 9293 section 3.8.4:
 * whoever waits for the answer to a READ has nothing in flight, so nothing else
 * would ever tell that the peer is gone, and verbs have no timer of their own.
 */
static void configure_tcp(struct tcp_config *config, uint16_t mss)
{
	tcp_config_init(config, mss);
	config->rcvbuf_max = 4 << 20; /* sndbuf of the other side */
	config->ecn = true; /* of no effect unless peer and network speak it */
	/*
	 * A SEND completes when it is acknowledged, and whoever sleeps until a
	 * message comes (some 40 us to wake up) may look for its own
	 * completions then, and then only: perftest -b -e does.  The answer to
	 * a message of a program that polls comes sooner and takes the
	 * acknowledgement along.
	 */
	config->delack = 30 * NSEC_PER_USEC;
	/*
	 * RFC 5681 section 4.2 asks for every second segment lest the sender
	 * waits long for what a delayed ACK would tell; here it never waits
	 * longer than those 30 us.  A kernel that aggregates what it receives
	 * answers as seldom, and each ACK costs both sides a frame.
	 */
	config->ack_every = 8;
	/*
	 * A peer whose machine vanished says nothing, and a program waits for
	 * its completions: half a minute at most, in the spirit of the retry
	 * counts of other RDMA transports.  RFC 9293 section 3.8.3 would have
	 * 100 s, and two hours for one that is idle.
	 */
	config->user_timeout = 20 * NSEC_PER_SEC;
	config->keepalive = 10 * NSEC_PER_SEC;
	config->keepalive_interval = 2 * NSEC_PER_SEC;
	config->keepalive_probes = 5;
	/*
	 * perftest's client connects while its server is about to listen, and
	 * counts on being the slower one; here a connection takes a few
	 * microseconds, not the kernel's hundreds.  310 ms in all.
	 */
	config->refused_retries = 5;
	config->refused_wait = 10 * NSEC_PER_MSEC;
}

struct iw_stack *iw_stack_create(struct rdma_dev *dev)
{
	struct iw_stack *stack = calloc(1, sizeof(*stack));

	if (!stack)
		return NULL;
	stack->dev = dev;
	list_init(&stack->ready);
	list_init(&stack->events);
	list_init(&stack->doomed);
	list_init(&stack->listeners);
	configure_tcp(&stack->tcp, dev->config.mtu - IP4_TCP_HEADERS);
	stack->tcp.cc = tcp_cc_find(dev->config.congestion_control);
	stack->tcp6 = stack->tcp;
	stack->tcp6.mss = dev->config.mtu - IP6_TCP_HEADERS;
	dev->config.random(dev->config.random_arg, &stack->secret,
			   sizeof(stack->secret));
	stack->buckets = calloc(FIRST_BUCKETS, sizeof(struct iw_stream *));
	stack->bucket_mask = FIRST_BUCKETS - 1;
	if (!stack->tcp.cc || !stack->buckets || iw_bynum_open(stack) < 0) {
		iw_stack_destroy(stack);
		return NULL;
	}
	return stack;
}

void iw_stack_destroy(struct iw_stack *stack)
{
	struct list *link;

	if (!stack)
		return;
	for (uint32_t i = 0; stack->buckets && i <= stack->bucket_mask; i++)
		while (stack->buckets[i]) {
			struct iw_stream *stream = stack->buckets[i];

			stack->buckets[i] = stream->next;
			iw_stream_free(stream);
		}
	while ((link = list_pop(&stack->doomed)))
		iw_stream_free(list_member(link, struct iw_stream, doomed));
	while ((link = list_pop(&stack->listeners)))
		free(list_member(link, struct iw_listener, link));
	iw_bynum_close(stack);
	timerq_free(&stack->timers);
	free(stack->buckets);
	free(stack);
}

static uint32_t hash(const struct iw_stack *stack, const struct flow_key *key)
{
	return (uint32_t)tcp_siphash(&stack->secret, key, sizeof(*key));
}

static struct iw_stream *find(const struct iw_stack *stack,
			      const struct flow_key *key, uint32_t h)
{
	struct iw_stream *stream = stack->buckets[h & stack->bucket_mask];

	while (stream &&
	       (stream->hash != h || !flow_key_equal(&stream->key, key)))
		stream = stream->next;
	return stream;
}

static int grow(struct iw_stack *stack)
{
	uint32_t mask = stack->bucket_mask * 2 + 1;
	struct iw_stream **buckets =
		calloc(mask + 1, sizeof(struct iw_stream *));

	if (!buckets)
		return -ENOMEM;
	for (uint32_t i = 0; i <= stack->bucket_mask; i++)
		while (stack->buckets[i]) {
			struct iw_stream *stream = stack->buckets[i];

			stack->buckets[i] = stream->next;
			stream->next = buckets[stream->hash & mask];
			buckets[stream->hash & mask] = stream;
		}
	free(stack->buckets);
	stack->buckets = buckets;
	stack->bucket_mask = mask;
	return 0;
}

int iw_stack_add(struct iw_stack *stack, struct iw_stream *stream)
{
	struct iw_stream **bucket;

	stream->hash = hash(stack, &stream->key);
	if (find(stack, &stream->key, stream->hash))
		return -EADDRINUSE;
	if (timerq_reserve(&stack->timers, stack->stream_count + 1) < 0)
		return -ENOMEM;
	if (stack->stream_count > stack->bucket_mask && grow(stack) < 0)
		return -ENOMEM;
	bucket = &stack->buckets[stream->hash & stack->bucket_mask];
	stream->next = *bucket;
	*bucket = stream;
	stack->stream_count++;
	stack->port_streams[stream->key.local_port]++;
	return 0;
}

void iw_stack_remove(struct iw_stack *stack, struct iw_stream *stream)
{
	struct iw_stream **link =
		&stack->buckets[stream->hash & stack->bucket_mask];

	while (*link != stream)
		link = &(*link)->next;
	*link = stream->next;
	stack->stream_count--;
	stack->port_streams[stream->key.local_port]--;
}

void iw_stack_open(const struct iw_stack *stack, const struct iw_stream *stream,
		   struct tcp_open *open, nsec_t now)
{
	const struct flow_key *key = &stream->key;

	*open = (struct tcp_open){
		.config = flow_addr_is_ip4(key->local) ? &stack->tcp
						       : &stack->tcp6,
		.pool = stack->dev->config.pool,
		.local_port = key->local_port,
		.peer_port = key->remote_port,
		.iss = tcp_isn(&stack->secret, key, sizeof(*key), now),
		.ts_offset = tcp_ts_offset(&stack->secret, key, sizeof(*key)),
	};
}

void iw_stack_settle(struct iw_stack *stack, struct iw_stream *stream)
{
	if (stream->phase == IW_PHASE_CLOSED) {
		if (!stream->ep.held && list_empty(&stream->doomed))
			list_add_tail(&stack->doomed, &stream->doomed);
		return;
	}
	if (list_empty(&stream->ready))
		list_add_tail(&stack->ready, &stream->ready);
}

/* TCP is over and has nothing more to say: the flow is free again.  What the
 * connection manager holds of it stays. */
static void retire(struct iw_stack *stack, struct iw_stream *stream)
{
	iw_stack_remove(stack, stream);
	list_remove(&stream->ready);
	timerq_drop(&stack->timers, &stream->timer);
	tcp_conn_destroy(&stream->tcp);
	if (stream->ep.listener)
		stream->ep.listener->asking_count--;
	stream->ep.listener = NULL;
	list_remove(&stream->ep.asking);
	stream->phase = IW_PHASE_CLOSED;
	iw_stack_settle(stack, stream);
}

static void reap(struct iw_stack *stack)
{
	struct list *link;

	while ((link = list_pop(&stack->doomed)))
		iw_stream_free(list_member(link, struct iw_stream, doomed));
}

static void reset(struct iw_stack *stack, const struct flow_key *key,
		  const struct tcp_segment *segment)
{
	uint32_t slot = (stack->reset_head + stack->reset_count) % IW_RESETS;

	if (stack->reset_count == IW_RESETS)
		return;
	if (!tcp_reset_reply(segment, &stack->resets[slot].segment))
		return;
	stack->resets[slot].key = *key;
	stack->reset_count++;
}

static bool take_reset(struct iw_stack *stack, struct flow_key *key,
		       struct tcp_segment *segment)
{
	const struct iw_reset *first = &stack->resets[stack->reset_head];

	if (!stack->reset_count)
		return false;
	*key = first->key;
	*segment = first->segment;
	stack->reset_head = (stack->reset_head + 1) % IW_RESETS;
	stack->reset_count--;
	return true;
}

/* A wildcard is one of its family. */
static bool listens_at(const struct iw_listener *listener,
		       const uint8_t addr[FLOW_ADDR_LEN])
{
	if (listener->both || flow_addr_equal(listener->addr, addr))
		return true;
	return flow_addr_is_any(listener->addr) &&
	       flow_addr_is_ip4(listener->addr) == flow_addr_is_ip4(addr);
}

static struct iw_listener *find_listener(const struct iw_stack *stack,
					 const struct flow_key *key)
{
	for (struct list *link = stack->listeners.next;
	     link != &stack->listeners; link = link->next) {
		struct iw_listener *listener =
			list_member(link, struct iw_listener, link);

		if (listener->port == key->local_port &&
		    listens_at(listener, key->local))
			return listener;
	}
	return NULL;
}

/* Who is there for strangers to call, and waits for no one program, has nobody
 * else who would make room. */
static bool evict(struct iw_listener *listener, nsec_t now)
{
	struct list *link = list_pop(&listener->asking);
	struct iw_ep *ep;

	if (!link)
		return false;
	ep = list_member(link, struct iw_ep, asking);
	ep->listener = NULL;
	listener->asking_count--;
	iw_stream_end(list_member(ep, struct iw_stream, ep), true,
		      -ECONNABORTED, now);
	return true;
}

/* Under a flood of SYNs the oldest handshake gives way, so that one whose peer
 * answers soon succeeds (RFC 4987 section 3.4).  False: there is none. */
static bool recycle(struct iw_listener *listener, nsec_t now)
{
	struct tcp_conn *oldest = listener->tcp.first;

	if (!oldest)
		return listener->evicts && evict(listener, now);
	retire(listener->stack, list_member(oldest, struct iw_stream, tcp));
	return true;
}

/* DROP_SYN_QUEUE: this one, or an older one for it. */
static enum drop accept_syn(struct iw_listener *listener,
			    const struct flow_key *key,
			    const struct tcp_segment *syn, nsec_t now)
{
	struct iw_stack *stack = listener->stack;
	bool full = listener->asking_count >= listener->backlog;
	struct iw_stream *stream;
	struct tcp_open open;

	if (full && !recycle(listener, now))
		return DROP_SYN_QUEUE;
	stream = iw_stream_create(stack, key, false, now);
	if (!stream)
		return DROP_NO_BUFFER;
	if (iw_stack_add(stack, stream) < 0) {
		iw_stream_free(stream);
		return DROP_NO_BUFFER;
	}
	iw_stack_open(stack, stream, &open, now);
	tcp_accept(&stream->tcp, &open, &listener->tcp, syn, now);
	stream->ep.listener = listener;
	stream->ep.queue = listener->queue;
	listener->asking_count++;
	list_add_tail(&listener->asking, &stream->ep.asking);
	iw_stack_settle(stack, stream);
	return full ? DROP_SYN_QUEUE : DROP_NONE;
}

/* A segment of no connection. */
static enum drop input_stray(struct iw_stack *stack, const struct flow_key *key,
			     const struct tcp_segment *segment, nsec_t now)
{
	struct iw_listener *listener = find_listener(stack, key);
	enum tcp_verdict why;

	if (!listener) {
		if (!iw_gap_keep(&stack->gap, key, segment, now))
			reset(stack, key, segment);
		return DROP_NO_FLOW;
	}
	switch (tcp_listener_decide(&listener->tcp, segment, &why)) {
	case TCP_LISTEN_ACCEPT:
		return accept_syn(listener, key, segment, now);
	case TCP_LISTEN_RESET:
		reset(stack, key, segment);
		return DROP_TCP_STATE;
	case TCP_LISTEN_DROP:
		break;
	}
	return why == TCP_BACKLOG ? accept_syn(listener, key, segment, now)
				  : DROP_TCP_STATE;
}

bool iw_stack_wants(const struct iw_stack *stack, const struct flow_key *key,
		    nsec_t now)
{
	return find(stack, key, hash(stack, key)) ||
	       find_listener(stack, key) ||
	       iw_gap_is_open(&stack->gap, key->local_port, now);
}

/* There is a new listener: perhaps of those that were kept. */
static void ask_again(struct iw_stack *stack, nsec_t now)
{
	struct flow_key key;
	struct tcp_segment syn;

	stack->listens_anew = false;
	for (uint32_t count = stack->gap.syn_count; count; count--)
		if (iw_gap_take(&stack->gap, &key, &syn, now))
			input_stray(stack, &key, &syn, now);
}

static enum drop drop_of(enum tcp_verdict verdict)
{
	switch (verdict) {
	case TCP_OK:
	case TCP_DUPLICATE: /* ordinary on a lossy link; answered, too */
	case TCP_RESET:
		return DROP_NONE;
	case TCP_FULL:
		return DROP_NO_BUFFER;
	case TCP_NO_FLOW:
		return DROP_NO_FLOW;
	default:
		return DROP_TCP_STATE;
	}
}

enum drop iw_stack_input(struct iw_stack *stack, const struct flow_key *key,
			 struct tcp_segment *segment, struct buf *buf,
			 nsec_t now)
{
	struct iw_stream *stream = find(stack, key, hash(stack, key));
	enum tcp_verdict verdict;

	if (!stream) {
		buf_free(stack->dev->config.pool, buf);
		return input_stray(stack, key, segment, now);
	}
	verdict = tcp_input(&stream->tcp, segment, buf, now);
	iw_stream_run(stream, now);
	if (verdict == TCP_NO_FLOW)
		reset(stack, key, segment);
	if (verdict != TCP_REOPEN)
		return drop_of(verdict);
	retire(stack, stream);
	return input_stray(stack, key, segment, now);
}

bool iw_stack_output(struct iw_stack *stack, struct flow_key *key,
		     struct tcp_segment *segment, nsec_t now)
{
	reap(stack);
	iw_bynum_work(stack, now);
	rdma_dev_settle(stack->dev, now);
	if (stack->listens_anew)
		ask_again(stack, now);
	if (take_reset(stack, key, segment))
		return true;
	while (!list_empty(&stack->ready)) {
		struct iw_stream *stream =
			list_member(stack->ready.next, struct iw_stream, ready);

		/* to the end: connections take turns, a segment each */
		list_remove(&stream->ready);
		if (stream->phase == IW_PHASE_OPEN)
			iw_tx_fill(stream, now);
		if (tcp_output(&stream->tcp, segment, now)) {
			if (list_empty(&stream->ready))
				list_add_tail(&stack->ready, &stream->ready);
			*key = stream->key;
			return true;
		}
		if (iw_stream_is_over(stream))
			retire(stack, stream);
		else
			timerq_set(&stack->timers, &stream->timer,
				   iw_stream_deadline(stream));
	}
	return false;
}

uint32_t iw_stack_connections(const struct iw_stack *stack)
{
	return stack->stream_count;
}

uint32_t iw_stack_ports_taken(const struct iw_stack *stack)
{
	uint32_t count = 0;

	for (size_t i = 0; i < sizeof(stack->ports) / 8; i++)
		count += (uint32_t)__builtin_popcountll(stack->ports[i]);
	return count;
}

nsec_t iw_stack_deadline(const struct iw_stack *stack)
{
	nsec_t streams = timerq_first(&stack->timers);
	nsec_t bynum = iw_bynum_deadline(stack);

	return streams < bynum ? streams : bynum;
}

void iw_stack_expire(struct iw_stack *stack, nsec_t now)
{
	struct timer *timer;

	iw_bynum_expire(stack, now);
	while ((timer = timerq_expired(&stack->timers, now)))
		iw_stream_expire(list_member(timer, struct iw_stream, timer),
				 now);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/iw_bynum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/group.h"
#include "rdma/iw_hello.h"
#include "rdma/iw_stack_priv.h"
#include "rdma/iw_stream.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"

#define PAUSE_MIN (10 * NSEC_PER_MSEC)
#define PAUSE_MAX NSEC_PER_SEC
/* IBA volume 1 section 9.9.2.1.1: 4.096 us * 2^timeout. */
#define TIMEOUT_UNIT 4096

enum {
	DYNAMIC_FIRST = 49152, /* RFC 6335 section 6 */
	DYNAMIC_MASK = 0x3fff,
	PORT_TRIES = 64,
};

static struct iw_stack *stack_of(const struct iw_named *named)
{
	return named->qp->async.ctx->dev->iw;
}

/* The one that its program chose at RTR. */
static const uint8_t *own_gid(const struct rdma_qp *qp)
{
	const struct gid_table *gids = &qp->async.ctx->dev->gids;

	return gids->entries[qp->attr.ah.sgid_index].raw;
}

/* The lower (GID, number) of the two. */
static bool connects(const struct rdma_qp *qp)
{
	int order = memcmp(own_gid(qp), qp->attr.ah.dgid, GID_LEN);

	return order ? order < 0 : qp->num < qp->attr.dest_qp_num;
}

static bool is_joined(const struct iw_named *named)
{
	return iw_stream_carries(named->qp->stream);
}

static nsec_t earlier(nsec_t a, nsec_t b)
{
	return a < b ? a : b;
}

static void arm(struct iw_named *named)
{
	timerq_set(&stack_of(named)->bynum.timers, &named->timer,
		   earlier(named->try_at, named->fail_at));
}

static nsec_t patience(const struct urdma_qp_attr *attr)
{
	nsec_t once = (nsec_t)TIMEOUT_UNIT << attr->timeout;
	nsec_t all = once * (attr->retry_cnt + 1u);

	return all > IW_PATIENCE ? all : IW_PATIENCE;
}

static void release(struct iw_named *named, nsec_t now)
{
	iw_release(named->ep, now);
	named->ep = NULL;
	named->has_hello = false;
}

/* The connection goes, the queue pair's state is the caller's business. */
static void part(struct iw_named *named, nsec_t now)
{
	if (named->qp->stream)
		iw_stream_drop_qp(named->qp->stream, false, now);
	release(named, now);
}

static void fail(struct iw_named *named, nsec_t now)
{
	iw_bynum_stop(named->qp, now);
	async_raise(&named->qp->async, EVENT_QP_FATAL);
	qp_fail(named->qp, WC_RETRY_EXC_ERR);
}

/* Something waits for a connection; timeout 0 is for ever. */
static void look_at_work(struct iw_named *named, nsec_t now)
{
	struct rdma_qp *qp = named->qp;

	if (named->fail_at != NSEC_NEVER || qp->state != QPS_RTS ||
	    is_joined(named) || !qp->attr.timeout || !ring_ready(&qp->sq.ring))
		return;
	named->fail_at = now + patience(&qp->attr);
	arm(named);
}

/*
 * Connecting.
 */

/* `to` says hello; its READs are bounded by what its program has set so far. */
static struct iw_params params_of(const struct rdma_qp *qp,
				  uint8_t hello[static IW_HELLO_LEN])
{
	const struct iw_hello mine = {
		.from = qp->num,
		.to = qp->attr.dest_qp_num,
		.psn = qp->attr.rq_psn,
	};

	iw_hello_encode(&mine, hello);
	return (struct iw_params){
		.ird = qp->attr.max_dest_rd_atomic,
		.ord = qp->async.ctx->dev->config.limits.max_rd_atomic,
		.private_data = hello,
		.private_data_len = IW_HELLO_LEN,
	};
}

/* A port may be used to many peers at a time, so it is not taken. */
static int call(struct iw_named *named, nsec_t now)
{
	struct rdma_qp *qp = named->qp;
	const struct rdma_config *config = &qp->async.ctx->dev->config;
	uint8_t hello[IW_HELLO_LEN];
	struct iw_params params = params_of(qp, hello);
	struct flow_key key = { .remote_port = config->qpn_port };
	uint16_t start;
	int err = -EADDRINUSE;

	memcpy(key.local, own_gid(qp), FLOW_ADDR_LEN);
	memcpy(key.remote, qp->attr.ah.dgid, FLOW_ADDR_LEN);
	config->random(config->random_arg, &start, sizeof(start));
	for (uint16_t i = 0; i < PORT_TRIES && err == -EADDRINUSE; i++) {
		key.local_port = DYNAMIC_FIRST + ((start + i) & DYNAMIC_MASK);
		err = iw_connect_named(stack_of(named), &key, qp, &params,
				       named, now, &named->ep);
	}
	return err;
}

static void pause_a_while(struct iw_named *named, nsec_t now)
{
	named->try_at = now + named->pause;
	named->pause = earlier(2 * named->pause, PAUSE_MAX);
	arm(named);
}

static void try_now(struct iw_named *named, nsec_t now)
{
	named->try_at = NSEC_NEVER;
	if (call(named, now) < 0) {
		named->ep = NULL;
		pause_a_while(named, now);
	}
}

static void try_again(struct iw_named *named, nsec_t now)
{
	release(named, now);
	pause_a_while(named, now);
}

/*
 * Answering.
 */

/* A peer that this queue pair's program has named, and no other. */
static bool expects(const struct rdma_qp *qp, const struct flow_key *key,
		    const struct iw_hello *hello)
{
	return qp->named && qp->bynum->started && !qp->bynum->ep &&
	       !connects(qp) && hello->to == qp->num &&
	       hello->from == qp->attr.dest_qp_num &&
	       flow_addr_equal(key->remote, qp->attr.ah.dgid) &&
	       (qp->state != QPS_RTS || hello->psn == qp->attr.sq_psn);
}

static void admit(struct rdma_qp *qp, struct iw_ep *ep,
		  const struct iw_hello *hello, nsec_t now)
{
	struct iw_named *named = qp->bynum;
	uint8_t mine[IW_HELLO_LEN];
	struct iw_params params = params_of(qp, mine);

	if (iw_accept(ep, qp, &params, now) < 0) {
		iw_release(ep, now); /* it will try again */
		return;
	}
	iw_ep_set_user(ep, named);
	named->ep = ep;
	named->has_hello = true;
	named->peer_psn = hello->psn;
}

static bool read_request(const struct iw_stream *stream, struct iw_hello *hello)
{
	const struct mpa_outcome *outcome = &stream->neg->outcome;

	return iw_hello_decode(hello, outcome->private_data,
			       outcome->private_len);
}

/* Its peer may have been faster. */
static void look_for_request(struct rdma_qp *qp, nsec_t now)
{
	struct list *asking = &stack_of(qp->bynum)->bynum.listener->asking;

	for (struct list *link = asking->next; link != asking;
	     link = link->next) {
		struct iw_ep *ep = list_member(link, struct iw_ep, asking);
		struct iw_stream *stream =
			list_member(ep, struct iw_stream, ep);
		struct iw_hello hello;

		if (ep->held && stream->phase == IW_PHASE_ASKED &&
		    read_request(stream, &hello) &&
		    expects(qp, &stream->key, &hello)) {
			admit(qp, ep, &hello, now);
			return;
		}
	}
}

/* Its program has not said yet whom it talks to: look_for_request() finds the
 * endpoint then, if it is still there. */
static bool may_wait(const struct iw_ep *ep, const struct rdma_qp *qp)
{
	return list_member(ep, struct iw_stream, ep)->phase == IW_PHASE_ASKED &&
	       (qp->state == QPS_RESET || qp->state == QPS_INIT);
}

static void requested(struct iw_stack *stack, const struct iw_event *event,
		      nsec_t now)
{
	struct rdma_qp *qp;
	struct iw_hello hello;

	if (iw_hello_decode(&hello, event->private_data,
			    event->private_data_len) &&
	    (qp = rdma_dev_find_qp(stack->dev, hello.to))) {
		if (expects(qp, &event->key, &hello)) {
			admit(qp, event->ep, &hello, now);
			return;
		}
		if (may_wait(event->ep, qp))
			return;
	}
	iw_release(event->ep, now);
}

/*
 * The connection.
 */

/* What is known only in RTS, which may be before or after. */
static void agree(struct iw_named *named, nsec_t now)
{
	struct rdma_qp *qp = named->qp;
	struct iw_stream *stream = qp->stream;

	if (qp->state != QPS_RTS || !is_joined(named))
		return;
	if (named->has_hello && named->peer_psn != qp->attr.sq_psn) {
		fail(named, now);
		return;
	}
	if (stream->ord > qp->attr.max_rd_atomic)
		stream->rdmap.ord = stream->ord = qp->attr.max_rd_atomic;
}

/* The answer is of whom we called, or nothing was sent. */
static void joined(struct iw_named *named, const struct iw_event *event,
		   nsec_t now)
{
	const struct rdma_qp *qp = named->qp;
	struct iw_hello hello;

	if (connects(qp)) {
		if (!iw_hello_decode(&hello, event->private_data,
				     event->private_data_len) ||
		    hello.to != qp->num || hello.from != qp->attr.dest_qp_num) {
			part(named, now);
			pause_a_while(named, now);
			return;
		}
		named->has_hello = true;
		named->peer_psn = hello.psn;
	}
	named->try_at = named->fail_at = NSEC_NEVER;
	arm(named);
	agree(named, now);
}

static void left(struct iw_named *named, int error, nsec_t now)
{
	release(named, now);
	if (error)
		async_raise(&named->qp->async, EVENT_QP_FATAL);
	if (named->qp->state == QPS_ERR)
		return;
	named->left = true;
	named->fail_at = now + IW_LINGER;
	arm(named);
}

/* One that missed nothing needs no event: its receives flush. */
static void end_linger(struct iw_named *named, nsec_t now)
{
	struct rdma_qp *qp = named->qp;

	if (qp->sq.taken || ring_ready(&qp->sq.ring)) {
		fail(named, now);
		return;
	}
	iw_bynum_stop(qp, now);
	qp_enter(qp, QPS_ERR);
}

static void happened(struct iw_stack *stack, const struct iw_event *event,
		     nsec_t now)
{
	struct iw_named *named = event->user;

	if (event->kind == IW_CONNECT_REQUEST)
		requested(stack, event, now);
	else if (!named) /* a request that was not answered yet */
		iw_release(event->ep, now);
	else if (event->kind == IW_CONNECTED)
		joined(named, event, now);
	else if (event->kind == IW_DISCONNECTED)
		left(named, event->error, now);
	else
		try_again(named, now);
}

void iw_bynum_work(struct iw_stack *stack, nsec_t now)
{
	struct iw_event event;

	while (iw_take_event(&stack->bynum.events, &event))
		happened(stack, &event, now);
}

nsec_t iw_bynum_deadline(const struct iw_stack *stack)
{
	return timerq_first(&stack->bynum.timers);
}

void iw_bynum_expire(struct iw_stack *stack, nsec_t now)
{
	struct timer *timer;

	while ((timer = timerq_expired(&stack->bynum.timers, now))) {
		struct iw_named *named =
			list_member(timer, struct iw_named, timer);

		if (named->fail_at <= now && named->left)
			end_linger(named, now);
		else if (named->fail_at <= now)
			fail(named, now);
		else if (named->try_at <= now)
			try_now(named, now);
		arm(named);
	}
}

int iw_bynum_open(struct iw_stack *stack)
{
	uint16_t port = stack->dev->config.qpn_port;
	struct iw_bynum *bynum = &stack->bynum;
	int err;

	list_init(&bynum->events);
	if (!port)
		return 0;
	if (iw_port_take(stack, port) < 0)
		return 0; /* iw_stack_by_number() tells */
	err = iw_listen(stack, NULL, port, IW_BYNUM_BACKLOG, NULL,
			&bynum->listener);
	if (err < 0)
		return err;
	bynum->listener->queue = &bynum->events;
	bynum->listener->evicts = true;
	return 0;
}

bool iw_stack_by_number(const struct iw_stack *stack)
{
	return stack->bynum.listener;
}

void iw_bynum_close(struct iw_stack *stack)
{
	timerq_free(&stack->bynum.timers);
}

/*
 * Queue pairs.
 */

int iw_bynum_attach(struct rdma_qp *qp)
{
	struct rdma_dev *dev = qp->async.ctx->dev;
	struct iw_named *named;

	if (timerq_reserve(&dev->iw->bynum.timers, dev->qps.count) < 0)
		return -ENOMEM;
	named = calloc(1, sizeof(*named));
	if (!named)
		return -ENOMEM;
	named->qp = qp;
	named->try_at = named->fail_at = NSEC_NEVER;
	timer_init(&named->timer);
	qp->bynum = named;
	return 0;
}

void iw_bynum_detach(struct rdma_qp *qp, nsec_t now)
{
	iw_bynum_stop(qp, now);
	free(qp->bynum);
	qp->bynum = NULL;
}

/* A stream has two ends, so a queue pair cannot be its own peer. */
int iw_bynum_check(const struct rdma_qp *qp, const struct urdma_qp_attr *attr)
{
	const struct rdma_dev *dev = qp->async.ctx->dev;
	uint8_t own = attr->ah.sgid_index;
	const uint8_t *dgid = attr->ah.dgid;

	if (!dev->iw->bynum.listener)
		return -EOPNOTSUPP;
	if (own == GID_MAC || flow_addr_is_any(dgid) || group_is(dgid))
		return -EINVAL;
	if (qp->stream || (attr->dest_qp_num == qp->num &&
			   flow_addr_equal(dgid, dev->gids.entries[own].raw)))
		return -EINVAL;
	return 0;
}

static void start(struct iw_named *named, nsec_t now)
{
	named->started = true;
	named->pause = PAUSE_MIN;
	if (connects(named->qp))
		try_now(named, now);
	else
		look_for_request(named->qp, now);
}

void iw_bynum_run(struct rdma_qp *qp, nsec_t now)
{
	struct iw_named *named = qp->bynum;

	if (!qp->named)
		return;
	if (!named->started && qp->state == QPS_RTR)
		start(named, now);
	agree(named, now);
	look_at_work(named, now);
}

void iw_bynum_wake(struct rdma_qp *qp, nsec_t now)
{
	if (qp->named)
		look_at_work(qp->bynum, now);
}

void iw_bynum_stop(struct rdma_qp *qp, nsec_t now)
{
	struct iw_named *named = qp->bynum;

	part(named, now);
	named->started = named->left = false;
	named->try_at = named->fail_at = NSEC_NEVER;
	timerq_drop(&stack_of(named)->bynum.timers, &named->timer);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Operations on a device file: completion channels, completion queues, and the
 * events that all queues make. */
#include <errno.h>
#include <rdma/ib_user_verbs.h>
#include <stdlib.h>

#include "base/bits.h"
#include "rdma/rdma_dev.h"
#include "rdma/verbs.h"
#include "urdmad/control_ops.h"

static struct rdma_dev *device_of(const struct session *session)
{
	return session->control->config.devices[session->device];
}

void control_place_reply(struct urdma_queue_place *place,
			 const struct arena_block *block, uint32_t slots,
			 uint32_t stride)
{
	place->arena = arena_key(block->arena);
	place->arena_bytes = arena_bytes(block->arena);
	place->offset = block->offset;
	place->slots = slots;
	place->stride = stride;
}

/*
 * Completion channels.
 */

/* Not while the program may still name it, or a queue sends to it. */
static void put_channel(struct comp_channel *channel)
{
	struct session *session = channel->session;

	if (channel->cqs || channel->outlet.poller)
		return;
	HASH_DEL(session->channels, channel);
	user_refund(session->user, USER_FD, 1);
	free(channel);
}

static void channel_gone(struct outlet *outlet)
{
	put_channel((struct comp_channel *)outlet);
}

static int add_channel(struct session *session, int *theirs, uint32_t *handle)
{
	struct comp_channel *channel = calloc(1, sizeof(*channel));
	int ret;

	if (!channel)
		return -ENOMEM;
	ret = outlet_open(&channel->outlet, session->control->config.poller,
			  channel_gone, theirs);
	if (ret < 0) {
		free(channel);
		return ret;
	}
	channel->session = session;
	channel->handle = session_new_handle(session);
	HASH_ADD(hh, session->channels, handle, sizeof(channel->handle),
		 channel);
	*handle = channel->handle;
	return 0;
}

int control_create_channel(struct control_call *call)
{
	struct urdma_handle *reply = call->reply;
	struct session *session = call->session;
	int ret = user_charge(session->user, USER_FD, 1);

	if (ret < 0)
		return ret;
	ret = add_channel(session, &call->give, &reply->handle);
	if (ret < 0) {
		user_refund(session->user, USER_FD, 1);
		call->give = -1;
		return ret;
	}
	call->close_given = true;
	return 0;
}

/*
 * Completion queues.
 */

static void free_old_ring(struct session *session, struct session_cq *cq)
{
	arena_free(&session->arenas, &cq->old_ring);
	user_refund(session->user, USER_CQE, cq->old_slots);
	cq->old_slots = 0;
}

/* What of it belongs to us; the device has none of it any more. */
static void free_cq(struct session *session, struct session_cq *cq)
{
	free_old_ring(session, cq);
	arena_free(&session->arenas, &cq->ring);
	user_refund(session->user, USER_CQE, cq->slots);
	if (cq->channel) {
		cq->channel->cqs--;
		put_channel(cq->channel);
	}
	free(cq);
}

static int build_cq(struct session *session, struct session_cq *cq)
{
	struct rdma_cq_attr attr = {
		.user_handle = cq->user_handle,
		.slots = cq->slots,
		/* The device hands it back with each event. */
		.channel = cq->channel || session->carrier ? cq : NULL,
	};
	uint64_t bytes = urdma_ring_bytes(cq->slots, sizeof(struct urdma_cqe));
	int ret = arena_alloc(&session->arenas, bytes, ARENA_ALIGN, &cq->ring);

	if (ret < 0)
		return ret;
	attr.ring = cq->ring.at;
	return rdma_cq_create(session->ctx, &attr, &cq->handle);
}

static int add_cq(struct session *session, const struct urdma_create_cq *ask,
		  struct comp_channel *channel, uint32_t slots,
		  struct session_cq **made)
{
	struct session_cq *cq =
		user_alloc(session->user, USER_CQE, slots, sizeof(*cq));
	int ret;

	if (!cq)
		return -ENOMEM;
	cq->slots = slots;
	cq->user_handle = ask->user_handle;
	cq->channel = channel;
	if (channel)
		channel->cqs++;
	ret = build_cq(session, cq);
	if (ret < 0) {
		free_cq(session, cq);
		return ret;
	}
	HASH_ADD(hh, session->cqs, handle, sizeof(cq->handle), cq);
	*made = cq;
	return 0;
}

int control_create_cq(struct control_call *call)
{
	const struct urdma_create_cq *ask = call->request;
	struct urdma_create_cq_reply *reply = call->reply;
	struct session *session = call->session;
	struct comp_channel *channel = NULL;
	struct session_cq *cq = NULL;
	uint32_t slots;
	int ret;

	HASH_FIND(hh, session->channels, &ask->channel, sizeof(ask->channel),
		  channel);
	if (!session->ctx || ask->comp_vector != 0 ||
	    (ask->channel && !channel))
		return -EINVAL;
	slots = rdma_cq_slots(device_of(session), ask->cqe);
	if (!slots)
		return -EINVAL;
	ret = add_cq(session, ask, channel, slots, &cq);
	if (ret < 0)
		return ret;
	reply->cq = cq->handle;
	reply->cqe = slots;
	control_place_reply(&reply->ring, &cq->ring, slots,
			    sizeof(struct urdma_cqe));
	return 0;
}

static int move_cq(struct session *session, struct session_cq *cq,
		   uint32_t slots)
{
	uint64_t bytes = urdma_ring_bytes(slots, sizeof(struct urdma_cqe));
	struct arena_block ring = { 0 };
	int ret;

	free_old_ring(session, cq);
	ret = user_charge(session->user, USER_CQE, slots);
	if (ret < 0)
		return ret;
	ret = arena_alloc(&session->arenas, bytes, ARENA_ALIGN, &ring);
	if (ret == 0)
		ret = rdma_cq_resize(rdma_ctx_find_cq(session->ctx, cq->handle),
				     ring.at, slots);
	if (ret < 0) {
		arena_free(&session->arenas, &ring);
		user_refund(session->user, USER_CQE, slots);
		return ret;
	}
	cq->old_ring = cq->ring;
	cq->old_slots = cq->slots;
	cq->ring = ring;
	cq->slots = slots;
	return 0;
}

int control_resize_cq(struct control_call *call)
{
	const struct urdma_resize_cq *ask = call->request;
	struct urdma_resize_cq_reply *reply = call->reply;
	struct session *session = call->session;
	uint32_t slots = rdma_cq_slots(device_of(session), ask->cqe);
	struct session_cq *cq;
	int ret = 0;

	HASH_FIND(hh, session->cqs, &ask->cq, sizeof(ask->cq), cq);
	if (!cq || !slots)
		return -EINVAL;
	if (slots != cq->slots)
		ret = move_cq(session, cq, slots);
	if (ret < 0)
		return ret;
	reply->cqe = slots;
	control_place_reply(&reply->ring, &cq->ring, slots,
			    sizeof(struct urdma_cqe));
	return 0;
}

int control_modify_cq(struct control_call *call)
{
	const struct urdma_modify_cq *ask = call->request;
	struct session *session = call->session;
	struct rdma_cq *cq =
		session->ctx ? rdma_ctx_find_cq(session->ctx, ask->cq) : NULL;

	if (!cq)
		return -EINVAL;
	rdma_cq_modify(cq, ask->count, ask->period_us);
	return 0;
}

static bool is_comp_event_of(void *arg, const void *bytes, size_t len)
{
	const struct session_cq *cq = arg;
	struct ib_uverbs_comp_event_desc event;

	if (len != sizeof(event))
		return false;
	memcpy(&event, bytes, len);
	return event.cq_handle == cq->user_handle;
}

/* What an asynchronous event is about; all others are about the device. */
enum subject { OF_DEVICE, OF_CQ, OF_QP, OF_SRQ };

static enum subject subject_of(uint32_t type)
{
	static const enum subject subjects[] = {
		[EVENT_CQ_ERR] = OF_CQ,
		[EVENT_QP_FATAL] = OF_QP,
		[EVENT_QP_REQ_ERR] = OF_QP,
		[EVENT_QP_ACCESS_ERR] = OF_QP,
		[EVENT_COMM_EST] = OF_QP,
		[EVENT_SQ_DRAINED] = OF_QP,
		[EVENT_SRQ_ERR] = OF_SRQ,
		[EVENT_SRQ_LIMIT_REACHED] = OF_SRQ,
		[EVENT_QP_LAST_WQE_REACHED] = OF_QP,
	};

	if (type >= sizeof(subjects) / sizeof(subjects[0]))
		return OF_DEVICE;
	return subjects[type];
}

static bool is_async_event(const void *bytes, size_t len, uint64_t element,
			   enum subject subject)
{
	struct ib_uverbs_async_event_desc event;

	if (len != sizeof(event))
		return false;
	memcpy(&event, bytes, len);
	return event.element == element &&
	       subject_of(event.event_type) == subject;
}

static bool is_async_event_of_cq(void *arg, const void *bytes, size_t len)
{
	const struct session_cq *cq = arg;

	return is_async_event(bytes, len, cq->user_handle, OF_CQ);
}

static bool is_async_event_of_qp(void *arg, const void *bytes, size_t len)
{
	const struct session_qp *qp = arg;

	return is_async_event(bytes, len, qp->user_handle, OF_QP);
}

/* How many of `sent` the program has read; the others are taken back. */
static uint32_t reported(const struct control_call *call, struct outlet *outlet,
			 bool (*mine)(void *, const void *, size_t), void *arg,
			 uint32_t sent)
{
	struct channel *channel = &outlet->channel;
	int taken;

	if (!outlet->poller)
		return sent;
	taken = channel_take(channel, control_borrowed(call, channel), mine,
			     arg);
	outlet_update(outlet);
	return taken > 0 && (uint32_t)taken <= sent ? sent - taken : sent;
}

static bool is_async_event_of_srq(void *arg, const void *bytes, size_t len)
{
	const struct session_srq *srq = arg;

	return is_async_event(bytes, len, srq->user_handle, OF_SRQ);
}

uint32_t control_reported_qp(const struct control_call *call,
			     struct session_qp *qp)
{
	return reported(call, &call->session->async, is_async_event_of_qp, qp,
			qp->async_events);
}

uint32_t control_reported_srq(const struct control_call *call,
			      struct session_srq *srq)
{
	return reported(call, &call->session->async, is_async_event_of_srq, srq,
			srq->async_events);
}

int control_destroy_cq(struct control_call *call)
{
	const struct urdma_handle *ask = call->request;
	struct urdma_destroy_reply *reply = call->reply;
	struct session *session = call->session;
	struct session_cq *cq;
	int ret;

	HASH_FIND(hh, session->cqs, &ask->handle, sizeof(ask->handle), cq);
	if (!cq)
		return -EINVAL;
	/* So that no event names it any more. */
	control_deliver_device(session->control, session->device);
	ret = rdma_cq_destroy(session->ctx, cq->handle);
	if (ret < 0)
		return ret;
	if (cq->channel)
		reply->comp_events_reported =
			reported(call, &cq->channel->outlet, is_comp_event_of,
				 cq, cq->comp_events);
	reply->async_events_reported =
		reported(call, &session->async, is_async_event_of_cq, cq,
			 cq->async_events);
	HASH_DEL(session->cqs, cq);
	free_cq(session, cq);
	return 0;
}

void control_free_queues(struct session *session)
{
	struct comp_channel *channel, *next_channel;
	struct session_cq *cq, *next_cq;
	struct session_srq *srq, *next_srq;
	struct session_qp *qp, *next_qp;

	HASH_ITER(hh, session->qps, qp, next_qp)
	{
		HASH_DEL(session->qps, qp);
		control_free_qp(session, qp);
	}
	HASH_ITER(hh, session->srqs, srq, next_srq)
	{
		HASH_DEL(session->srqs, srq);
		control_free_srq(session, srq);
	}
	HASH_ITER(hh, session->cqs, cq, next_cq)
	{
		HASH_DEL(session->cqs, cq);
		free_cq(session, cq);
	}
	HASH_ITER(hh, session->channels, channel, next_channel)
	{
		outlet_close(&channel->outlet);
		put_channel(channel);
	}
}

/*
 * Events.
 */

enum { MISHAPS_MAX = 8 }; /* who fails for ever does not fill the log */

static void report(struct session *session, uint32_t event, uint32_t number)
{
	static const uint32_t failures =
		BIT(EVENT_CQ_ERR) | BIT(EVENT_QP_FATAL) |
		BIT(EVENT_QP_REQ_ERR) | BIT(EVENT_QP_ACCESS_ERR) |
		BIT(EVENT_SRQ_ERR);
	const struct control_config *config = &session->control->config;
	struct control_mishap mishap = { .pid = session->pid,
					 .device = session->device,
					 .event = event,
					 .number = number };

	if (!config->mishap || !(failures & BIT(event)) ||
	    session->mishaps == MISHAPS_MAX)
		return;
	mishap.last = ++session->mishaps == MISHAPS_MAX;
	config->mishap(config->mishap_arg, &mishap);
}

/* What the event is about: how many events it had, and its number for whoever
 * reads the log.  Two objects of one program that share a user_handle are its
 * own fault. */
static uint32_t *find_subject(struct session *session,
			      const struct rdma_event *event, uint32_t *number)
{
	enum subject subject = subject_of(event->type);
	struct session_cq *cq = subject == OF_CQ ? session->cqs : NULL;
	struct session_qp *qp = subject == OF_QP ? session->qps : NULL;
	struct session_srq *srq = subject == OF_SRQ ? session->srqs : NULL;

	while (cq && cq->user_handle != event->element)
		cq = cq->hh.next;
	while (qp && qp->user_handle != event->element)
		qp = qp->hh.next;
	while (srq && srq->user_handle != event->element)
		srq = srq->hh.next;
	*number = cq ? cq->handle : srq ? srq->handle : 0;
	if (qp)
		*number =
			rdma_qp_num(rdma_ctx_find_qp(session->ctx, qp->handle));
	if (cq)
		return &cq->async_events;
	if (qp)
		return &qp->async_events;
	return srq ? &srq->async_events : NULL;
}

static void deliver_async(const struct rdma_event *event)
{
	struct session *session = rdma_ctx_owner(event->ctx);
	const struct ib_uverbs_async_event_desc desc = {
		.element = event->element,
		.event_type = event->type,
	};
	uint32_t number;
	uint32_t *count = find_subject(session, event, &number);

	if (session->carrier)
		session->carrier->async(session, event->element, event->type);
	else if (outlet_send(&session->async, &desc, sizeof(desc)) == 0 &&
		 count)
		++*count;
	report(session, event->type, number);
}

static void deliver_comp(const struct rdma_event *event)
{
	const struct ib_uverbs_comp_event_desc desc = {
		.cq_handle = event->element,
	};
	struct session *session = rdma_ctx_owner(event->ctx);
	struct session_cq *cq = event->channel;

	if (session->carrier)
		session->carrier->comp(session, event->element);
	else if (outlet_send(&cq->channel->outlet, &desc, sizeof(desc)) == 0)
		cq->comp_events++;
}

void control_deliver_device(struct control *control, unsigned int device)
{
	struct rdma_event event;

	while (rdma_dev_event(control->config.devices[device], &event)) {
		if (event.kind == RDMA_EVENT_COMP)
			deliver_comp(&event);
		else
			deliver_async(&event);
	}
}

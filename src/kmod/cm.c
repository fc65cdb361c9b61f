// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Connections of iWARP: what the kernel's iw_cm asks, and tells its clients.
 * Its listeners are in listen.c.
 *
 * iw_cm wants to hear of a connection exactly what its state lets it hear, or
 * it ends in BUG(): a CONNECT_REPLY after connect(); after an accept() that
 * returned 0, ESTABLISHED; CLOSE once after either said that it is up; nothing
 * before accept().  So each endpoint has its own state here, under the device's
 * cm_lock, and whatever does not fit it is dropped.  iw_cm waits for these
 * events as if they were sure to come: an endpoint that ends for another
 * reason (its queue pair or the daemon goes) says them, too.
 *
 * A program that is killed meanwhile could not even close its files: iw_cm
 * waits without looking for signals.  So somebody else looks (urdma_cm_watch).
 *
 * An endpoint has one reference until it is over (urdma_ep_over), and one for
 * each answer that is awaited.  What may accept or reject a request knows it by
 * a number: iw_cm drops requests that it has not looked at when their listener
 * goes, and would keep a reference for ever.
 */
#include <linux/cred.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "cm.h"

struct urdma_ep *urdma_ep_make(struct urdma_dev *dev, enum ep_state state,
			       struct iw_cm_id *id)
{
	struct urdma_ep *ep = kzalloc(sizeof(*ep), GFP_KERNEL);

	if (!ep)
		return NULL;
	kref_init(&ep->ref);
	init_completion(&ep->answered);
	INIT_LIST_HEAD(&ep->entry);
	get_device(&dev->ib.dev);
	ep->dev = dev;
	ep->state = state;
	ep->id = id;
	if (id)
		id->add_ref(id);
	return ep;
}

static void ep_free(struct kref *ref)
{
	struct urdma_ep *ep = container_of(ref, struct urdma_ep, ref);

	put_pid(ep->pid);
	put_device(&ep->dev->ib.dev);
	kfree(ep);
}

void urdma_ep_put(struct urdma_ep *ep)
{
	kref_put(&ep->ref, ep_free);
}

static void tell_id(struct urdma_dev *dev, u16 op, u32 remote)
{
	const struct urdma_cm_id ask = { .id = remote };

	urdma_tell(&dev->cm, op, &ask, sizeof(ask));
}

static void ep_attach(struct urdma_ep *ep, struct urdma_qp *qp)
{
	ep->qp = qp;
	qp->ep = ep;
}

static void ep_detach(struct urdma_ep *ep)
{
	if (ep->qp)
		ep->qp->ep = NULL;
	ep->qp = NULL;
}

static void ep_pending(struct urdma_ep *ep)
{
	ep->pid = get_task_pid(current, PIDTYPE_TGID);
	list_add_tail(&ep->entry, &ep->dev->pending);
	queue_delayed_work(system_wq, &ep->dev->watch, HZ / 4);
}

void urdma_ep_over(struct urdma_ep *ep)
{
	if (ep->state == EP_OVER)
		return;
	ep->state = EP_OVER;
	list_del_init(&ep->entry);
	ep_detach(ep);
	if (ep->request)
		xa_erase(&ep->dev->requests, ep->request);
	if (ep->remote) {
		xa_erase(&ep->dev->eps, ep->remote);
		tell_id(ep->dev, URDMA_OP_CM_DESTROY, ep->remote);
	}
	if (ep->id)
		ep->id->rem_ref(ep->id);
	ep->id = NULL;
	urdma_ep_put(ep);
}

/*
 * What iw_cm is told.
 */

static void sockaddr_take(struct sockaddr_storage *to,
			  const struct urdma_sockaddr *from)
{
	memset(to, 0, sizeof(*to));
	memcpy(to, from->bytes, sizeof(from->bytes));
}

void urdma_sockaddr_give(struct urdma_sockaddr *to,
			 const struct sockaddr_storage *from)
{
	size_t len = from->ss_family == AF_INET ? sizeof(struct sockaddr_in)
						: sizeof(to->bytes);

	memset(to, 0, sizeof(*to));
	memcpy(to->bytes, from, len);
}

/* rdma_cm calls ird what it then hands out as initiator_depth. */
static void take_conn(struct iw_cm_event *to,
		      const struct urdma_kernel_cm_event *from)
{
	const struct urdma_cm_conn_param *conn = &from->event.conn;

	to->ird = conn->initiator_depth;
	to->ord = conn->responder_resources;
	to->private_data = (void *)conn->private_data;
	to->private_data_len = conn->private_data_len;
	sockaddr_take(&to->local_addr, &from->local);
	sockaddr_take(&to->remote_addr, &from->remote);
}

static int say(struct iw_cm_id *id, enum iw_cm_event_type what, int status,
	       const struct urdma_kernel_cm_event *from, void *provider_data)
{
	struct iw_cm_event event = {
		.event = what,
		.status = status,
		.provider_data = provider_data,
	};

	if (from) {
		take_conn(&event, from);
	} else {
		event.local_addr = id->m_local_addr;
		event.remote_addr = id->m_remote_addr;
	}
	return id->event_handler(id, &event);
}

/* Also of what was up. */
static void ep_fail(struct urdma_ep *ep, int status,
		    const struct urdma_kernel_cm_event *from)
{
	switch (ep->state) {
	case EP_CONNECTING:
		say(ep->id, IW_CM_EVENT_CONNECT_REPLY, status, from, NULL);
		break;
	case EP_ACCEPTING:
		ep->failed = true; /* iw_accept() says it */
		ep_detach(ep);
		return;
	case EP_ACCEPTED:
		say(ep->id, IW_CM_EVENT_ESTABLISHED, status, NULL, NULL);
		fallthrough;
	case EP_UP:
		say(ep->id, IW_CM_EVENT_CLOSE, 0, NULL, NULL);
		break;
	default:
		break;
	}
	urdma_ep_over(ep);
}

static void ep_up(struct urdma_ep *ep, const struct urdma_kernel_cm_event *from)
{
	if (ep->state == EP_CONNECTING)
		say(ep->id, IW_CM_EVENT_CONNECT_REPLY, 0, from, NULL);
	else if (ep->state == EP_ACCEPTING || ep->state == EP_ACCEPTED)
		say(ep->id, IW_CM_EVENT_ESTABLISHED, 0, from, NULL);
	else
		return;
	ep->state = EP_UP;
	list_del_init(&ep->entry);
}

/* NULL: it cannot be known here. */
static struct urdma_ep *request_make(struct urdma_dev *dev, u32 remote)
{
	struct urdma_ep *ep = urdma_ep_make(dev, EP_REQUEST, NULL);

	if (!ep)
		return NULL;
	if (xa_insert(&dev->eps, remote, ep, GFP_KERNEL)) {
		urdma_ep_put(ep);
		return NULL;
	}
	ep->remote = remote;
	if (xa_alloc_cyclic(&dev->requests, &ep->request, ep, xa_limit_32b,
			    &dev->next_request, GFP_KERNEL) < 0)
		ep->request = 0; /* which nobody finds */
	return ep;
}

/* A reference, or NULL: it is over. */
static struct urdma_ep *request_take(struct urdma_dev *dev,
				     const struct iw_cm_id *id)
{
	unsigned long number = (unsigned long)id->provider_data;
	struct urdma_ep *ep;

	mutex_lock(&dev->cm_lock);
	ep = xa_erase(&dev->requests, number);
	if (ep) {
		ep->request = 0;
		kref_get(&ep->ref);
	}
	mutex_unlock(&dev->cm_lock);
	return ep;
}

static void peer_asks(struct urdma_dev *dev,
		      const struct urdma_kernel_cm_event *event)
{
	struct urdma_ep *listener = xa_load(&dev->eps, event->listener);
	struct urdma_ep *ep = NULL;

	if (listener && listener->state == EP_LISTENING && !dev->ending)
		ep = request_make(dev, event->event.id);
	if (!ep) {
		tell_id(dev, URDMA_OP_CM_DESTROY, event->event.id);
		return;
	}
	if (!ep->request || say(listener->id, IW_CM_EVENT_CONNECT_REQUEST, 0,
				event, (void *)(unsigned long)ep->request))
		urdma_ep_over(ep);
}

/* cma_iw_handler() makes the event from the status. */
static int status_of(const struct urdma_cm_event *event)
{
	switch (event->event) {
	case RDMA_CM_EVENT_REJECTED:
		return -ECONNREFUSED;
	case RDMA_CM_EVENT_UNREACHABLE:
		return -ETIMEDOUT;
	case RDMA_CM_EVENT_CONNECT_ERROR:
		return -EPROTO;
	default:
		return -ECONNRESET;
	}
}

static void ep_event(struct urdma_dev *dev,
		     const struct urdma_kernel_cm_event *event)
{
	struct urdma_ep *ep = xa_load(&dev->eps, event->event.id);

	if (!ep || ep->state == EP_LISTENING)
		return;
	if (event->event.event == RDMA_CM_EVENT_ESTABLISHED)
		ep_up(ep, event);
	else
		ep_fail(ep, status_of(&event->event), event);
}

void urdma_cm_event(struct urdma_dev *dev,
		    const struct urdma_kernel_cm_event *event)
{
	mutex_lock(&dev->cm_lock);
	if (event->event.event == RDMA_CM_EVENT_CONNECT_REQUEST)
		peer_asks(dev, event);
	else
		ep_event(dev, event);
	mutex_unlock(&dev->cm_lock);
}

/*
 * What iw_cm asks.
 */

void urdma_iw_add_ref(struct ib_qp *ib)
{
	refcount_inc(&urdma_qp(ib)->refs);
}

void urdma_iw_rem_ref(struct ib_qp *ib)
{
	if (refcount_dec_and_test(&urdma_qp(ib)->refs))
		complete(&urdma_qp(ib)->unused);
}

/* The caller has interrupts off, and takes its reference before they are on
 * again (urdma_destroy_qp).
 */
struct ib_qp *urdma_iw_get_qp(struct ib_device *ib, int number)
{
	struct urdma_qp *qp = xa_load(&urdma_dev(ib)->qps, number);

	return qp ? &qp->ib : NULL;
}

static int fill_conn(struct urdma_cm_conn_param *to,
		     const struct iw_cm_conn_param *from)
{
	if (from->private_data_len > sizeof(to->private_data) ||
	    from->private_data_len > U8_MAX)
		return -EINVAL;
	*to = (struct urdma_cm_conn_param){
		.qp_num = from->qpn,
		.responder_resources = min_t(u32, from->ird, U8_MAX),
		.initiator_depth = min_t(u32, from->ord, U8_MAX),
		.valid = 1,
		.private_data_len = from->private_data_len,
	};
	if (from->private_data_len)
		memcpy(to->private_data, from->private_data,
		       from->private_data_len);
	return 0;
}

/* A program may name any number: only one of the same user's is taken. */
static struct urdma_qp *free_qp(struct urdma_dev *dev, u32 number)
{
	struct urdma_qp *qp = xa_load(&dev->qps, number);

	if (!qp || qp->ep || !uid_eq(qp->uid, current_euid()))
		return NULL;
	return qp;
}

/* Of CONNECT_TO and LISTEN_AT. */
static void made(void *arg, int error, const void *reply)
{
	const struct urdma_cm_id *id = reply;
	struct urdma_ep *ep = arg;
	struct urdma_dev *dev = ep->dev;

	mutex_lock(&dev->cm_lock);
	if (!error && ep->state == EP_OVER) {
		tell_id(dev, URDMA_OP_CM_DESTROY, id->id);
	} else if (!error) {
		error = xa_insert(&dev->eps, id->id, ep, GFP_KERNEL);
		if (error)
			tell_id(dev, URDMA_OP_CM_DESTROY, id->id);
		else
			ep->remote = id->id;
	}
	if (error && ep->state == EP_CONNECTING)
		ep_fail(ep, error, NULL);
	ep->error = error;
	complete(&ep->answered);
	mutex_unlock(&dev->cm_lock);
	urdma_ep_put(ep);
}

int urdma_ep_ask(struct urdma_ep *ep, u16 op, const void *ask, size_t len)
{
	int error;

	kref_get(&ep->ref);
	error = urdma_ask_then(&ep->dev->cm, op, ask, len,
			       sizeof(struct urdma_cm_id), made, ep);
	if (error)
		urdma_ep_put(ep);
	return error;
}

static int start_connect(struct urdma_dev *dev, struct iw_cm_id *id,
			 const struct urdma_cm_connect_to *ask)
{
	struct urdma_qp *qp = free_qp(dev, ask->conn.qp_num);
	struct urdma_ep *ep;
	int error;

	if (!qp)
		return -EINVAL;
	if (dev->ending)
		return -ENODEV;
	ep = urdma_ep_make(dev, EP_CONNECTING, id);
	if (!ep)
		return -ENOMEM;
	ep_attach(ep, qp);
	ep_pending(ep);
	error = urdma_ep_ask(ep, URDMA_OP_CM_CONNECT_TO, ask, sizeof(*ask));
	if (error)
		urdma_ep_over(ep);
	return error;
}

/* Whatever goes wrong later is in the CONNECT_REPLY. */
int urdma_iw_connect(struct iw_cm_id *id, struct iw_cm_conn_param *param)
{
	struct urdma_dev *dev = urdma_dev(id->device);
	struct urdma_cm_connect_to ask;
	int error = fill_conn(&ask.conn, param);

	if (error)
		return error;
	urdma_sockaddr_give(&ask.src, &id->m_local_addr);
	urdma_sockaddr_give(&ask.dst, &id->m_remote_addr);
	mutex_lock(&dev->cm_lock);
	error = start_connect(dev, id, &ask);
	mutex_unlock(&dev->cm_lock);
	return error;
}

static int begin_accept(struct urdma_ep *ep, struct iw_cm_id *id, u32 qp_num)
{
	struct urdma_qp *qp = free_qp(ep->dev, qp_num);

	if (ep->state != EP_REQUEST)
		return -ECONNRESET;
	if (!qp) {
		urdma_ep_over(ep);
		return -EINVAL;
	}
	ep->id = id;
	id->add_ref(id);
	ep_attach(ep, qp);
	ep_pending(ep);
	ep->state = EP_ACCEPTING;
	return 0;
}

/* 0 if iw_cm heard, or will hear, that it is established. */
static int end_accept(struct urdma_ep *ep, int error)
{
	if (ep->state != EP_ACCEPTING)
		return 0;
	if (!error && ep->failed)
		error = -ECONNRESET;
	if (error)
		urdma_ep_over(ep);
	else
		ep->state = EP_ACCEPTED;
	return error;
}

int urdma_iw_accept(struct iw_cm_id *id, struct iw_cm_conn_param *param)
{
	struct urdma_dev *dev = urdma_dev(id->device);
	struct urdma_ep *ep = request_take(dev, id);
	struct urdma_cm_accept ask;
	struct urdma_empty reply;
	int error = fill_conn(&ask.conn, param);

	if (!ep)
		return -ECONNRESET;
	ask.id = ep->remote;
	mutex_lock(&dev->cm_lock);
	if (error)
		urdma_ep_over(ep);
	else
		error = begin_accept(ep, id, param->qpn);
	mutex_unlock(&dev->cm_lock);
	if (!error) {
		error = urdma_ask(&dev->cm, URDMA_OP_CM_ACCEPT, &ask,
				  sizeof(ask), &reply, sizeof(reply));
		mutex_lock(&dev->cm_lock);
		error = end_accept(ep, error);
		mutex_unlock(&dev->cm_lock);
	}
	urdma_ep_put(ep);
	return error;
}

int urdma_iw_reject(struct iw_cm_id *id, const void *data, u8 len)
{
	struct urdma_dev *dev = urdma_dev(id->device);
	struct urdma_ep *ep = request_take(dev, id);
	struct urdma_cm_reject ask = { .private_data_len = len };

	if (!ep)
		return 0; /* no need any more */
	ask.id = ep->remote;
	if (len)
		memcpy(ask.private_data, data, len);
	mutex_lock(&dev->cm_lock);
	if (ep->state == EP_REQUEST)
		urdma_tell(&dev->cm, URDMA_OP_CM_REJECT, &ask, sizeof(ask));
	urdma_ep_over(ep);
	mutex_unlock(&dev->cm_lock);
	urdma_ep_put(ep);
	return 0;
}

/*
 * Ends.
 */

void urdma_cm_disconnect(struct urdma_qp *qp, bool abrupt)
{
	struct urdma_dev *dev = urdma_dev(qp->ib.device);
	struct urdma_ep *ep;

	mutex_lock(&dev->cm_lock);
	ep = qp->ep;
	if (ep && ep->state == EP_UP && !abrupt)
		tell_id(dev, URDMA_OP_CM_DISCONNECT, ep->remote);
	else if (ep)
		ep_fail(ep, -ECONNRESET, NULL);
	mutex_unlock(&dev->cm_lock);
}

/* Listeners are iw_cm's to end. */
void urdma_cm_drop_all(struct urdma_dev *dev)
{
	struct urdma_ep *ep, *next;
	unsigned long remote;

	mutex_lock(&dev->cm_lock);
	dev->ending = true;
	list_for_each_entry_safe(ep, next, &dev->pending, entry)
		ep_fail(ep, -ENODEV, NULL);
	xa_for_each(&dev->eps, remote, ep)
		if (ep->state != EP_LISTENING)
			ep_fail(ep, -ENODEV, NULL);
	mutex_unlock(&dev->cm_lock);
}

static bool is_dying(struct pid *pid)
{
	struct task_struct *task;
	bool dying;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_TGID);
	dying = !task || READ_ONCE(task->signal->flags) & SIGNAL_GROUP_EXIT;
	rcu_read_unlock();
	return dying;
}

void urdma_cm_watch(struct work_struct *work)
{
	struct urdma_dev *dev =
		container_of(work, struct urdma_dev, watch.work);
	struct urdma_ep *ep, *next;

	mutex_lock(&dev->cm_lock);
	list_for_each_entry_safe(ep, next, &dev->pending, entry)
		if (is_dying(ep->pid))
			ep_fail(ep, -ECONNRESET, NULL);
	if (!list_empty(&dev->pending))
		queue_delayed_work(system_wq, &dev->watch, HZ / 4);
	mutex_unlock(&dev->cm_lock);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames to the daemon, and its answers. */
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "urdma.h"

enum { MADS_MAX = 1024 };

struct urdma_call {
	struct list_head entry; /* in daemon->out or ->asked */
	refcount_t refs;	/* the list's, the waiter's */
	bool answered_for;	/* somebody wants the answer */
	struct completion done;
	int error;
	void (*then)(void *arg, int error, const void *reply);
	void *arg;
	struct file *file;
	size_t reply_len;
	u8 reply[URDMA_CONTROL_MAX] __aligned(8);
	struct urdma_kernel_head head;
	u8 body[URDMA_CONTROL_MAX];
};

void urdma_call_init(struct urdma_daemon *daemon)
{
	spin_lock_init(&daemon->lock);
	INIT_LIST_HEAD(&daemon->out);
	INIT_LIST_HEAD(&daemon->asked);
	init_waitqueue_head(&daemon->readable);
	atomic_set(&daemon->last_session, 0);
}

static void call_put(struct urdma_call *call)
{
	if (!refcount_dec_and_test(&call->refs))
		return;
	if (call->file)
		fput(call->file);
	kfree(call);
}

/* It is in no list any more. */
static void call_done(struct urdma_call *call, int error)
{
	call->error = error;
	if (call->then)
		call->then(call->arg, error, call->reply);
	complete(&call->done);
	call_put(call);
}

static struct urdma_call *call_make(struct urdma_session *session, u16 kind,
				    const void *body, size_t len, gfp_t gfp)
{
	struct urdma_call *call = kzalloc(sizeof(*call), gfp);

	if (!call)
		return NULL;
	refcount_set(&call->refs, 1);
	init_completion(&call->done);
	call->head.kind = kind;
	call->head.length = sizeof(call->head) + len;
	call->head.session = session->number;
	call->head.fd = -1;
	memcpy(call->body, body, len);
	return call;
}

static struct urdma_call *ask_make(struct urdma_session *session, u16 op,
				   const void *request, size_t len,
				   size_t reply_len)
{
	struct urdma_msg_head head = { .op = op, .length = sizeof(head) + len };
	struct urdma_call *call;

	call = call_make(session, URDMA_KERNEL_ASK, &head, sizeof(head),
			 GFP_KERNEL);
	if (!call)
		return NULL;
	memcpy(call->body + sizeof(head), request, len);
	call->head.length += len;
	call->reply_len = reply_len;
	return call;
}

/* Under its lock; 0: there is room. */
static int check_room(struct urdma_daemon *daemon, struct urdma_call *call)
{
	if (daemon->dead)
		return -ENODEV;
	if (call->head.kind != URDMA_KERNEL_MAD)
		return 0;
	/* Datagrams: nobody waits until they are read. */
	if (daemon->mads == MADS_MAX)
		return -ENOBUFS;
	daemon->mads++;
	return 0;
}

/* The list takes a reference. */
static int call_send(struct urdma_daemon *daemon, struct urdma_call *call)
{
	unsigned long flags;
	int error;

	spin_lock_irqsave(&daemon->lock, flags);
	error = check_room(daemon, call);
	if (!error) {
		refcount_inc(&call->refs);
		call->head.seq = ++daemon->last_seq;
		list_add_tail(&call->entry, &daemon->out);
	}
	spin_unlock_irqrestore(&daemon->lock, flags);
	if (!error)
		wake_up_interruptible(&daemon->readable);
	return error;
}

int urdma_ask_file(struct urdma_session *session, u16 op, const void *request,
		   size_t len, void *reply, size_t reply_len,
		   struct file **file)
{
	struct urdma_call *call;
	int error;

	call = ask_make(session, op, request, len, reply_len);
	if (!call)
		return -ENOMEM;
	call->answered_for = true;
	error = call_send(session->daemon, call);
	if (!error && wait_for_completion_killable(&call->done))
		error = -EINTR;
	else if (!error)
		error = call->error;
	if (!error) {
		memcpy(reply, call->reply, reply_len);
		if (file)
			swap(*file, call->file);
	}
	call_put(call);
	return error;
}

int urdma_ask(struct urdma_session *session, u16 op, const void *request,
	      size_t len, void *reply, size_t reply_len)
{
	return urdma_ask_file(session, op, request, len, reply, reply_len,
			      NULL);
}

static void send_and_forget(struct urdma_session *session,
			    struct urdma_call *call)
{
	if (!call)
		return;
	call_send(session->daemon, call);
	call_put(call);
}

void urdma_tell(struct urdma_session *session, u16 op, const void *request,
		size_t len)
{
	send_and_forget(session, ask_make(session, op, request, len, 0));
}

void urdma_finish(struct urdma_session *session, u16 op, const void *request,
		  size_t len, void *reply, size_t reply_len)
{
	memset(reply, 0, reply_len);
	if (current->flags & PF_EXITING)
		urdma_tell(session, op, request, len);
	else
		urdma_ask(session, op, request, len, reply, reply_len);
}

int urdma_ask_then(struct urdma_session *session, u16 op, const void *request,
		   size_t len, size_t reply_len,
		   void (*then)(void *arg, int error, const void *reply),
		   void *arg)
{
	struct urdma_call *call;
	int error;

	call = ask_make(session, op, request, len, reply_len);
	if (!call)
		return -ENOMEM;
	call->answered_for = true;
	call->then = then;
	call->arg = arg;
	error = call_send(session->daemon, call);
	call_put(call);
	return error;
}

int urdma_session_open(struct urdma_session *session,
		       struct urdma_daemon *daemon,
		       const struct urdma_kernel_open *open)
{
	struct urdma_call *call;
	int error;

	session->daemon = daemon;
	session->number = atomic_inc_return(&daemon->last_session);
	call = call_make(session, URDMA_KERNEL_OPEN, open, sizeof(*open),
			 GFP_KERNEL);
	if (!call)
		return -ENOMEM;
	error = call_send(daemon, call);
	call_put(call);
	return error;
}

void urdma_session_close(struct urdma_session *session)
{
	send_and_forget(session, call_make(session, URDMA_KERNEL_CLOSE, "", 0,
					   GFP_KERNEL));
}

void urdma_send_mad(struct urdma_session *session,
		    const struct urdma_kernel_mad *mad)
{
	send_and_forget(session, call_make(session, URDMA_KERNEL_MAD, mad,
					   sizeof(*mad), GFP_ATOMIC));
}

void urdma_kick(struct urdma_daemon *daemon)
{
	unsigned long flags;

	spin_lock_irqsave(&daemon->lock, flags);
	daemon->kicked = true;
	spin_unlock_irqrestore(&daemon->lock, flags);
	wake_up_interruptible(&daemon->readable);
}

bool urdma_call_readable(struct urdma_daemon *daemon)
{
	unsigned long flags;
	bool readable;

	spin_lock_irqsave(&daemon->lock, flags);
	readable = daemon->kicked || !list_empty(&daemon->out);
	spin_unlock_irqrestore(&daemon->lock, flags);
	return readable;
}

/* NULL: none; *kicked: but that. */
static struct urdma_call *next_out(struct urdma_daemon *daemon, bool *kicked)
{
	struct urdma_call *call;
	unsigned long flags;

	spin_lock_irqsave(&daemon->lock, flags);
	call = list_first_entry_or_null(&daemon->out, struct urdma_call, entry);
	if (call) {
		refcount_inc(&call->refs); /* an answer may end it */
		if (call->head.kind == URDMA_KERNEL_MAD)
			daemon->mads--;
		if (call->answered_for)
			list_move_tail(&call->entry, &daemon->asked);
		else
			list_del_init(&call->entry);
	}
	*kicked = !call && daemon->kicked;
	if (*kicked)
		daemon->kicked = false;
	spin_unlock_irqrestore(&daemon->lock, flags);
	return call;
}

/* A daemon that gives too little room, or none, loses the frame. */
static ssize_t frame_read(const struct urdma_kernel_head *head,
			  const void *body, char __user *to, size_t room)
{
	size_t len = head->length - sizeof(*head);

	if (room < head->length)
		return -EINVAL;
	if (copy_to_user(to, head, sizeof(*head)) ||
	    copy_to_user(to + sizeof(*head), body, len))
		return -EFAULT;
	return head->length;
}

ssize_t urdma_call_read(struct urdma_daemon *daemon, char __user *to,
			size_t room)
{
	static const struct urdma_kernel_head kick = {
		.kind = URDMA_KERNEL_KICK,
		.length = sizeof(kick),
		.fd = -1,
	};
	struct urdma_call *call;
	bool kicked, forget;
	ssize_t ret;

	call = next_out(daemon, &kicked);
	if (kicked)
		return frame_read(&kick, "", to, room);
	if (!call)
		return -EAGAIN;
	forget = !call->answered_for;
	ret = frame_read(&call->head, call->body, to, room);
	if (forget)
		call_put(call); /* the list's */
	call_put(call);
	return ret;
}

static struct urdma_call *take_asked(struct urdma_daemon *daemon, u64 seq)
{
	struct urdma_call *call, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&daemon->lock, flags);
	list_for_each_entry(call, &daemon->asked, entry) {
		if (call->head.seq == seq) {
			list_del_init(&call->entry);
			found = call;
			break;
		}
	}
	spin_unlock_irqrestore(&daemon->lock, flags);
	return found;
}

/* The reply of the length that was asked for, or an error. */
static int take_reply(struct urdma_call *call, const void *body, size_t len)
{
	struct urdma_reply_head head;

	if (len < sizeof(head))
		return -EPROTO;
	memcpy(&head, body, sizeof(head));
	if (head.error)
		return head.error < MAX_ERRNO ? -(int)head.error : -EPROTO;
	if (len != sizeof(head) + call->reply_len)
		return -EPROTO;
	memcpy(call->reply, body + sizeof(head), call->reply_len);
	return 0;
}

int urdma_call_answer(struct urdma_daemon *daemon,
		      const struct urdma_kernel_head *head, const void *body,
		      size_t len)
{
	struct urdma_call *call = take_asked(daemon, head->seq);

	WRITE_ONCE(daemon->stuck, false);
	if (!call)
		return 0; /* nobody wanted it */
	if (head->fd >= 0)
		call->file = fget(head->fd);
	call_done(call, take_reply(call, body, len));
	return 0;
}

void urdma_call_end(struct urdma_daemon *daemon)
{
	struct urdma_call *call, *next;
	unsigned long flags;
	LIST_HEAD(ended);

	spin_lock_irqsave(&daemon->lock, flags);
	daemon->dead = true;
	list_splice_init(&daemon->out, &ended);
	list_splice_tail_init(&daemon->asked, &ended);
	spin_unlock_irqrestore(&daemon->lock, flags);
	list_for_each_entry_safe(call, next, &ended, entry) {
		list_del_init(&call->entry);
		call_done(call, -ENODEV);
	}
}

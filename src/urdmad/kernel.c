// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cm/cm.h"
#include "rdma/gid.h"
#include "rdma/rv_stack.h"
#include "rdma/verbs.h"
#include "urdma/kernel.h"
#include "urdmad/mem_pin.h"
#include "urdmad/session.h"
#include "urdmad/sockaddr.h"

/* Frames before others have their turn. */
enum { BURST = 64 };

struct carried {
	uint32_t number; /* the module's */
	struct session *session;
	struct rdma_dev *gsi; /* whose queue pair 1 it carries; NULL: none */
	LIST_ENTRY(carried) gsis;
	UT_hash_handle hh;
};

struct kernel {
	struct poller_watch watch; /* first */
	struct poller *poller;
	struct control *control;
	struct carried *sessions;  /* hash */
	LIST_HEAD(, carried) gsis; /* those with one */
};

struct frame {
	struct urdma_kernel_head head;
	_Alignas(8) uint8_t body[URDMA_CONTROL_MAX];
};

/* It never blocks; who is gone meanwhile does not miss it. */
static int frame_write(const struct kernel *kernel, struct frame *frame,
		       size_t body_len)
{
	frame->head.length = (uint16_t)(sizeof(frame->head) + body_len);
	if (write(kernel->watch.fd, frame, frame->head.length) < 0)
		return -errno;
	return 0;
}

static struct carried *find(const struct kernel *kernel, uint32_t number)
{
	struct carried *carried;

	HASH_FIND(hh, kernel->sessions, &number, sizeof(number), carried);
	return carried;
}

/*
 * What sessions have to say.
 */

static void send_event(const struct session *session, uint16_t kind,
		       const struct urdma_kernel_event *event)
{
	struct frame frame = {
		.head = { .kind = kind,
			  .session = session->carrier_number,
			  .fd = -1 },
	};

	memcpy(frame.body, event, sizeof(*event));
	frame_write(session->carrier_user, &frame, sizeof(*event));
}

static void comp(struct session *session, uint64_t element)
{
	const struct urdma_kernel_event event = { .element = element };

	send_event(session, URDMA_KERNEL_COMP, &event);
}

static void async(struct session *session, uint64_t element, uint32_t type)
{
	const struct urdma_kernel_event event = { .element = element,
						  .type = type };

	send_event(session, URDMA_KERNEL_ASYNC, &event);
}

static void cm_event(struct session *session,
		     const struct urdma_cm_event *event, uint32_t listener,
		     const struct cm_id *named)
{
	struct frame frame = {
		.head = { .kind = URDMA_KERNEL_CM,
			  .session = session->carrier_number,
			  .fd = -1 },
	};
	struct urdma_kernel_cm_event out = { .event = *event,
					     .listener = listener };

	sockaddr_encode(&out.local, cm_id_src(named));
	sockaddr_encode(&out.remote, cm_id_dst(named));
	memcpy(frame.body, &out, sizeof(out));
	frame_write(session->carrier_user, &frame, sizeof(out));
}

/* As ib_access_writable() of the kernel, which has pinned it so. */
static bool is_writable(uint32_t access)
{
	return access & (ACCESS_LOCAL_WRITE | ACCESS_REMOTE_WRITE |
			 ACCESS_REMOTE_ATOMIC | ACCESS_MW_BIND);
}

static int memory(struct session *session, const struct urdma_reg_mr *ask,
		  struct place **place)
{
	const struct kernel *kernel = session->carrier_user;

	if (ask->mem == 0 || ask->mem >= URDMA_KERNEL_PINS)
		return -EINVAL;
	return mem_pin_map(kernel->watch.fd,
			   (off_t)urdma_kernel_pin_offset(ask->mem), ask->start,
			   ask->length, is_writable(ask->access), place);
}

static const struct session_carrier carrier = { comp, async, cm_event, memory };

/*
 * What comes from the module.
 */

/* The session of rdma_cm on a RoCE device: there its datagrams come and go. */
static void attach_gsi(struct kernel *kernel, struct carried *carried)
{
	const struct session *session = carried->session;
	struct rdma_dev *dev;

	if (session->kind != URDMA_SESSION_CM ||
	    session->device >= kernel->control->config.device_count)
		return;
	dev = kernel->control->config.devices[session->device];
	if (!rdma_dev_rv(dev))
		return;
	carried->gsi = dev;
	LIST_INSERT_HEAD(&kernel->gsis, carried, gsis);
}

static void forget(struct kernel *kernel, struct carried *carried)
{
	if (carried->gsi)
		LIST_REMOVE(carried, gsis);
	HASH_DEL(kernel->sessions, carried);
	free(carried);
}

/* If it fails, what is asked in the session is answered so. */
static void open_session(struct kernel *kernel, const struct frame *frame)
{
	struct carried *carried = calloc(1, sizeof(*carried));
	struct urdma_kernel_open ask;
	struct session_start start = {
		.carrier = &carrier,
		.user = kernel,
		.number = frame->head.session,
	};

	if (!carried)
		return;
	memcpy(&ask, frame->body, sizeof(ask));
	start.kind = ask.kind;
	start.device = ask.device;
	start.uid = ask.uid;
	start.pid = (pid_t)ask.pid;
	if (session_carry(kernel->control, &start, &carried->session) < 0) {
		free(carried);
		return;
	}
	carried->number = frame->head.session;
	attach_gsi(kernel, carried);
	HASH_ADD(hh, kernel->sessions, number, sizeof(carried->number),
		 carried);
}

static void close_session(struct kernel *kernel, const struct frame *frame,
			  nsec_t now)
{
	struct carried *carried = find(kernel, frame->head.session);

	if (!carried)
		return;
	session_close(carried->session, now);
	forget(kernel, carried);
}

static void refuse(struct kernel *kernel, struct frame *frame, int error)
{
	struct urdma_msg_head head;
	struct urdma_reply_head reply;

	memcpy(&head, frame->body, sizeof(head));
	reply = (struct urdma_reply_head){
		.op = head.op,
		.length = sizeof(reply),
		.error = (uint32_t)-error,
	};
	frame->head.kind = URDMA_KERNEL_ANSWER;
	memcpy(frame->body, &reply, sizeof(reply));
	frame_write(kernel, frame, sizeof(reply));
}

static void serve(struct kernel *kernel, struct frame *frame, size_t len,
		  nsec_t now)
{
	struct carried *carried = find(kernel, frame->head.session);
	struct control_message message = {
		.bytes = frame->body,
		.len = len - sizeof(frame->head),
		.has_reply = true,
	};
	struct control_reply reply;
	struct frame answer = { .head = frame->head };

	if (!carried) {
		/* its user has too many of them */
		refuse(kernel, frame, -EMFILE);
		return;
	}
	message.uid = carried->session->uid;
	control_dispatch(carried->session, &message, &reply, now);
	answer.head.kind = URDMA_KERNEL_ANSWER;
	answer.head.fd = reply.fd;
	memcpy(answer.body, reply.bytes, reply.len);
	frame_write(kernel, &answer, reply.len);
	if (reply.close_fd)
		close(reply.fd);
}

static bool has_gid(struct rdma_dev *dev, const uint8_t gid[static GID_LEN])
{
	const struct gid_table *gids = rdma_dev_gids(dev);

	for (uint32_t i = 0; i < gids->count; i++)
		if (memcmp(gids->entries[i].raw, gid, GID_LEN) == 0)
			return true;
	return false;
}

/* What does not fit is lost, as it may be on the wire. */
static void send_mad(const struct kernel *kernel, const struct frame *frame,
		     size_t len)
{
	const struct carried *carried = find(kernel, frame->head.session);
	struct urdma_kernel_mad in;
	struct rv_mad mad;

	if (!carried || !carried->gsi ||
	    len != sizeof(frame->head) + sizeof(in))
		return;
	memcpy(&in, frame->body, sizeof(in));
	if (!has_gid(carried->gsi, in.local))
		return;
	memcpy(mad.remote, in.remote, sizeof(mad.remote));
	memcpy(mad.local, in.local, sizeof(mad.local));
	memcpy(mad.bytes, in.bytes, sizeof(mad.bytes));
	mad.qpn = in.qpn & 0xffffff;
	rv_mad_send(rdma_dev_rv(carried->gsi), &mad);
}

static void take(struct kernel *kernel, struct frame *frame, size_t len,
		 nsec_t now)
{
	switch (frame->head.kind) {
	case URDMA_KERNEL_OPEN:
		open_session(kernel, frame);
		break;
	case URDMA_KERNEL_CLOSE:
		close_session(kernel, frame, now);
		break;
	case URDMA_KERNEL_ASK:
		serve(kernel, frame, len, now);
		break;
	case URDMA_KERNEL_MAD:
		send_mad(kernel, frame, len);
		break;
	default: /* KICK: that it came is all */
		break;
	}
}

static void ready(struct poller_watch *watch, uint32_t events, nsec_t now)
{
	struct kernel *kernel = (struct kernel *)watch;

	(void)events;
	for (int i = 0; i < BURST; i++) {
		struct frame frame;
		ssize_t len = read(watch->fd, &frame, sizeof(frame));

		if (len < (ssize_t)sizeof(frame.head))
			break;
		take(kernel, &frame, (size_t)len, now);
	}
}

static void give_mad(const struct carried *carried, const struct rv_mad *mad)
{
	struct frame frame = {
		.head = { .kind = URDMA_KERNEL_MAD,
			  .session = carried->number,
			  .fd = -1 },
	};
	struct urdma_kernel_mad out = { .qpn = mad->qpn };

	memcpy(out.remote, mad->remote, sizeof(out.remote));
	memcpy(out.local, mad->local, sizeof(out.local));
	memcpy(out.bytes, mad->bytes, sizeof(out.bytes));
	memcpy(frame.body, &out, sizeof(out));
	frame_write(carried->session->carrier_user, &frame, sizeof(out));
}

void kernel_deliver(struct kernel *kernel)
{
	const struct carried *carried;
	struct rv_mad mad;

	if (!kernel)
		return;
	LIST_FOREACH(carried, &kernel->gsis, gsis)
	while (rv_mad_take(rdma_dev_rv(carried->gsi), &mad))
		give_mad(carried, &mad);
}

/*
 * Devices.
 */

int kernel_open(struct control *control, struct poller *poller,
		struct kernel **made)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	int ret;

	if (!kernel)
		return -ENOMEM;
	kernel->control = control;
	kernel->poller = poller;
	kernel->watch.ready = ready;
	kernel->watch.fd =
		open(URDMA_KERNEL_PATH, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	ret = kernel->watch.fd < 0
		      ? -errno
		      : poller_add(poller, &kernel->watch, EPOLLIN);
	if (ret < 0) {
		if (kernel->watch.fd >= 0)
			close(kernel->watch.fd);
		free(kernel);
		return ret;
	}
	*made = kernel;
	return 0;
}

void kernel_close(struct kernel *kernel)
{
	struct carried *carried, *next;

	if (!kernel)
		return;
	poller_remove(kernel->poller, &kernel->watch);
	close(kernel->watch.fd);
	HASH_ITER(hh, kernel->sessions, carried, next)
	{
		forget(kernel, carried);
	}
	free(kernel);
}

/* The first one of iWARP is but a name; the link-local address of a port that
 * has no other of IPv6 is the kernel's alone. */
static bool is_served(const struct gid_table *gids, uint32_t i, bool roce)
{
	return !roce || gids->count > GID_IP6 || i == GID_IP4;
}

int kernel_add_device(struct kernel *kernel, unsigned int number,
		      struct rdma_dev *dev, const char *name,
		      const char *netdev)
{
	const struct gid_table *gids = rdma_dev_gids(dev);
	struct urdma_kernel_device about = {
		.version = URDMA_KERNEL_VERSION,
		.device = number,
		.roce = rdma_dev_rv(dev) != NULL,
		.gid_count = gids->count,
	};
	struct frame frame = {
		.head = { .kind = URDMA_KERNEL_DEVICE, .fd = -1 },
	};

	snprintf(about.name, sizeof(about.name), "%s", name);
	snprintf(about.netdev, sizeof(about.netdev), "%s", netdev);
	for (uint32_t i = 0; i < gids->count; i++)
		if (is_served(gids, i, about.roce))
			memcpy(about.gids[i], gids->entries[i].raw, GID_LEN);
	rdma_dev_query(dev, &about.attr);
	rdma_dev_query_port(dev, 1, &about.port);
	memcpy(frame.body, &about, sizeof(about));
	return frame_write(kernel, &frame, sizeof(about));
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A hostile program: any messages, in any order, on two device files, two
 * rdma_cm sessions and one that never said hello, of two daemons whose hosts
 * are linked, so that connections come about.
 *
 * Input: records of
 *   0     session, flags: 0x80 lend its own descriptors, 0x40 let time pass,
 *         0x20 the session ends and a new one takes its place
 *   1     operation
 *   2..3  bytes of the request, high byte first
 *   4...  request; a queue pair number of 0 in CM_CONNECT and CM_ACCEPT stands
 *         for that of the host's last one, which no input could guess
 */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>

#include "base/wire.h"
#include "control_world.h"

enum { SESSIONS = 5, RECORD_HEAD = 4, REQUEST_MAX = 512 };

struct fuzz {
	struct control_world w;
	int fds[SESSIONS];		    /* the program's ends */
	struct session *sessions[SESSIONS]; /* ours */
	uint32_t qp_num[WORLD_HOSTS];	    /* of the last one that was made */
};

static const struct {
	unsigned int host;
	enum urdma_session_kind kind;
} plan[SESSIONS] = {
	{ 0, URDMA_SESSION_VERBS }, { 0, URDMA_SESSION_CM },
	{ 1, URDMA_SESSION_VERBS }, { 1, URDMA_SESSION_CM },
	{ 0, URDMA_SESSION_TOOL },
};

static struct session *last_session(const struct daemon *daemon)
{
	struct control_session_info info = { 0 };

	while (control_next_session(daemon->control, &info))
		;
	return info.session;
}

static void check_reply(const struct control_reply *reply, uint16_t op)
{
	struct urdma_reply_head head;

	if (!reply->len)
		return;
	memcpy(&head, reply->bytes, sizeof(head));
	if (reply->len < sizeof(head) || reply->len > sizeof(reply->bytes) ||
	    head.length != reply->len || head.op != op || head.error > 4095 ||
	    (reply->fd >= 0 && head.error))
		__builtin_trap();
}

static void note_qp(struct fuzz *fuzz, unsigned int i,
		    const struct control_reply *reply)
{
	struct urdma_create_qp_reply made;

	if (reply->len != sizeof(struct urdma_reply_head) + sizeof(made))
		return;
	memcpy(&made, reply->bytes + sizeof(struct urdma_reply_head),
	       sizeof(made));
	fuzz->qp_num[plan[i].host] = made.qp_num;
}

static void put_qp(const struct fuzz *fuzz, unsigned int i, uint8_t op,
		   uint8_t *request)
{
	size_t at = op == URDMA_OP_CM_CONNECT
			    ? offsetof(struct urdma_cm_connect, conn.qp_num)
			    : offsetof(struct urdma_cm_accept, conn.qp_num);
	uint32_t qp_num;

	if (op != URDMA_OP_CM_CONNECT && op != URDMA_OP_CM_ACCEPT)
		return;
	memcpy(&qp_num, request + at, sizeof(qp_num));
	if (qp_num == 0)
		memcpy(request + at, &fuzz->qp_num[plan[i].host],
		       sizeof(qp_num));
}

/* With the right head. */
static void dispatch(struct fuzz *fuzz, unsigned int i, uint16_t op,
		     const void *request, size_t len, int *lend,
		     unsigned int lend_count)
{
	uint8_t bytes[sizeof(struct urdma_msg_head) + REQUEST_MAX] = { 0 };
	struct urdma_msg_head head = { .op = op, .length = sizeof(head) + len };
	struct control_message message = {
		.bytes = bytes,
		.len = head.length,
		.fds = lend,
		.fd_count = lend_count,
		.has_reply = true,
		.uid = getuid(),
	};
	struct control_reply reply;

	memcpy(bytes, &head, sizeof(head));
	if (len)
		memcpy(bytes + sizeof(head), request, len);
	put_qp(fuzz, i, op, bytes + sizeof(head));
	control_dispatch(fuzz->sessions[i], &message, &reply,
			 fuzz->w.world.now);
	check_reply(&reply, op);
	if (op == URDMA_OP_CREATE_QP)
		note_qp(fuzz, i, &reply);
	if (reply.close_fd)
		close(reply.fd);
}

static void open_one(struct fuzz *fuzz, unsigned int i)
{
	struct daemon *daemon = &fuzz->w.daemons[plan[i].host];
	struct urdma_hello hello = {
		.magic = URDMA_CONTROL_MAGIC,
		.version = URDMA_CONTROL_VERSION,
		.kind = plan[i].kind,
	};

	fuzz->fds[i] = daemon_connect(daemon);
	fuzz->sessions[i] = last_session(daemon);
	if (plan[i].kind == URDMA_SESSION_TOOL)
		return; /* it says hello itself, or never */
	dispatch(fuzz, i, URDMA_OP_HELLO, &hello, sizeof(hello), NULL, 0);
	if (plan[i].kind == URDMA_SESSION_VERBS) {
		struct urdma_empty none = { 0 };

		dispatch(fuzz, i, URDMA_OP_GET_CONTEXT, &none, sizeof(none),
			 NULL, 0);
	}
}

static void reopen(struct fuzz *fuzz, unsigned int i)
{
	close(fuzz->fds[i]);
	control_world_step(&fuzz->w);
	open_one(fuzz, i);
}

/* False: the input ends. */
static bool take_record(struct fuzz *fuzz, struct wire *in)
{
	const uint8_t *record = wire_take(in, RECORD_HEAD);
	const uint8_t *request;
	int lend[2];
	unsigned int i, lent = 0;
	size_t len;

	if (!record)
		return false;
	len = load_be16(record + 2) % (REQUEST_MAX + 1);
	request = wire_take(in, len);
	if (!request)
		return false;
	i = (record[0] & 0x0f) % SESSIONS;
	if (record[0] & 0x20)
		reopen(fuzz, i);
	if (record[0] & 0x80) {
		lend[lent++] = dup(fuzz->fds[i]);
		lend[lent++] = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	}
	dispatch(fuzz, i, record[1], request, len, lend, lent);
	for (unsigned int n = 0; n < lent; n++)
		if (lend[n] >= 0)
			close(lend[n]);
	if (record[0] & 0x40)
		world_pass(&fuzz->w.world, NSEC_PER_SEC);
	control_world_step(&fuzz->w);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz fuzz;
	struct wire in = { data, size };

	memset(fuzz.qp_num, 0, sizeof(fuzz.qp_num));
	control_world_open(&fuzz.w, NULL);
	for (unsigned int i = 0; i < SESSIONS; i++)
		open_one(&fuzz, i);
	while (take_record(&fuzz, &in))
		;
	for (unsigned int i = 0; i < SESSIONS; i++)
		close(fuzz.fds[i]);
	if (control_world_close(&fuzz.w))
		__builtin_trap();
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A program in a test of the control side.  The test has `static struct
 * control_world w` and cmocka.h before this.
 */
#ifndef URDMA_TESTS_CONTROL_PROGRAM_H
#define URDMA_TESTS_CONTROL_PROGRAM_H

#define EMPTY (&(struct urdma_empty){ 0 })

/* request and reply are structures */
#define ASK(session, number, in, out)                                          \
	make_request(&w, session,                                              \
		     &(struct ask){ .op = (number),                            \
				    .request = (in),                           \
				    .request_len = sizeof(*(in)),              \
				    .reply = (out),                            \
				    .reply_len = sizeof(*(out)) })

#define ASK_LENDING(session, number, in, out, fd_list, count)                  \
	make_request(&w, session,                                              \
		     &(struct ask){ .op = (number),                            \
				    .request = (in),                           \
				    .request_len = sizeof(*(in)),              \
				    .reply = (out),                            \
				    .reply_len = sizeof(*(out)),               \
				    .lend = (fd_list),                         \
				    .lend_count = (count) })

/* *fd: what came along, or -1. */
#define ASK_FD(session, number, in, out, fd)                                   \
	ask_fd(session,                                                        \
	       &(struct ask){ .op = (number),                                  \
			      .request = (in),                                 \
			      .request_len = sizeof(*(in)),                    \
			      .reply = (out),                                  \
			      .reply_len = sizeof(*(out)) },                   \
	       fd)

static inline int ask_fd(int session, struct ask *ask, int *fd)
{
	int ret = make_request(&w, session, ask);

	*fd = ask->got;
	return ret;
}

static inline struct urdma_hello greeting(enum urdma_session_kind kind,
					  uint8_t token)
{
	struct urdma_hello hello = {
		.magic = URDMA_CONTROL_MAGIC,
		.version = URDMA_CONTROL_VERSION,
		.kind = kind,
	};

	memset(hello.token, token, sizeof(hello.token));
	return hello;
}

struct program {
	int fd;
	uint64_t name;
	int async;
	struct urdma_get_context_reply context;
	uint32_t pd;
};

static inline struct program
open_session(struct daemon *daemon, enum urdma_session_kind kind, uint8_t token)
{
	struct urdma_hello hello = greeting(kind, token);
	struct program p = { .fd = daemon_connect(daemon), .async = -1 };
	struct urdma_hello_reply reply;

	assert_true(p.fd >= 0);
	assert_int_equal(ASK(p.fd, URDMA_OP_HELLO, &hello, &reply), 0);
	p.name = reply.session;
	return p;
}

static inline struct program open_verbs(struct daemon *daemon, uint8_t token)
{
	struct program p = open_session(daemon, URDMA_SESSION_VERBS, token);
	struct urdma_handle pd;

	assert_int_equal(
		ASK_FD(p.fd, URDMA_OP_GET_CONTEXT, EMPTY, &p.context, &p.async),
		0);
	assert_true(p.async >= 0);
	assert_int_equal(ASK(p.fd, URDMA_OP_ALLOC_PD, EMPTY, &pd), 0);
	p.pd = pd.handle;
	return p;
}

static inline void close_session(struct program *p)
{
	close(p->fd);
	if (p->async >= 0)
		close(p->async);
	control_world_step(&w);
}

static inline int try_cq(const struct program *p, uint32_t channel,
			 uint32_t cqe, struct urdma_create_cq_reply *cq)
{
	struct urdma_create_cq ask = { .user_handle = 0xc0 + channel,
				       .cqe = cqe,
				       .channel = channel };

	return ASK(p->fd, URDMA_OP_CREATE_CQ, &ask, cq);
}

static inline int try_qp(const struct program *p, uint32_t cq,
			 struct urdma_create_qp_reply *qp)
{
	struct urdma_create_qp ask = {
		.user_handle = 0xab,
		.pd = p->pd,
		.send_cq = cq,
		.recv_cq = cq,
		.max_send_wr = 8,
		.max_recv_wr = 8,
		.max_send_sge = 1,
		.max_recv_sge = 1,
		.qp_type = QPT_RC,
	};

	return ASK(p->fd, URDMA_OP_CREATE_QP, &ask, qp);
}

static inline int to_state(const struct program *p, uint32_t qp, uint8_t state)
{
	struct urdma_modify_qp ask = {
		.qp = qp,
		.attr_mask =
			QP_STATE |
			(state == QPS_INIT ? QP_ACCESS_FLAGS | QP_PORT : 0),
		.attr = { .qp_state = state, .port_num = 1 },
	};
	struct urdma_empty none;

	return ASK(p->fd, URDMA_OP_MODIFY_QP, &ask, &none);
}

/* A queue pair in INIT and its completion queue. */
static inline struct urdma_create_qp_reply
make_qp(const struct program *p, uint32_t channel,
	struct urdma_create_cq_reply *cq)
{
	struct urdma_create_qp_reply qp;

	assert_int_equal(try_cq(p, channel, 16, cq), 0);
	assert_int_equal(try_qp(p, cq->cq, &qp), 0);
	assert_int_equal(to_state(p, qp.qp, QPS_INIT), 0);
	return qp;
}

#endif

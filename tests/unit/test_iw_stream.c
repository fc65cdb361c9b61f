// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections between two hosts, and how they end. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rdma/rdma_ctx.h"
#include "rdma/verbs.h"
#include "sim/world.h"

static struct world world;
static struct host *client, *server;

static void begin(const struct world_options *options)
{
	world_create(&world, options);
	client = &world.host[0];
	server = &world.host[1];
}

static int setup(void **state)
{
	struct world_options options = world_defaults(1);

	(void)state;
	begin(&options);
	return 0;
}

static int setup_connected(void **state)
{
	setup(state);
	return !world_connect(&world);
}

/* Whatever happened, no buf is lost. */
static int teardown(void **state)
{
	(void)state;
	return world_destroy(&world);
}

static void some_time(void)
{
	world_pass(&world, 10 * NSEC_PER_MSEC);
}

static uint8_t state_of(const struct host *host)
{
	struct urdma_query_qp_reply reply;

	rdma_qp_query(host->qp.qp, &reply);
	return reply.attr.qp_state;
}

/* Offset 0 of a host's memory is `local`, of the other's `remote`. */
static void post(struct host *host, uint8_t opcode, uint64_t wr_id,
		 uint32_t len, uint64_t remote, uint32_t rkey)
{
	struct urdma_sqe sqe = { .wr_id = wr_id,
				 .opcode = opcode,
				 .flags = URDMA_WRF_SIGNALED,
				 .num_sge = 1,
				 .remote_addr = remote,
				 .rkey = rkey };
	struct urdma_sge sge = { host->memory.base, len, host->key };

	assert_true(world_post_send(host, &sqe, &sge, sizeof(sge)));
}

static void post_recv(struct host *host, uint64_t wr_id, uint32_t len)
{
	struct urdma_sge sge = { host->memory.base + 5000, len, host->key };

	assert_true(world_post_recv(host, wr_id, &sge, 1));
}

static void expect(struct host *host, uint64_t wr_id, uint32_t status)
{
	struct urdma_cqe cqe;

	assert_true(world_poll(host, &cqe));
	assert_int_equal(cqe.wr_id, wr_id);
	assert_int_equal(cqe.status, status);
}

static void expect_nothing(struct host *host)
{
	struct urdma_cqe cqe;

	assert_false(world_poll(host, &cqe));
}

static void expect_both_ended(void)
{
	assert_non_null(world_event(client, IW_DISCONNECTED));
	assert_non_null(world_event(server, IW_DISCONNECTED));
	assert_int_equal(state_of(client), QPS_ERR);
	assert_int_equal(state_of(server), QPS_ERR);
}

/*
 * Making a connection.
 */

static void both_sides_learn_private_data_and_depths(void **state)
{
	struct world_options options = world_defaults(1);
	const struct iw_event *event;

	(void)state;
	options.ird[0] = 3;
	options.ord[0] = 12;
	options.ird[1] = 8;
	options.ord[1] = 16;
	begin(&options);
	assert_true(world_connect(&world));
	event = world_event(server, IW_CONNECT_REQUEST);
	assert_int_equal(event->private_data_len, 7);
	assert_memory_equal(event->private_data, "connect", 7);
	assert_int_equal(event->ird, 12);
	assert_int_equal(event->ord, 3);
	assert_ptr_equal(event->user, server);
	event = world_event(client, IW_CONNECTED);
	assert_int_equal(event->private_data_len, 6);
	assert_memory_equal(event->private_data, "accept", 6);
	assert_int_equal(event->ird, 3);
	assert_int_equal(event->ord, 8);
	event = world_event(server, IW_CONNECTED);
	assert_int_equal(event->ird, 8);
	assert_int_equal(event->ord, 3);
	assert_int_equal(state_of(client), QPS_RTS);
	assert_int_equal(state_of(server), QPS_RTS);
}

static int connect_to(uint16_t port)
{
	struct iw_stack *stack = rdma_dev_iw(client->dev);
	struct flow_key key = { .local_port = 50000, .remote_port = port };
	struct iw_params params = { .private_data = "x",
				    .private_data_len = 1 };

	memcpy(key.local, client->addr, FLOW_ADDR_LEN);
	memcpy(key.remote, server->addr, FLOW_ADDR_LEN);
	return iw_connect(stack, &key, client->qp.qp, &params, NULL, world.now,
			  &client->ep);
}

static int listen_on(uint16_t port, uint32_t backlog)
{
	return iw_listen(rdma_dev_iw(server->dev), server->addr, port, backlog,
			 server, &server->listener);
}

static void nobody_listening_is_a_refusal(void **state)
{
	(void)state;
	assert_int_equal(connect_to(1), 0);
	world_pass(&world, NSEC_PER_SEC);
	assert_int_equal(world_event(client, IW_CONNECT_FAILED)->error,
			 -ECONNREFUSED);
	assert_int_equal(state_of(client), QPS_INIT);
}

static void who_listens_a_little_late_is_reached(void **state)
{
	(void)state;
	assert_int_equal(connect_to(9), 0);
	world_pass(&world, 50 * NSEC_PER_MSEC);
	assert_null(world_event(client, IW_CONNECT_FAILED));
	assert_int_equal(listen_on(9, 1), 0);
	world_pass(&world, NSEC_PER_SEC);
	assert_non_null(world_event(server, IW_CONNECT_REQUEST));
}

/* perftest's server, between the two connections of its client. */
static void who_listens_again_before_long_is_reached(void **state)
{
	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	iw_unlisten(server->listener, world.now);
	assert_int_equal(connect_to(9), 0);
	world_pass(&world, 700 * NSEC_PER_MSEC);
	assert_null(world_event(client, IW_CONNECT_FAILED));
	assert_null(world_event(server, IW_CONNECT_REQUEST));
	assert_int_equal(listen_on(9, 1), 0);
	some_time(); /* no SYN is sent twice in it */
	assert_non_null(world_event(server, IW_CONNECT_REQUEST));
}

static void who_listens_no_more_refuses_in_the_end(void **state)
{
	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	iw_unlisten(server->listener, world.now);
	server->listener = NULL;
	assert_int_equal(connect_to(9), 0);
	world_pass(&world, 9 * NSEC_PER_SEC);
	assert_int_equal(world_event(client, IW_CONNECT_FAILED)->error,
			 -ECONNREFUSED);
}

static void a_peer_that_is_not_there_is_a_time_out(void **state)
{
	(void)state;
	world.link.loss = 1000000;
	assert_int_equal(connect_to(1), 0);
	world_pass(&world, 9 * NSEC_PER_SEC);
	assert_null(world_event(client, IW_CONNECT_FAILED));
	world_pass(&world, 2 * NSEC_PER_SEC);
	assert_int_equal(world_event(client, IW_CONNECT_FAILED)->error,
			 -ETIMEDOUT);
}

static void a_reject_carries_private_data(void **state)
{
	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	assert_int_equal(connect_to(9), 0);
	some_time();
	assert_int_equal(iw_reject(server->ep, "sorry", 5, world.now), 0);
	some_time();
	assert_memory_equal(world_event(client, IW_REJECTED)->private_data,
			    "sorry", 5);
	assert_int_equal(world_event(client, IW_REJECTED)->private_data_len, 5);
	assert_null(iw_ep_qp(client->ep));
	assert_int_equal(iw_accept(server->ep, server->qp.qp,
				   &(struct iw_params){ 0 }, world.now),
			 -ECONNRESET);
}

static void a_request_released_unanswered_is_rejected(void **state)
{
	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	assert_int_equal(connect_to(9), 0);
	some_time();
	iw_release(server->ep, world.now);
	server->ep = NULL;
	some_time();
	assert_non_null(world_event(client, IW_REJECTED));
}

static void a_listener_that_goes_takes_unseen_requests_along(void **state)
{
	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	assert_int_equal(connect_to(9), 0);
	while (!server->event_count)
		world_step(&world, world.now + NSEC_PER_MSEC);
	iw_unlisten(server->listener, world.now);
	server->listener = NULL;
	/* the request was seen: it can still be answered */
	assert_int_equal(iw_accept(server->ep, server->qp.qp,
				   &(struct iw_params){ 0 }, world.now),
			 0);
	some_time();
	assert_non_null(world_event(client, IW_CONNECTED));
}

static void a_full_backlog_makes_the_next_one_wait(void **state)
{
	struct world_qp first = client->qp;
	struct iw_ep *ep;

	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	assert_int_equal(connect_to(9), 0);
	some_time();
	ep = client->ep;
	world_make_qp(client, &client->qp);
	{
		struct flow_key key = *iw_ep_key(ep);

		key.local_port = 50001;
		assert_int_equal(iw_connect(rdma_dev_iw(client->dev), &key,
					    client->qp.qp,
					    &(struct iw_params){ 0 }, NULL,
					    world.now, &client->ep),
				 0);
	}
	world_pass(&world, 100 * NSEC_PER_MSEC);
	assert_int_equal(server->event_count, 1);
	assert_int_equal(iw_reject(server->ep, NULL, 0, world.now), 0);
	iw_release(server->ep, world.now);
	world_pass(&world, 5 * NSEC_PER_SEC); /* the SYN comes again */
	assert_int_equal(server->event_count, 2);
	iw_release(ep, world.now);
	free(first.sq);
	free(first.rq);
}

static void what_is_in_use_is_refused(void **state)
{
	struct iw_listener *second;

	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	assert_int_equal(iw_listen(rdma_dev_iw(server->dev), server->addr, 9, 1,
				   NULL, &second),
			 -EADDRINUSE);
	assert_int_equal(connect_to(9), 0);
	assert_int_equal(connect_to(9), -EINVAL); /* the queue pair */
	assert_int_equal(iw_port_take(rdma_dev_iw(server->dev), 9), 9);
	assert_int_equal(iw_port_take(rdma_dev_iw(server->dev), 9),
			 -EADDRINUSE);
	iw_port_put(rdma_dev_iw(server->dev), 9);
	assert_int_equal(iw_port_take(rdma_dev_iw(server->dev), 9), 9);
	assert_true(iw_port_take(rdma_dev_iw(server->dev), 0) >= 49152);
}

/*
 * Work that goes well.
 */

static void the_server_may_send_first(void **state)
{
	(void)state;
	post_recv(client, 7, 100);
	post(server, URDMA_WR_SEND, 1, 100, 0, 0);
	some_time();
	expect(server, 1, WC_SUCCESS);
	expect(client, 7, WC_SUCCESS);
	assert_memory_equal(world_bytes(client, client->memory.base + 5000),
			    server->memory.bytes, 100);
}

/* rdma_init_qp_attr(3) and ibv_modify_qp(3) by a program that is told of the
 * connection, as for InfiniBand. */
static void who_moves_a_connected_queue_pair_up_is_late(void **state)
{
	static const uint8_t up[] = { QPS_INIT, QPS_RTR, QPS_RTS };

	(void)state;
	for (size_t i = 0; i < sizeof(up); i++) {
		struct urdma_qp_attr attr = { .qp_state = up[i],
					      .access_flags =
						      ACCESS_REMOTE_WRITE };

		assert_int_equal(rdma_qp_modify(client->qp.qp, &attr,
						QP_STATE | QP_ACCESS_FLAGS,
						world.now),
				 0);
		assert_int_equal(state_of(client), QPS_RTS);
	}
	post(client, URDMA_WR_WRITE, 1, 100, server->memory.base, server->key);
	some_time();
	expect(client, 1, WC_SUCCESS);
}

static void messages_of_no_bytes_are_messages(void **state)
{
	(void)state;
	post_recv(server, 7, 0);
	post(client, URDMA_WR_WRITE, 1, 0, 0, 0);
	post(client, URDMA_WR_READ, 2, 0, 0, 0);
	post(client, URDMA_WR_SEND, 3, 0, 0, 0);
	some_time();
	expect(client, 1, WC_SUCCESS);
	expect(client, 2, WC_SUCCESS);
	expect(client, 3, WC_SUCCESS);
	expect(server, 7, WC_SUCCESS);
}

static void a_send_waits_for_its_recv(void **state)
{
	(void)state;
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	world_pass(&world, 900 * NSEC_PER_MSEC);
	expect_nothing(server);
	post_recv(server, 7, 100);
	some_time();
	expect(server, 7, WC_SUCCESS);
	expect(client, 1, WC_SUCCESS);
	assert_int_equal(state_of(client), QPS_RTS);
}

static void a_fenced_send_sees_what_was_read(void **state)
{
	struct urdma_sqe sqe = { .wr_id = 2,
				 .opcode = URDMA_WR_SEND,
				 .flags = URDMA_WRF_SIGNALED | URDMA_WRF_FENCE,
				 .num_sge = 1 };
	struct urdma_sge sge = { client->memory.base, 3000, client->key };

	(void)state;
	post_recv(server, 7, 3000);
	post(client, URDMA_WR_READ, 1, 3000, server->memory.base + 20000,
	     server->key);
	world_post_send(client, &sqe, &sge, sizeof(sge));
	some_time();
	expect(client, 1, WC_SUCCESS);
	expect(client, 2, WC_SUCCESS);
	assert_memory_equal(world_bytes(server, server->memory.base + 5000),
			    world_bytes(server, server->memory.base + 20000),
			    3000);
}

static void a_write_with_immediate_tells_how_much_was_written(void **state)
{
	struct urdma_sqe sqe = { .opcode = URDMA_WR_WRITE_IMM,
				 .num_sge = 1,
				 .imm = 0x11223344,
				 .remote_addr = server->memory.base,
				 .rkey = server->key };
	struct urdma_sge sge = { client->memory.base, 5555, client->key };
	struct urdma_cqe cqe;

	(void)state;
	post_recv(server, 7, 0);
	world_post_send(client, &sqe, &sge, sizeof(sge));
	some_time();
	assert_true(world_poll(server, &cqe));
	assert_int_equal(cqe.wr_id, 7);
	assert_int_equal(cqe.opcode, WC_RECV_RDMA_WITH_IMM);
	assert_int_equal(cqe.byte_len, 5555);
	assert_int_equal(cqe.imm, 0x11223344);
	assert_int_equal(cqe.wc_flags, WC_WITH_IMM);
}

static void an_armed_queue_is_told_of_a_solicited_send(void **state)
{
	(void)state;
	server->cq.ring->armed = URDMA_ARM_SOLICITED;
	post_recv(server, 7, 10);
	post_recv(server, 8, 10);
	post(client, URDMA_WR_SEND, 1, 10, 0, 0);
	some_time();
	assert_int_equal(server->told_count, 0);
	{
		struct urdma_sqe sqe = { .opcode = URDMA_WR_SEND,
					 .flags = URDMA_WRF_SOLICITED };

		world_post_send(client, &sqe, NULL, 0);
	}
	some_time();
	assert_int_equal(server->told_count, 1);
	assert_int_equal(server->told[0].kind, RDMA_EVENT_COMP);
	assert_int_equal(server->told[0].element, 0xc0);
}

static void draining_stops_sending_and_says_when(void **state)
{
	struct urdma_qp_attr attr = { .qp_state = QPS_SQD,
				      .en_sqd_async_notify = 1 };

	(void)state;
	assert_int_equal(rdma_qp_modify(client->qp.qp, &attr,
					QP_STATE | QP_EN_SQD_ASYNC_NOTIFY,
					world.now),
			 0);
	post(client, URDMA_WR_WRITE, 1, 10, server->memory.base, server->key);
	some_time();
	assert_true(world_was_told(client, EVENT_SQ_DRAINED));
	expect_nothing(client);
	attr.qp_state = QPS_RTS;
	assert_int_equal(
		rdma_qp_modify(client->qp.qp, &attr, QP_STATE, world.now), 0);
	some_time();
	expect(client, 1, WC_SUCCESS);
}

/*
 * What goes wrong.
 */

/* A WRITE or READ that the server must refuse. */
static void refused(uint8_t opcode, uint64_t addr, uint32_t key)
{
	uint8_t *before = malloc(server->memory.size);

	memcpy(before, server->memory.bytes, server->memory.size);
	post(client, URDMA_WR_WRITE, 1, 0, 0, 0);
	post(client, opcode, 2, 4000, addr, key);
	post(client, URDMA_WR_SEND, 3, 10, 0, 0);
	post_recv(server, 7, 100);
	some_time();
	expect(client, 1, WC_SUCCESS);
	expect(client, 2, WC_REM_ACCESS_ERR);
	expect(client, 3, WC_WR_FLUSH_ERR);
	expect(server, 7, WC_WR_FLUSH_ERR);
	expect_both_ended();
	assert_true(world_was_told(server, EVENT_QP_ACCESS_ERR));
	assert_memory_equal(before, server->memory.bytes, server->memory.size);
	free(before);
}

static uint32_t make_key(uint32_t pd, uint32_t access)
{
	struct rdma_mr_attr attr = { .pd = pd,
				     .access = access,
				     .start = server->memory.base,
				     .iova = server->memory.base,
				     .length = server->memory.size,
				     .place = &server->memory.place };
	uint32_t mr, key;

	assert_int_equal(rdma_mr_reg(server->ctx, &attr, &mr, &key), 0);
	return key;
}

static void a_write_with_an_unknown_key_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_WRITE, server->memory.base, server->key + 1);
}

static void a_write_out_of_bounds_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_WRITE, server->memory.base - 1, server->key);
}

static void a_write_without_the_right_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_WRITE, server->memory.base,
		make_key(server->pd, ACCESS_LOCAL_WRITE | ACCESS_REMOTE_READ));
}

static void a_write_into_another_domain_is_refused(void **state)
{
	uint32_t pd;

	(void)state;
	rdma_pd_alloc(server->ctx, &pd);
	refused(URDMA_WR_WRITE, server->memory.base,
		make_key(pd, ACCESS_LOCAL_WRITE | ACCESS_REMOTE_WRITE));
}

static void a_write_that_wraps_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_WRITE, UINT64_MAX - 100, server->key);
}

static void a_read_with_an_unknown_key_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_READ, server->memory.base, server->key + 1);
}

static void a_read_without_the_right_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_READ, server->memory.base,
		make_key(server->pd, ACCESS_LOCAL_WRITE));
}

static void a_read_past_the_end_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_READ, server->memory.base + server->memory.size - 3999,
		server->key);
}

static void the_queue_pair_must_allow_it_too(void **state)
{
	struct urdma_qp_attr attr = { .access_flags = ACCESS_REMOTE_READ };

	(void)state;
	rdma_qp_modify(server->qp.qp, &attr, QP_ACCESS_FLAGS, world.now);
	refused(URDMA_WR_WRITE, server->memory.base, server->key);
}

static void a_send_longer_than_its_recv_fails_on_both_sides(void **state)
{
	(void)state;
	post_recv(server, 7, 99);
	post_recv(server, 8, 99);
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	some_time();
	expect(server, 7, WC_LOC_LEN_ERR);
	expect(server, 8, WC_WR_FLUSH_ERR);
	expect(client, 1, WC_REM_INV_REQ_ERR);
	expect_both_ended();
}

static void a_send_that_finds_no_recv_in_time_ends_it(void **state)
{
	(void)state;
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	world_pass(&world, 1100 * NSEC_PER_MSEC);
	/* it was received, which is all that completion says */
	expect(client, 1, WC_SUCCESS);
	expect_both_ended();
	assert_true(world_was_told(server, EVENT_QP_REQ_ERR));
}

static void a_recv_into_forbidden_memory_is_a_local_error(void **state)
{
	struct urdma_sge sge = { server->memory.base, 100,
				 make_key(server->pd, 0) };

	(void)state;
	world_post_recv(server, 7, &sge, 1);
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	some_time();
	expect(server, 7, WC_LOC_PROT_ERR);
	expect(client, 1, WC_REM_OP_ERR);
	expect_both_ended();
}

static void a_bad_work_request_fails_after_those_before_it(void **state)
{
	struct urdma_sqe sqe = { .wr_id = 2,
				 .opcode = URDMA_WR_WRITE,
				 .num_sge = 1,
				 .rkey = server->key,
				 .remote_addr = server->memory.base };
	struct urdma_sge sge = { client->memory.base, 10, client->key + 1 };

	(void)state;
	post(client, URDMA_WR_WRITE, 1, 9000, server->memory.base, server->key);
	world_post_send(client, &sqe, &sge, sizeof(sge));
	post(client, URDMA_WR_WRITE, 3, 10, server->memory.base, server->key);
	some_time();
	expect(client, 1, WC_SUCCESS);
	expect(client, 2, WC_LOC_PROT_ERR);
	expect(client, 3, WC_WR_FLUSH_ERR);
	expect_both_ended();
}

static void an_operation_we_have_not_fails_as_such(void **state)
{
	(void)state;
	post(client, URDMA_WR_SEND_IMM, 1, 8, server->memory.base, server->key);
	some_time();
	expect(client, 1, WC_LOC_QP_OP_ERR);
	expect_both_ended();
}

static void memory_that_vanishes_while_it_is_sent_is_a_local_error(void **state)
{
	(void)state;
	post(client, URDMA_WR_WRITE, 1, 1000000, server->memory.base,
	     server->key);
	for (int i = 0; i < 6; i++)
		world_step(&world, world.now + NSEC_PER_MSEC);
	rdma_mr_dereg(client->ctx, client->mr);
	some_time();
	expect(client, 1, WC_LOC_PROT_ERR);
	expect_both_ended();
}

static void memory_that_vanishes_while_it_is_read_fails_the_read(void **state)
{
	(void)state;
	post(client, URDMA_WR_READ, 1, 1000000, server->memory.base,
	     server->key);
	for (int i = 0; i < 8; i++)
		world_step(&world, world.now + NSEC_PER_MSEC);
	expect_nothing(client);
	rdma_mr_dereg(server->ctx, server->mr);
	some_time();
	expect(client, 1, WC_REM_ACCESS_ERR);
	expect_both_ended();
}

/* The peer did nothing wrong: RFC 5040 section 4.8 and RFC 5041 section 7.1,
 * local catastrophic error. */
static void an_exited_program_cannot_be_written_to(void **state)
{
	(void)state;
	server->memory.gone = true;
	post(client, URDMA_WR_WRITE, 1, 100, server->memory.base, server->key);
	some_time();
	expect(client, 1, WC_REM_OP_ERR);
	expect_both_ended();
}

static void an_exited_program_cannot_be_read(void **state)
{
	(void)state;
	server->memory.gone = true;
	post(client, URDMA_WR_READ, 1, 100, server->memory.base, server->key);
	some_time();
	expect(client, 1, WC_REM_OP_ERR);
	expect_both_ended();
}

/* Whoever maps a file there that does not answer has only himself to blame. */
static void memory_that_is_stuck_is_waited_for(void **state)
{
	struct urdma_query_qp_reply reply;

	(void)state;
	server->memory.slow = 1000000;
	server->memory.stuck = true;
	post(client, URDMA_WR_WRITE, 1, 100, server->memory.base, server->key);
	post(client, URDMA_WR_READ, 2, 100, server->memory.base, server->key);
	world_pass(&world, 60 * NSEC_PER_SEC);
	expect(client, 1, WC_SUCCESS); /* the peer's TCP has it */
	expect_nothing(client);
	assert_int_equal(state_of(server), QPS_RTS);
	server->memory.stuck = false;
	some_time();
	expect(client, 2, WC_SUCCESS);
	rdma_qp_query(client->qp.qp, &reply);
	assert_int_equal(reply.attr.qp_state, QPS_RTS);
}

static void what_is_stuck_does_not_hold_up_the_end(void **state)
{
	(void)state;
	client->memory.slow = server->memory.slow = 1000000;
	client->memory.stuck = server->memory.stuck = true;
	post_recv(server, 3, 100);
	post(server, URDMA_WR_SEND, 2, 100, 0, 0);
	client->memory.slow = 0;
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	some_time();
	expect_nothing(server);
	iw_disconnect(client->ep, true, world.now);
	world_pass(&world, server->dev->config.recv_wait);
	some_time();
	expect_both_ended();
	expect(server, 2, WC_WR_FLUSH_ERR);
	expect(server, 3, WC_WR_FLUSH_ERR);
}

/* The sender has its completion and may break off as it likes. */
static void what_came_before_a_reset_is_not_lost(void **state)
{
	(void)state;
	server->memory.slow = 1000000;
	server->memory.stuck = true;
	post_recv(server, 3, 100);
	post_recv(server, 4, 100);
	post_recv(server, 5, 100);
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	post(client, URDMA_WR_SEND, 2, 100, 0, 0);
	some_time();
	expect(client, 1, WC_SUCCESS);
	expect(client, 2, WC_SUCCESS);
	iw_disconnect(client->ep, true, world.now);
	some_time();
	expect_nothing(server);
	server->memory.stuck = false;
	some_time();
	expect(server, 3, WC_SUCCESS);
	expect(server, 4, WC_SUCCESS);
	expect(server, 5, WC_WR_FLUSH_ERR);
	expect_both_ended();
}

static void a_reset_does_not_overtake_a_message_without_recv(void **state)
{
	(void)state;
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	some_time();
	expect(client, 1, WC_SUCCESS);
	iw_disconnect(client->ep, true, world.now);
	some_time();
	post_recv(server, 3, 100);
	some_time();
	expect(server, 3, WC_SUCCESS);
	expect_both_ended();
}

/* FIN, not RST: a peer with less care for what it has not read yet gets it. */
static void a_queue_pair_without_work_ends_orderly(void **state)
{
	(void)state;
	server->memory.slow = 1000000;
	server->memory.stuck = true;
	post_recv(server, 3, 100);
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	some_time();
	expect(client, 1, WC_SUCCESS);
	rdma_qp_destroy(client->ctx, client->qp.handle, world.now);
	client->qp.qp = NULL;
	world_pass(&world, 2 * server->dev->config.recv_wait);
	assert_int_equal(state_of(server), QPS_RTS);
	server->memory.stuck = false;
	some_time();
	expect(server, 3, WC_SUCCESS);
	assert_int_equal(state_of(server), QPS_ERR);
}

/*
 * The end.
 */

static void a_graceful_end_flushes_both_sides(void **state)
{
	(void)state;
	post_recv(client, 1, 10);
	post_recv(server, 2, 10);
	iw_disconnect(client->ep, false, world.now);
	some_time();
	expect_both_ended();
	assert_int_equal(world_event(server, IW_DISCONNECTED)->error, 0);
	assert_int_equal(world_event(client, IW_DISCONNECTED)->error, 0);
	expect(client, 1, WC_WR_FLUSH_ERR);
	expect(server, 2, WC_WR_FLUSH_ERR);
	assert_false(world_was_told(server, EVENT_QP_FATAL));
}

static void what_was_sent_before_the_end_arrives(void **state)
{
	(void)state;
	post_recv(server, 2, 4000);
	post(client, URDMA_WR_SEND, 1, 4000, 0, 0);
	world_step(&world, world.now);
	iw_disconnect(client->ep, false, world.now);
	some_time();
	expect(server, 2, WC_SUCCESS);
	expect_both_ended();
}

static void a_peer_that_dies_is_noticed(void **state)
{
	(void)state;
	post_recv(server, 2, 10);
	rdma_ctx_destroy(client->ctx, world.now);
	client->ctx = NULL;
	some_time();
	expect(server, 2, WC_WR_FLUSH_ERR);
	/* as with the kernel's sockets: it had nothing under way */
	assert_int_equal(world_event(server, IW_DISCONNECTED)->error, 0);
	assert_non_null(world_event(client, IW_DISCONNECTED));
	assert_null(iw_ep_qp(client->ep));
}

static void a_program_that_dies_in_the_middle_leaves_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		post(client, URDMA_WR_READ, i, 50000, server->memory.base,
		     server->key);
		post(server, URDMA_WR_WRITE, i, 50000, client->memory.base,
		     client->key);
	}
	for (int i = 0; i < 20; i++)
		world_step(&world, world.now + NSEC_PER_MSEC);
	rdma_ctx_destroy(server->ctx, world.now);
	server->ctx = NULL;
	world_pass(&world, 5 * NSEC_PER_SEC);
	assert_int_equal(client->pool.out, 0);
	assert_int_equal(server->pool.out, 0);
	assert_int_equal(state_of(client), QPS_ERR);
}

static void a_queue_pair_in_error_ends_its_connection(void **state)
{
	struct urdma_qp_attr attr = { .qp_state = QPS_ERR };

	(void)state;
	assert_int_equal(
		rdma_qp_modify(server->qp.qp, &attr, QP_STATE, world.now), 0);
	some_time();
	expect_both_ended();
}

static void a_queue_pair_can_connect_again_after_reset(void **state)
{
	struct urdma_qp_attr attr = { .qp_state = QPS_RESET };
	struct host *hosts[2] = { client, server };

	(void)state;
	iw_disconnect(client->ep, false, world.now);
	some_time();
	for (int n = 0; n < 2; n++) {
		iw_release(hosts[n]->ep, world.now);
		hosts[n]->event_count = 0;
		attr.qp_state = QPS_RESET;
		rdma_qp_modify(hosts[n]->qp.qp, &attr, QP_STATE, world.now);
		attr.qp_state = QPS_INIT;
		rdma_qp_modify(hosts[n]->qp.qp, &attr, QP_STATE, world.now);
	}
	iw_unlisten(server->listener, world.now);
	assert_true(world_connect(&world));
	post_recv(server, 7, 10);
	post(client, URDMA_WR_SEND, 1, 10, 0, 0);
	some_time();
	expect(server, 7, WC_SUCCESS);
	expect(client, 1, WC_SUCCESS);
}

static void a_released_connection_ends_and_says_nothing(void **state)
{
	(void)state;
	iw_release(client->ep, world.now);
	client->ep = NULL;
	some_time();
	assert_null(world_event(client, IW_DISCONNECTED));
	assert_non_null(world_event(server, IW_DISCONNECTED));
	assert_int_equal(state_of(client), QPS_ERR);
}

#define FRESH(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
#define OWN(t) cmocka_unit_test_teardown(t, teardown)
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup_connected, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OWN(both_sides_learn_private_data_and_depths),
		FRESH(nobody_listening_is_a_refusal),
		FRESH(who_listens_a_little_late_is_reached),
		FRESH(who_listens_again_before_long_is_reached),
		FRESH(who_listens_no_more_refuses_in_the_end),
		FRESH(a_peer_that_is_not_there_is_a_time_out),
		FRESH(a_reject_carries_private_data),
		FRESH(a_request_released_unanswered_is_rejected),
		FRESH(a_listener_that_goes_takes_unseen_requests_along),
		FRESH(a_full_backlog_makes_the_next_one_wait),
		FRESH(what_is_in_use_is_refused),
		TEST(the_server_may_send_first),
		TEST(who_moves_a_connected_queue_pair_up_is_late),
		TEST(messages_of_no_bytes_are_messages),
		TEST(a_send_waits_for_its_recv),
		TEST(a_fenced_send_sees_what_was_read),
		TEST(a_write_with_immediate_tells_how_much_was_written),
		TEST(an_armed_queue_is_told_of_a_solicited_send),
		TEST(draining_stops_sending_and_says_when),
		TEST(a_write_with_an_unknown_key_is_refused),
		TEST(a_write_out_of_bounds_is_refused),
		TEST(a_write_without_the_right_is_refused),
		TEST(a_write_into_another_domain_is_refused),
		TEST(a_write_that_wraps_is_refused),
		TEST(a_read_with_an_unknown_key_is_refused),
		TEST(a_read_without_the_right_is_refused),
		TEST(a_read_past_the_end_is_refused),
		TEST(the_queue_pair_must_allow_it_too),
		TEST(a_send_longer_than_its_recv_fails_on_both_sides),
		TEST(a_send_that_finds_no_recv_in_time_ends_it),
		TEST(a_recv_into_forbidden_memory_is_a_local_error),
		TEST(a_bad_work_request_fails_after_those_before_it),
		TEST(an_operation_we_have_not_fails_as_such),
		TEST(memory_that_vanishes_while_it_is_sent_is_a_local_error),
		TEST(memory_that_vanishes_while_it_is_read_fails_the_read),
		TEST(an_exited_program_cannot_be_written_to),
		TEST(an_exited_program_cannot_be_read),
		TEST(memory_that_is_stuck_is_waited_for),
		TEST(what_is_stuck_does_not_hold_up_the_end),
		TEST(what_came_before_a_reset_is_not_lost),
		TEST(a_reset_does_not_overtake_a_message_without_recv),
		TEST(a_queue_pair_without_work_ends_orderly),
		TEST(a_graceful_end_flushes_both_sides),
		TEST(what_was_sent_before_the_end_arrives),
		TEST(a_peer_that_dies_is_noticed),
		TEST(a_program_that_dies_in_the_middle_leaves_nothing),
		TEST(a_queue_pair_in_error_ends_its_connection),
		TEST(a_queue_pair_can_connect_again_after_reset),
		TEST(a_released_connection_ends_and_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * verbs_many COUNT [ADDRESS]: so many connections of one program, each with a
 * queue pair, a completion queue and a memory region of its own.
 *
 * Both ends say "connected" and wait, idle, for SIGUSR1.  Then each connection
 * carries its number both ways, and everything is destroyed in another order *
 * than it was made.  Without ADDRESS: the server.  ADDRESS "none": nothing is
 * connected, there is only one end.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "netns/verbs_peer.h"

enum {
	PORT = 7471,
	DEPTH = 16, /* of each queue, as small programs have it */
	AT_ONCE = 64,
	RESOLVE_MS = 20000,
	DEADLINE_S = 120, /* for whatever one waits for */
	REGION = 4096,
	BACKLOG = 1024,
};

/* One end of a connection. */
struct end {
	uint32_t number;
	struct rdma_cm_id *id; /* NULL: not connected */
	struct ibv_qp *qp;
	struct ibv_cq *cq;
	struct ibv_mr *mr;
	bool over; /* the peer has disconnected */
};

struct many {
	uint32_t count;
	uint32_t begun;
	uint32_t connected;
	uint32_t over;
	struct rdma_event_channel *channel;
	struct rdma_cm_id *listener; /* NULL: a client */
	struct sockaddr_in address;
	struct ibv_pd *pd;
	uint8_t *bytes; /* REGION for each */
	struct end *ends;
};

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* What arrives lies behind what is sent. */
static uint32_t *words(const struct many *many, const struct end *end)
{
	return (uint32_t *)(many->bytes + (size_t)end->number * REGION);
}

static void post_recv(const struct many *many, const struct end *end)
{
	struct ibv_sge sge = { (uintptr_t)(words(many, end) + 1),
			       sizeof(uint32_t), end->mr->lkey };
	struct ibv_recv_wr *bad, wr = { .sg_list = &sge, .num_sge = 1 };

	need(ibv_post_recv(end->qp, &wr, &bad) == 0, "ibv_post_recv");
}

static void post_send(const struct many *many, const struct end *end)
{
	struct ibv_sge sge = { (uintptr_t)words(many, end), sizeof(uint32_t),
			       end->mr->lkey };
	struct ibv_send_wr *bad, wr = { .sg_list = &sge,
					.num_sge = 1,
					.opcode = IBV_WR_SEND,
					.send_flags = IBV_SEND_SIGNALED };

	need(ibv_post_send(end->qp, &wr, &bad) == 0, "ibv_post_send");
}

static void make(struct many *many, struct end *end, struct ibv_context *verbs)
{
	struct ibv_qp_init_attr attr = {
		.qp_type = IBV_QPT_RC,
		.cap = { DEPTH, DEPTH, 1, 1, 0 },
	};

	if (!many->pd)
		many->pd = ibv_alloc_pd(verbs);
	need(many->pd != NULL, "ibv_alloc_pd");
	end->cq = ibv_create_cq(verbs, 2 * DEPTH, NULL, NULL, 0);
	need(end->cq != NULL, "ibv_create_cq");
	end->mr = ibv_reg_mr(many->pd, words(many, end), REGION,
			     IBV_ACCESS_LOCAL_WRITE);
	need(end->mr != NULL, "ibv_reg_mr");
	attr.send_cq = attr.recv_cq = end->cq;
	if (end->id) {
		rdma_create_qp(end->id, many->pd, &attr);
		end->qp = end->id->qp;
	} else {
		end->qp = ibv_create_qp(many->pd, &attr);
	}
	if (!end->qp)
		die("queue pair %u: %m", end->number);
	words(many, end)[0] = end->number;
	words(many, end)[1] = UINT32_MAX;
	if (end->id)
		post_recv(many, end);
}

static void begin(struct many *many)
{
	struct end *end = &many->ends[many->begun];

	end->number = many->begun++;
	need(rdma_create_id(many->channel, &end->id, end, RDMA_PS_TCP) == 0,
	     "rdma_create_id");
	need(rdma_resolve_addr(end->id, NULL, (struct sockaddr *)&many->address,
			       RESOLVE_MS) == 0,
	     "rdma_resolve_addr");
}

static void ask(struct many *many, struct end *end)
{
	struct rdma_conn_param param = {
		.private_data = &end->number,
		.private_data_len = sizeof(end->number),
	};
	make(many, end, end->id->verbs);
	need(rdma_connect(end->id, &param) == 0, "rdma_connect");
}

static void answer(struct many *many, const struct rdma_cm_event *event)
{
	struct rdma_conn_param param = { 0 };
	struct end *end;
	uint32_t number;

	memcpy(&number, event->param.conn.private_data, sizeof(number));
	if (number >= many->count || many->ends[number].id)
		die("asked for connection %u", number);
	end = &many->ends[number];
	end->number = number;
	end->id = event->id;
	end->id->context = end;
	make(many, end, end->id->verbs);
	need(rdma_accept(end->id, &param) == 0, "rdma_accept");
}

/* Whatever happens next. */
static void step(struct many *many)
{
	struct pollfd watch = { many->channel->fd, POLLIN, 0 };
	struct rdma_cm_event *event;
	struct end *end;

	if (poll(&watch, 1, DEADLINE_S * 1000) != 1)
		die("no event in %d s; %u of %u connected", DEADLINE_S,
		    many->connected, many->count);
	need(rdma_get_cm_event(many->channel, &event) == 0,
	     "rdma_get_cm_event");
	end = event->id->context;
	switch (event->event) {
	case RDMA_CM_EVENT_ADDR_RESOLVED:
		need(rdma_resolve_route(event->id, RESOLVE_MS) == 0,
		     "rdma_resolve_route");
		break;
	case RDMA_CM_EVENT_ROUTE_RESOLVED:
		ask(many, end);
		break;
	case RDMA_CM_EVENT_CONNECT_REQUEST:
		answer(many, event);
		break;
	case RDMA_CM_EVENT_ESTABLISHED:
		many->connected++;
		break;
	case RDMA_CM_EVENT_DISCONNECTED:
		many->over += !end->over;
		end->over = true;
		break;
	default:
		die("event %s (status %d)", rdma_event_str(event->event),
		    event->status);
	}
	rdma_ack_cm_event(event);
}

static void connect_all(struct many *many)
{
	while (many->connected < many->count) {
		while (!many->listener && many->begun < many->count &&
		       many->begun - many->connected < AT_ONCE)
			begin(many);
		step(many);
	}
}

static void wait_idle(void)
{
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	puts("connected");
	fflush(stdout);
	need(sigwait(&set, &signal) == 0, "sigwait");
}

static void expect_completions(const struct end *end, int count)
{
	time_t until = now_s() + DEADLINE_S;
	struct ibv_wc wc;

	while (count) {
		int n = ibv_poll_cq(end->cq, 1, &wc);

		if (n < 0 || (n && wc.status != IBV_WC_SUCCESS))
			die("connection %u: %s", end->number,
			    n < 0 ? "ibv_poll_cq"
				  : ibv_wc_status_str(wc.status));
		if (!n && now_s() > until)
			die("connection %u: no completion in %d s", end->number,
			    DEADLINE_S);
		count -= n;
	}
}

static void talk(struct many *many)
{
	for (uint32_t i = 0; i < many->count; i++)
		post_send(many, &many->ends[i]);
	for (uint32_t i = 0; i < many->count; i++) {
		expect_completions(&many->ends[i], 2);
		if (words(many, &many->ends[i])[1] != i)
			die("connection %u got %u", i,
			    words(many, &many->ends[i])[1]);
	}
}

static void destroy(struct end *end)
{
	if (end->id) {
		rdma_destroy_qp(end->id);
		need(rdma_destroy_id(end->id) == 0, "rdma_destroy_id");
	} else {
		need(ibv_destroy_qp(end->qp) == 0, "ibv_destroy_qp");
	}
	need(ibv_destroy_cq(end->cq) == 0, "ibv_destroy_cq");
	need(ibv_dereg_mr(end->mr) == 0, "ibv_dereg_mr");
}

/* The client goes first, the server when it has seen it. */
static void disconnect_all(struct many *many)
{
	for (uint32_t i = 0; i < many->count && !many->listener; i++)
		need(rdma_disconnect(many->ends[i].id) == 0, "rdma_disconnect");
	while (many->over < many->count)
		step(many);
}

static void destroy_all(struct many *many)
{
	enum { STRIDE = 7 };

	for (uint32_t first = 0; first < STRIDE; first++)
		for (uint32_t i = first; i < many->count; i += STRIDE)
			destroy(&many->ends[i]);
}

static void be_alone(struct many *many)
{
	struct ibv_device **devices = ibv_get_device_list(NULL);
	struct ibv_context *verbs;

	need(devices && *devices, "a device");
	verbs = ibv_open_device(*devices);
	need(verbs != NULL, "ibv_open_device");
	for (uint32_t i = 0; i < many->count; i++) {
		many->ends[i].number = i;
		make(many, &many->ends[i], verbs);
	}
	wait_idle();
	destroy_all(many);
	need(ibv_dealloc_pd(many->pd) == 0, "ibv_dealloc_pd");
	need(ibv_close_device(verbs) == 0, "ibv_close_device");
	ibv_free_device_list(devices);
}

static void meet(struct many *many)
{
	connect_all(many);
	wait_idle();
	talk(many);
	disconnect_all(many);
	destroy_all(many);
	need(ibv_dealloc_pd(many->pd) == 0, "ibv_dealloc_pd");
	if (many->listener)
		need(rdma_destroy_id(many->listener) == 0, "rdma_destroy_id");
}

static void listen_for(struct many *many)
{
	need(rdma_create_id(many->channel, &many->listener, NULL,
			    RDMA_PS_TCP) == 0,
	     "rdma_create_id");
	need(rdma_bind_addr(many->listener,
			    (struct sockaddr *)&many->address) == 0,
	     "rdma_bind_addr");
	need(rdma_listen(many->listener, BACKLOG) == 0, "rdma_listen");
}

static void open_many(struct many *many, const char *address)
{
	bool alone = address && strcmp(address, "none") == 0;

	many->address = (struct sockaddr_in){ .sin_family = AF_INET,
					      .sin_port = htons(PORT) };
	if (address && !alone &&
	    inet_pton(AF_INET, address, &many->address.sin_addr) != 1)
		die("%s is no address", address);
	many->channel = rdma_create_event_channel();
	need(many->channel != NULL, "rdma_create_event_channel");
	many->ends = calloc(many->count, sizeof(*many->ends));
	many->bytes = aligned_alloc(REGION, (size_t)many->count * REGION);
	need(many->ends && many->bytes, "memory");
	memset(many->bytes, 0, (size_t)many->count * REGION);
	if (!address)
		listen_for(many);
}

static void close_many(struct many *many)
{
	rdma_destroy_event_channel(many->channel);
	free(many->ends);
	free(many->bytes);
}

int main(int argc, char **argv)
{
	struct many many = { 0 };
	sigset_t set;

	if (argc < 2 || argc > 3)
		die("verbs_many COUNT [ADDRESS]");
	many.count = (uint32_t)strtoul(argv[1], NULL, 10);
	if (!many.count)
		die("verbs_many COUNT [ADDRESS]");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	open_many(&many, argc == 3 ? argv[2] : NULL);
	if (argc == 3 && strcmp(argv[2], "none") == 0)
		be_alone(&many);
	else
		meet(&many);
	close_many(&many);
	puts("done");
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Operations that perftest does not do, between two programs:
 *
 *   verbs_ops                 the server
 *   verbs_ops ADDRESS         the client
 *
 * On one connection, WRITEs with immediate of several sizes: the receiver
 * learns how many bytes, which immediate, and finds the bytes.  Then fetch and
 * add on a single word of the server over CLIENTS connections at once: no
 * addition is lost and no two find the same value.
 */
#include <infiniband/verbs.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netns/verbs_peer.h"

enum {
	PORT = 7471,
	CLIENTS = 4,
	ADDITIONS = 500, /* a connection */
	OPEN = 8,	 /* of them at once */
	ROOM = 200000,
	DEPTH = 64,
};

static const uint32_t sizes[] = { 0, 1, 192, 8999, 100000, ROOM };
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

struct away {
	uint64_t addr;
	uint64_t rkey;
};

struct side {
	struct rdma_cm_id *id;
	struct ibv_cq *cq[2]; /* of sends, of receives */
	struct ibv_mr *mr;
	uint8_t *memory;
};

static uint8_t pattern(uint32_t size, uint32_t i)
{
	return (uint8_t)(size * 31 + i * 7 + (i >> 8));
}

static void open_side(struct side *side, struct rdma_cm_id *id, uint8_t *memory)
{
	struct ibv_qp_init_attr attr = {
		.qp_type = IBV_QPT_RC,
		.cap = { .max_send_wr = DEPTH,
			 .max_recv_wr = DEPTH,
			 .max_send_sge = 1,
			 .max_recv_sge = 1 },
	};

	side->id = id;
	side->memory = memory;
	for (int i = 0; i < 2; i++) {
		side->cq[i] = ibv_create_cq(id->verbs, DEPTH, NULL, NULL, 0);
		need(side->cq[i] != NULL, "ibv_create_cq");
	}
	attr.send_cq = side->cq[0];
	attr.recv_cq = side->cq[1];
	need(rdma_create_qp(id, NULL, &attr) == 0, "rdma_create_qp");
	side->mr = ibv_reg_mr(id->pd, memory, ROOM,
			      IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |
				      IBV_ACCESS_REMOTE_ATOMIC);
	need(side->mr != NULL, "ibv_reg_mr");
}

static void close_side(struct side *side)
{
	need(ibv_dereg_mr(side->mr) == 0, "ibv_dereg_mr");
	peer_close(side->id);
	for (int i = 0; i < 2; i++)
		need(ibv_destroy_cq(side->cq[i]) == 0, "ibv_destroy_cq");
}

static struct ibv_sge at(const struct side *side, uint32_t off, uint32_t bytes)
{
	return (struct ibv_sge){ (uintptr_t)side->memory + off, bytes,
				 side->mr->lkey };
}

static void post_recv(const struct side *side, uint32_t bytes)
{
	struct ibv_sge sge = at(side, 0, bytes);
	struct ibv_recv_wr wr = { .sg_list = &sge, .num_sge = 1 }, *bad;

	need(ibv_post_recv(side->id->qp, &wr, &bad) == 0, "ibv_post_recv");
}

static void post(const struct side *side, struct ibv_send_wr *wr)
{
	struct ibv_send_wr *bad;

	wr->send_flags = IBV_SEND_SIGNALED;
	need(ibv_post_send(side->id->qp, wr, &bad) == 0, "ibv_post_send");
}

static struct ibv_wc completion(const struct side *side,
				enum ibv_wc_opcode opcode)
{
	struct ibv_cq *cq = side->cq[opcode & IBV_WC_RECV ? 1 : 0];
	struct ibv_wc wc;
	int n;

	while ((n = ibv_poll_cq(cq, 1, &wc)) == 0)
		continue;
	need(n == 1, "ibv_poll_cq");
	if (wc.status != IBV_WC_SUCCESS || wc.opcode != opcode)
		die("completion %s, opcode %d instead of %d",
		    ibv_wc_status_str(wc.status), wc.opcode, opcode);
	return wc;
}

static void same(const char *what, uint64_t is, uint64_t expected)
{
	if (is != expected)
		die("%s is %" PRIu64 ", expected %" PRIu64, what, is, expected);
}

/*
 * The server.
 */

/* The first message of each connection, and the sign to go on. */
static void say_where(const struct side *side)
{
	const struct away away = { (uintptr_t)side->memory, side->mr->rkey };
	struct ibv_sge sge = at(side, ROOM - sizeof(away), sizeof(away));
	struct ibv_send_wr wr = { .opcode = IBV_WR_SEND,
				  .sg_list = &sge,
				  .num_sge = 1 };

	memcpy(side->memory + ROOM - sizeof(away), &away, sizeof(away));
	post(side, &wr);
	completion(side, IBV_WC_SEND);
}

static void receive_immediates(const struct side *side)
{
	for (uint32_t n = 0; n < SIZES; n++) {
		struct ibv_wc wc;

		post_recv(side, 0);
		if (n == 0)
			say_where(side);
		wc = completion(side, IBV_WC_RECV_RDMA_WITH_IMM);
		same("byte_len", wc.byte_len, sizes[n]);
		same("the immediate", be32toh(wc.imm_data), 0xabc00000 + n);
		same("its flag", wc.wc_flags & IBV_WC_WITH_IMM,
		     IBV_WC_WITH_IMM);
		for (uint32_t i = 0; i < sizes[n]; i++)
			same("a byte", side->memory[i], pattern(sizes[n], i));
		say_where(side);
	}
	printf("%d immediates\n", SIZES);
}

static void serve_counter(struct peer_listener *listener, uint8_t *memory)
{
	struct side sides[CLIENTS];
	uint64_t counter;
	uint32_t word;

	memset(memory, 0, sizeof(counter));
	for (int i = 0; i < CLIENTS; i++) {
		open_side(&sides[i], peer_asked(listener, &word), memory);
		peer_accept(sides[i].id);
	}
	/* so that they all run at the same time */
	for (int i = 0; i < CLIENTS; i++)
		say_where(&sides[i]);
	for (int i = 0; i < CLIENTS; i++) {
		peer_event(sides[i].id, RDMA_CM_EVENT_DISCONNECTED);
		close_side(&sides[i]);
	}
	memcpy(&counter, memory, sizeof(counter));
	same("the counter", counter, CLIENTS * ADDITIONS);
	printf("%d additions\n", CLIENTS * ADDITIONS);
}

static void serve(uint8_t *memory)
{
	struct peer_listener listener;
	struct side side;
	uint32_t word;

	peer_listen(&listener, PORT);
	open_side(&side, peer_asked(&listener, &word), memory);
	peer_accept(side.id);
	receive_immediates(&side);
	peer_event(side.id, RDMA_CM_EVENT_DISCONNECTED);
	close_side(&side);
	serve_counter(&listener, memory);
	peer_unlisten(&listener);
}

/*
 * The client.
 */

static void call(struct side *side, const char *address, uint8_t *memory)
{
	open_side(side, peer_resolve(address, PORT), memory);
	post_recv(side, sizeof(struct away));
	peer_connect(side->id, 0);
}

static struct away hear_where(const struct side *side)
{
	struct away away;

	completion(side, IBV_WC_RECV);
	memcpy(&away, side->memory, sizeof(away));
	return away;
}

/* iWARP has no such message. */
static void send_with_immediate_is_refused(const struct side *side)
{
	struct ibv_send_wr wr = { .opcode = IBV_WR_SEND_WITH_IMM }, *bad = NULL;

	same("SEND_WITH_IMM", ibv_post_send(side->id->qp, &wr, &bad), EINVAL);
	same("bad_wr", (uintptr_t)bad, (uintptr_t)&wr);
}

static void write_immediates(const char *address, uint8_t *memory)
{
	struct side side;
	struct away away;

	call(&side, address, memory);
	away = hear_where(&side);
	send_with_immediate_is_refused(&side);
	for (uint32_t n = 0; n < SIZES; n++) {
		struct ibv_sge sge = at(&side, 0, sizes[n]);
		struct ibv_send_wr wr = {
			.opcode = IBV_WR_RDMA_WRITE_WITH_IMM,
			.sg_list = &sge,
			.num_sge = sizes[n] != 0,
			.imm_data = htobe32(0xabc00000 + n),
			.wr.rdma = { away.addr, (uint32_t)away.rkey },
		};

		for (uint32_t i = 0; i < sizes[n]; i++)
			memory[i] = pattern(sizes[n], i);
		post_recv(&side, sizeof(struct away));
		post(&side, &wr);
		completion(&side, IBV_WC_RDMA_WRITE);
		completion(&side, IBV_WC_RECV); /* it was looked at */
	}
	rdma_disconnect(side.id);
	close_side(&side);
}

static void post_addition(const struct side *side, const struct away *away,
			  uint32_t n)
{
	struct ibv_sge sge = at(side, 64 + 8 * (n % OPEN), 8);
	struct ibv_send_wr wr = {
		.wr_id = n,
		.opcode = IBV_WR_ATOMIC_FETCH_AND_ADD,
		.sg_list = &sge,
		.num_sge = 1,
		.wr.atomic = { .remote_addr = away->addr,
			       .rkey = (uint32_t)away->rkey,
			       .compare_add = 1 },
	};

	post(side, &wr);
}

static uint32_t found(const struct side *side, uint32_t n)
{
	struct ibv_wc wc = completion(side, IBV_WC_FETCH_ADD);
	uint64_t value;

	same("wr_id", wc.wr_id, n);
	same("byte_len", wc.byte_len, 8);
	memcpy(&value, side->memory + 64 + 8 * (n % OPEN), sizeof(value));
	if (value >= CLIENTS * ADDITIONS)
		die("%" PRIu64 " was found", value);
	return (uint32_t)value;
}

static void add(const char *address, uint8_t *memory)
{
	static bool seen[CLIENTS * ADDITIONS];
	struct side sides[CLIENTS];
	struct away away[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		call(&sides[i], address, memory + i * 4096);
	for (int i = 0; i < CLIENTS; i++) {
		away[i] = hear_where(&sides[i]);
		for (uint32_t n = 0; n < OPEN; n++)
			post_addition(&sides[i], &away[i], n);
	}
	for (uint32_t n = 0; n < ADDITIONS; n++)
		for (int i = 0; i < CLIENTS; i++) {
			uint32_t value = found(&sides[i], n);

			if (seen[value])
				die("%u was found twice", value);
			seen[value] = true;
			if (n + OPEN < ADDITIONS)
				post_addition(&sides[i], &away[i], n + OPEN);
		}
	for (int i = 0; i < CLIENTS; i++) {
		rdma_disconnect(sides[i].id);
		close_side(&sides[i]);
	}
}

int main(int argc, char **argv)
{
	uint8_t *memory = aligned_alloc(4096, (ROOM + 8 * 4096) & ~4095);

	need(memory != NULL, "aligned_alloc");
	if (argc > 1) {
		write_immediates(argv[1], memory);
		add(argv[1], memory);
	} else {
		serve(memory);
	}
	free(memory);
	puts("done");
	return 0;
}

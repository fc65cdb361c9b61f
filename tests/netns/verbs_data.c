// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The data test: two of these, joined by several connections, carry out random
 * SENDs, WRITEs and READs in both directions at once and verify every byte of
 * every region, and that work completes in order and as it was posted.  Or
 * they send datagrams, and verify each.
 *
 *   verbs_data [OPTION...] [ADDRESS]        without an address: the server
 *
 * Connection 0, by rdma_cm and reliable, carries what the two tell each other;
 * the others the plans (data_plan.h, data_datagrams.c).  Round by round: the
 * initiator carries out its plan's round, the responder verifies it when the
 * round's last SEND has come, and says so.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "netns/data_link.h"
#include "netns/data_options.h"
#include "netns/verbs_peer.h"

enum {
	PORT = 7471,
	NOTES = 8 + 4 * DATA_CONNECTIONS_MAX, /* RECVs of connection 0 */
	PATIENCE_MS = 60000,
	LOOK_MS = 20, /* where time passes without an event */
};

enum note_kind { NOTE_HELLO, NOTE_READY, NOTE_SENT, NOTE_VERIFIED, NOTE_BYE };

struct note {
	uint32_t kind;
	uint32_t link;
	struct data_card card; /* HELLO: by number */
	struct away target;    /* HELLO: of streams */
	struct away fixed;
};

static struct data_link links[DATA_CONNECTIONS_MAX];
static struct rdma_cm_id *talk;
static struct ibv_cq *talk_cq;
static struct ibv_comp_channel *channel;
static struct ibv_pd *pd;
static struct note notes[NOTES];
static struct ibv_mr *notes_mr;
static uint32_t notes_out;
static bool peer_is_done;
static bool said_bye;

static bool is_client(void)
{
	return options.address;
}

/*
 * What the two tell each other.
 */

static void await_note(uint32_t slot)
{
	struct ibv_sge sge = { (uintptr_t)&notes[slot], sizeof(notes[slot]),
			       notes_mr->lkey };
	struct ibv_recv_wr wr = { .wr_id = slot,
				  .sg_list = &sge,
				  .num_sge = 1 };
	struct ibv_recv_wr *bad;

	errno = ibv_post_recv(talk->qp, &wr, &bad);
	need(!errno, "RECV of a note");
}

static void greeted(struct data_link *l, const struct note *note)
{
	l->target = note->target;
	l->fixed = note->fixed;
	if (options.by_number) {
		l->join.peer = note->card;
		data_join_peer(&l->join);
	}
	l->owes_ready = true;
}

static void heard(const struct note *note)
{
	struct data_link *l = &links[note->link % DATA_CONNECTIONS_MAX];

	switch (note->kind) {
	case NOTE_HELLO:
		greeted(l, note);
		break;
	case NOTE_READY:
		l->greeted = true;
		break;
	case NOTE_SENT:
		l->as->peer_sent(l);
		break;
	case NOTE_VERIFIED:
		l->verified = true;
		break;
	case NOTE_BYE:
		peer_is_done = true;
		break;
	}
}

/* Who is done first closes, and what the other has posted flushes. */
static bool is_farewell(void)
{
	return peer_is_done && said_bye;
}

static int poll_talk(void)
{
	struct ibv_wc wc;
	int n = ibv_poll_cq(talk_cq, 1, &wc);

	if (n <= 0)
		return n;
	if (wc.status != IBV_WC_SUCCESS && !is_farewell())
		die("seed %" PRIu64 ": connection 0: %s", options.seed,
		    ibv_wc_status_str(wc.status));
	if (wc.opcode == IBV_WC_SEND) {
		notes_out--;
	} else if (wc.status == IBV_WC_SUCCESS) {
		heard(&notes[wc.wr_id]);
		await_note((uint32_t)wc.wr_id);
	}
	return n;
}

static void describe(struct note *note, const struct data_link *l)
{
	note->card = l->join.mine;
	if (l->as == &data_streams) {
		note->target = data_link_describe(l, TARGET);
		note->fixed = data_link_describe(l, FIXED);
	}
}

/* A SEND has its place in the queue and in the CQ until it is polled. */
static void tell(enum note_kind kind, const struct data_link *l)
{
	struct note note = { .kind = kind, .link = l ? l->index : 0 };
	struct ibv_sge sge = { (uintptr_t)&note, sizeof(note), 0 };
	struct ibv_send_wr wr = { .sg_list = &sge,
				  .num_sge = 1,
				  .opcode = IBV_WR_SEND,
				  .send_flags = IBV_SEND_INLINE |
						IBV_SEND_SIGNALED |
						IBV_SEND_SOLICITED };
	struct ibv_send_wr *bad;

	if (kind == NOTE_HELLO)
		describe(&note, l);
	while (notes_out == NOTES)
		poll_talk();
	errno = ibv_post_send(talk->qp, &wr, &bad);
	need(!errno, "SEND of a note");
	notes_out++;
}

/*
 * The turns.
 */

/*
 * A link was flushed that has nothing to do: the peer closed it, whose last
 * note is on its way, for each connection has its own pace.  Without that note
 * connection 0 ends too, and poll_talk() says so.
 */
static void await_farewell(void)
{
	while (!is_farewell())
		poll_talk();
}

static int poll_link(struct data_link *l, struct ibv_cq *cq)
{
	struct ibv_wc wc[4];
	int n = ibv_poll_cq(cq, 4, wc);

	if (n < 0)
		die("ibv_poll_cq fails");
	for (int i = 0; i < n && !is_farewell(); i++) {
		if (wc[i].status == IBV_WC_WR_FLUSH_ERR && said_bye)
			await_farewell();
		else
			l->as->completed(l, &wc[i]);
	}
	return n;
}

static int tell_if(bool so, enum note_kind kind, const struct data_link *l)
{
	if (so)
		tell(kind, l);
	return so;
}

static int tell_of_link(struct data_link *l)
{
	bool owed = l->owes_ready;
	int told;

	l->owes_ready = false;
	told = tell_if(owed, NOTE_READY, l);
	if (l->as->sent_round)
		told += tell_if(l->as->sent_round(l), NOTE_SENT, l);
	return told + tell_if(l->as->heard_round(l), NOTE_VERIFIED, l);
}

static int turn_link(struct data_link *l)
{
	int work = l->as->post(l);

	work += poll_link(l, l->send_cq);
	if (l->recv_cq != l->send_cq)
		work += poll_link(l, l->recv_cq);
	work += tell_of_link(l);
	return work + l->as->next_round(l);
}

static int turn(void)
{
	int work = 0;

	while (poll_talk() > 0)
		work++;
	for (uint32_t i = 1; i < options.connections; i++)
		work += turn_link(&links[i]);
	return work;
}

static void arm(void)
{
	need(ibv_req_notify_cq(talk_cq, 0) == 0, "ibv_req_notify_cq");
	for (uint32_t i = 1; i < options.connections; i++) {
		need(ibv_req_notify_cq(links[i].send_cq, 0) == 0,
		     "ibv_req_notify_cq");
		need(ibv_req_notify_cq(links[i].recv_cq, 0) == 0,
		     "ibv_req_notify_cq");
	}
}

static void take_event(void)
{
	struct pollfd fd = { channel->fd, POLLIN, 0 };
	struct ibv_cq *cq;
	void *context;
	int n = poll(&fd, 1, options.lossy ? LOOK_MS : PATIENCE_MS);

	if (!n && options.lossy)
		return;
	if (n != 1)
		die("seed %" PRIu64 ": no completion event", options.seed);
	need(ibv_get_cq_event(channel, &cq, &context) == 0, "ibv_get_cq_event");
	ibv_ack_cq_events(cq, 1);
}

static bool all_done(void)
{
	for (uint32_t i = 1; i < options.connections; i++)
		if (!links[i].done)
			return false;
	return true;
}

static void run(void)
{
	while (!is_farewell() || notes_out) {
		if (!said_bye && all_done()) {
			tell(NOTE_BYE, NULL);
			said_bye = true;
		}
		if (turn() || !options.events)
			continue;
		arm();
		if (!turn())
			take_event();
	}
}

/*
 * Making and unmaking it all.
 */

static struct ibv_cq *make_cq(struct ibv_context *device, int depth)
{
	struct ibv_cq *cq = ibv_create_cq(device, depth, NULL, channel, 0);

	need(cq != NULL, "ibv_create_cq");
	return cq;
}

/* Plans are made alike at both ends, so what one end's device cannot do must
 * be said at both. */
static void check_limits(struct ibv_context *device)
{
	struct ibv_device_attr attr;
	uint32_t least;

	need(ibv_query_device(device, &attr) == 0, "ibv_query_device");
	least = (uint32_t)attr.max_sge < (uint32_t)attr.max_sge_rd
			? (uint32_t)attr.max_sge
			: (uint32_t)attr.max_sge_rd;
	if (options.pieces > (uint32_t)attr.max_sge ||
	    options.read_pieces > least)
		die("%s takes %d elements, of a READ %u: give both ends "
		    "--pieces %d --read-pieces %u",
		    ibv_get_device_name(device->device), attr.max_sge, least,
		    attr.max_sge, least);
}

/* iWARP has no SEND with immediate; UC no READ, and nothing sent again. */
static void make_rules(const struct rdma_cm_id *id)
{
	bool is_iwarp =
		id->verbs->device->transport_type == IBV_TRANSPORT_IWARP;
	const struct plan_rules rules = {
		.pieces = options.pieces,
		.read_pieces = options.read_pieces,
		.reads = options.service == IBV_QPT_RC,
		.send_immediates = options.immediates && !is_iwarp,
		.write_immediates = options.immediates,
		.packet_bytes = data_join_mtu(id),
		.round_packets =
			options.service == IBV_QPT_UC
				? DATA_PACKETS / (options.connections - 1)
				: 0,
	};

	plan_by(&rules);
}

static void make_shared(struct rdma_cm_id *id)
{
	struct ibv_context *device = id->verbs;

	check_limits(device);
	make_rules(id);
	pd = ibv_alloc_pd(device);
	need(pd != NULL, "ibv_alloc_pd");
	channel = ibv_create_comp_channel(device);
	need(channel != NULL, "ibv_create_comp_channel");
	talk_cq = make_cq(device, 2 * NOTES);
	notes_mr = ibv_reg_mr(pd, notes, sizeof(notes), IBV_ACCESS_LOCAL_WRITE);
	need(notes_mr != NULL, "ibv_reg_mr");
}

static struct ibv_qp_init_attr qp_attr(struct ibv_cq *send_cq,
				       struct ibv_cq *recv_cq, uint32_t sends,
				       uint32_t recvs)
{
	return (struct ibv_qp_init_attr){
		.send_cq = send_cq,
		.recv_cq = recv_cq,
		.qp_type = IBV_QPT_RC,
		.cap = { sends, recvs, options.pieces, options.pieces,
			 DATA_INLINE },
	};
}

static void make_talk(struct rdma_cm_id *id)
{
	struct ibv_qp_init_attr attr;

	make_shared(id);
	talk = id;
	attr = qp_attr(talk_cq, talk_cq, NOTES, NOTES);
	need(rdma_create_qp(id, pd, &attr) == 0, "rdma_create_qp");
	for (uint32_t i = 0; i < NOTES; i++)
		await_note(i);
}

static void make_link_qp(struct data_link *l)
{
	struct ibv_qp_init_attr attr =
		qp_attr(l->send_cq, l->recv_cq, DATA_SQ_DEPTH, DATA_RQ_DEPTH);

	attr.qp_type = options.service;
	if (l->id) {
		need(rdma_create_qp(l->id, pd, &attr) == 0, "rdma_create_qp");
		l->qp = l->id->qp;
	} else {
		data_join_open(&l->join, talk, pd, &attr,
			       (uint32_t)options.seed * 2654435761U + l->index);
		l->qp = l->join.qp;
	}
}

/* id: NULL by number */
static void make_link(struct rdma_cm_id *id, uint32_t index)
{
	struct ibv_context *device = talk->verbs;
	struct data_link *l = &links[index];

	l->index = index;
	l->as = options.service == IBV_QPT_UD ? &data_datagrams : &data_streams;
	l->id = id;
	l->send_cq = make_cq(device, DATA_CQ_DEPTH);
	l->recv_cq = index % 2 ? l->send_cq : make_cq(device, DATA_CQ_DEPTH);
	make_link_qp(l);
	l->as->begin(l, pd, is_client());
}

static void make(struct rdma_cm_id *id, uint32_t index)
{
	if (index == 0)
		make_talk(id);
	else
		make_link(id, index);
}

/* How many are by rdma_cm. */
static uint32_t cm_connections(void)
{
	return options.by_number ? 1 : options.connections;
}

static void make_by_number(void)
{
	for (uint32_t i = cm_connections(); i < options.connections; i++)
		make_link(NULL, i);
}

static void connect_all(void)
{
	for (uint32_t i = 0; i < cm_connections(); i++) {
		struct rdma_cm_id *id = peer_resolve(options.address, PORT);

		make(id, i);
		peer_connect(id, i);
	}
}

static void accept_all(void)
{
	struct peer_listener listener;
	uint32_t index;

	peer_listen(&listener, PORT);
	for (uint32_t i = 0; i < cm_connections(); i++) {
		struct rdma_cm_id *id = peer_asked(&listener, &index);

		if (index != i)
			die("connection %u comes instead of %u", index, i);
		make(id, i);
		peer_accept(id);
	}
	peer_unlisten(&listener);
}

static void unmake_link(struct data_link *l)
{
	if (l->id)
		peer_close(l->id);
	else
		data_join_close(&l->join);
	l->as->end(l);
	need(ibv_destroy_cq(l->send_cq) == 0, "ibv_destroy_cq");
	if (l->recv_cq != l->send_cq)
		need(ibv_destroy_cq(l->recv_cq) == 0, "ibv_destroy_cq");
}

static void unmake(void)
{
	for (uint32_t i = 1; i < options.connections; i++)
		unmake_link(&links[i]);
	peer_close(talk);
	need(ibv_destroy_cq(talk_cq) == 0, "ibv_destroy_cq");
	need(ibv_destroy_comp_channel(channel) == 0, "destroy_comp_channel");
	need(ibv_dereg_mr(notes_mr) == 0, "ibv_dereg_mr");
	need(ibv_dealloc_pd(pd) == 0, "ibv_dealloc_pd");
}

static void run_all(void)
{
	if (is_client())
		connect_all();
	else
		accept_all();
	make_by_number();
	for (uint32_t i = 1; i < options.connections; i++)
		tell(NOTE_HELLO, &links[i]);
	run();
}

int main(int argc, char **argv)
{
	uint64_t operations = 0;

	data_options_parse(argc, argv);
	run_all();
	for (uint32_t i = 1; i < options.connections; i++)
		operations += links[i].operations;
	unmake();
	if (options.service == IBV_QPT_UD)
		data_datagrams_report();
	printf("seed %" PRIu64 ": %" PRIu64 " operations of the %s, %" PRIu64
	       " MiB verified\n",
	       options.seed, operations, is_client() ? "client" : "server",
	       data_bytes_verified >> 20);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Whatever a peer sends to a requester and a responder, and whatever is asked
 * of them: placed is only what belongs to a message that is under way, what is
 * read for an answer only what was asked for, and every message ends once and
 * in order.
 *
 * Input: records of four bytes: what to do, and three for its details.
 */
#include <stdlib.h>

#include "base/serial.h"
#include "roce/hole.h"
#include "roce/req.h"
#include "roce/resp.h"

#include "fuzz.h"

enum { MTU = 256, PSN = 0xfffffc, MSGS = 16, LONGEST = 4 * MTU };

struct world {
	struct roce_req req;
	struct roce_resp resp;
	struct roce_early early;
	nsec_t now;
	uint32_t lengths[MSGS]; /* of messages under way, by position */
	uint32_t begun;
	uint32_t ended;
	bool over;
};

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void start(struct world *world, uint8_t flags)
{
	const uint8_t service = flags & 1 ? ROCE_UC : ROCE_RC;
	const struct roce_req_config req = {
		.service = service,
		.timeout = flags & 2 ? 0 : 5,
		.retry_cnt = 2,
		.rnr_retry = flags & 4 ? ROCE_RNR_FOREVER : 1,
		.mtu = MTU,
		.psn = PSN,
		.max_rd_atomic = 2,
		.max_msgs = MSGS,
		.window = 8,
	};
	const struct roce_resp_config resp = {
		.service = service,
		.mtu = MTU,
		.psn = PSN,
		.resources = flags >> 6,
	};

	*world = (struct world){ .now = NSEC_PER_SEC };
	roce_req_init(&world->req, &req);
	roce_resp_init(&world->resp, &resp);
	world->req.asks = flags >> 3 & 1; /* as if it had asked for gaps */
}

static void begin(struct world *world, const uint8_t *in)
{
	static const uint8_t kinds[] = { ROCE_KIND_SEND, ROCE_KIND_WRITE,
					 ROCE_KIND_READ, ROCE_KIND_ATOMIC };
	bool uc = world->req.config.service == ROCE_UC;
	struct roce_wr wr = {
		.kind = kinds[in[1] % (uc ? 2 : 4)],
		.pos = world->begun,
		.length = (uint32_t)(in[2] * 4) % (LONGEST + 1) + in[3] % 4,
		.with_imm = in[1] & 0x10,
		.fence = in[1] & 0x20,
	};

	if (wr.kind == ROCE_KIND_ATOMIC)
		wr.length = 8;
	if (wr.kind != ROCE_KIND_SEND && wr.kind != ROCE_KIND_WRITE)
		wr.with_imm = false;
	if (!roce_req_wants(&world->req) || !roce_req_begin(&world->req, &wr))
		return;
	world->lengths[world->begun++ % MSGS] = wr.length;
	must(world->begun - world->ended <= MSGS);
}

static void keep(struct world *world, const struct roce_packet *pkt)
{
	if (world->req.config.service == ROCE_RC &&
	    psn_dist(world->resp.epsn, pkt->psn) < ROCE_PSN_WINDOW)
		roce_resp_keep(&world->resp, &world->early, pkt);
}

static void request(struct world *world, const struct roce_packet *pkt,
		    uint8_t answer)
{
	struct roce_task task;
	enum roce_verdict verdict = roce_resp_input(&world->resp, pkt, &task);

	if (verdict == ROCE_GAP)
		keep(world, pkt);
	if (verdict != ROCE_OK)
		return;
	if (task.what == ROCE_DO_WRITE)
		must(task.off + task.len <= task.announced);
	if (task.what == ROCE_DO_SEND || task.what == ROCE_DO_WRITE)
		must(task.len == pkt->payload_len);
	if (task.what == ROCE_DO_ATOMIC)
		must(task.va % 8 == 0);
	roce_resp_answer(&world->resp, pkt, &task,
			 answer % (ROCE_ANSWER_OPERATION + 1), 1);
	roce_early_advance(&world->early, world->resp.epsn);
	if (!roce_early_next(&world->early))
		roce_resp_filled(&world->resp, &world->early);
}

static void response(struct world *world, const struct roce_packet *pkt)
{
	struct roce_scatter to;

	roce_req_input(&world->req, pkt, &to, world->now);
	if (!to.wanted)
		return;
	must(to.pos - world->ended < world->begun - world->ended);
	must(to.off + (to.is_atomic ? 8 : pkt->payload_len) <=
	     world->lengths[to.pos % MSGS]);
}

/* A gap is told of, or somebody wants to be told of gaps. */
static void arrive_hole(struct world *world, const uint8_t *in, bool asks)
{
	const struct roce_hole hole = {
		.psn = (PSN + (in[1] >> 1)) & 0xffffff,
		.len = in[2] & 15,
		.reach = in[2] >> 4,
	};
	struct roce_packet pkt;

	if (world->req.config.service == ROCE_UC)
		return;
	if (asks) {
		roce_hole_ask(&pkt, hole.psn);
		request(world, &pkt, 0);
	} else {
		roce_hole_tell(&pkt, &hole);
		response(world, &pkt);
	}
}

static void arrive(struct world *world, const uint8_t *in, uint8_t answer)
{
	static const uint8_t payload[MTU];
	struct roce_packet pkt = {
		.op = roce_op(in[0]),
		.opcode = in[0],
		.ack_req = in[1] & 1,
		.psn = (PSN + (in[1] >> 1)) & 0xffffff,
		.syndrome = in[2],
		.va = (uint64_t)(in[2] & 0xf0),
		.dma_len = in[2] * 8u,
		.payload = payload,
	};

	if (!pkt.op || (in[0] & ROCE_SERVICE_MASK) != world->req.config.service)
		return;
	if (pkt.op->payload == ROCE_PAYLOAD_FULL)
		pkt.payload_len = MTU;
	else if (pkt.op->payload != ROCE_PAYLOAD_NONE)
		pkt.payload_len = in[2];
	if (pkt.op->response)
		response(world, &pkt);
	else
		request(world, &pkt, answer);
}

static void leave(struct world *world)
{
	struct roce_packet pkt;
	struct roce_source source;
	struct roce_gather gather;

	if (roce_resp_output(&world->resp, &pkt, &source))
		must(source.len <= MTU && source.len == pkt.payload_len);
	if (!roce_req_output(&world->req, &pkt, &gather, world->now))
		return;
	must(gather.pos - world->ended < world->begun - world->ended);
	must(gather.off + gather.len <= world->lengths[gather.pos % MSGS]);
}

static void end(struct world *world)
{
	struct roce_done done;

	while (roce_req_event(&world->req, &done)) {
		must(!world->over && done.pos == world->ended);
		world->ended++;
		world->over = done.status != ROCE_DONE;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world;

	if (size < 1)
		return 0;
	start(&world, data[0]);
	for (size_t i = 1; i + 4 <= size && i < 4096; i += 4) {
		uint8_t what = data[i];

		if (what % 4 == 0)
			begin(&world, data + i);
		else if (what % 4 == 1)
			leave(&world);
		else if (what % 4 == 2 && what & 4)
			arrive_hole(&world, data + i + 1, what & 8);
		else if (what % 4 == 2)
			arrive(&world, data + i + 1, what >> 4);
		else if (roce_req_deadline(&world.req) != NSEC_NEVER) {
			world.now = roce_req_deadline(&world.req);
			roce_req_expire(&world.req, world.now);
		}
		end(&world);
	}
	roce_req_destroy(&world.req);
	roce_resp_destroy(&world.resp);
	roce_early_destroy(&world.early);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Whatever a peer sends behind a good start-up: nothing is read or written
 * that it should not be, nothing is left over, and what was posted completes
 * exactly once.
 *
 * Input: records of a kind, a length and so many bytes.  Kind 0 sends them as
 * they are, 1 as a FPDU with a good CRC, 2 posts a RECV, 3 a READ, 4 a WRITE,
 * 5 lets time pass.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "rdma/verbs.h"
#include "sim/raw.h"
#include "sim/world.h"

static struct world world;
static struct raw raw;

static int start(void)
{
	struct world_options options = world_defaults(1);
	struct host *host = &world.host[0];
	struct iw_params params;

	options.memory = 8192;
	options.max_wr = 16;
	world_create(&world, &options);
	raw_create(&raw, &world);
	params = world_params(&world, 0);
	if (world_listen(&world, 0) < 0 || !raw_connect(&raw))
		return -1;
	raw_send(&raw, "MPA ID Req Frame\x40\x01\x00\x00", 20);
	world_pass(&world, NSEC_PER_MSEC);
	return iw_accept(host->ep, host->qp.qp, &params, world.now);
}

static bool post(struct host *host, uint8_t kind, uint8_t len)
{
	static const uint8_t opcodes[] = {
		[3] = URDMA_WR_READ, [4] = URDMA_WR_WRITE
	};
	struct urdma_sge sge = { host->memory.base + 1000, len, host->key };
	struct urdma_sqe sqe = { .flags = URDMA_WRF_SIGNALED, .num_sge = 1 };

	if (kind == 2)
		return world_post_recv(host, 0, &sge, 1);
	sqe.opcode = opcodes[kind];
	return world_post_send(host, &sqe, &sge, sizeof(sge));
}

static int play(const uint8_t *data, size_t size)
{
	struct host *host = &world.host[0];
	int posted = 0;

	while (size >= 2) {
		uint8_t kind = data[0] % 6;
		size_t len = data[1] < size - 2 ? data[1] : size - 2;

		if (kind == 0)
			raw_send(&raw, data + 2, len);
		else if (kind == 1)
			raw_send_fpdu(&raw, data + 2, len);
		else if (kind < 5)
			posted += post(host, kind, data[1]);
		else
			world_pass(&world, NSEC_PER_MSEC);
		if (kind >= 2)
			len = 0;
		data += 2 + len;
		size -= 2 + len;
	}
	return posted;
}

static int completions(struct host *host)
{
	struct urdma_cqe cqe;
	int count = 0;

	while (world_poll(host, &cqe))
		count++;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host *host = &world.host[0];
	int posted;

	if (size > 2048)
		return 0;
	if (start() < 0)
		abort();
	posted = play(data, size);
	raw_abort(&raw);
	world_pass(&world, 3 * NSEC_PER_SEC);
	if (completions(host) != posted || host->pool.out)
		abort();
	raw_destroy(&raw);
	if (world_destroy(&world))
		abort();
	return 0;
}

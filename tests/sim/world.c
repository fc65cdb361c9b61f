// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sim/world.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/doorbell.h"
#include "rdma/verbs.h"
#include "sim/raw.h"

struct heap_buf {
	struct buf buf;
	uint8_t bytes[WORLD_BUF_ROOM];
};

static struct buf *pool_alloc(struct buf_pool *base)
{
	struct world_pool *pool = (struct world_pool *)base;
	struct heap_buf *heap;

	if (rng_chance(&pool->rng, pool->failures))
		return NULL;
	heap = malloc(sizeof(*heap));
	assert(heap);
	memset(&heap->buf, 0, sizeof(heap->buf));
	heap->buf.data = heap->bytes;
	heap->buf.room = sizeof(heap->bytes);
	pool->out++;
	return &heap->buf;
}

static void pool_free(struct buf_pool *base, struct buf *buf)
{
	((struct world_pool *)base)->out--;
	memset(buf, 0xdd, sizeof(*buf)); /* a later look finds nonsense */
	free((struct heap_buf *)(void *)buf);
}

static const struct buf_pool_ops pool_ops = {
	.alloc = pool_alloc,
	.free = pool_free,
};

static void host_random(void *arg, void *out, size_t len)
{
	uint8_t *bytes = out;

	while (len--)
		*bytes++ = (uint8_t)rng_next(arg);
}

struct world_options world_defaults(uint64_t seed)
{
	return (struct world_options){
		.seed = seed,
		.mtu = 1500,
		.revision = { 2, 2 },
		.crc = { true, true },
		.ird = { 16, 16 },
		.ord = { 16, 16 },
		.delay = 10 * NSEC_PER_USEC,
		.memory = 1 << 20,
		.max_wr = 64,
		.cqe = 1024,
	};
}

static struct urdma_ring *new_ring(uint32_t slots, uint32_t stride)
{
	struct urdma_ring *ring = calloc(1, urdma_ring_bytes(slots, stride));

	assert(ring);
	return ring;
}

static int must(int err)
{
	assert(err == 0);
	return err;
}

static void make_cq(struct host *host, uint32_t cqe)
{
	struct world_cq *cq = &host->cq;
	struct rdma_cq_attr attr = { .user_handle = 0xc0, .channel = host };

	cq->slots = attr.slots = rdma_cq_slots(host->dev, cqe);
	cq->ring = attr.ring = new_ring(cq->slots, sizeof(struct urdma_cqe));
	must(rdma_cq_create(host->ctx, &attr, &cq->handle));
}

void world_make_qp(struct host *host, struct world_qp *qp)
{
	const struct world_options *options = &host->world->options;
	struct urdma_create_qp ask = {
		.user_handle = 0x90,
		.pd = host->pd,
		.send_cq = host->cq.handle,
		.recv_cq = host->cq.handle,
		.max_send_wr = options->max_wr,
		.max_recv_wr = options->max_wr,
		.max_send_sge = 4,
		.max_recv_sge = 4,
		.qp_type = QPT_RC,
		.srq = host->srq,
	};
	struct urdma_qp_attr attr = {
		.qp_state = QPS_INIT,
		.access_flags = ACCESS_REMOTE_READ | ACCESS_REMOTE_WRITE |
				ACCESS_REMOTE_ATOMIC,
	};

	must(rdma_qp_plan(host->dev, &ask, &qp->caps));
	qp->sq = new_ring(qp->caps.sq_slots, qp->caps.sq_stride);
	if (!host->srq)
		qp->rq = new_ring(qp->caps.rq_slots, qp->caps.rq_stride);
	must(rdma_qp_create(host->ctx, &ask, &qp->caps, qp->sq, qp->rq,
			    &qp->handle));
	qp->qp = rdma_ctx_find_qp(host->ctx, qp->handle);
	qp->sq_tail = qp->rq_tail = 0;
	must(rdma_qp_modify(qp->qp, &attr, QP_STATE | QP_ACCESS_FLAGS,
			    host->world->now));
}

static void make_srq(struct host *host)
{
	const struct world_options *options = &host->world->options;
	struct rdma_srq_attr attr = { .pd = host->pd, .user_handle = 0x5a };

	must(rdma_srq_plan(host->dev, options->max_wr, 4, &attr.caps));
	attr.ring = new_ring(attr.caps.slots, attr.caps.stride);
	must(rdma_srq_create(host->ctx, &attr, &host->srq));
	host->qp.rq = attr.ring;
}

/* The shared ring is this queue pair's to post to. */
static void adopt_srq(struct host *host)
{
	struct rdma_srq_caps caps;

	must(rdma_srq_plan(host->dev, host->world->options.max_wr, 4, &caps));
	host->qp.caps.rq_slots = caps.slots;
	host->qp.caps.rq_stride = caps.stride;
}

static uint32_t recv_doorbell(const struct host *host)
{
	struct urdma_query_srq_reply reply;

	if (!host->srq)
		return rdma_qp_doorbell(host->qp.qp);
	rdma_srq_query(rdma_ctx_find_srq(host->ctx, host->srq), &reply);
	return reply.doorbell;
}

static void make_memory(struct host *host, uint64_t size)
{
	struct world_memory *memory = &host->memory;
	struct rdma_mr_attr attr;

	memory_init(memory, host->world->options.slow_memory,
		    host->world->options.seed + 991);
	memory->base = UINT64_C(0x7f0000000000) + rng_below(&host->rng, 4096);
	memory->size = size;
	memory->bytes = malloc(size);
	assert(memory->bytes);
	host_random(&host->rng, memory->bytes, size);
	attr = (struct rdma_mr_attr){
		.pd = host->pd,
		.access = ACCESS_REMOTE_ATOMIC | ACCESS_LOCAL_WRITE |
			  ACCESS_REMOTE_READ | ACCESS_REMOTE_WRITE,
		.start = memory->base,
		.iova = memory->base,
		.length = size,
		.place = &memory->place,
	};
	must(rdma_mr_reg(host->ctx, &attr, &host->mr, &host->key));
}

static void make_host(struct world *world, int n)
{
	const struct world_options *options = &world->options;
	struct host *host = &world->host[n];
	const uint8_t ip4[4] = { 10, 0, 0, n + 1 };
	struct rdma_config config;

	host->world = world;
	host->rng.state = options->seed * 2 + n;
	host->pool.pool.ops = &pool_ops;
	host->pool.rng.state = options->seed * 2 + n + 77;
	host->pool.failures = options->pool_failures;
	flow_addr_from_ip4(host->addr, ip4);
	rdma_config_init(&config);
	memcpy(config.ip4, ip4, 4);
	config.has_ip6 = true;
	config.ip6[0] = 0xfd;
	config.ip6[15] = n + 1;
	config.mac[5] = n;
	config.mtu = options->mtu;
	config.mpa_revision = options->revision[n];
	config.mpa_crc = options->crc[n];
	config.pool = &host->pool.pool;
	config.random = host_random;
	config.random_arg = &host->rng;
	host->dev = rdma_dev_create(&config);
	assert(host->dev);
	host->ctx = rdma_ctx_create(host->dev, &host->doorbell, host);
	assert(host->ctx);
	must(rdma_pd_alloc(host->ctx, &host->pd));
	make_memory(host, options->memory);
	make_cq(host, options->cqe);
	if (world->options.srq)
		make_srq(host);
	world_make_qp(host, &host->qp);
	if (host->srq)
		adopt_srq(host);
}

void world_create(struct world *world, const struct world_options *options)
{
	memset(world, 0, sizeof(*world));
	world->options = *options;
	world->now = NSEC_PER_SEC;
	world->link = (struct link){
		.rng.state = options->seed + 12345,
		.delay = options->delay,
		.jitter = options->jitter,
		.loss = options->loss,
		.doubled = options->doubled,
	};
	make_host(world, 0);
	make_host(world, 1);
}

static void free_host(struct host *host, nsec_t now)
{
	iw_release(host->ep, now);
	iw_unlisten(host->listener, now);
	rdma_ctx_destroy(host->ctx, now);
	rdma_dev_destroy(host->dev);
	free(host->memory.bytes);
	free(host->cq.ring);
	free(host->qp.sq);
	free(host->qp.rq);
}

int world_destroy(struct world *world)
{
	free_host(&world->host[0], world->now);
	free_host(&world->host[1], world->now);
	link_destroy(&world->link);
	return world->host[0].pool.out + world->host[1].pool.out;
}

static void deliver(struct world *world, struct packet *packet)
{
	struct host *host = &world->host[packet->to];
	struct tcp_segment segment;
	struct buf *buf = NULL;
	enum tcp_verdict verdict =
		tcp_segment_decode(&segment, packet->bytes, packet->len);

	assert(verdict == TCP_OK);
	if (segment.len) {
		buf = buf_alloc(&host->pool.pool);
		if (!buf)
			return; /* the port drops what it has no mbuf for */
		memcpy(buf->data, packet->bytes + segment.off, segment.len);
		buf->len = segment.len;
	}
	if (packet->to == 1 && world->raw)
		raw_input(world->raw, &packet->key, &segment, buf);
	else
		iw_stack_input(rdma_dev_iw(host->dev), &packet->key, &segment,
			       buf, world->now);
}

static void note_events(struct host *host)
{
	struct iw_event event;
	struct rdma_event told;

	while (iw_stack_event(rdma_dev_iw(host->dev), &event)) {
		assert(host->event_count < WORLD_EVENTS);
		host->events[host->event_count++] = event;
		if (event.kind == IW_CONNECT_REQUEST)
			host->ep = event.ep;
	}
	while (rdma_dev_event(host->dev, &told)) {
		assert(host->told_count < WORLD_EVENTS);
		host->told[host->told_count++] = told;
	}
}

static void turn(struct world *world, int n)
{
	struct host *host = &world->host[n];
	struct iw_stack *stack = rdma_dev_iw(host->dev);
	struct tcp_segment segment;
	struct flow_key key;

	iw_stack_expire(stack, world->now);
	memory_deliver(&host->memory, world->now);
	if (host->ctx)
		rdma_ctx_service(host->ctx, world->now);
	while (iw_stack_output(stack, &key, &segment, world->now))
		link_send(&world->link, !n, &key, &segment, world->now);
	note_events(host);
}

static nsec_t earliest(const struct world *world)
{
	nsec_t at = link_deadline(&world->link);

	for (int n = 0; n < 2; n++) {
		nsec_t mine =
			iw_stack_deadline(rdma_dev_iw(world->host[n].dev));

		at = mine < at ? mine : at;
		mine = memory_deadline(&world->host[n].memory);
		at = mine < at ? mine : at;
	}
	if (world->raw && raw_deadline(world->raw) < at)
		at = raw_deadline(world->raw);
	return at;
}

bool world_step(struct world *world, nsec_t until)
{
	struct packet *packet;
	nsec_t next;

	while ((packet = link_take(&world->link, world->now))) {
		deliver(world, packet);
		link_done(&world->link, packet);
	}
	turn(world, 0);
	if (world->raw)
		raw_turn(world->raw);
	else
		turn(world, 1);
	next = earliest(world);
	if (next > until) {
		world->now = until > world->now ? until : world->now;
		return next != NSEC_NEVER;
	}
	if (next > world->now)
		world->now = next;
	return true;
}

void world_pass(struct world *world, nsec_t span)
{
	nsec_t until = world->now + span;

	while (world->now < until)
		world_step(world, until);
	world_step(world, until);
}

const struct iw_event *world_event(const struct host *host,
				   enum iw_event_kind kind)
{
	for (int i = host->event_count - 1; i >= 0; i--)
		if (host->events[i].kind == kind)
			return &host->events[i];
	return NULL;
}

bool world_was_told(const struct host *host, uint32_t async_type)
{
	for (int i = 0; i < host->told_count; i++)
		if (host->told[i].kind == RDMA_EVENT_ASYNC &&
		    host->told[i].type == async_type)
			return true;
	return false;
}

static bool wait_for(struct world *world, int n, enum iw_event_kind kind)
{
	nsec_t until = world->now + 60 * NSEC_PER_SEC;

	while (!world_event(&world->host[n], kind)) {
		if (world_event(&world->host[0], IW_CONNECT_FAILED) ||
		    world->now >= until)
			return false;
		world_step(world, until);
	}
	return true;
}

struct iw_params world_params(const struct world *world, int n)
{
	return (struct iw_params){
		.ird = world->options.ird[n],
		.ord = world->options.ord[n],
		.private_data = n ? "accept" : "connect",
		.private_data_len = n ? 6 : 7,
	};
}

int world_listen(struct world *world, int n)
{
	struct host *host = &world->host[n];

	return iw_listen(rdma_dev_iw(host->dev), host->addr, WORLD_PORT, 8,
			 host, &host->listener);
}

int world_call(struct world *world, int n)
{
	struct host *host = &world->host[n];
	struct iw_stack *stack = rdma_dev_iw(host->dev);
	struct iw_params mine = world_params(world, n);
	struct flow_key key = { .remote_port = WORLD_PORT };

	memcpy(key.local, host->addr, FLOW_ADDR_LEN);
	memcpy(key.remote, world->host[!n].addr, FLOW_ADDR_LEN);
	key.local_port = iw_port_take(stack, 0);
	return iw_connect(stack, &key, host->qp.qp, &mine, host, world->now,
			  &host->ep);
}

bool world_connect(struct world *world)
{
	struct host *server = &world->host[1];
	struct iw_params theirs = world_params(world, 1);

	must(world_listen(world, 1));
	must(world_call(world, 0));
	if (!wait_for(world, 1, IW_CONNECT_REQUEST))
		return false;
	while (iw_accept(server->ep, server->qp.qp, &theirs, world->now) ==
	       -ENOBUFS)
		continue;
	return wait_for(world, 1, IW_CONNECTED) &&
	       wait_for(world, 0, IW_CONNECTED);
}

static void *slot(struct urdma_ring *ring, uint32_t index, uint32_t slots,
		  uint32_t stride)
{
	return (uint8_t *)(ring + 1) + (uint64_t)(index & (slots - 1)) * stride;
}

bool world_post_send(struct host *host, const struct urdma_sqe *sqe,
		     const void *behind, uint32_t bytes)
{
	struct world_qp *qp = &host->qp;
	uint8_t *at = slot(qp->sq, qp->sq_tail, qp->caps.sq_slots,
			   qp->caps.sq_stride);

	if (qp->sq_tail - qp->sq->head >= qp->caps.sq_slots)
		return false;
	memcpy(at, sqe, sizeof(*sqe));
	if (bytes)
		memcpy(at + sizeof(*sqe), behind, bytes);
	__atomic_store_n(&qp->sq->tail, ++qp->sq_tail, __ATOMIC_RELEASE);
	doorbell_ring(&host->doorbell, rdma_qp_doorbell(qp->qp));
	return true;
}

bool world_post_recv(struct host *host, uint64_t wr_id,
		     const struct urdma_sge *sges, uint32_t count)
{
	struct world_qp *qp = &host->qp;
	struct urdma_rqe rqe = { .wr_id = wr_id, .num_sge = count };
	uint8_t *at = slot(qp->rq, qp->rq_tail, qp->caps.rq_slots,
			   qp->caps.rq_stride);

	if (qp->rq_tail - qp->rq->head >= qp->caps.rq_slots)
		return false;
	memcpy(at, &rqe, sizeof(rqe));
	if (count)
		memcpy(at + sizeof(rqe), sges, count * sizeof(*sges));
	__atomic_store_n(&qp->rq->tail, ++qp->rq_tail, __ATOMIC_RELEASE);
	if (qp->rq->need_doorbell)
		doorbell_ring(&host->doorbell, recv_doorbell(host));
	return true;
}

bool world_poll(struct host *host, struct urdma_cqe *cqe)
{
	struct world_cq *cq = &host->cq;

	if (__atomic_load_n(&cq->ring->tail, __ATOMIC_ACQUIRE) == cq->head)
		return false;
	memcpy(cqe,
	       slot(cq->ring, cq->head, cq->slots, sizeof(struct urdma_cqe)),
	       sizeof(*cqe));
	__atomic_store_n(&cq->ring->head, ++cq->head, __ATOMIC_RELEASE);
	return true;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Device files: contexts, memory, queues and their events, limits. */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <rdma/ib_user_verbs.h>
#include <sys/mman.h>

#include "base/ring.h"
#include "control_world.h"

enum { PORT = 7471 };

static struct control_world w;
static struct daemon *const here = &w.daemons[0];
static unsigned int open_before;

#include "control_program.h"

static unsigned int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static int show(void *arg, uint64_t *bytes)
{
	(void)arg;
	*bytes = 2;
	return memfd_create("json", MFD_CLOEXEC);
}

static int set_up(void **state)
{
	(void)state;
	open_before = open_descriptors();
	control_world_open(&w, show);
	return 0;
}

/* Nothing is left: no buf, no descriptor. */
static int tear_down(void **state)
{
	(void)state;
	return control_world_close(&w) || open_descriptors() != open_before;
}

static int ask_arena(const struct program *p, uint64_t key, uint64_t *bytes,
		     int *fd)
{
	struct urdma_map_arena map = { .key = key };
	struct urdma_map_arena_reply reply;
	struct ask ask = {
		.op = URDMA_OP_MAP_ARENA,
		.request = &map,
		.request_len = sizeof(map),
		.reply = &reply,
		.reply_len = sizeof(reply),
	};
	int ret = make_request(&w, p->fd, &ask);

	*bytes = ret ? 0 : reply.bytes;
	*fd = ask.got;
	return ret;
}

static uint8_t *map_arena(const struct program *p, uint64_t key)
{
	uint64_t bytes;
	uint8_t *at;
	int fd;

	assert_int_equal(ask_arena(p, key, &bytes, &fd), 0);
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	assert_ptr_not_equal(at, MAP_FAILED);
	return at;
}

static void a_context_has_its_doorbells_in_a_sealed_arena(void **state)
{
	struct program p = open_verbs(here, 1);
	uint64_t bytes;
	int fd;

	(void)state;
	assert_int_equal(p.context.num_comp_vectors, 1);
	assert_int_equal(ask_arena(&p, p.context.doorbell_arena, &bytes, &fd),
			 0);
	assert_int_equal(bytes, p.context.doorbell_arena_bytes);
	assert_true(bytes >= 2 << 20);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK, F_SEAL_SHRINK);
	close(fd);
	close_session(&p);
}

static void an_arena_of_another_session_cannot_be_mapped(void **state)
{
	struct program p = open_verbs(here, 1), q = open_verbs(here, 1);
	struct urdma_create_cq_reply cq;
	uint64_t bytes;
	int fd;

	(void)state;
	assert_int_equal(try_cq(&p, 0, 1 << 9, &cq), 0);
	assert_int_equal(ask_arena(&p, cq.ring.arena + 4096, &bytes, &fd),
			 -EINVAL);
	assert_int_equal(ask_arena(&q, 0, &bytes, &fd), -EINVAL);
	close_session(&p);
	close_session(&q);
}

static void one_session_has_one_context(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_get_context_reply reply;

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_GET_CONTEXT, EMPTY, &reply),
			 -EINVAL);
	close_session(&p);
}

static void objects_need_a_context(void **state)
{
	struct program p = open_session(here, URDMA_SESSION_VERBS, 1);
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp;
	struct urdma_handle pd;

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_ALLOC_PD, EMPTY, &pd), -EINVAL);
	assert_int_equal(try_cq(&p, 0, 16, &cq), -EINVAL);
	assert_int_equal(try_qp(&p, 1, &qp), -EINVAL);
	assert_int_equal(to_state(&p, 1, QPS_INIT), -EINVAL);
	close_session(&p);
}

static void the_device_and_its_port_can_be_queried(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_query_device_reply device;
	struct urdma_query_port_reply port;
	struct urdma_query_port ask = { .port = 1 };

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_DEVICE, EMPTY, &device), 0);
	assert_int_equal(device.phys_port_cnt, 1);
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_PORT, &ask, &port), 0);
	assert_int_equal(port.gid_tbl_len, 2);
	ask.port = 2;
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_PORT, &ask, &port), -EINVAL);
	close_session(&p);
}

static void address_handles_belong_to_their_session(void **state)
{
	struct program p = open_verbs(here, 1);
	struct program other = open_verbs(here, 1);
	struct urdma_create_ah ask = {
		.pd = p.pd,
		.attr = { .dgid = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
			  .sgid_index = 1,
			  .is_global = 1,
			  .port_num = 1 },
	};
	struct urdma_handle ah;
	struct urdma_empty none;

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_CREATE_AH, &ask, &ah), 0);
	assert_int_equal(ASK(other.fd, URDMA_OP_DESTROY_AH, &ah, &none),
			 -EINVAL);
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_AH, &ah, &none), 0);
	ask.attr.is_global = 0;
	assert_int_equal(ASK(p.fd, URDMA_OP_CREATE_AH, &ask, &ah), -EINVAL);
	close_session(&other);
	close_session(&p);
}

static uint32_t attach_memory(const struct program *p)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	struct urdma_mem_attach_reply mem;

	assert_int_equal(
		ASK_LENDING(p->fd, URDMA_OP_MEM_ATTACH, EMPTY, &mem, &fd, 1),
		0);
	close(fd);
	return mem.mem;
}

static int try_mr(const struct program *p, uint32_t mem, uint64_t length,
		  struct urdma_reg_mr_reply *mr)
{
	struct urdma_reg_mr ask = {
		.pd = p->pd,
		.mem = mem,
		.start = 0x10000,
		.length = length,
		.iova = 0x10000,
		.access = ACCESS_LOCAL_WRITE,
	};

	return ASK(p->fd, URDMA_OP_REG_MR, &ask, mr);
}

static void memory_is_registered_in_what_was_attached(void **state)
{
	struct program p = open_verbs(here, 1);
	uint32_t mem = attach_memory(&p);
	struct urdma_handle handle = { 0 };
	struct urdma_reg_mr_reply mr;
	struct urdma_empty none;

	(void)state;
	assert_int_equal(try_mr(&p, mem + 1, 4096, &mr), -EINVAL);
	assert_int_equal(try_mr(&p, mem, 4096, &mr), 0);
	assert_int_equal(mr.lkey, mr.rkey);
	handle.handle = p.pd;
	assert_int_equal(ASK(p.fd, URDMA_OP_DEALLOC_PD, &handle, &none),
			 -EBUSY);
	handle.handle = mr.mr;
	assert_int_equal(ASK(p.fd, URDMA_OP_DEREG_MR, &handle, &none), 0);
	assert_int_equal(ASK(p.fd, URDMA_OP_DEREG_MR, &handle, &none), -EINVAL);
	close_session(&p);
}

static void only_a_mem_file_is_memory(void **state)
{
	struct program p = open_verbs(here, 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct urdma_mem_attach_reply mem;

	(void)state;
	assert_int_equal(
		ASK_LENDING(p.fd, URDMA_OP_MEM_ATTACH, EMPTY, &mem, &null, 1),
		-EINVAL);
	assert_int_equal(ASK(p.fd, URDMA_OP_MEM_ATTACH, EMPTY, &mem), -EINVAL);
	close(null);
	close_session(&p);
}

static void queues_lie_in_arenas_that_can_be_mapped(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp = make_qp(&p, 0, &cq);
	const struct urdma_queue_place *places[] = { &cq.ring, &qp.sq, &qp.rq };
	uint64_t bytes;
	int fd;

	(void)state;
	for (int i = 0; i < 3; i++) {
		uint64_t end =
			places[i]->offset +
			urdma_ring_bytes(places[i]->slots, places[i]->stride);

		assert_int_equal(ask_arena(&p, places[i]->arena, &bytes, &fd),
				 0);
		assert_int_equal(bytes, places[i]->arena_bytes);
		assert_true(end <= bytes);
		assert_int_equal(places[i]->offset % 128, 0);
		close(fd);
	}
	close_session(&p);
}

static void a_queue_in_use_is_busy(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp = make_qp(&p, 0, &cq);
	struct urdma_handle handle = { .handle = cq.cq };
	struct urdma_destroy_reply reply;

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_CQ, &handle, &reply),
			 -EBUSY);
	handle.handle = qp.qp;
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_QP, &handle, &reply), 0);
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_QP, &handle, &reply),
			 -EINVAL);
	handle.handle = cq.cq;
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_CQ, &handle, &reply), 0);
	close_session(&p);
}

static void handles_mean_nothing_in_another_session(void **state)
{
	struct program p = open_verbs(here, 1), q = open_verbs(here, 1);
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp = make_qp(&p, 0, &cq);
	struct urdma_handle handle = { .handle = qp.qp };
	struct urdma_query_qp_reply reply;

	(void)state;
	assert_int_equal(ASK(q.fd, URDMA_OP_QUERY_QP, &handle, &reply),
			 -EINVAL);
	assert_int_equal(try_qp(&q, cq.cq, &qp), -EINVAL);
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_QP, &handle, &reply), 0);
	assert_int_equal(reply.attr.qp_state, QPS_INIT);
	close_session(&p);
	close_session(&q);
}

/*
 * Limits.
 */

static int try_srq(const struct program *p, uint32_t max_wr, uint32_t limit,
		   struct urdma_create_srq_reply *srq)
{
	struct urdma_create_srq ask = { .user_handle = 0x5a,
					.pd = p->pd,
					.max_wr = max_wr,
					.max_sge = 2,
					.limit = limit };

	return ASK(p->fd, URDMA_OP_CREATE_SRQ, &ask, srq);
}

static int try_shared(const struct program *p, uint32_t srq,
		      struct urdma_create_qp_reply *qp)
{
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp ask = {
		.pd = p->pd,
		.srq = srq,
		.max_send_wr = 8,
		.max_recv_wr = 8,
		.max_send_sge = 1,
		.max_recv_sge = 1,
		.qp_type = QPT_RC,
	};

	assert_int_equal(try_cq(p, 0, 8, &cq), 0);
	ask.send_cq = ask.recv_cq = cq.cq;
	return ASK(p->fd, URDMA_OP_CREATE_QP, &ask, qp);
}

static void a_shared_receive_queue_lives_as_long_as_its_users(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_create_srq_reply srq;
	struct urdma_create_qp_reply qp;
	struct urdma_query_srq_reply info;
	struct urdma_modify_srq modify = { .attr_mask = SRQ_LIMIT, .limit = 5 };
	struct urdma_destroy_reply destroyed;
	struct urdma_modify_srq_reply moved;
	struct urdma_handle handle;

	(void)state;
	assert_int_equal(try_srq(&p, 0, 0, &srq), -EINVAL);
	assert_int_equal(try_srq(&p, 10, 17, &srq), -EINVAL);
	assert_int_equal(try_srq(&p, 10, 0, &srq), 0);
	assert_int_equal(srq.max_wr, 16);
	assert_int_equal(srq.ring.slots, 16);
	assert_int_equal(try_shared(&p, srq.srq + 1, &qp), -EINVAL);
	assert_int_equal(try_shared(&p, srq.srq, &qp), 0);
	assert_int_equal(qp.rq.slots, 0);
	assert_int_equal(qp.max_recv_wr, 0);
	assert_int_not_equal(qp.doorbell, srq.doorbell);
	handle = (struct urdma_handle){ .handle = srq.srq };
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_SRQ, &handle, &destroyed),
			 -EBUSY);
	/* it is empty: the limit is reached at once, and disarmed */
	modify.srq = srq.srq;
	assert_int_equal(ASK(p.fd, URDMA_OP_MODIFY_SRQ, &modify, &moved), 0);
	assert_memory_equal(&moved.ring, &srq.ring, sizeof(srq.ring));
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_SRQ, &handle, &info), 0);
	assert_int_equal(info.limit, 0);
	modify.attr_mask = 4;
	assert_int_equal(ASK(p.fd, URDMA_OP_MODIFY_SRQ, &modify, &moved),
			 -EINVAL);
	handle.handle = qp.qp;
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_QP, &handle, &destroyed),
			 0);
	handle.handle = srq.srq;
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_SRQ, &handle, &destroyed),
			 0);
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_SRQ, &handle, &info),
			 -EINVAL);
	assert_int_equal(try_srq(&p, 10, 0, &srq),
			 0); /* the session frees it */
	close_session(&p);
}

static void a_window_keeps_its_domain(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_alloc_mw ask = { .pd = p.pd, .type = MW_TYPE_2 };
	struct urdma_alloc_mw_reply mw;
	struct urdma_handle handle = { .handle = p.pd };
	struct urdma_empty none;

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_ALLOC_MW, &ask, &mw), 0);
	assert_int_equal(ASK(p.fd, URDMA_OP_DEALLOC_PD, &handle, &none),
			 -EBUSY);
	handle.handle = mw.mw;
	assert_int_equal(ASK(p.fd, URDMA_OP_DEALLOC_MW, &handle, &none), 0);
	assert_int_equal(ASK(p.fd, URDMA_OP_DEALLOC_MW, &handle, &none),
			 -EINVAL);
	ask.type = 7;
	assert_int_equal(ASK(p.fd, URDMA_OP_ALLOC_MW, &ask, &mw), -EINVAL);
	ask = (struct urdma_alloc_mw){ .pd = p.pd + 1, .type = MW_TYPE_1 };
	assert_int_equal(ASK(p.fd, URDMA_OP_ALLOC_MW, &ask, &mw), -EINVAL);
	ask.pd = p.pd; /* the session frees it */
	assert_int_equal(ASK(p.fd, URDMA_OP_ALLOC_MW, &ask, &mw), 0);
	close_session(&p);
}

static int resize_srq(const struct program *p, uint32_t srq, uint32_t max_wr,
		      uint32_t limit, struct urdma_modify_srq_reply *moved)
{
	struct urdma_modify_srq ask = {
		.srq = srq,
		.attr_mask = limit ? SRQ_MAX_WR | SRQ_LIMIT : SRQ_MAX_WR,
		.max_wr = max_wr,
		.limit = limit,
	};

	return ASK(p->fd, URDMA_OP_MODIFY_SRQ, &ask, moved);
}

static void a_shared_receive_queue_is_resized(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_create_srq_reply srq;
	struct urdma_modify_srq_reply moved;
	struct urdma_query_srq_reply info;
	struct urdma_handle handle;
	struct urdma_rqe *rqe;
	struct ring ring;
	uint8_t *at;

	(void)state;
	assert_int_equal(try_srq(&p, 16, 0, &srq), 0);
	at = map_arena(&p, srq.ring.arena);
	ring_init(&ring, (struct urdma_ring *)(at + srq.ring.offset), 16,
		  srq.ring.stride);
	for (uint32_t i = 0; i < 5; i++) {
		rqe = ring_slot(&ring, i);
		rqe->wr_id = 100 + i;
	}
	ring_publish(&ring, 5);
	assert_int_equal(resize_srq(&p, srq.srq + 1, 100, 0, &moved), -EINVAL);
	assert_int_equal(resize_srq(&p, srq.srq, 0, 0, &moved), -EINVAL);
	assert_int_equal(resize_srq(&p, srq.srq, 1 << 30, 0, &moved), -EINVAL);
	assert_int_equal(resize_srq(&p, srq.srq, 4, 0, &moved), -EINVAL);
	assert_int_equal(resize_srq(&p, srq.srq, 100, 101, &moved), -EINVAL);
	assert_int_equal(resize_srq(&p, srq.srq, 100, 2, &moved), 0);
	assert_int_equal(moved.ring.slots, 128);
	assert_int_equal(moved.ring.stride, srq.ring.stride);
	assert_int_equal(moved.ring.arena, srq.ring.arena);
	ring_init(&ring, (struct urdma_ring *)(at + moved.ring.offset), 128,
		  srq.ring.stride);
	assert_int_equal(ring.shared->tail, 5);
	for (uint32_t i = 0; i < 5; i++) {
		rqe = ring_slot(&ring, i);
		assert_int_equal(rqe->wr_id, 100 + i);
	}
	handle = (struct urdma_handle){ .handle = srq.srq };
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_SRQ, &handle, &info), 0);
	assert_int_equal(info.max_wr, 128);
	assert_int_equal(info.limit, 2);
	munmap(at, srq.ring.arena_bytes);
	close_session(&p);
}

static int resize_cq(const struct program *p, uint32_t cq, uint32_t cqe,
		     struct urdma_resize_cq_reply *moved)
{
	struct urdma_resize_cq ask = { .cq = cq, .cqe = cqe };

	return ASK(p->fd, URDMA_OP_RESIZE_CQ, &ask, moved);
}

static void a_completion_queue_is_resized(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_create_cq_reply cq;
	struct urdma_resize_cq_reply moved;
	struct urdma_handle handle;
	struct urdma_destroy_reply destroyed;

	(void)state;
	assert_int_equal(try_cq(&p, 0, 10, &cq), 0);
	assert_int_equal(resize_cq(&p, cq.cq + 1, 100, &moved), -EINVAL);
	assert_int_equal(resize_cq(&p, cq.cq, 0, &moved), -EINVAL);
	assert_int_equal(resize_cq(&p, cq.cq, 1 << 30, &moved), -EINVAL);
	/* it is that large already */
	assert_int_equal(resize_cq(&p, cq.cq, 16, &moved), 0);
	assert_memory_equal(&moved.ring, &cq.ring, sizeof(cq.ring));
	/* as much as the user may have, again and again */
	for (int i = 0; i < 10; i++) {
		assert_int_equal(resize_cq(&p, cq.cq, 100, &moved), 0);
		assert_int_equal(moved.cqe, 128);
		assert_int_equal(moved.ring.slots, 128);
		assert_int_equal(resize_cq(&p, cq.cq, 2000, &moved), 0);
	}
	assert_int_equal(resize_cq(&p, cq.cq, 4096, &moved), -ENOMEM);
	handle = (struct urdma_handle){ .handle = cq.cq };
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_CQ, &handle, &destroyed),
			 0);
	assert_int_equal(try_cq(&p, 0, 4096, &cq), 0);
	close_session(&p);
}

static void a_user_has_so_many_queue_pairs_and_no_more(void **state)
{
	struct program p = open_verbs(here, 1), q = open_verbs(here, 2);
	struct urdma_create_cq_reply cq, other;
	struct urdma_create_qp_reply qp;

	(void)state;
	here->limits.qp = 2; /* of users that come from now on */
	close_session(&p);
	close_session(&q);
	p = open_verbs(here, 1);
	q = open_verbs(here, 2);
	make_qp(&p, 0, &cq);
	make_qp(&q, 0, &other);
	assert_int_equal(try_qp(&q, other.cq, &qp), -ENOMEM);
	close_session(&p);
	assert_int_equal(try_qp(&q, other.cq, &qp), 0);
	close_session(&q);
}

static void a_user_has_so_much_memory_and_so_many_entries(void **state)
{
	struct program p = open_verbs(here, 1);
	uint32_t mem = attach_memory(&p);
	struct urdma_reg_mr_reply mr;
	struct urdma_create_cq_reply cq;

	(void)state;
	assert_int_equal(try_mr(&p, mem, (1 << 20) + 1, &mr), -ENOMEM);
	assert_int_equal(try_mr(&p, mem, UINT64_MAX, &mr), -ENOMEM);
	assert_int_equal(try_mr(&p, mem, 1 << 20, &mr), 0);
	assert_int_equal(try_mr(&p, mem, 1, &mr), -ENOMEM);
	assert_int_equal(try_cq(&p, 0, 4097, &cq), -ENOMEM);
	assert_int_equal(try_cq(&p, 0, 4096, &cq), 0);
	close_session(&p);
}

static void a_user_has_so_many_descriptors(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_handle channel;
	int fds[32], count = 0, ret;

	(void)state;
	do {
		struct ask ask = {
			.op = URDMA_OP_CREATE_CHANNEL,
			.request = EMPTY,
			.request_len = sizeof(struct urdma_empty),
			.reply = &channel,
			.reply_len = sizeof(channel),
		};

		ret = make_request(&w, p.fd, &ask);
		if (ret == 0)
			fds[count++] = ask.got;
	} while (ret == 0 && count < 32);
	assert_int_equal(ret, -EMFILE);
	assert_int_equal(count, 15); /* beside the session itself */
	assert_int_equal(daemon_connect(here), -1);
	close(fds[0]);
	control_world_step(&w);
	fds[0] = daemon_connect(here);
	assert_true(fds[0] >= 0);
	while (count)
		close(fds[--count]);
	close_session(&p);
}

/*
 * Events.
 */

static uint32_t make_channel(const struct program *p, int *fd)
{
	struct urdma_handle channel;
	struct ask ask = {
		.op = URDMA_OP_CREATE_CHANNEL,
		.request = EMPTY,
		.request_len = sizeof(struct urdma_empty),
		.reply = &channel,
		.reply_len = sizeof(channel),
	};

	assert_int_equal(make_request(&w, p->fd, &ask), 0);
	*fd = ask.got;
	return channel.handle;
}

/* Posts a RECV and flushes it with the queue armed: one event. */
static void make_event(const struct program *p,
		       const struct urdma_create_cq_reply *cq,
		       const struct urdma_create_qp_reply *qp)
{
	uint8_t *cq_at = map_arena(p, cq->ring.arena);
	struct urdma_ring *ring =
		(struct urdma_ring *)(cq_at + cq->ring.offset);
	uint8_t *rq_at = map_arena(p, qp->rq.arena);
	struct ring rq;

	__atomic_store_n(&ring->armed, URDMA_ARM_ANY, __ATOMIC_SEQ_CST);
	ring_init(&rq, (struct urdma_ring *)(rq_at + qp->rq.offset),
		  qp->rq.slots, qp->rq.stride);
	ring_publish(&rq, 1);
	assert_int_equal(to_state(p, qp->qp, QPS_ERR), 0);
	control_world_step(&w);
	munmap(cq_at, cq->ring.arena_bytes);
	munmap(rq_at, qp->rq.arena_bytes);
}

static void completion_events_name_the_queue_by_the_program_s_word(void **state)
{
	struct program p = open_verbs(here, 1);
	struct ib_uverbs_comp_event_desc event;
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp;
	int fd;
	uint32_t channel = make_channel(&p, &fd);

	(void)state;
	qp = make_qp(&p, channel, &cq);
	make_event(&p, &cq, &qp);
	assert_int_equal(recv(fd, &event, sizeof(event), MSG_DONTWAIT),
			 sizeof(event));
	assert_int_equal(event.cq_handle, 0xc0 + channel);
	assert_int_equal(recv(fd, &event, sizeof(event), MSG_DONTWAIT), -1);
	close(fd);
	close_session(&p);
}

static uint32_t comp_events_at_destroy(const struct program *p, uint32_t qp,
				       uint32_t cq, int fd)
{
	const int lend[] = { p->async, fd };
	struct urdma_handle handle = { .handle = qp };
	struct urdma_destroy_reply reply;

	assert_int_equal(ASK_LENDING(p->fd, URDMA_OP_DESTROY_QP, &handle,
				     &reply, lend, 1),
			 0);
	handle.handle = cq;
	assert_int_equal(ASK_LENDING(p->fd, URDMA_OP_DESTROY_CQ, &handle,
				     &reply, lend, 2),
			 0);
	return reply.comp_events_reported;
}

static int moderate(const struct program *p, uint32_t cq, uint16_t count)
{
	struct urdma_modify_cq ask = { .cq = cq, .count = count };
	struct urdma_empty reply;

	return ASK(p->fd, URDMA_OP_MODIFY_CQ, &ask, &reply);
}

static void a_moderated_queue_makes_its_event_later(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp;
	uint64_t word;
	int fd, unused;
	uint32_t channel = make_channel(&p, &fd);

	(void)state;
	qp = make_qp(&p, channel, &cq);
	assert_int_equal(moderate(&p, cq.cq + 1, 2), -EINVAL);
	assert_int_equal(moderate(&p, cq.cq, 2), 0);
	make_event(&p, &cq, &qp); /* had it been asked for */
	assert_int_equal(receive_with_fd(fd, &word, sizeof(word), &unused), -1);
	assert_int_equal(moderate(&p, cq.cq, 0), 0);
	assert_int_equal(receive_with_fd(fd, &word, sizeof(word), &unused),
			 sizeof(word));
	assert_int_equal(word, 0xc0 + channel);
	close(fd);
	close_session(&p);
}

static void destroying_a_queue_reports_the_events_that_were_read(void **state)
{
	struct program p = open_verbs(here, 1);
	struct ib_uverbs_comp_event_desc event;
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp;
	int fd;
	uint32_t channel = make_channel(&p, &fd);

	(void)state;
	qp = make_qp(&p, channel, &cq);
	make_event(&p, &cq, &qp);
	assert_int_equal(recv(fd, &event, sizeof(event), MSG_DONTWAIT),
			 sizeof(event));
	assert_int_equal(comp_events_at_destroy(&p, qp.qp, cq.cq, fd), 1);
	close(fd);
	close_session(&p);
}

static void destroying_a_queue_takes_back_what_was_not_read(void **state)
{
	struct program p = open_verbs(here, 1);
	struct ib_uverbs_comp_event_desc event;
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp;
	int fd;
	uint32_t channel = make_channel(&p, &fd);

	(void)state;
	qp = make_qp(&p, channel, &cq);
	make_event(&p, &cq, &qp);
	assert_int_equal(comp_events_at_destroy(&p, qp.qp, cq.cq, fd), 0);
	assert_int_equal(recv(fd, &event, sizeof(event), MSG_DONTWAIT), -1);
	close(fd);
	close_session(&p);
}

static void a_program_learns_that_its_daemon_ends(void **state)
{
	struct program p = open_verbs(here, 1);
	struct ib_uverbs_async_event_desc event;
	uint8_t *at = map_arena(&p, p.context.doorbell_arena);
	struct urdma_doorbell *doorbell =
		(struct urdma_doorbell *)(at + p.context.doorbell_offset);

	(void)state;
	assert_int_equal(doorbell->dead, 0);
	control_destroy(here->control, w.world.now);
	here->control = NULL;
	assert_int_equal(doorbell->dead, 1);
	assert_int_equal(recv(p.async, &event, sizeof(event), MSG_DONTWAIT),
			 sizeof(event));
	assert_int_equal(event.event_type, EVENT_DEVICE_FATAL);
	munmap(at, p.context.doorbell_arena_bytes);
	close(p.fd);
	close(p.async);
}

static void sleeping_is_published_in_every_doorbell(void **state)
{
	struct program p = open_verbs(here, 1);
	uint8_t *at = map_arena(&p, p.context.doorbell_arena);
	struct urdma_doorbell *doorbell =
		(struct urdma_doorbell *)(at + p.context.doorbell_offset);

	(void)state;
	control_set_asleep(here->control, true);
	assert_int_equal(doorbell->need_wakeup, 1);
	assert_false(control_rung(here->control));
	doorbell->top = 1;
	assert_true(control_rung(here->control));
	control_set_asleep(here->control, false);
	assert_int_equal(doorbell->need_wakeup, 0);
	control_service(here->control, w.world.now);
	assert_false(control_rung(here->control));
	munmap(at, p.context.doorbell_arena_bytes);
	close_session(&p);
}

static void tools_are_shown_what_there_is(void **state)
{
	struct program tool = open_session(here, URDMA_SESSION_TOOL, 0);
	struct program p = open_verbs(here, 1);
	struct control_session_info info = { 0 };
	struct urdma_show_reply reply;
	struct urdma_create_cq_reply cq;
	struct ask ask = {
		.op = URDMA_OP_SHOW,
		.request = EMPTY,
		.request_len = sizeof(struct urdma_empty),
		.reply = &reply,
		.reply_len = sizeof(reply),
	};

	(void)state;
	make_qp(&p, 0, &cq);
	assert_int_equal(make_request(&w, tool.fd, &ask), 0);
	assert_int_equal(reply.bytes, 2);
	assert_true(ask.got >= 0);
	close(ask.got);
	assert_true(control_next_session(here->control, &info));
	assert_int_equal(info.kind, URDMA_SESSION_TOOL);
	assert_true(control_next_session(here->control, &info));
	assert_int_equal(info.kind, URDMA_SESSION_VERBS);
	assert_int_equal(info.pid, getpid());
	assert_int_equal(info.qps, 1);
	assert_int_equal(info.cqs, 1);
	assert_int_equal(info.pds, 1);
	assert_false(control_next_session(here->control, &info));
	close_session(&tool);
	close_session(&p);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_context_has_its_doorbells_in_a_sealed_arena),
		CASE(an_arena_of_another_session_cannot_be_mapped),
		CASE(one_session_has_one_context),
		CASE(objects_need_a_context),
		CASE(the_device_and_its_port_can_be_queried),
		CASE(address_handles_belong_to_their_session),
		CASE(memory_is_registered_in_what_was_attached),
		CASE(only_a_mem_file_is_memory),
		CASE(queues_lie_in_arenas_that_can_be_mapped),
		CASE(a_queue_in_use_is_busy),
		CASE(handles_mean_nothing_in_another_session),
		CASE(a_shared_receive_queue_lives_as_long_as_its_users),
		CASE(a_window_keeps_its_domain),
		CASE(a_shared_receive_queue_is_resized),
		CASE(a_completion_queue_is_resized),
		CASE(a_user_has_so_many_queue_pairs_and_no_more),
		CASE(a_user_has_so_much_memory_and_so_many_entries),
		CASE(a_user_has_so_many_descriptors),
		CASE(completion_events_name_the_queue_by_the_program_s_word),
		CASE(a_moderated_queue_makes_its_event_later),
		CASE(destroying_a_queue_reports_the_events_that_were_read),
		CASE(destroying_a_queue_takes_back_what_was_not_read),
		CASE(a_program_learns_that_its_daemon_ends),
		CASE(sleeping_is_published_in_every_doorbell),
		CASE(tools_are_shown_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

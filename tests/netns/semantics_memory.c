// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Registered memory that goes away: deregistered, unmapped, left by fork and
 * by exec. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns/semantics.h"
#include "netns/verbs_setuid.h"

enum { CHUNK = 4096, NOBODY = 65534 };

static const struct ask a_write = { .opcode = IBV_WR_RDMA_WRITE, .len = CHUNK };

static void deregistered_in_use(void)
{
	struct ask ask = a_write;
	struct pair pair;
	struct ibv_wc wc;

	pair_open(&pair);
	do_send(&pair.a, &pair.b, ask);
	ask.rkey = pair.b.mr->rkey;
	for (int i = 0; i < DEPTH - 1; i++) {
		ask.len = END_BYTES;
		do_send(&pair.a, &pair.b, ask);
	}
	expect_number("status", next_wc(pair.a.cq).status, IBV_WC_SUCCESS);
	need(ibv_dereg_mr(pair.b.mr) == 0, "ibv_dereg_mr");
	pair.b.mr = NULL;
	memset(pair.b.bytes, 'n', END_BYTES);
	for (;;) {
		wc = next_wc(pair.a.cq);
		if (wc.status != IBV_WC_SUCCESS)
			break;
		try_send(&pair.a, &pair.a, &ask); /* by the old key */
	}
	peer_event(pair.a.id, RDMA_CM_EVENT_DISCONNECTED);
	expect_bytes(pair.b.bytes, END_BYTES, 'n', "deregistered memory");
	pair_close(&pair);
}

/* b's memory is a mapping of its own. */
static uint8_t *map_target(struct pair *pair, struct ibv_mr **mr)
{
	uint8_t *at = mmap(NULL, END_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(at != MAP_FAILED, "mmap");
	*mr = ibv_reg_mr(pair->b.pd, at, END_BYTES, ALL_RIGHTS);
	need(*mr != NULL, "ibv_reg_mr");
	return at;
}

/*
 * Memory that urdmad has mapped stays as long as it is registered, as pinned
 * memory would; what it reaches through the program's own descriptor is gone.
 * True: it was the latter.
 */
static bool is_gone(struct end *from, enum ibv_wc_status status)
{
	struct ibv_wc wc = next_wc(from->cq);

	if (wc.wr_id != 1 ||
	    (wc.status != IBV_WC_SUCCESS && wc.status != status))
		die("completion of %d: %s", (int)wc.wr_id,
		    ibv_wc_status_str(wc.status));
	return wc.status != IBV_WC_SUCCESS;
}

static void unmapped_target(enum ibv_wr_opcode opcode)
{
	struct ask ask = { .wr_id = 1, .opcode = opcode, .len = CHUNK };
	struct ibv_mr *mr;
	struct pair pair;
	uint8_t *at;

	pair_open(&pair);
	at = map_target(&pair, &mr);
	ask.remote = (uintptr_t)at;
	ask.rkey = mr->rkey;
	do_send(&pair.a, &pair.b, ask);
	expect_wc(pair.a.cq, 1, IBV_WC_SUCCESS);
	all_arrived(&pair.a, &pair.b);
	need(munmap(at, END_BYTES) == 0, "munmap");
	do_send(&pair.a, &pair.b, ask);
	if (is_gone(&pair.a, IBV_WC_REM_OP_ERR))
		expect_async(pair.b.id->verbs, IBV_EVENT_QP_FATAL);
	need(ibv_dereg_mr(mr) == 0, "ibv_dereg_mr");
	pair_close(&pair);
}

static void unmapped(void)
{
	unmapped_target(IBV_WR_RDMA_WRITE);
	unmapped_target(IBV_WR_RDMA_READ);
}

static void unmapped_source(void)
{
	struct ask ask = { .opcode = IBV_WR_RDMA_WRITE, .len = CHUNK };
	struct ibv_mr *mr;
	struct pair pair;
	uint8_t *at;

	pair_open(&pair);
	at = map_target(&pair, &mr); /* of b's domain: b sends */
	need(munmap(at, END_BYTES) == 0, "munmap");
	ask.wr_id = 1;
	ask.lkey = mr->lkey;
	free(pair.b.bytes);
	pair.b.bytes = at;
	do_send(&pair.b, &pair.a, ask);
	pair.b.bytes = NULL;
	if (is_gone(&pair.b, IBV_WC_LOC_PROT_ERR))
		expect_bytes(pair.a.bytes, END_BYTES, 'a', "the peer's memory");
	need(ibv_dereg_mr(mr) == 0, "ibv_dereg_mr");
	pair_close(&pair);
}

static void not_mapped_is_not_registered(void)
{
	struct pair pair;
	uint8_t *at;

	pair_open(&pair);
	at = mmap(NULL, END_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		  0);
	need(at != MAP_FAILED, "mmap");
	if (ibv_reg_mr(pair.a.pd, at, CHUNK, ALL_RIGHTS))
		die("memory that cannot be written was registered for it");
	munmap(at, END_BYTES);
	if (ibv_reg_mr(pair.a.pd, at, CHUNK, 0))
		die("memory that is not there was registered");
	pair_close(&pair);
}

static void child_does(struct pair *pair, int how)
{
	pid_t child = fork();
	int status;

	need(child >= 0, "fork");
	if (child == 0) {
		memset(pair->a.bytes, 'c', END_BYTES);
		memset(pair->b.bytes, 'c', END_BYTES);
		if (how)
			exit(0);
		_exit(0);
	}
	need(waitpid(child, &status, 0) == child, "waitpid");
	expect_number("the child's end", status, 0);
}

static void forked(void)
{
	struct ask ask = a_write;
	struct pair pair;

	pair_open(&pair);
	for (int i = 0; i < 6; i++) {
		child_does(&pair, i % 2);
		ask.wr_id = 1;
		memset(pair.a.bytes, 'p' + i, END_BYTES);
		do_send(&pair.a, &pair.b, ask);
		expect_wc(pair.a.cq, 1, IBV_WC_SUCCESS);
		expect_bytes(pair.b.bytes, CHUNK, (uint8_t)('p' + i), "target");
		expect_bytes(pair.b.bytes + CHUNK, END_BYTES - CHUNK, 'b',
			     "the rest");
	}
	pair_close(&pair);
}

/*
 * A program registers memory and executes a setuid program while its peer
 * writes.
 */

/* They stay open over exec then: nothing but the address space is gone. */
static void keep_descriptors(void)
{
	for (int fd = 3; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			fcntl(fd, F_SETFD, 0);
}

static noreturn void be_victim(uint16_t port, bool keeps)
{
	struct end end = { 0 };
	struct ibv_mr *mr;
	uint8_t *at;
	char go;

	need(setresgid(NOBODY, NOBODY, NOBODY) == 0, "setresgid");
	need(setresuid(NOBODY, NOBODY, NOBODY) == 0, "setresuid");
	/* so that /proc/self/mem is its own */
	need(prctl(PR_SET_DUMPABLE, 1) == 0, "prctl");
	end_open(&end, peer_resolve(own_address, port), 'v', DEPTH);
	at = mmap(VICTIM_AT, VICTIM_BYTES, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	need(at == VICTIM_AT, "mmap");
	mr = ibv_reg_mr(end.pd, at, VICTIM_BYTES, ALL_RIGHTS);
	need(mr != NULL, "ibv_reg_mr");
	peer_connect(end.id, mr->rkey);
	need(read(0, &go, 1) == 1, "read");
	if (keeps)
		keep_descriptors();
	execl(setuid_program, setuid_program, NULL);
	die("%s is not executed", setuid_program);
}

struct victim {
	pid_t pid;
	int to;
	int from;
};

static void start_victim(struct victim *victim, uint16_t port, bool keeps)
{
	int to[2], from[2];

	need(pipe(to) == 0 && pipe(from) == 0, "pipe");
	victim->pid = fork();
	need(victim->pid >= 0, "fork");
	if (victim->pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[1]);
		close(from[0]);
		be_victim(port, keeps);
	}
	close(to[0]);
	close(from[1]);
	victim->to = to[1];
	victim->from = from[0];
}

static void post_write(struct end *end, uint32_t rkey, uint64_t n)
{
	struct end nobody = { .bytes = VICTIM_AT };
	struct ask ask = {
		.wr_id = n,
		.opcode = IBV_WR_RDMA_WRITE,
		.len = 1 + (uint32_t)(n * 7919 % END_BYTES),
		.rkey = rkey,
		.remote = (uintptr_t)VICTIM_AT +
			  n * 65521 % (VICTIM_BYTES - END_BYTES),
	};

	try_send(end, &nobody, &ask);
}

/* Until the other side has said something, so many times; false: the queue
 * pair has failed before. */
static bool write_until(struct end *end, uint32_t rkey, int fd, uint64_t most)
{
	for (uint64_t n = 0; n < most && !is_readable(fd); n++) {
		post_write(end, rkey, n);
		if (next_wc(end->cq).status != IBV_WC_SUCCESS)
			return false;
	}
	return true;
}

static void expect_line(int fd, const char *line)
{
	char said[64] = "";

	await_fd(fd, line);
	need(read(fd, said, sizeof(said) - 1) > 0, "read");
	if (strcmp(said, line) != 0)
		die("the setuid program says %s instead of %s", said, line);
}

static void executed_setuid(bool keeps)
{
	struct peer_listener listener;
	struct victim victim;
	struct end end = { 0 };
	struct rdma_cm_id *id;
	uint32_t rkey;
	int status, none[2];

	/* as root, drivers being read: the victim may not be able to */
	ibv_free_device_list(ibv_get_device_list(NULL));
	peer_listen(&listener, 0);
	start_victim(&victim, ntohs(rdma_get_src_port(listener.id)), keeps);
	id = peer_asked(&listener, &rkey);
	end_open(&end, id, 'w', DEPTH);
	peer_accept(id);
	need(pipe(none) == 0, "pipe");
	for (uint64_t n = 0; n < 100; n++) {
		post_write(&end, rkey, n);
		expect_wc(end.cq, n, IBV_WC_SUCCESS);
	}
	need(write(victim.to, "x", 1) == 1, "write");
	/* what is kept is alive, but another's memory it is not */
	if (write_until(&end, rkey, victim.from, UINT64_MAX) &&
	    write_until(&end, rkey, none[0], keeps ? 2000 : UINT64_MAX) &&
	    !keeps)
		die("the queue pair goes on");
	expect_line(victim.from, "ready\n");
	close(victim.to);
	expect_line(victim.from, "untouched\n");
	need(waitpid(victim.pid, &status, 0) == victim.pid, "waitpid");
	expect_number("the setuid program's end", status, 0);
	peer_event(id, RDMA_CM_EVENT_DISCONNECTED);
}

static void executed(void)
{
	executed_setuid(false);
}

static void executed_with_descriptors(void)
{
	executed_setuid(true);
}

const struct semantics_case memory_cases[] = {
	{ "memory that was deregistered is not written any more",
	  deregistered_in_use },
	{ "writing to what was unmapped: no harm", unmapped },
	{ "sending what was unmapped: no harm", unmapped_source },
	{ "what is not mapped, or not so, is not registered",
	  not_mapped_is_not_registered },
	{ "a forked child disturbs nothing", forked },
	{ "a setuid program is untouched, and the queue pair fails", executed },
	{ "a setuid program that inherits every descriptor is untouched",
	  executed_with_descriptors },
	{ 0 },
};

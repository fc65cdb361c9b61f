// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "fake_uverbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <rdma/ib_user_verbs.h>

#include "urdma/uverbs_abi.h"

#define DEVICE "/dev/infiniband/uverbs0"
#define MEMORY "fake-uverbs"

enum {
	DOORBELL_BYTES = 16384, /* the first arena, key 0 */
	QUEUE_BYTES = 1 << 20,	/* the second, key DOORBELL_BYTES */
	BYTES = DOORBELL_BYTES + QUEUE_BYTES,
	QUEUES_AT = 4096, /* first queue in its arena */
};

struct fake fake;

static struct {
	int memory;	     /* the memfd */
	unsigned char *base; /* of the test's own mapping */
	uint64_t used;	     /* bytes of the queue arena */
	uint32_t keys;	     /* memory keys handed out */
	char sysfs[64];
} state = { .memory = -1 };

/* The device file */

static bool is_device(int fd)
{
	struct stat file, memory;

	return state.memory >= 0 && syscall(SYS_fstat, fd, &file) == 0 &&
	       syscall(SYS_fstat, state.memory, &memory) == 0 &&
	       file.st_dev == memory.st_dev && file.st_ino == memory.st_ino;
}

int stat(const char *restrict path, struct stat *restrict buf)
{
	if (strcmp(path, DEVICE) == 0)
		return fstat(state.memory, buf);
	return fstatat(AT_FDCWD, path, buf, 0);
}

int fstat(int fd, struct stat *buf)
{
	int result = fstatat(fd, "", buf, AT_EMPTY_PATH);

	if (result == 0 && is_device(fd))
		buf->st_mode = S_IFCHR | 0666;
	return result;
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (strcmp(path, DEVICE) == 0)
		return fcntl(state.memory, F_DUPFD_CLOEXEC, 0);
	va_start(args, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(args, mode_t);
	va_end(args);
	return openat(AT_FDCWD, path, flags, mode);
}

/* A kernel with RDMA would answer for itself. */
int socket(int domain, int type, int protocol)
{
	if (domain == AF_NETLINK && protocol == NETLINK_RDMA) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	return (int)syscall(SYS_socket, domain, type, protocol);
}

/* Its commands */

static struct urdma_queue_place place(struct ring *ring, uint32_t stride)
{
	struct urdma_queue_place where = {
		.arena = DOORBELL_BYTES,
		.arena_bytes = QUEUE_BYTES,
		.offset = state.used,
		.slots = fake.slots,
		.stride = stride,
	};

	ring_init(ring, (void *)(state.base + DOORBELL_BYTES + state.used),
		  fake.slots, stride);
	state.used += urdma_ring_bytes(fake.slots, stride);
	return where;
}

static int get_context(const unsigned char *cmd, unsigned char *resp)
{
	struct ib_uverbs_get_context_resp core = {
		.async_fd = (uint32_t)fcntl(state.memory, F_DUPFD_CLOEXEC, 0),
		.num_comp_vectors = 1,
	};
	struct urdma_uhw_get_context_resp uhw = {
		.queue_abi = fake.queue_abi,
		.doorbell_arena_bytes = DOORBELL_BYTES,
	};
	struct urdma_uhw_get_context in;

	memcpy(&in, cmd + sizeof(struct ib_uverbs_get_context), sizeof(in));
	if (in.queue_abi != URDMA_UVERBS_ABI)
		return EINVAL;
	memcpy(resp, &core, sizeof(core));
	memcpy(resp + sizeof(core), &uhw, sizeof(uhw));
	return 0;
}

static int query_port(const unsigned char *cmd, unsigned char *resp)
{
	struct ib_uverbs_query_port_resp core = {
		.state = IBV_PORT_ACTIVE,
		.link_layer = IBV_LINK_LAYER_ETHERNET,
		.gid_tbl_len = 1,
	};

	(void)cmd;
	memcpy(resp, &core, sizeof(core));
	return 0;
}

static int query_device(const unsigned char *cmd, unsigned char *resp)
{
	struct ib_uverbs_query_device_resp core = {
		.max_qp = 77,
		.phys_port_cnt = 1,
	};

	(void)cmd;
	memcpy(resp, &core, sizeof(core));
	return 0;
}

static int alloc_pd(const unsigned char *cmd, unsigned char *resp)
{
	(void)cmd;
	memcpy(resp, &(uint32_t){ 1 }, sizeof(uint32_t));
	return 0;
}

static int reg_mr(const unsigned char *cmd, unsigned char *resp)
{
	struct ib_uverbs_reg_mr_resp core = { .mr_handle = 1 };

	(void)cmd;
	core.lkey = core.rkey = ++state.keys * 0x10001;
	memcpy(resp, &core, sizeof(core));
	return 0;
}

static int create_ah(const unsigned char *cmd, unsigned char *resp)
{
	struct ib_uverbs_create_ah_resp core = { .ah_handle = 3 };
	struct urdma_uhw_create_ah_resp driver = { .handle = 77 };

	(void)cmd;
	memcpy(resp, &core, sizeof(core));
	memcpy(resp + sizeof(core), &driver, sizeof(driver));
	return 0;
}

static int alloc_mw(const unsigned char *cmd, unsigned char *resp)
{
	struct ib_uverbs_alloc_mw_resp core = { .mw_handle = 5,
						.rkey = FAKE_MW_KEY };

	(void)cmd;
	memcpy(resp, &core, sizeof(core));
	return 0;
}

static int rereg_mr(const unsigned char *cmd, unsigned char *resp)
{
	struct ib_uverbs_rereg_mr_resp core = { 0 };

	(void)cmd;
	core.lkey = core.rkey = state.keys * 0x10001;
	memcpy(resp, &core, sizeof(core));
	return 0;
}

static int create_cq(const unsigned char *cmd, unsigned char *resp)
{
	struct ib_uverbs_create_cq_resp core = {
		.cq_handle = 1,
		.cqe = FAKE_SLOTS,
	};
	struct urdma_uhw_create_cq_resp uhw = {
		.ring = place(&fake.cq, sizeof(struct urdma_cqe)),
	};

	(void)cmd;
	memcpy(resp, &core, sizeof(core));
	memcpy(resp + sizeof(core), &uhw, sizeof(uhw));
	return 0;
}

/* To a new ring, that of fake.slots; what waits in the old one stays there, so
 * the test has to fill the new one. */
static int resize_cq(const unsigned char *cmd, unsigned char *resp)
{
	struct ib_uverbs_resize_cq_resp core = { .cqe = fake.slots };
	struct urdma_uhw_resize_cq_resp uhw = {
		.ring = place(&fake.cq, sizeof(struct urdma_cqe)),
	};

	(void)cmd;
	memcpy(resp, &core, sizeof(core));
	memcpy(resp + sizeof(core), &uhw, sizeof(uhw));
	return 0;
}

static int create_srq(const unsigned char *cmd, unsigned char *resp)
{
	struct ib_uverbs_create_srq_resp core = {
		.srq_handle = 5,
		.max_wr = fake.slots,
		.max_sge = FAKE_SGES,
		.srqn = 99,
	};
	struct urdma_uhw_create_srq_resp uhw = {
		.doorbell = 7,
		.ring = place(&fake.srq, urdma_rq_stride(FAKE_SGES)),
	};

	(void)cmd;
	memcpy(resp, &core, sizeof(core));
	memcpy(resp + sizeof(core), &uhw, sizeof(uhw));
	return 0;
}

/* Likewise; all that was posted is as if taken, save for two. */
static int modify_srq(const unsigned char *cmd, unsigned char *resp)
{
	struct ib_uverbs_modify_srq core;
	struct urdma_uhw_modify_srq uhw;
	struct urdma_queue_place where;

	(void)resp;
	memcpy(&core, cmd, sizeof(core));
	memcpy(&uhw, cmd + sizeof(core), sizeof(uhw));
	if (!(core.attr_mask & IBV_SRQ_MAX_WR))
		return 0;
	where = place(&fake.srq, urdma_rq_stride(FAKE_SGES));
	fake.srq.shared->tail = 2;
	memcpy((void *)(uintptr_t)uhw.place, &where, sizeof(where));
	return 0;
}

static int destroy_srq(const unsigned char *cmd, unsigned char *resp)
{
	(void)cmd;
	memset(resp, 0, sizeof(struct ib_uverbs_destroy_srq_resp));
	return 0;
}

static int create_qp(const unsigned char *cmd, unsigned char *resp)
{
	struct ib_uverbs_create_qp_resp core = {
		.qp_handle = 9,
		.qpn = 1234,
		.max_send_wr = FAKE_SLOTS,
		.max_recv_wr = FAKE_SLOTS,
		.max_send_sge = FAKE_SGES,
		.max_recv_sge = FAKE_SGES,
		.max_inline_data = FAKE_INLINE,
	};
	struct urdma_uhw_create_qp_resp uhw = {
		.doorbell = 4097,
		.sq = place(&fake.sq, urdma_sq_stride(FAKE_SGES, FAKE_INLINE)),
		.rq = place(&fake.rq, urdma_rq_stride(FAKE_SGES)),
	};

	(void)cmd;
	memcpy(resp, &core, sizeof(core));
	memcpy(resp + sizeof(core), &uhw, sizeof(uhw));
	return 0;
}

static int query_qp(const unsigned char *cmd, unsigned char *resp)
{
	struct ib_uverbs_query_qp_resp core = { .qp_state = IBV_QPS_RTS };

	(void)cmd;
	memcpy(resp, &core, sizeof(core));
	return 0;
}

/* Nothing was reported that could be waited for. */
static int destroy_cq(const unsigned char *cmd, unsigned char *resp)
{
	(void)cmd;
	memset(resp, 0, sizeof(struct ib_uverbs_destroy_cq_resp));
	return 0;
}

static int destroy_qp(const unsigned char *cmd, unsigned char *resp)
{
	(void)cmd;
	memset(resp, 0, sizeof(struct ib_uverbs_destroy_qp_resp));
	return 0;
}

static int nothing(const unsigned char *cmd, unsigned char *resp)
{
	(void)cmd, (void)resp;
	return 0;
}

static int (*const commands[64])(const unsigned char *, unsigned char *) = {
	[IB_USER_VERBS_CMD_GET_CONTEXT] = get_context,
	[IB_USER_VERBS_CMD_QUERY_DEVICE] = query_device,
	[IB_USER_VERBS_CMD_QUERY_PORT] = query_port,
	[IB_USER_VERBS_CMD_ALLOC_PD] = alloc_pd,
	[IB_USER_VERBS_CMD_DEALLOC_PD] = nothing,
	[IB_USER_VERBS_CMD_REG_MR] = reg_mr,
	[IB_USER_VERBS_CMD_REREG_MR] = rereg_mr,
	[IB_USER_VERBS_CMD_DEREG_MR] = nothing,
	[IB_USER_VERBS_CMD_CREATE_AH] = create_ah,
	[IB_USER_VERBS_CMD_DESTROY_AH] = nothing,
	[IB_USER_VERBS_CMD_ALLOC_MW] = alloc_mw,
	[IB_USER_VERBS_CMD_DEALLOC_MW] = nothing,
	[IB_USER_VERBS_CMD_CREATE_CQ] = create_cq,
	[IB_USER_VERBS_CMD_RESIZE_CQ] = resize_cq,
	[IB_USER_VERBS_CMD_CREATE_SRQ] = create_srq,
	[IB_USER_VERBS_CMD_MODIFY_SRQ] = modify_srq,
	[IB_USER_VERBS_CMD_DESTROY_SRQ] = destroy_srq,
	[IB_USER_VERBS_CMD_DESTROY_CQ] = destroy_cq,
	[IB_USER_VERBS_CMD_CREATE_QP] = create_qp,
	[IB_USER_VERBS_CMD_QUERY_QP] = query_qp,
	[IB_USER_VERBS_CMD_MODIFY_QP] = nothing,
	[IB_USER_VERBS_CMD_DESTROY_QP] = destroy_qp,
	[IB_USER_VERBS_CMD_POST_SEND] = nothing,
};

/* The extended one that there is. */
static int modify_cq(const unsigned char *payload, size_t count)
{
	struct ib_uverbs_ex_modify_cq cmd;

	if (count != sizeof(struct ib_uverbs_cmd_hdr) +
			     sizeof(struct ib_uverbs_ex_cmd_hdr) + sizeof(cmd))
		return EINVAL;
	memcpy(&cmd, payload + sizeof(struct ib_uverbs_ex_cmd_hdr),
	       sizeof(cmd));
	fake.moderate_count = cmd.attr.cq_count;
	fake.moderate_period = cmd.attr.cq_period;
	return cmd.cq_handle == 1 && cmd.attr_mask == IBV_CQ_ATTR_MODERATE
		       ? 0
		       : EINVAL;
}

static int run(const void *buf, size_t count)
{
	const unsigned char *payload =
		(const unsigned char *)buf + sizeof(struct ib_uverbs_cmd_hdr);
	struct ib_uverbs_cmd_hdr hdr;
	uint64_t response = 0;

	memcpy(&hdr, buf, sizeof(hdr));
	if (hdr.command ==
	    (IB_USER_VERBS_CMD_FLAG_EXTENDED | IB_USER_VERBS_EX_CMD_MODIFY_CQ))
		return modify_cq(payload, count);
	if (hdr.command >= 64 || !commands[hdr.command])
		return EOPNOTSUPP;
	fake.calls[hdr.command]++;
	if (fake.fails[hdr.command])
		return fake.fails[hdr.command];
	if (count >= sizeof(hdr) + sizeof(response))
		memcpy(&response, payload, sizeof(response));
	return commands[hdr.command](payload, (void *)(uintptr_t)response);
}

ssize_t write(int fd, const void *buf, size_t count)
{
	int error;

	if (!is_device(fd))
		return syscall(SYS_write, fd, buf, count);
	error = run(buf, count);
	if (!error)
		return (ssize_t)count;
	errno = error;
	return -1;
}

/* Its place in sysfs */

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/class/%s", state.sysfs, name);
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	file = fopen(path, "w");
	if (!file || fprintf(file, "%s\n", text) < 0 || fclose(file) < 0)
		abort();
}

static void put_device(const char *file, const char *text)
{
	char name[128];

	snprintf(name, sizeof(name), "infiniband/%s/%s", fake.name, file);
	put(name, text);
}

static void make_sysfs(void)
{
	put("infiniband_verbs/abi_version", "6");
	put("infiniband_verbs/uverbs0/ibdev", fake.name);
	put("infiniband_verbs/uverbs0/dev", "0:0");
	put("infiniband_verbs/uverbs0/abi_version", "1");
	put_device("node_type", fake.node_type ? fake.node_type : "4: RNIC");
	put_device("node_guid", "0200:00ff:fe00:0001");
	if (fake.modalias)
		put_device("device/modalias", fake.modalias);
}

static void remove_sysfs(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", state.sysfs);
	if (system(command) != 0)
		abort();
}

/* The test's side */

void fake_reset(void)
{
	if (state.memory >= 0) {
		munmap(state.base, BYTES);
		close(state.memory);
	}
	state.memory = memfd_create(MEMORY, MFD_CLOEXEC);
	if (state.memory < 0 || ftruncate(state.memory, BYTES) < 0)
		abort();
	state.base = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			  state.memory, 0);
	if (state.base == MAP_FAILED)
		abort();
	state.used = QUEUES_AT;
	alarm(60); /* libibverbs waits for ever for events it was told of */
	fake = (struct fake){
		.name = "urdma0",
		.queue_abi = URDMA_UVERBS_ABI,
		.slots = FAKE_SLOTS,
		.doorbell = (void *)state.base,
	};
}

/* libibverbs asks only once where sysfs and its providers are. */
static void settle(void)
{
	strcpy(state.sysfs, "/tmp/urdma-test-XXXXXX");
	if (!mkdtemp(state.sysfs))
		abort();
	setenv("SYSFS_PATH", state.sysfs, 1);
	setenv("IBV_DRIVERS", PROVIDER, 1);
}

struct ibv_context *fake_open(void)
{
	struct ibv_context *context = NULL;
	struct ibv_device **list;
	int count = 0;

	if (!state.sysfs[0])
		settle();
	make_sysfs();
	list = ibv_get_device_list(&count);
	if (list && count == 1)
		context = ibv_open_device(list[0]);
	if (list)
		ibv_free_device_list(list);
	remove_sysfs();
	return context;
}

unsigned int fake_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned int n = 0;
	char line[512];

	if (!maps)
		abort();
	while (fgets(line, sizeof(line), maps))
		n += strstr(line, MEMORY) != NULL;
	fclose(maps);
	return n - 1;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * verbs_stuck ADDRESS DIRECTORY write|send|read|recv
 *
 * Registers memory and then maps a file there whose file system never answers
 * a read: whoever touches it waits for as long as that lives.  Then a peer (the
 * other end of the pair, in this program) makes urdmad touch it.
 *
 * Says "program is PID", "file system is PID" and, when somebody waits in it,
 * "stuck".  Runs until it is killed; the file system does not end with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netns/semantics.h"

enum { REQUEST_MAX = 1 << 18, FILE_NODE = 2 };

const char *own_address;
const char *setuid_program;

/*
 * The file system: one file of END_BYTES.
 */

static void answer(int fd, const struct fuse_in_header *ask, int error,
		   const void *body, size_t len)
{
	struct fuse_out_header head = { sizeof(head) + len, -error,
					ask->unique };
	uint8_t bytes[512];

	memcpy(bytes, &head, sizeof(head));
	if (len)
		memcpy(bytes + sizeof(head), body, len);
	if (write(fd, bytes, head.len) < 0 && errno != ENOENT)
		die("answering the kernel: %s", strerror(errno));
}

static struct fuse_attr attributes(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.size = END_BYTES,
		.mode = node == FILE_NODE ? S_IFREG | 0666 : S_IFDIR | 0777,
		.nlink = 1,
	};
}

static void answer_init(int fd, const struct fuse_in_header *ask)
{
	const struct fuse_init_in *in = (const void *)(ask + 1);
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = in->minor < FUSE_KERNEL_MINOR_VERSION
				 ? in->minor
				 : FUSE_KERNEL_MINOR_VERSION,
		.max_write = 4096,
	};

	answer(fd, ask, 0, &out, sizeof(out));
}

static void serve(int fd, const struct fuse_in_header *ask)
{
	struct fuse_entry_out entry = { .nodeid = FILE_NODE,
					.attr_valid = 1000,
					.attr = attributes(FILE_NODE) };
	struct fuse_attr_out attr = { .attr_valid = 1000,
				      .attr = attributes(ask->nodeid) };
	struct fuse_open_out opened = { .fh = 1 };

	switch (ask->opcode) {
	case FUSE_INIT:
		answer_init(fd, ask);
		break;
	case FUSE_LOOKUP:
		answer(fd, ask, 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		answer(fd, ask, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		answer(fd, ask, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		printf("stuck\n");
		fflush(stdout);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break; /* are not answered */
	default:
		answer(fd, ask, ENOSYS, NULL, 0);
		break;
	}
}

static noreturn void file_system(int fd)
{
	uint8_t *bytes = malloc(REQUEST_MAX);

	need(bytes != NULL, "malloc");
	for (;;) {
		ssize_t len = read(fd, bytes, REQUEST_MAX);

		if (len < 0 && (errno == EINTR || errno == ENOENT))
			continue;
		if (len < (ssize_t)sizeof(struct fuse_in_header))
			exit(0);
		serve(fd, (const struct fuse_in_header *)bytes);
	}
}

/* In a mount namespace of our own, so that it goes with us. */
static int open_stuck_file(const char *directory)
{
	char options[80], path[512];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	pid_t child;

	need(fd >= 0, "/dev/fuse");
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	need(unshare(CLONE_NEWNS) == 0, "unshare");
	need(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount /");
	need(mount("stuck", directory, "fuse", 0, options) == 0, directory);
	child = fork();
	need(child >= 0, "fork");
	if (child == 0)
		file_system(fd);
	close(fd);
	printf("program is %d\nfile system is %d\n", (int)getpid(), (int)child);
	fflush(stdout);
	snprintf(path, sizeof(path), "%s/file", directory);
	fd = open(path, O_RDWR | O_CLOEXEC);
	need(fd >= 0, path);
	return fd;
}

/*
 * The program.
 */

/* What is registered stays registered, but is the file now. */
static void put_file_over(struct end *end, int fd)
{
	need(mmap(end->bytes, END_BYTES, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_FIXED, fd, 0) == end->bytes,
	     "mmap");
}

int main(int argc, char **argv)
{
	struct ask ask = { .wr_id = 1, .len = 4096 };
	struct pair pair;
	int fd;

	if (argc != 4)
		die("verbs_stuck ADDRESS DIRECTORY write|send|read|recv");
	own_address = argv[1];
	fd = open_stuck_file(argv[2]);
	pair_open(&pair);
	if (strcmp(argv[3], "write") == 0)
		ask.opcode = IBV_WR_RDMA_WRITE;
	else if (strcmp(argv[3], "read") == 0)
		ask.opcode = IBV_WR_RDMA_READ;
	else
		ask.opcode = IBV_WR_SEND;
	do_recv(&pair.b, 2, 0, END_BYTES);
	put_file_over(strcmp(argv[3], "send") == 0 ? &pair.a : &pair.b, fd);
	do_send(&pair.a, &pair.b, ask);
	for (;;)
		pause();
}

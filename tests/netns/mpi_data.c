// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An MPI program that knows every byte that it should receive: messages of
 * many sizes both ways at once, many small ones that are not waited for,
 * collective operations, and one-sided ones.  Ends with 0 if all was right;
 * rank 0 says how much that was.  "two-sided": without the last; "for-ever":
 * until somebody ends it.  Built with mpicc by the test that runs it.
 */
#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LARGEST = (4 << 20) + 3,
	SMALL_ONES = 2000,
	NUMBERS = 200000,
	SLOTS = 1000, /* of a window */
	ADDITIONS = 50,
};

static int rank, ranks;
static unsigned long checked; /* bytes */

static void fail(const char *what, long where)
{
	fprintf(stderr, "rank %d: %s: wrong at %ld\n", rank, what, where);
	MPI_Abort(MPI_COMM_WORLD, 1);
}

static void *room(size_t bytes)
{
	void *memory = calloc(1, bytes ? bytes : 1);

	if (!memory)
		fail("no memory", (long)bytes);
	return memory;
}

/* What `from` sends in that round. */
static uint8_t byte_of(int from, int round, size_t at)
{
	uint64_t x = at * 0x9e3779b97f4a7c15u + (unsigned int)from * 7919u +
		     (unsigned int)round * 104729u;

	return (uint8_t)(x >> 56 ^ x >> 24);
}

static void fill(uint8_t *bytes, size_t len, int round)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = byte_of(rank, round, i);
}

static void check(const uint8_t *bytes, size_t len, int from, int round)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != byte_of(from, round, i))
			fail("a message", (long)i);
	checked += len;
}

static int next_rank(void)
{
	return (rank + 1) % ranks;
}

static int previous_rank(void)
{
	return (rank + ranks - 1) % ranks;
}

/* Everybody to both neighbours at once; bytes behind the end stay. */
static void exchange(uint8_t *out, uint8_t *in[2], size_t len, int round)
{
	int peers[2] = { previous_rank(), next_rank() };
	MPI_Request requests[4];

	fill(out, len, round);
	for (int i = 0; i < 2; i++) {
		memset(in[i], 0xa5, len + 1);
		MPI_Irecv(in[i], (int)len, MPI_BYTE, peers[i], 2 * round + i,
			  MPI_COMM_WORLD, &requests[i]);
		/* who is before me knows me as the next one */
		MPI_Isend(out, (int)len, MPI_BYTE, peers[i], 2 * round + 1 - i,
			  MPI_COMM_WORLD, &requests[2 + i]);
	}
	MPI_Waitall(4, requests, MPI_STATUSES_IGNORE);
	for (int i = 0; i < 2; i++) {
		check(in[i], len, peers[i], round);
		if (in[i][len] != 0xa5)
			fail("behind a message", (long)len);
	}
}

static void messages_of_all_sizes(void)
{
	static const size_t sizes[] = {
		0,     1,     7,     8,	     63,     64,      65,      255,
		1000,  1024,  4095,  4096,   4097,   8192,    8193,    12345,
		16384, 65535, 65536, 100000, 262144, 1 << 20, LARGEST,
	};
	uint8_t *out = room(LARGEST);
	uint8_t *in[2] = { room(LARGEST + 1), room(LARGEST + 1) };
	int round = 0;

	for (int times = 0; times < 3; times++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
			exchange(out, in, sizes[i], round++);
	free(out);
	free(in[0]);
	free(in[1]);
}

/* Sent before anybody asks for them, and asked for in another order. */
static void many_small_messages(void)
{
	MPI_Request *requests = room(SMALL_ONES * sizeof(MPI_Request));
	uint64_t *out = room(SMALL_ONES * sizeof(*out));
	uint64_t in;

	for (int i = 0; i < SMALL_ONES; i++) {
		out[i] = (uint64_t)rank << 32 | (unsigned int)i;
		MPI_Isend(&out[i], sizeof(out[i]), MPI_BYTE, next_rank(),
			  i % 100, MPI_COMM_WORLD, &requests[i]);
	}
	for (int tag = 99; tag >= 0; tag--)
		for (int i = tag; i < SMALL_ONES; i += 100) {
			MPI_Recv(&in, sizeof(in), MPI_BYTE, previous_rank(),
				 tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
			if (in !=
			    ((uint64_t)previous_rank() << 32 | (unsigned int)i))
				fail("a small message", i);
			checked += sizeof(in);
		}
	MPI_Waitall(SMALL_ONES, requests, MPI_STATUSES_IGNORE);
	free(requests);
	free(out);
}

/* Sums of rank * i + i over all ranks. */
static void sums(int count)
{
	long *mine = room((size_t)count * sizeof(*mine));
	long *sum = room((size_t)count * sizeof(*sum));
	long of_ranks = (long)ranks * (ranks - 1) / 2;

	for (long i = 0; i < count; i++)
		mine[i] = rank * i + i;
	MPI_Allreduce(mine, sum, count, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
	for (long i = 0; i < count; i++)
		if (sum[i] != of_ranks * i + ranks * i)
			fail("MPI_Allreduce", i);
	checked += (unsigned long)count * sizeof(*sum);
	free(mine);
	free(sum);
}

static void broadcasts(void)
{
	uint8_t *bytes = room(LARGEST);

	for (int from = 0; from < ranks; from++) {
		if (from == rank)
			fill(bytes, LARGEST, 1000 + from);
		MPI_Bcast(bytes, LARGEST, MPI_BYTE, from, MPI_COMM_WORLD);
		check(bytes, LARGEST, from, 1000 + from);
	}
	free(bytes);
}

static void everybody_to_everybody(void)
{
	enum { EACH = 30000 };
	int *out = room((size_t)ranks * EACH * sizeof(*out));
	int *in = room((size_t)ranks * EACH * sizeof(*in));

	for (int i = 0; i < ranks * EACH; i++)
		out[i] = rank * 1000003 + i;
	MPI_Alltoall(out, EACH, MPI_INT, in, EACH, MPI_INT, MPI_COMM_WORLD);
	for (int from = 0; from < ranks; from++)
		for (int i = 0; i < EACH; i++)
			if (in[from * EACH + i] !=
			    from * 1000003 + rank * EACH + i)
				fail("MPI_Alltoall", i);
	checked += (unsigned long)ranks * EACH * sizeof(*in);
	free(out);
	free(in);
}

/* Slot 0 counts; the others are written, read and written over. */
static void one_sided(void)
{
	long *window, *copy = room(SLOTS * sizeof(*copy));
	long one = 1, old, total = 0, nothing = 0, mine = rank + 1;
	MPI_Win win;

	MPI_Win_allocate(SLOTS * sizeof(*window), sizeof(*window),
			 MPI_INFO_NULL, MPI_COMM_WORLD, &window, &win);
	memset(window, 0, SLOTS * sizeof(*window));
	MPI_Win_fence(0, win);
	for (long i = 0; i < SLOTS; i++)
		copy[i] = rank * 100000 + i;
	MPI_Put(copy + 2, SLOTS - 2, MPI_LONG, next_rank(), 2, SLOTS - 2,
		MPI_LONG, win);
	MPI_Win_fence(0, win);
	for (long i = 2; i < SLOTS; i++)
		if (window[i] != previous_rank() * 100000 + i)
			fail("MPI_Put", i);
	MPI_Get(copy, SLOTS, MPI_LONG, previous_rank(), 0, SLOTS, MPI_LONG,
		win);
	MPI_Win_fence(0, win);
	for (long i = 2; i < SLOTS; i++)
		if (copy[i] != (rank + 2 * ranks - 2) % ranks * 100000 + i)
			fail("MPI_Get", i);

	MPI_Win_lock_all(0, win);
	for (int i = 0; i < ADDITIONS; i++) {
		MPI_Fetch_and_op(&one, &old, MPI_LONG, 0, 0, MPI_SUM, win);
		MPI_Accumulate(&one, 1, MPI_LONG, 0, 0, 1, MPI_LONG, MPI_SUM,
			       win);
		MPI_Win_flush_all(win);
	}
	MPI_Compare_and_swap(&mine, &nothing, &old, MPI_LONG, 0, 1, win);
	MPI_Win_unlock_all(win);
	MPI_Barrier(MPI_COMM_WORLD);
	MPI_Win_lock_all(0, win);
	MPI_Fetch_and_op(NULL, &total, MPI_LONG, 0, 0, MPI_NO_OP, win);
	MPI_Win_flush(0, win);
	MPI_Fetch_and_op(NULL, &mine, MPI_LONG, 0, 1, MPI_NO_OP, win);
	MPI_Win_unlock_all(win);
	if (total != 2L * ADDITIONS * ranks)
		fail("atomic additions", total);
	/* who found it empty has won, all others saw the winner */
	if (old ? old != mine : mine != rank + 1)
		fail("MPI_Compare_and_swap", old);
	checked += 2 * SLOTS * sizeof(*window);
	MPI_Win_free(&win);
	free(copy);
}

static void all_of_it(bool with_one_sided)
{
	messages_of_all_sizes();
	many_small_messages();
	sums(1);
	sums(NUMBERS);
	broadcasts();
	everybody_to_everybody();
	if (with_one_sided)
		one_sided();
	MPI_Barrier(MPI_COMM_WORLD);
}

static bool is_told(int argc, char **argv, const char *word)
{
	return argc > 1 && strcmp(argv[1], word) == 0;
}

int main(int argc, char **argv)
{
	char name[MPI_MAX_PROCESSOR_NAME];
	int len;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &ranks);
	MPI_Get_processor_name(name, &len);
	printf("rank %d of %d on %s\n", rank, ranks, name);
	all_of_it(!is_told(argc, argv, "two-sided"));
	while (is_told(argc, argv, "for-ever"))
		all_of_it(true);
	if (rank == 0)
		printf("all right: rank 0 checked %lu bytes\n", checked);
	MPI_Finalize();
	return 0;
}

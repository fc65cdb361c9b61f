// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The middle of a bad wire: carries frames between two interfaces of a
 * network namespace of its own, and loses, reorders, duplicates, corrupts,
 * delays and marks them by a seed (impair.h).  It counts what it did, and
 * says so as one line of JSON at SIGUSR1 and at its end.
 *
 * Build machines have no netem and no RED in their kernel.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_packet.h>
#include <linux/if_ether.h>
#include <arpa/inet.h>

#include "base/clock.h"
#include "netns/impair.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

enum {
	FRAMES = 4096, /* in the air, both directions together */
	BATCH = 32,
	SOCKET_BYTES = 64 << 20, /* a burst may come while we have no CPU */
	VLAN_LEN = 4,
};

/* A frame that is to be overtaken does not wait for overtakers for ever. */
#define OVERTAKEN_MAX (2 * NSEC_PER_MSEC)

struct frame {
	struct frame *next;
	uint8_t *bytes;
	size_t len;
	nsec_t due;
	nsec_t overtaken_until;
	unsigned int overtakers; /* still to pass */
	bool overtaken;
};

struct counters {
	uint64_t frames; /* came in: the n of impair_fate() */
	uint64_t forwarded;
	uint64_t lost;
	uint64_t reordered; /* really were overtaken */
	uint64_t duplicated;
	uint64_t corrupted;
	uint64_t swapped;
	uint64_t marked;
	uint64_t too_long; /* more than the MTU: is segmentation offload on? */
	uint64_t send_errors;
	uint64_t kernel_drops; /* the socket was full: not by the seed */
};

struct direction {
	const char *name;
	int from, to;		    /* packet sockets */
	struct frame *head, **tail; /* by due */
	struct counters counters;
};

struct relay {
	struct impair impair;
	nsec_t delay;
	struct direction directions[2];
	struct frame *free;
	size_t frame_bytes;
	int signals;
	bool ended;
};

static nsec_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (nsec_t)t.tv_sec * NSEC_PER_SEC + (nsec_t)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- frames in the air ---- */

static struct frame *frame_take(struct relay *relay)
{
	struct frame *frame = relay->free;

	if (frame)
		relay->free = frame->next;
	return frame;
}

static void frame_give_back(struct relay *relay, struct frame *frame)
{
	frame->next = relay->free;
	relay->free = frame;
}

static void frames_make(struct relay *relay)
{
	struct frame *frames = calloc(FRAMES, sizeof(*frames));
	uint8_t *bytes = malloc(FRAMES * relay->frame_bytes);

	if (!frames || !bytes)
		die("memory");
	for (size_t i = 0; i < FRAMES; i++) {
		frames[i].bytes = bytes + i * relay->frame_bytes;
		frame_give_back(relay, &frames[i]);
	}
}

static void queue_append(struct direction *dir, struct frame *frame)
{
	frame->next = NULL;
	*dir->tail = frame;
	dir->tail = &frame->next;
}

static struct frame *queue_remove(struct direction *dir, struct frame **at)
{
	struct frame *frame = *at;

	*at = frame->next;
	if (!*at)
		dir->tail = at;
	return frame;
}

/* ---- what happens to a frame ---- */

static void duplicate(struct relay *relay, struct direction *dir,
		      const struct frame *frame)
{
	struct frame *copy = frame_take(relay);

	if (!copy)
		return;
	memcpy(copy->bytes, frame->bytes, frame->len);
	copy->len = frame->len;
	copy->due = frame->due;
	copy->overtakers = 0;
	copy->overtaken = false;
	queue_append(dir, copy);
	dir->counters.duplicated++;
}

static void harm(struct direction *dir, struct frame *frame,
		 const struct fate *fate)
{
	struct counters *c = &dir->counters;

	if (fate->marked)
		c->marked += impair_mark(frame->bytes, frame->len);
	if (fate->corrupted)
		c->corrupted +=
			impair_corrupt(frame->bytes, frame->len, fate->where);
	if (fate->swapped)
		c->swapped +=
			impair_swap(frame->bytes, frame->len, fate->where);
}

static void arrive(struct relay *relay, struct direction *dir,
		   struct frame *frame, nsec_t now)
{
	unsigned int number = (unsigned int)(dir - relay->directions);
	struct fate fate =
		impair_fate(&relay->impair, number, dir->counters.frames++);

	if (fate.lost) {
		dir->counters.lost++;
		frame_give_back(relay, frame);
		return;
	}
	harm(dir, frame, &fate);
	frame->due = now + relay->delay;
	frame->overtakers = fate.overtakers;
	frame->overtaken = false;
	frame->overtaken_until = frame->due + OVERTAKEN_MAX;
	queue_append(dir, frame);
	if (fate.duplicated)
		duplicate(relay, dir, frame);
}

/* ---- in ---- */

/* How many came; at most BATCH, and no more than there is room for. */
static int receive(struct relay *relay, struct direction *dir, nsec_t now)
{
	struct frame *frames[BATCH];
	struct mmsghdr msgs[BATCH] = { 0 };
	struct iovec iovs[BATCH];
	int room, came;

	for (room = 0; room < BATCH; room++) {
		frames[room] = frame_take(relay);
		if (!frames[room])
			break;
		iovs[room].iov_base = frames[room]->bytes;
		iovs[room].iov_len = relay->frame_bytes;
		msgs[room].msg_hdr.msg_iov = &iovs[room];
		msgs[room].msg_hdr.msg_iovlen = 1;
	}
	came = recvmmsg(dir->from, msgs, (unsigned int)room, MSG_DONTWAIT,
			NULL);
	if (came < 0 && errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
		die("receive");
	for (int i = 0; i < room; i++) {
		if (i >= came) {
			frame_give_back(relay, frames[i]);
			continue;
		}
		if (msgs[i].msg_hdr.msg_flags & MSG_TRUNC) {
			dir->counters.too_long++;
			frame_give_back(relay, frames[i]);
			continue;
		}
		frames[i]->len = msgs[i].msg_len;
		arrive(relay, dir, frames[i], now);
	}
	return came > 0 ? came : 0;
}

/* ---- out ---- */

static bool may_leave(const struct frame *frame, nsec_t now)
{
	return !frame->overtakers || frame->overtaken_until <= now;
}

/* The next that leaves; those before it in the queue were overtaken. */
static struct frame *next_leaving(struct direction *dir, nsec_t now)
{
	struct frame **at = &dir->head;

	while (*at && (*at)->due <= now && !may_leave(*at, now))
		at = &(*at)->next;
	if (!*at || (*at)->due > now)
		return NULL;
	for (struct frame *f = dir->head; f != *at; f = f->next) {
		f->overtakers--;
		dir->counters.reordered += !f->overtaken;
		f->overtaken = true;
	}
	return queue_remove(dir, at);
}

static void send_batch(struct direction *dir, struct mmsghdr *msgs, int count)
{
	for (int done = 0; done < count;) {
		int sent = sendmmsg(dir->to, msgs + done,
				    (unsigned int)(count - done), 0);

		if (sent > 0) {
			dir->counters.forwarded += (uint64_t)sent;
			done += sent;
		} else if (errno != EINTR) {
			dir->counters.send_errors++;
			done++; /* this frame is lost, the rest may go */
		}
	}
}

static int transmit(struct relay *relay, struct direction *dir, nsec_t now)
{
	struct frame *frames[BATCH];
	struct mmsghdr msgs[BATCH] = { 0 };
	struct iovec iovs[BATCH];
	int count = 0;

	while (count < BATCH && (frames[count] = next_leaving(dir, now))) {
		iovs[count].iov_base = frames[count]->bytes;
		iovs[count].iov_len = frames[count]->len;
		msgs[count].msg_hdr.msg_iov = &iovs[count];
		msgs[count].msg_hdr.msg_iovlen = 1;
		count++;
	}
	send_batch(dir, msgs, count);
	for (int i = 0; i < count; i++)
		frame_give_back(relay, frames[i]);
	return count;
}

/* When the queue has something to say by itself. */
static nsec_t deadline(const struct direction *dir)
{
	nsec_t earliest = NSEC_NEVER;

	for (const struct frame *f = dir->head; f; f = f->next) {
		nsec_t t = f->overtakers ? f->overtaken_until : f->due;

		if (t < earliest)
			earliest = t;
		if (!f->overtakers)
			break; /* those behind it are due no earlier */
	}
	return earliest;
}

/* ---- counters ---- */

static void count_kernel_drops(struct direction *dir)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);

	/* reading clears them */
	if (!getsockopt(dir->from, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		dir->counters.kernel_drops += stats.tp_drops;
}

static void report_direction(struct direction *dir)
{
	const struct counters *c = &dir->counters;
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "forwarded", c->forwarded },
		{ "lost", c->lost },
		{ "reordered", c->reordered },
		{ "duplicated", c->duplicated },
		{ "corrupted", c->corrupted },
		{ "swapped", c->swapped },
		{ "marked", c->marked },
		{ "too_long", c->too_long },
		{ "send_errors", c->send_errors },
		{ "kernel_drops", c->kernel_drops },
	};

	count_kernel_drops(dir);
	printf(",\"%s\":{\"frames\":%ju", dir->name, (uintmax_t)c->frames);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf(",\"%s\":%ju", rows[i].name, (uintmax_t)rows[i].value);
	printf("}");
}

static void report(struct relay *relay)
{
	printf("{\"seed\":%ju", (uintmax_t)relay->impair.seed);
	report_direction(&relay->directions[0]);
	report_direction(&relay->directions[1]);
	printf("}\n");
	fflush(stdout);
}

/* ---- the loop ---- */

static void take_signals(struct relay *relay)
{
	struct signalfd_siginfo info;

	while (read(relay->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			report(relay);
		else
			relay->ended = true;
	}
}

static void sleep_until(struct relay *relay, nsec_t now)
{
	short in = relay->free ? POLLIN : 0; /* no room: wait for a frame */
	struct pollfd fds[] = {
		{ .fd = relay->signals, .events = POLLIN },
		{ .fd = relay->directions[0].from, .events = in },
		{ .fd = relay->directions[1].from, .events = in },
	};
	nsec_t first = deadline(&relay->directions[0]);
	nsec_t second = deadline(&relay->directions[1]);
	nsec_t until = first < second ? first : second;
	nsec_t wait = until > now ? until - now : 0;
	struct timespec timeout = {
		.tv_sec = (time_t)(wait / NSEC_PER_SEC),
		.tv_nsec = (long)(wait % NSEC_PER_SEC),
	};

	if (ppoll(fds, 3, until == NSEC_NEVER ? NULL : &timeout, NULL) < 0 &&
	    errno != EINTR)
		die("poll");
	if (fds[0].revents)
		take_signals(relay);
}

static void run(struct relay *relay)
{
	while (!relay->ended) {
		nsec_t now = clock_now();
		int busy = 0;

		for (int i = 0; i < 2; i++) {
			busy += receive(relay, &relay->directions[i], now);
			busy += transmit(relay, &relay->directions[i], now);
		}
		if (!busy)
			sleep_until(relay, now);
		else
			take_signals(relay);
	}
}

/* ---- starting ---- */

static size_t interface_mtu(int fd, const char *name)
{
	struct ifreq req = { 0 };

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFMTU, &req) < 0)
		die(name);
	return (size_t)req.ifr_mtu;
}

static int interface_open(const char *name, size_t *mtu)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	struct packet_mreq promisc = {
		.mr_ifindex = addr.sll_ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};
	int one = 1, bytes = SOCKET_BYTES;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("packet socket");
	if (!addr.sll_ifindex)
		die(name);
	/* Else what we send to one side would come back from it. */
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
		       sizeof(one)) < 0)
		die("PACKET_IGNORE_OUTGOING");
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc,
		       sizeof(promisc)) < 0)
		die("promiscuous mode");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) <
	    0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		die(name);
	*mtu = interface_mtu(fd, name);
	return fd;
}

static int signals_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		die("signalfd");
	return fd;
}

static void relay_open(struct relay *relay, const char *a, const char *b)
{
	struct direction *ab = &relay->directions[0];
	struct direction *ba = &relay->directions[1];
	size_t mtu_a, mtu_b;

	ab->name = "a_to_b";
	ba->name = "b_to_a";
	ab->from = ba->to = interface_open(a, &mtu_a);
	ba->from = ab->to = interface_open(b, &mtu_b);
	ab->tail = &ab->head;
	ba->tail = &ba->head;
	relay->frame_bytes =
		IMPAIR_ETH_LEN + VLAN_LEN + (mtu_a > mtu_b ? mtu_a : mtu_b);
	relay->signals = signals_open();
	frames_make(relay);
}

static const struct option options[] = {
	{ "seed", required_argument, NULL, 's' },
	{ "loss", required_argument, NULL, 'l' },
	{ "reorder", required_argument, NULL, 'r' },
	{ "duplicate", required_argument, NULL, 'd' },
	{ "corrupt", required_argument, NULL, 'c' },
	{ "swap", required_argument, NULL, 'w' },
	{ "ecn", required_argument, NULL, 'e' },
	{ "delay", required_argument, NULL, 'D' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char usage_text[] =
	"usage: relay [OPTION]... INTERFACE-A INTERFACE-B\n"
	"  --seed N           what happens to which frame (default 1)\n"
	"  --loss PERCENT     drop frames\n"
	"  --reorder PERCENT  let up to 3 frames pass this one, within 2 ms\n"
	"  --duplicate PERCENT\n"
	"  --corrupt PERCENT  flip one bit behind the Ethernet header\n"
	"  --swap PERCENT     swap two words of a TCP payload: the checksum\n"
	"                     does not see it, the CRC of MPA does\n"
	"  --ecn PERCENT      mark Congestion Experienced\n"
	"  --delay USEC       hold every frame that long\n"
	"Says \"ready\" when it carries frames; counters as JSON on stdout at\n"
	"SIGUSR1 and at the end (SIGTERM, SIGINT).\n";

static void usage(void)
{
	fputs(usage_text, stderr);
	exit(2);
}

static uint64_t number(const char *text, uint64_t max)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || n > max)
		usage();
	return n;
}

static uint32_t *probability(struct impair *impair, int option)
{
	switch (option) {
	case 'l':
		return &impair->loss;
	case 'r':
		return &impair->reorder;
	case 'd':
		return &impair->duplicate;
	case 'c':
		return &impair->corrupt;
	case 'w':
		return &impair->swap;
	case 'e':
		return &impair->ecn;
	}
	return NULL;
}

static void parse_options(struct relay *relay, int argc, char **argv)
{
	int option;

	relay->impair.seed = 1;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		uint32_t *ppm = probability(&relay->impair, option);

		if (ppm) {
			if (!impair_percent(optarg, ppm))
				usage();
		} else if (option == 's') {
			relay->impair.seed = number(optarg, UINT64_MAX);
		} else if (option == 'D') {
			relay->delay =
				number(optarg, UINT32_MAX) * NSEC_PER_USEC;
		} else {
			usage();
		}
	}
	if (argc - optind != 2)
		usage();
}

int main(int argc, char **argv)
{
	static struct relay relay;

	parse_options(&relay, argc, argv);
	relay_open(&relay, argv[optind], argv[optind + 1]);
	printf("ready\n");
	fflush(stdout);
	run(&relay);
	report(&relay);
	return 0;
}

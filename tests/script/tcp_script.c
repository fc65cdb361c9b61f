// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Plays scripts against one connection in virtual time and prints TAP.  The
 * language is a small part of packetdrill's, and some verbs of our own:
 *
 *   // title                        the first line; others are comments
 *   set mss 1000                    a field of tcp_config; times in seconds
 *   +T < S. 0:0(0) ack 1 win 1000 <mss 1000,sackOK>   the peer sends
 *   +T > P. 1:101(100) ack 1        we must have sent just that, just then
 *   +T connect | listen | close | abort
 *   +T write 100 | read 100
 *   +T state ESTABLISHED | event ESTABLISHED | reason normal | verdict paws
 *   +T acked 100 | readable 100
 *
 * T: seconds after the line before.  Sequence numbers count from the initial
 * ones, which are shortly before the wrap.  Each segment sent must be
 * expected.  A field that is not named (win, an option) is not compared, but
 * SACK blocks are, and must be absent if not named.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"
#include "tcp/conn.h"
#include "tcp/listen.h"
#include "tcp_pool.h"

enum {
	OUR_ISS = 0xfffffc00u,
	PEER_ISS = 0xfffffe00u,
	QUEUE_MAX = 256,
	LOCAL_PORT = 8080,
	PEER_PORT = 40000,
};

enum field { F_WIN = 1, F_MSS = 2, F_WSCALE = 4, F_TS = 8, F_SACK_OK = 16 };

/* A line's segment; `fields` were named. */
struct spec {
	struct tcp_segment seg;
	unsigned int fields;
};

struct sent {
	struct tcp_segment seg;
	nsec_t at;
};

struct play {
	const char *path;
	unsigned int line;
	bool failed;
	nsec_t now;
	struct tcp_config config;
	struct test_pool pool;
	struct tcp_listener listener;
	struct tcp_conn conn;
	bool listening;
	bool open;
	struct sent queue[QUEUE_MAX];
	unsigned int head, tail;
	unsigned int events; /* BIT(event) seen and not yet expected */
	enum tcp_verdict verdict;
	uint32_t written, read;
};

static const char *const event_names[TCP_EVENT_COUNT] = {
	[TCP_EVENT_ESTABLISHED] = "ESTABLISHED",
	[TCP_EVENT_ACKED] = "ACKED",
	[TCP_EVENT_READABLE] = "READABLE",
	[TCP_EVENT_PEER_CLOSED] = "PEER_CLOSED",
	[TCP_EVENT_CLOSED] = "CLOSED",
};

static const char *const reason_names[] = {
	[TCP_STILL_OPEN] = "open",	  [TCP_CLOSED_NORMALLY] = "normal",
	[TCP_CLOSED_BY_RESET] = "reset",  [TCP_CLOSED_REFUSED] = "refused",
	[TCP_CLOSED_TIMEOUT] = "timeout", [TCP_CLOSED_ABORTED] = "aborted",
};

static void complain(struct play *play, const char *what, const char *detail)
{
	play->failed = true;
	printf("# %s:%u: %s%s%s\n", play->path, play->line, what,
	       detail ? ": " : "", detail ? detail : "");
}

static void print_segment(const struct sent *sent)
{
	static const char letters[] = "FSRP.UEW";
	const struct tcp_segment *seg = &sent->seg;

	printf("#   at %.6f > ", (sent->at - NSEC_PER_SEC) / 1e9);
	for (unsigned int i = 0; i < 8; i++)
		if (seg->flags & BIT(i))
			putchar(letters[i]);
	printf(" %u:%u(%u)", seg->seq - OUR_ISS, seg->seq - OUR_ISS + seg->len,
	       seg->len);
	if (seg->flags & TCP_ACK)
		printf(" ack %u", seg->ack - PEER_ISS);
	printf(" win %u", seg->wnd);
	for (unsigned int i = 0; i < seg->sack_count; i++)
		printf(" sack %u:%u", seg->sack[i].left - PEER_ISS,
		       seg->sack[i].right - PEER_ISS);
	putchar('\n');
}

/* Payload byte n of either stream is a function of n alone. */
static uint8_t stream_byte(uint32_t n)
{
	return n * 7 + (n >> 8);
}

static void check_payload(struct play *play, const struct tcp_segment *seg)
{
	uint32_t at = seg->seq - OUR_ISS - 1;

	for (uint32_t i = 0; i < seg->len; i++)
		if (seg->buf->data[seg->off + i] != stream_byte(at + i)) {
			complain(play, "wrong payload sent", NULL);
			return;
		}
}

/* All that the connection has to say now. */
static void pump(struct play *play)
{
	struct tcp_segment seg;
	enum tcp_event event;
	const char *broken;

	if (!play->open)
		return;
	while (tcp_output(&play->conn, &seg, play->now)) {
		check_payload(play, &seg);
		seg.buf = NULL;
		play->queue[play->tail++ % QUEUE_MAX] =
			(struct sent){ seg, play->now };
	}
	while ((event = tcp_event(&play->conn)))
		play->events |= BIT(event);
	broken = tcp_conn_check(&play->conn);
	if (broken)
		complain(play, "does not hold", broken);
}

static void advance(struct play *play, nsec_t until)
{
	pump(play);
	while (play->open && tcp_deadline(&play->conn) <= until) {
		nsec_t at = tcp_deadline(&play->conn);

		play->now = at > play->now ? at : play->now;
		tcp_expire(&play->conn, play->now);
		pump(play);
	}
	play->now = until;
}

static struct tcp_open open_args(struct play *play)
{
	return (struct tcp_open){
		.config = &play->config,
		.pool = &play->pool.pool,
		.local_port = LOCAL_PORT,
		.peer_port = PEER_PORT,
		.iss = OUR_ISS,
	};
}

static void do_connect(struct play *play, const char *arg)
{
	struct tcp_open args = open_args(play);

	(void)arg;
	tcp_connect(&play->conn, &args, play->now);
	play->open = true;
}

static void do_listen(struct play *play, const char *arg)
{
	(void)arg;
	tcp_listener_init(&play->listener, 4);
	play->listening = true;
}

static void do_close(struct play *play, const char *arg)
{
	(void)arg;
	tcp_close(&play->conn, play->now);
}

static void do_abort(struct play *play, const char *arg)
{
	(void)arg;
	tcp_abort(&play->conn);
}

static void write_one(struct play *play, uint32_t len)
{
	struct buf *buf = buf_alloc(&play->pool.pool);

	for (buf->len = 0; buf->len < len; buf->len++)
		buf->data[buf->len] = stream_byte(play->written++);
	if (!tcp_send(&play->conn, buf))
		complain(play, "tcp_send() refused", NULL);
}

static void do_write(struct play *play, const char *arg)
{
	uint32_t len = atoi(arg);
	uint32_t mss = tcp_send_mss(&play->conn);

	for (; mss && len > mss; len -= mss)
		write_one(play, mss);
	write_one(play, len);
}

static void do_read(struct play *play, const char *arg)
{
	uint32_t left = atoi(arg);
	const struct buf *buf = tcp_recv_first(&play->conn);

	if (left > tcp_recv_bytes(&play->conn)) {
		complain(play, "less is readable", NULL);
		return;
	}
	for (uint32_t n = left; buf && n; buf = buf->next)
		for (uint32_t i = 0; i < buf->len && n; i++, n--)
			if (buf->data[i] != stream_byte(play->read++))
				complain(play, "wrong payload received", NULL);
	tcp_recv_consume(&play->conn, left);
}

static void do_state(struct play *play, const char *arg)
{
	const char *name = tcp_state_name(tcp_conn_state(&play->conn));

	if (strcmp(name, arg))
		complain(play, "the state is", name);
}

static void do_event(struct play *play, const char *arg)
{
	for (unsigned int e = 1; e < TCP_EVENT_COUNT; e++)
		if (!strcmp(event_names[e], arg) && play->events & BIT(e)) {
			play->events &= ~BIT(e);
			return;
		}
	complain(play, "no such event", arg);
}

static void do_reason(struct play *play, const char *arg)
{
	const char *name = reason_names[tcp_close_reason(&play->conn)];

	if (strcmp(name, arg))
		complain(play, "the reason is", name);
}

static void do_verdict(struct play *play, const char *arg)
{
	const char *name = tcp_verdict_name(play->verdict);

	if (strcmp(name, arg))
		complain(play, "the verdict was", name);
}

static void do_acked(struct play *play, const char *arg)
{
	if (tcp_acked_bytes(&play->conn) != (uint64_t)atoi(arg))
		complain(play, "not so many bytes are acknowledged", arg);
}

static void do_readable(struct play *play, const char *arg)
{
	if (tcp_recv_bytes(&play->conn) != (uint32_t)atoi(arg))
		complain(play, "not so many bytes are readable", arg);
}

static const struct {
	const char *verb;
	void (*run)(struct play *play, const char *arg);
	bool asks; /* changes nothing */
} verbs[] = {
	{ "connect", do_connect, false }, { "listen", do_listen, false },
	{ "close", do_close, false },	  { "abort", do_abort, false },
	{ "write", do_write, false },	  { "read", do_read, false },
	{ "state", do_state, true },	  { "event", do_event, true },
	{ "reason", do_reason, true },	  { "verdict", do_verdict, true },
	{ "acked", do_acked, true },	  { "readable", do_readable, true },
};

static uint8_t flag_of(char letter)
{
	static const char letters[] = "FSRP.UEW";
	const char *at = strchr(letters, letter);

	return at && letter ? BIT(at - letters) : 0;
}

static void parse_option(struct spec *spec, char *text, uint32_t sack_base)
{
	struct tcp_segment *seg = &spec->seg;
	unsigned int a, b;

	if (sscanf(text, "mss %u", &a) == 1) {
		seg->mss = a;
		spec->fields |= F_MSS;
	} else if (sscanf(text, "wscale %u", &a) == 1) {
		seg->wscale = a;
		spec->fields |= F_WSCALE;
	} else if (!strcmp(text, "sackOK")) {
		seg->sack_permitted = true;
		spec->fields |= F_SACK_OK;
	} else if (sscanf(text, "TS val %u ecr %u", &a, &b) == 2) {
		seg->has_timestamps = true;
		seg->ts_val = a;
		seg->ts_ecr = b;
		spec->fields |= F_TS;
	} else if (sscanf(text, "sack %u:%u", &a, &b) == 2 &&
		   seg->sack_count < TCP_SACK_MAX) {
		seg->sack[seg->sack_count].left = sack_base + a;
		seg->sack[seg->sack_count++].right = sack_base + b;
	}
}

/* "P. 1:101(100) ack 1 win 5 <mss 5,sackOK>"; seq, ack: initial numbers. */
static bool parse_segment(struct spec *spec, char *text, uint32_t seq,
			  uint32_t ack)
{
	struct tcp_segment *seg = &spec->seg;
	unsigned int first, last, len, number;
	char flags[9];
	char *part;

	*spec = (struct spec){ .seg.wscale = TCP_NO_WSCALE };
	if (sscanf(text, "%8s %u:%u(%u)", flags, &first, &last, &len) != 4 ||
	    first + len != last)
		return false;
	seg->seq = seq + first;
	seg->len = len;
	for (const char *p = flags; *p; p++)
		seg->flags |= flag_of(*p);
	if ((part = strstr(text, " ack ")) &&
	    sscanf(part, " ack %u", &number) == 1)
		seg->ack = ack + number;
	if ((part = strstr(text, " win ")) &&
	    sscanf(part, " win %u", &number) == 1) {
		seg->wnd = number;
		spec->fields |= F_WIN;
	}
	if (!(part = strchr(text, '<')))
		return true;
	for (part = strtok(part + 1, ",>"); part; part = strtok(NULL, ",>"))
		parse_option(spec, part, ack);
	return true;
}

/* Through the codec, so that scripts test it as well. */
static struct tcp_segment recode(const struct tcp_segment *seg)
{
	uint8_t bytes[TCP_HEADER_MAX];
	size_t len = tcp_segment_encode(seg, bytes);
	struct tcp_segment decoded;

	tcp_segment_decode(&decoded, bytes, len);
	decoded.len = seg->len;
	return decoded;
}

static void reply_reset(struct play *play, const struct tcp_segment *seg)
{
	struct tcp_segment rst;

	if (tcp_reset_reply(seg, &rst))
		play->queue[play->tail++ % QUEUE_MAX] =
			(struct sent){ rst, play->now };
}

static void to_listener(struct play *play, const struct tcp_segment *seg)
{
	struct tcp_open args = open_args(play);

	switch (tcp_listener_decide(&play->listener, seg, &play->verdict)) {
	case TCP_LISTEN_ACCEPT:
		tcp_accept(&play->conn, &args, &play->listener, seg, play->now);
		play->open = true;
		break;
	case TCP_LISTEN_RESET:
		reply_reset(play, seg);
		break;
	case TCP_LISTEN_DROP:
		break;
	}
}

static void inject(struct play *play, char *text)
{
	struct spec spec;
	struct tcp_segment seg;
	struct buf *buf = NULL;

	if (!parse_segment(&spec, text, PEER_ISS, OUR_ISS)) {
		complain(play, "no segment", text);
		return;
	}
	spec.seg.src_port = PEER_PORT;
	spec.seg.dst_port = LOCAL_PORT;
	seg = recode(&spec.seg);
	if (!play->open) {
		to_listener(play, &seg);
		return;
	}
	if (seg.len) {
		buf = buf_alloc(&play->pool.pool);
		for (buf->len = 0; buf->len < seg.len; buf->len++)
			buf->data[buf->len] =
				stream_byte(seg.seq - PEER_ISS - 1 + buf->len);
	}
	play->verdict = tcp_input(&play->conn, &seg, buf, play->now);
	if (play->verdict == TCP_NO_FLOW)
		reply_reset(play, &seg);
	if (play->verdict == TCP_REOPEN && play->listening) {
		tcp_conn_destroy(&play->conn);
		to_listener(play, &seg);
	}
}

static bool same_sack(const struct tcp_segment *a, const struct tcp_segment *b)
{
	return a->sack_count == b->sack_count &&
	       !memcmp(a->sack, b->sack, a->sack_count * sizeof(a->sack[0]));
}

static bool matches(const struct spec *spec, const struct tcp_segment *seg)
{
	const struct tcp_segment *want = &spec->seg;
	unsigned int fields = spec->fields;

	if (want->flags != seg->flags || want->seq != seg->seq ||
	    want->len != seg->len || !same_sack(want, seg))
		return false;
	if (want->flags & TCP_ACK && want->ack != seg->ack)
		return false;
	if (fields & F_WIN && want->wnd != seg->wnd)
		return false;
	if (fields & F_MSS && want->mss != seg->mss)
		return false;
	if (fields & F_WSCALE && want->wscale != seg->wscale)
		return false;
	if (fields & F_SACK_OK && !seg->sack_permitted)
		return false;
	return !(fields & F_TS) ||
	       (seg->has_timestamps && want->ts_val == seg->ts_val &&
		want->ts_ecr == seg->ts_ecr);
}

static void expect(struct play *play, char *text)
{
	const struct sent *sent = &play->queue[play->head % QUEUE_MAX];
	struct spec spec;

	if (!parse_segment(&spec, text, OUR_ISS, PEER_ISS)) {
		complain(play, "no segment", text);
		return;
	}
	if (play->head == play->tail) {
		complain(play, "nothing was sent", NULL);
		return;
	}
	play->head++;
	if (!matches(&spec, &sent->seg)) {
		complain(play, "not what was sent", NULL);
		print_segment(sent);
	} else if (sent->at + NSEC_PER_USEC < play->now) {
		complain(play, "sent earlier", NULL);
		print_segment(sent);
	}
}

static void nothing_more(struct play *play)
{
	if (play->head == play->tail)
		return;
	complain(play, "sent, and not expected", NULL);
	print_segment(&play->queue[play->head % QUEUE_MAX]);
	play->head = play->tail;
}

static void run_verb(struct play *play, char *text)
{
	char *arg = text + strcspn(text, " ");

	if (*arg)
		*arg++ = '\0';
	for (unsigned int i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].verb, text)) {
			if (!verbs[i].asks)
				nothing_more(play);
			verbs[i].run(play, arg);
			return;
		}
	complain(play, "no such verb", text);
}

static void set(struct play *play, const char *name, double value)
{
	struct tcp_config *config = &play->config;

	if (!strcmp(name, "mss"))
		config->mss = value;
	else if (!strcmp(name, "rcvbuf"))
		config->rcvbuf = value;
	else if (!strcmp(name, "sndbuf"))
		config->sndbuf = value;
	else if (!strcmp(name, "delack"))
		config->delack = value * NSEC_PER_SEC;
	else if (!strcmp(name, "time_wait"))
		config->time_wait = value * NSEC_PER_SEC;
	else if (!strcmp(name, "fin_wait"))
		config->fin_wait = value * NSEC_PER_SEC;
	else if (!strcmp(name, "user_timeout"))
		config->user_timeout = value * NSEC_PER_SEC;
	else if (!strcmp(name, "keepalive"))
		config->keepalive = value * NSEC_PER_SEC;
	else if (!strcmp(name, "keepalive_probes"))
		config->keepalive_probes = value;
	else if (!strcmp(name, "syn_retries"))
		config->syn_retries = value;
	else if (!strcmp(name, "timestamps"))
		config->no_timestamps = !value;
	else if (!strcmp(name, "sack"))
		config->no_sack = !value;
	else if (!strcmp(name, "reno"))
		config->cc = value ? &tcp_cc_reno : &tcp_cc_cubic;
	else
		complain(play, "no such setting", name);
}

static void run_timed(struct play *play, char *text)
{
	double seconds = strtod(text + 1, &text);

	advance(play, play->now + (nsec_t)llround(seconds * 1e9));
	text += strspn(text, " \t");
	if (*text == '>') {
		expect(play, text + 1);
		return;
	}
	if (*text == '<') {
		nothing_more(play);
		inject(play, text + 1);
	} else {
		run_verb(play, text);
	}
	pump(play);
}

static void run_line(struct play *play, char *text)
{
	char name[32];
	double value;

	text += strspn(text, " \t");
	text[strcspn(text, "\n")] = '\0';
	if (!*text || !strncmp(text, "//", 2))
		return;
	if (sscanf(text, "set %31s %lf", name, &value) == 2)
		set(play, name, value);
	else if (*text == '+')
		run_timed(play, text);
	else
		complain(play, "no such line", text);
}

static void finish(struct play *play)
{
	nothing_more(play);
	if (play->open)
		tcp_conn_destroy(&play->conn);
	if (play->pool.out)
		complain(play, "bufs are missing", NULL);
}

/* True: it went as written.  `title` is its first line. */
static bool run_script(const char *path, char *title, size_t size)
{
	static struct play play;
	FILE *file = fopen(path, "r");
	char line[512];

	snprintf(title, size, "%s", path);
	if (!file)
		return false;
	play = (struct play){
		.path = path,
		.now = NSEC_PER_SEC,
		.pool = { { &test_pool_ops }, 0 },
	};
	tcp_config_init(&play.config, 1000);
	play.config.no_timestamps = true;
	while (fgets(line, sizeof(line), file) && !play.failed) {
		if (++play.line == 1 && !strncmp(line, "// ", 3))
			snprintf(title, size, "%.*s",
				 (int)strcspn(line + 3, "\n"), line + 3);
		run_line(&play, line);
	}
	fclose(file);
	finish(&play);
	return !play.failed;
}

int main(int argc, char **argv)
{
	bool all = argc > 1;

	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		char title[256];
		bool good = run_script(argv[i], title, sizeof(title));

		printf("%sok %d - %s\n", good ? "" : "not ", i, title);
		all &= good;
	}
	return !all;
}

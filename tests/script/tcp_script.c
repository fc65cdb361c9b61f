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
 * SACK blocks are, and must be absent if not named.  ECN's bits of the IP
 * header are named among the options: <ce> came so, <ect> or <no ect> goes.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "tcp/conn.h"
#include "tcp/listen.h"
#include "segment_text.h"
#include "tcp_pool.h"

enum {
	OUR_ISS = 0xfffffc00u,
	PEER_ISS = 0xfffffe00u,
	QUEUE_MAX = 256,
	LOCAL_PORT = 8080,
	PEER_PORT = 40000,
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

static void show(const struct sent *sent)
{
	printf("#   at %.6f > ", (sent->at - NSEC_PER_SEC) / 1e9);
	segment_print(&sent->seg, OUR_ISS, PEER_ISS);
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

/* Through the codec, so that scripts test it as well. */
static struct tcp_segment recode(const struct tcp_segment *seg)
{
	uint8_t bytes[TCP_HEADER_MAX];
	size_t len = tcp_segment_encode(seg, bytes);
	struct tcp_segment decoded;

	tcp_segment_decode(&decoded, bytes, len);
	decoded.len = seg->len;
	decoded.ce = seg->ce;
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

	if (!segment_parse(&spec, text, PEER_ISS, OUR_ISS)) {
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

static void expect(struct play *play, char *text)
{
	const struct sent *sent = &play->queue[play->head % QUEUE_MAX];
	struct spec spec;

	if (!segment_parse(&spec, text, OUR_ISS, PEER_ISS)) {
		complain(play, "no segment", text);
		return;
	}
	if (play->head == play->tail) {
		complain(play, "nothing was sent", NULL);
		return;
	}
	play->head++;
	if (!segment_matches(&spec, &sent->seg)) {
		complain(play, "not what was sent", NULL);
		show(sent);
	} else if (sent->at + NSEC_PER_USEC < play->now) {
		complain(play, "sent earlier", NULL);
		show(sent);
	}
}

static void nothing_more(struct play *play)
{
	if (play->head == play->tail)
		return;
	complain(play, "sent, and not expected", NULL);
	show(&play->queue[play->head % QUEUE_MAX]);
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

enum kind { SECONDS, BYTES, SHORT, COUNT };

static const struct {
	const char *name;
	size_t offset; /* in struct tcp_config */
	enum kind kind;
} settings[] = {
#define SETTING(field, kind)                                                   \
	{                                                                      \
#field, offsetof(struct tcp_config, field), kind               \
	}
	SETTING(mss, SHORT),	     SETTING(rcvbuf, BYTES),
	SETTING(sndbuf, BYTES),	     SETTING(delack, SECONDS),
	SETTING(ack_every, COUNT),   SETTING(time_wait, SECONDS),
	SETTING(fin_wait, SECONDS),  SETTING(user_timeout, SECONDS),
	SETTING(keepalive, SECONDS), SETTING(keepalive_probes, COUNT),
	SETTING(syn_retries, COUNT), SETTING(no_timestamps, COUNT),
	SETTING(no_sack, COUNT),     SETTING(ecn, COUNT),
#undef SETTING
};

static void store(void *field, enum kind kind, double value)
{
	switch (kind) {
	case SECONDS:
		*(nsec_t *)field = value * NSEC_PER_SEC;
		break;
	case BYTES:
		*(uint32_t *)field = value;
		break;
	case SHORT:
		*(uint16_t *)field = value;
		break;
	case COUNT:
		*(uint8_t *)field = value;
		break;
	}
}

static void set(struct play *play, const char *name, double value)
{
	for (unsigned int i = 0; i < sizeof(settings) / sizeof(settings[0]);
	     i++)
		if (!strcmp(settings[i].name, name)) {
			store((char *)&play->config + settings[i].offset,
			      settings[i].kind, value);
			return;
		}
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

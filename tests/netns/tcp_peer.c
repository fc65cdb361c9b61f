// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Our TCP alone, on an interface without an address in the kernel, for bulk
 * transfers with any other TCP:
 *
 *   tcp_peer INTERFACE OUR-ADDRESS PEER-ADDRESS PEER-MAC connect|listen
 *            SEND EXPECT close-first|close-last|abort|aborted
 *
 * Sends and receives so many bytes of the pattern at once, checks each, and
 * ends as asked: closes when all is queued, or when the peer has closed, or
 * resets when it has received half, or is reset.  Ends with one line that says
 * what happened; status 0 if it was what was asked.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/cksum.h"
#include "net/eth.h"
#include "net/ip.h"
#include "net/ip4.h"
#include "sim/rng.h"
#include "tcp/conn.h"
#include "tcp/listen.h"
#include "urdmad/now.h"

enum {
	FRAME_MAX = 9216,
	HEADERS_MAX = ETH_LEN + IP4_LEN + TCP_HEADER_MAX,
	PORT = 7000,
	GIVE_UP_S = 100,
	SOCKET_BYTES = 32 << 20,
};

enum ending { CLOSE_FIRST, CLOSE_LAST, ABORT, ABORTED };

static const char *const endings[] = {
	[CLOSE_FIRST] = "close-first",
	[CLOSE_LAST] = "close-last",
	[ABORT] = "abort",
	[ABORTED] = "aborted",
};

struct heap_buf {
	struct buf buf;
	uint8_t bytes[FRAME_MAX];
};

struct peer {
	int fd;
	uint8_t mac[ETH_ADDR], peer_mac[ETH_ADDR];
	uint8_t addr[4], peer_addr[4];
	uint64_t to_send, to_receive;
	uint64_t sent, received; /* bytes of the pattern */
	enum ending ending;
	struct rng rng;
	struct buf_pool pool;
	int bufs_out;
	struct tcp_config config;
	struct tcp_listener listener;
	struct tcp_conn conn;
	bool open;
	bool established, peer_closed, closed;
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static uint8_t pattern(uint64_t n)
{
	return (uint8_t)(n * 7 + (n >> 8));
}

static struct peer *of(struct buf_pool *pool)
{
	return (struct peer *)((char *)pool - offsetof(struct peer, pool));
}

static struct buf *heap_alloc(struct buf_pool *pool)
{
	struct heap_buf *heap = malloc(sizeof(*heap));

	if (!heap)
		die("out of memory");
	heap->buf.next = NULL;
	heap->buf.data = heap->bytes;
	heap->buf.len = 0;
	heap->buf.room = sizeof(heap->bytes);
	of(pool)->bufs_out++;
	return &heap->buf;
}

static void heap_free(struct buf_pool *pool, struct buf *buf)
{
	of(pool)->bufs_out--;
	free((struct heap_buf *)(void *)buf);
}

static const struct buf_pool_ops pool_ops = {
	.alloc = heap_alloc,
	.free = heap_free,
};

/*
 * The wire.
 */

static void transmit(struct peer *peer, const struct tcp_segment *seg)
{
	uint8_t frame[HEADERS_MAX + FRAME_MAX];
	struct eth eth = { .type = ETH_TYPE_IP4 };
	struct ip4 ip = { .protocol = IP4_TCP, .ttl = IP4_TTL };
	uint8_t *tcp_at = frame + ETH_LEN + IP4_LEN;
	size_t header = tcp_segment_encode(seg, tcp_at);
	uint64_t sum;

	memcpy(eth.dst, peer->peer_mac, ETH_ADDR);
	memcpy(eth.src, peer->mac, ETH_ADDR);
	memcpy(ip.src, peer->addr, 4);
	memcpy(ip.dst, peer->peer_addr, 4);
	ip.tos = seg->ect ? IP_ECT0 : 0;
	ip.payload_len = (uint16_t)(header + seg->len);
	eth_encode(&eth, frame);
	ip4_encode(&ip, frame + ETH_LEN);
	if (seg->len)
		memcpy(tcp_at + header, seg->buf->data + seg->off, seg->len);
	sum = cksum_pseudo4(ip.src, ip.dst, IP4_TCP, ip.payload_len);
	cksum_store(tcp_at + TCP_CHECKSUM_OFFSET,
		    cksum_add(sum, tcp_at, ip.payload_len));
	/* a full queue is a loss like another */
	if (send(peer->fd, frame, ETH_LEN + IP4_LEN + ip.payload_len, 0) < 0 &&
	    errno != ENOBUFS && errno != EAGAIN)
		die("send: %s", strerror(errno));
}

static void reset(struct peer *peer, const struct tcp_segment *seg)
{
	struct tcp_segment rst;

	if (tcp_reset_reply(seg, &rst))
		transmit(peer, &rst);
}

static void open_args(struct peer *peer, struct tcp_open *open, uint16_t local,
		      uint16_t remote)
{
	*open = (struct tcp_open){
		.config = &peer->config,
		.pool = &peer->pool,
		.local_port = local,
		.peer_port = remote,
		.iss = (uint32_t)rng_next(&peer->rng),
		.ts_offset = (uint32_t)rng_next(&peer->rng),
	};
}

static void to_listener(struct peer *peer, const struct tcp_segment *seg,
			nsec_t now)
{
	enum tcp_verdict why;
	struct tcp_open open;

	if (seg->dst_port == PORT && peer->listener.backlog &&
	    tcp_listener_decide(&peer->listener, seg, &why) ==
		    TCP_LISTEN_ACCEPT) {
		open_args(peer, &open, PORT, seg->src_port);
		tcp_accept(&peer->conn, &open, &peer->listener, seg, now);
		peer->open = true;
	} else {
		reset(peer, seg);
	}
}

static void take_segment(struct peer *peer, const struct ip4 *ip,
			 struct wire *in, nsec_t now)
{
	struct tcp_segment seg;
	struct buf *buf = NULL;

	if (tcp_segment_decode(&seg, in->pos, in->left) != TCP_OK)
		return;
	seg.ce = (ip->tos & IP_ECN) == IP_CE;
	if (!peer->open || seg.src_port != peer->conn.peer_port ||
	    seg.dst_port != peer->conn.local_port) {
		to_listener(peer, &seg, now);
		return;
	}
	if (seg.len) {
		buf = buf_alloc(&peer->pool);
		buf->len = seg.len;
		memcpy(buf->data, in->pos + seg.off, seg.len);
	}
	if (tcp_input(&peer->conn, &seg, buf, now) == TCP_NO_FLOW)
		reset(peer, &seg);
}

static void take_frame(struct peer *peer, const uint8_t *bytes, size_t len,
		       nsec_t now)
{
	struct wire in = { bytes, len };
	struct eth eth;
	struct ip4 ip;
	uint64_t sum;

	if (!eth_decode(&eth, &in) || !eth_equal(eth.dst, peer->mac) ||
	    eth.type != ETH_TYPE_IP4 || ip4_strip(&ip, &in) != DROP_NONE ||
	    ip.protocol != IP4_TCP || memcmp(ip.dst, peer->addr, 4) != 0)
		return;
	sum = cksum_pseudo4(ip.src, ip.dst, IP4_TCP, ip.payload_len);
	if (cksum_good(cksum_add(sum, in.pos, in.left)))
		take_segment(peer, &ip, &in, now);
}

/*
 * The program.
 */

/* Of any size, most of them full. */
static void feed(struct peer *peer)
{
	while (peer->sent < peer->to_send && tcp_send_room(&peer->conn)) {
		struct buf *buf = buf_alloc(&peer->pool);
		uint64_t len = tcp_send_mss(&peer->conn);

		if (rng_chance(&peer->rng, 100000))
			len = 1 + rng_below(&peer->rng, (uint32_t)len);
		if (len > peer->to_send - peer->sent)
			len = peer->to_send - peer->sent;
		while (buf->len < len)
			buf->data[buf->len++] = pattern(peer->sent++);
		if (!tcp_send(&peer->conn, buf))
			die("tcp_send() refused after %" PRIu64 " bytes",
			    peer->sent);
	}
}

static void drain(struct peer *peer)
{
	uint32_t bytes = tcp_recv_bytes(&peer->conn);
	const struct buf *buf = tcp_recv_first(&peer->conn);

	for (; buf; buf = buf->next)
		for (uint32_t i = 0; i < buf->len; i++)
			if (buf->data[i] != pattern(peer->received++))
				die("byte %" PRIu64 " is wrong",
				    peer->received - 1);
	if (bytes)
		tcp_recv_consume(&peer->conn, bytes);
}

static void take_events(struct peer *peer)
{
	enum tcp_event event;

	while ((event = tcp_event(&peer->conn)) != TCP_NO_EVENT) {
		peer->established |= event == TCP_EVENT_ESTABLISHED;
		peer->peer_closed |= event == TCP_EVENT_PEER_CLOSED;
		peer->closed |= event == TCP_EVENT_CLOSED;
	}
}

static void end_as_asked(struct peer *peer, nsec_t now)
{
	bool all_sent = peer->sent == peer->to_send;

	if (peer->ending == ABORT && peer->received >= peer->to_receive / 2)
		tcp_abort(&peer->conn);
	else if (all_sent &&
		 (peer->ending == CLOSE_FIRST ||
		  (peer->ending == CLOSE_LAST && peer->peer_closed)))
		tcp_close(&peer->conn, now);
}

static void work(struct peer *peer, nsec_t now)
{
	struct tcp_segment seg;
	const char *broken;

	if (tcp_deadline(&peer->conn) <= now)
		tcp_expire(&peer->conn, now);
	take_events(peer);
	drain(peer);
	if (peer->established && !peer->closed) {
		feed(peer);
		end_as_asked(peer, now);
	}
	while (tcp_output(&peer->conn, &seg, now))
		transmit(peer, &seg);
	take_events(peer);
	broken = tcp_conn_check(&peer->conn);
	if (broken)
		die("does not hold: %s", broken);
}

static int wait_ms(const struct peer *peer, nsec_t now)
{
	nsec_t at = peer->open ? tcp_deadline(&peer->conn) : NSEC_NEVER;

	if (at <= now)
		return 0;
	if (at - now > NSEC_PER_SEC)
		return 1000;
	return (int)((at - now + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC);
}

/* What comes in so many milliseconds, if anything does. */
static bool take_frames(struct peer *peer, int ms)
{
	struct pollfd ask = { .fd = peer->fd, .events = POLLIN };
	uint8_t frame[HEADERS_MAX + FRAME_MAX];
	bool some = poll(&ask, 1, ms) > 0;

	for (int i = 0; i < 64; i++) {
		ssize_t len =
			recv(peer->fd, frame, sizeof(frame), MSG_DONTWAIT);

		if (len <= 0)
			break;
		take_frame(peer, frame, (size_t)len, now_read());
	}
	return some;
}

static void turn(struct peer *peer)
{
	take_frames(peer, wait_ms(peer, now_read()));
	if (peer->open)
		work(peer, now_read());
}

/* The RST may get lost, and nobody else answers what the peer sends again. */
static void linger(struct peer *peer)
{
	enum { SILENCE_MS = 1000 };

	peer->open = false;
	peer->listener.backlog = 0;
	while (take_frames(peer, SILENCE_MS))
		continue;
}

static int verdict(struct peer *peer)
{
	enum tcp_close_reason reason = tcp_close_reason(&peer->conn);
	static const enum tcp_close_reason expected[] = {
		[CLOSE_FIRST] = TCP_CLOSED_NORMALLY,
		[CLOSE_LAST] = TCP_CLOSED_NORMALLY,
		[ABORT] = TCP_CLOSED_ABORTED,
		[ABORTED] = TCP_CLOSED_BY_RESET,
	};
	bool whole = peer->received == peer->to_receive &&
		     tcp_acked_bytes(&peer->conn) == peer->to_send;
	bool cut = peer->ending == ABORT || peer->ending == ABORTED;

	printf("received %" PRIu64 ", acknowledged %" PRIu64
	       ", reason %d, sent again %" PRIu64 ", timeouts %" PRIu64
	       ", for nothing %" PRIu64 ", marks %" PRIu64 "\n",
	       peer->received, tcp_acked_bytes(&peer->conn), reason,
	       peer->conn.counters.resent, peer->conn.counters.timeouts,
	       peer->conn.counters.spurious, peer->conn.counters.marks);
	tcp_conn_destroy(&peer->conn);
	if (peer->bufs_out)
		die("%d bufs are lost", peer->bufs_out);
	return reason == expected[peer->ending] && (whole || cut) ? 0 : 1;
}

/*
 * The beginning.
 */

static void open_interface(struct peer *peer, const char *name)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_IP) };
	struct ifreq ask = { 0 };
	int bytes = SOCKET_BYTES;

	peer->fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP));
	snprintf(ask.ifr_name, sizeof(ask.ifr_name), "%s", name);
	addr.sll_ifindex = (int)if_nametoindex(name);
	if (peer->fd < 0 || !addr.sll_ifindex ||
	    bind(peer->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    ioctl(peer->fd, SIOCGIFHWADDR, &ask) < 0)
		die("%s: %s", name, strerror(errno));
	memcpy(peer->mac, ask.ifr_hwaddr.sa_data, ETH_ADDR);
	if (ioctl(peer->fd, SIOCGIFMTU, &ask) < 0)
		die("%s: %s", name, strerror(errno));
	tcp_config_init(&peer->config, (uint16_t)(ask.ifr_mtu - 40));
	peer->config.ecn = true;
	peer->config.time_wait = 50 * NSEC_PER_MSEC;
	setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(peer->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
}

static void parse_mac(struct peer *peer, const char *text)
{
	unsigned int b[ETH_ADDR];

	if (sscanf(text, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4],
		   &b[5]) != ETH_ADDR)
		die("%s is no MAC address", text);
	for (int i = 0; i < ETH_ADDR; i++)
		peer->peer_mac[i] = (uint8_t)b[i];
}

static enum ending parse_ending(const char *text)
{
	for (unsigned int i = 0; i <= ABORTED; i++)
		if (strcmp(text, endings[i]) == 0)
			return i;
	die("%s: close-first, close-last, abort or aborted", text);
}

static void begin(struct peer *peer, const char *role)
{
	struct tcp_open open;

	if (strcmp(role, "listen") == 0) {
		tcp_listener_init(&peer->listener, 4);
		printf("listening\n");
		fflush(stdout);
		return;
	}
	open_args(peer, &open, (uint16_t)(20000 + rng_below(&peer->rng, 30000)),
		  PORT);
	tcp_connect(&peer->conn, &open, now_read());
	peer->open = true;
	work(peer, now_read());
}

int main(int argc, char **argv)
{
	static struct peer peer = { .pool.ops = &pool_ops };
	nsec_t until = now_read() + GIVE_UP_S * NSEC_PER_SEC;

	if (argc != 9)
		die("see the head of tcp_peer.c");
	peer.rng.state = now_read();
	open_interface(&peer, argv[1]);
	if (inet_pton(AF_INET, argv[2], peer.addr) != 1 ||
	    inet_pton(AF_INET, argv[3], peer.peer_addr) != 1)
		die("%s or %s is no address", argv[2], argv[3]);
	parse_mac(&peer, argv[4]);
	peer.to_send = strtoull(argv[6], NULL, 0);
	peer.to_receive = strtoull(argv[7], NULL, 0);
	peer.ending = parse_ending(argv[8]);
	begin(&peer, argv[5]);
	while (!peer.closed && now_read() < until)
		turn(&peer);
	if (peer.ending == ABORT)
		linger(&peer);
	return verdict(&peer);
}

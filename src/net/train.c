// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/train.h"

#include <string.h>

#include "net/ip.h"
#include "net/ip4.h"
#include "net/udp.h"

enum {
	/* Places in the headers. */
	TYPE = 12,
	IP = ETH_LEN,
	LENGTH4 = IP + 2,
	ID = IP + 4,
	FLAGS4 = IP + 6,
	PROTOCOL4 = IP + 9,
	CHECKSUM4 = IP + 10,
	ADDRESSES4 = IP + 12,
	LENGTH6 = IP + 4,
	NEXT6 = IP + 6,
	IP4_NO_OPTIONS = 0x45,

	/* In UDP's and TCP's (RFC 9293 section 3.1). */
	PORTS_END = 4,
	UDP_LENGTH = 4,
	TCP_LEN = 20, /* without options */
	SEQ = 4,
	ACK_NUMBER = 8,
	DATA_OFFSET = 12,
	FLAGS = 13,
	WINDOW = 14,
	CHECKSUM = 16,
	URGENT = 18,
	FIN = 0x01,
	PSH = 0x08,
	ACK = 0x10,
	ECE = 0x40,
	CWR = 0x80,
};

static bool is_ip6(const uint8_t *frame)
{
	return load_be16(frame + TYPE) == ETH_TYPE_IP6;
}

/*
 * The headers.
 */

/* Bytes in front of the transport's header, and its protocol; 0: unknown. */
static uint32_t look_at_ip(const uint8_t *frame, uint32_t len,
			   uint8_t *protocol)
{
	if (len < IP + IP4_LEN)
		return 0;
	if (load_be16(frame + TYPE) == ETH_TYPE_IP4) {
		*protocol = frame[PROTOCOL4];
		return frame[IP] == IP4_NO_OPTIONS ? IP + IP4_LEN : 0;
	}
	if (!is_ip6(frame) || len < IP + IP6_LEN)
		return 0;
	*protocol = frame[NEXT6];
	return IP + IP6_LEN;
}

static uint32_t tcp_len(const uint8_t *tcp, uint32_t left)
{
	uint32_t len = left < TCP_LEN ? 0 : (tcp[DATA_OFFSET] >> 4) * 4u;

	return len >= TCP_LEN && len <= left ? len : 0;
}

struct train_head train_head(const uint8_t *frame, uint32_t len)
{
	struct train_head head = { 0 };
	uint8_t protocol = 0;
	uint32_t own = 0;

	head.transport = look_at_ip(frame, len, &protocol);
	if (!head.transport)
		return head;
	if (protocol == IP4_UDP && len >= head.transport + UDP_LEN)
		own = UDP_LEN;
	if (protocol == IP4_TCP)
		own = tcp_len(frame + head.transport, len - head.transport);
	head.tcp = protocol == IP4_TCP;
	head.len = own ? head.transport + own : 0;
	return head;
}

uint32_t train_checksum(struct train_head head)
{
	return head.transport + (head.tcp ? CHECKSUM : UDP_CHECKSUM_OFFSET);
}

/*
 * Which go together.
 */

static bool equal(const uint8_t *a, const uint8_t *b, uint32_t from,
		  uint32_t to)
{
	return memcmp(a + from, b + from, to - from) == 0;
}

/* Whether b's IP header may be that of the frame `car` behind a. */
static bool ip_follows(const uint8_t *a, const uint8_t *b,
		       struct train_head head, uint32_t car)
{
	if (is_ip6(a))
		return equal(a, b, 0, LENGTH6) &&
		       equal(a, b, NEXT6, head.transport);
	return equal(a, b, 0, LENGTH4) && equal(a, b, FLAGS4, CHECKSUM4) &&
	       equal(a, b, ADDRESSES4, head.transport) &&
	       (head.tcp ||
		load_be16(b + ID) == (uint16_t)(load_be16(a + ID) + car));
}

/* Likewise TCP's, `off` bytes of payload behind. */
static bool tcp_follows(const uint8_t *a, const uint8_t *b, uint32_t len,
			uint32_t off)
{
	return load_be32(b + SEQ) == load_be32(a + SEQ) + off &&
	       equal(a, b, ACK_NUMBER, FLAGS) &&
	       (a[FLAGS] | PSH) == (b[FLAGS] | PSH) &&
	       equal(a, b, WINDOW, CHECKSUM) && equal(a, b, URGENT, len);
}

/* Whether b may be the frame `car` behind a, `off` bytes of payload. */
static bool follows(const uint8_t *a, const uint8_t *b, struct train_head head,
		    uint32_t car, uint32_t off)
{
	const uint8_t *of_a = a + head.transport, *of_b = b + head.transport;

	return equal(of_a, of_b, 0, PORTS_END) && ip_follows(a, b, head, car) &&
	       (!head.tcp ||
		tcp_follows(of_a, of_b, head.len - head.transport, off));
}

/* Its header says all of its length, and it has no checksum. */
static bool udp_may_join(const uint8_t *udp, uint32_t len)
{
	return load_be16(udp + UDP_LENGTH) == len + UDP_LEN &&
	       load_be16(udp + UDP_CHECKSUM_OFFSET) == 0;
}

/* Nothing but data: what has a meaning of its own goes by itself. */
static bool tcp_may_join(const uint8_t *tcp)
{
	return (tcp[FLAGS] & ~(ECE | PSH)) == ACK;
}

static bool may_join(const struct train_frame *frame, struct train_head head)
{
	struct train_head own = train_head(frame->bytes, frame->len);
	const uint8_t *transport = frame->bytes + head.transport;

	if (own.len != head.len || own.transport != head.transport ||
	    own.tcp != head.tcp || frame->len <= head.len)
		return false;
	return head.tcp ? frame->unfinished && tcp_may_join(transport)
			: udp_may_join(transport, frame->len - head.len);
}

/* Whether what is shorter than others, or pushed, may only be the last. */
static bool ends(const struct train_frame *frame, struct train_head head,
		 uint32_t len)
{
	return frame->len < len ||
	       (head.tcp && frame->bytes[head.transport + FLAGS] & PSH);
}

uint32_t train_cars(const struct train_frame *frames, uint32_t count,
		    struct train_head *head)
{
	uint32_t len = frames[0].len;
	uint32_t bytes = len, cars = 1;

	*head = train_head(frames[0].bytes, len);
	if (!head->len || !may_join(&frames[0], *head))
		return 1;
	while (cars < count && cars < TRAIN_CARS &&
	       !ends(&frames[cars - 1], *head, len)) {
		const struct train_frame *next = &frames[cars];

		if (next->len > len ||
		    bytes + next->len - head->len > TRAIN_BYTES ||
		    !may_join(next, *head) ||
		    !follows(frames[0].bytes, next->bytes, *head, cars,
			     cars * (len - head->len)))
			break;
		bytes += next->len - head->len;
		cars++;
	}
	return cars;
}

/*
 * The headers of the whole and of its frames.
 */

/* The IPv4 header's checksum follows by what changes (RFC 1624, equation 3):
 * reading what was just stored would cost more than all the rest. */
static void change4(uint8_t *frame, uint16_t len, uint16_t id)
{
	uint32_t sum = (uint16_t)~load_be16(frame + CHECKSUM4);

	sum += (uint16_t)~load_be16(frame + LENGTH4) + len;
	sum += (uint16_t)~load_be16(frame + ID) + id;
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	store_be16(frame + CHECKSUM4, (uint16_t)~sum);
	store_be16(frame + LENGTH4, len);
	store_be16(frame + ID, id);
}

/* All that says how long it is: `len` bytes of payload.  `car`: of IPv4, how
 * many frames it is behind that whose headers these are. */
static void change(uint8_t *frame, struct train_head head, uint32_t len,
		   uint32_t car)
{
	uint16_t datagram = (uint16_t)(head.len - head.transport + len);

	if (!head.tcp)
		store_be16(frame + head.transport + UDP_LENGTH, datagram);
	if (is_ip6(frame))
		store_be16(frame + LENGTH6, datagram);
	else
		change4(frame, (uint16_t)(IP4_LEN + datagram),
			(uint16_t)(load_be16(frame + ID) + car));
}

void train_couple(const struct train_frame *frames, uint32_t cars,
		  struct train_head head, uint8_t out[static TRAIN_HEAD_MAX])
{
	const uint8_t *last = frames[cars - 1].bytes;
	uint32_t len = 0;

	for (uint32_t i = 0; i < cars; i++)
		len += frames[i].len - head.len;
	memcpy(out, frames[0].bytes, head.len);
	change(out, head, len, 0);
	if (head.tcp)
		out[head.transport + FLAGS] = last[head.transport + FLAGS];
	cksum_leave(out + train_checksum(head),
		    ip_pseudo(out + IP, head.tcp ? IP4_TCP : IP4_UDP,
			      (uint16_t)(head.len - head.transport + len)));
}

/* RFC 3168 section 6.1.2 and 9293 section 3.9.1: that the window was reduced
 * is said once, that data is to be pushed behind it. */
static void change_tcp(uint8_t *tcp, struct train_car car)
{
	store_be32(tcp + SEQ, load_be32(tcp + SEQ) + car.off);
	if (car.index)
		tcp[FLAGS] &= (uint8_t)~CWR;
	if (!car.last)
		tcp[FLAGS] &= (uint8_t) ~(PSH | FIN);
}

void train_uncouple(const uint8_t *frame, struct train_head head,
		    struct train_car car, uint8_t *out)
{
	memcpy(out, frame, head.len);
	change(out, head, car.len, car.index);
	if (head.tcp)
		change_tcp(out + head.transport, car);
	else
		store_be16(out + train_checksum(head), 0);
}

void train_finish(uint8_t *frame, uint32_t len)
{
	struct train_head head = train_head(frame, len);
	const uint8_t *ip = frame + IP;
	uint32_t left;
	uint16_t sum;

	if (!head.len)
		return;
	left = is_ip6(frame) ? load_be16(frame + LENGTH6)
			     : load_be16(frame + LENGTH4) - (uint32_t)IP4_LEN;
	if (left < head.len - head.transport || left > len - head.transport)
		return;
	store_be16(frame + train_checksum(head), 0);
	sum = cksum_finish(cksum_add(
		ip_pseudo(ip, head.tcp ? IP4_TCP : IP4_UDP, (uint16_t)left),
		frame + head.transport, left));
	/* RFC 768: a UDP checksum of zero would be none */
	if (!sum && !head.tcp)
		sum = UINT16_MAX;
	memcpy(frame + train_checksum(head), &sum, sizeof(sum));
}

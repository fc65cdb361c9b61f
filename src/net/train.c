// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/train.h"

#include <string.h>

#include "net/ip.h"
#include "net/ip4.h"

enum {
	/* Places in the headers. */
	TYPE = 12,
	IP = ETH_LEN,
	LENGTH4 = IP + 2,
	ID = IP + 4,
	FLAGS = IP + 6,
	PROTOCOL4 = IP + 9,
	CHECKSUM4 = IP + 10,
	ADDRESSES4 = IP + 12,
	LENGTH6 = IP + 4,
	NEXT6 = IP + 6,
	IP4_NO_OPTIONS = 0x45,
};

static bool is_ip6(const uint8_t *frame)
{
	return load_be16(frame + TYPE) == ETH_TYPE_IP6;
}

uint32_t train_head(const uint8_t *frame, uint32_t len)
{
	uint32_t head = ETH_LEN + IP4_LEN + UDP_LEN;

	if (len < head)
		return 0;
	if (load_be16(frame + TYPE) == ETH_TYPE_IP4)
		return frame[IP] == IP4_NO_OPTIONS &&
				       frame[PROTOCOL4] == IP4_UDP
			       ? head
			       : 0;
	head = ETH_LEN + IP6_LEN + UDP_LEN;
	return is_ip6(frame) && len >= head && frame[NEXT6] == IP4_UDP ? head
								       : 0;
}

static bool equal(const uint8_t *a, const uint8_t *b, uint32_t from,
		  uint32_t to)
{
	return memcmp(a + from, b + from, to - from) == 0;
}

/* Whether b may be the frame `car` behind a. */
static bool follows(const uint8_t *a, const uint8_t *b, uint32_t head,
		    uint16_t car)
{
	uint32_t ports = head - UDP_LEN;

	if (!equal(a, b, ports, ports + 4))
		return false;
	if (is_ip6(a))
		return equal(a, b, 0, LENGTH6) && equal(a, b, NEXT6, ports);
	return equal(a, b, 0, LENGTH4) && equal(a, b, FLAGS, CHECKSUM4) &&
	       equal(a, b, ADDRESSES4, ports) &&
	       load_be16(b + ID) == (uint16_t)(load_be16(a + ID) + car);
}

/* Its headers say all of its length, and it has no checksum. */
static bool may_join(const struct train_frame *frame, uint32_t head)
{
	const uint8_t *udp = frame->bytes + head - UDP_LEN;

	return train_head(frame->bytes, frame->len) == head &&
	       load_be16(udp + 4) == frame->len - head + UDP_LEN &&
	       load_be16(udp + UDP_CHECKSUM_OFFSET) == 0 && frame->len > head;
}

uint32_t train_cars(const struct train_frame *frames, uint32_t count,
		    uint32_t *head)
{
	uint32_t bytes = frames[0].len;
	uint32_t cars = 1;

	*head = train_head(frames[0].bytes, frames[0].len);
	if (!*head || !may_join(&frames[0], *head))
		return 1;
	while (cars < count && cars < TRAIN_CARS) {
		const struct train_frame *next = &frames[cars];

		bytes += next->len - *head;
		if (next->len > frames[0].len || bytes > TRAIN_BYTES ||
		    !may_join(next, *head) ||
		    !follows(frames[0].bytes, next->bytes, *head,
			     (uint16_t)cars))
			break;
		cars++;
		if (next->len < frames[0].len)
			break;
	}
	return cars;
}

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

/* All that says how long it is; `len`: bytes behind the UDP header.  `car`: of
 * IPv4, how many frames it is behind that whose headers these are. */
static void change(uint8_t *frame, uint32_t head, uint32_t len, uint32_t car)
{
	uint16_t datagram = (uint16_t)(UDP_LEN + len);

	store_be16(frame + head - UDP_LEN + 4, datagram);
	if (is_ip6(frame))
		store_be16(frame + LENGTH6, datagram);
	else
		change4(frame, (uint16_t)(IP4_LEN + datagram),
			(uint16_t)(load_be16(frame + ID) + car));
}

void train_couple(const struct train_frame *frames, uint32_t cars,
		  uint32_t head, uint8_t out[static TRAIN_HEAD_MAX])
{
	uint32_t len = 0;
	uint16_t sum;

	for (uint32_t i = 0; i < cars; i++)
		len += frames[i].len - head;
	memcpy(out, frames[0].bytes, head);
	change(out, head, len, 0);
	sum = (uint16_t)~cksum_finish(
		ip_pseudo(out + IP, IP4_UDP, (uint16_t)(UDP_LEN + len)));
	memcpy(out + head - UDP_LEN + UDP_CHECKSUM_OFFSET, &sum, sizeof(sum));
}

void train_uncouple(const uint8_t *frame, uint32_t head, uint32_t car,
		    uint32_t len, uint8_t *out)
{
	memcpy(out, frame, head);
	change(out, head, len, car);
	store_be16(out + head - UDP_LEN + UDP_CHECKSUM_OFFSET, 0);
}

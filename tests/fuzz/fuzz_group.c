// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A port's multicast groups under queries from anybody: bytes are messages,
 * joins, leaves and time.  What goes out is well-formed and ends.
 */
#include "net/group.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "net/cksum.h"
#include "net/ip4.h"
#include "net/ip6.h"

enum { STEP = 3, BURST_MAX = 2 * GROUPS_MAX };

static struct groups groups;
static nsec_t now;

static void check_packet(const uint8_t *packet, uint32_t len)
{
	struct wire in = { packet, len };
	struct membership said;
	struct ip4 ip4;
	struct ip6 ip6;

	if (packet[0] >> 4 == 4) {
		if (ip4_strip(&ip4, &in) || in.left + 24 != len ||
		    membership_decode4(&said, &ip4, in))
			abort();
	} else if (ip6_strip(&ip6, &in) || !membership_strip6(&in) ||
		   membership_decode6(&said, &ip6, in)) {
		abort();
	}
}

static void drain(void)
{
	uint8_t packet[MEMBERSHIP_MAX], to[FLOW_ADDR_LEN];
	unsigned int count = 0;
	uint32_t len;

	while ((len = groups_output(&groups, packet, to, now))) {
		if (len > MEMBERSHIP_MAX || !group_is(to) ||
		    ++count > BURST_MAX)
			abort();
		check_packet(packet, len);
	}
	if (groups_deadline(&groups) <= now)
		abort(); /* it would be asked again and again */
}

/* With a checksum that is right, so that more is looked at. */
static void hear(const uint8_t *data, size_t len, bool is_ip4)
{
	struct ip6 ip6 = { .hops = 1, .src = { 0xfe, 0x80 } };
	struct ip4 ip4 = { .ttl = 1 };
	struct membership heard;
	uint8_t bytes[64] = { 0 };
	uint64_t sum =
		is_ip4 ? 0 : cksum_pseudo6(ip6.src, ip6.dst, IP6_ICMP, len);
	struct wire in = { bytes, len };
	enum drop drop;

	memcpy(bytes, data, len);
	if (len >= 4) {
		memset(bytes + 2, 0, 2);
		cksum_store(bytes + 2, cksum_add(sum, bytes, len));
	}
	drop = is_ip4 ? membership_decode4(&heard, &ip4, in)
		      : membership_decode6(&heard, &ip6, in);
	if (drop == DROP_NONE)
		groups_query(&groups, &heard, now);
}

static void change(uint8_t what, uint8_t number)
{
	uint8_t group[FLOW_ADDR_LEN] = { [10] = 0xff, 0xff, 239, 1, 0 };

	group[15] = number;
	if (what & 1)
		group[0] = 0xff, group[1] = number & 0xf;
	if (what & 2)
		groups_leave(&groups, group, now);
	else
		groups_join(&groups, group, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t ip4[4] = { 10, 0, 0, 1 };
	static const uint8_t ip6[16] = { 0xfe, 0x80, [15] = 1 };
	static const uint8_t mac[6] = { 2 };

	now = NSEC_PER_SEC;
	groups_init(&groups, ip4, ip6, mac);
	while (size >= STEP) {
		uint8_t what = data[0], number = data[1], len = data[2] % 48;

		data += STEP;
		size -= STEP;
		switch (what % 4) {
		case 0:
			change(what >> 2, number);
			break;
		case 1:
			now += number * (NSEC_PER_SEC / 16);
			break;
		default:
			if (len > size)
				len = (uint8_t)size;
			hear(data, len, what % 4 == 2);
			data += len;
			size -= len;
		}
		drain();
	}
	return 0;
}

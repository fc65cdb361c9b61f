// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sim/link.h"

#include <stdlib.h>
#include <string.h>

static struct packet *new_packet(struct link *link)
{
	struct packet *packet = link->spare;

	if (!packet)
		return malloc(sizeof(*packet));
	link->spare = packet->next;
	return packet;
}

static void insert(struct link *link, struct packet *packet)
{
	struct packet **at = &link->first;

	/* without jitter every packet goes to the end */
	if (link->first && link->last->at <= packet->at)
		at = &link->last->next;
	while (*at && (*at)->at <= packet->at)
		at = &(*at)->next;
	packet->next = *at;
	*at = packet;
	if (!packet->next)
		link->last = packet;
}

static void send_one(struct link *link, int to, const struct flow_key *from,
		     const struct tcp_segment *segment, nsec_t now)
{
	struct packet *packet = new_packet(link);
	size_t head = tcp_segment_encode(segment, packet->bytes);

	if (segment->len)
		memcpy(packet->bytes + head, segment->buf->data + segment->off,
		       segment->len);
	packet->len = head + segment->len;
	packet->to = to;
	packet->at = now + link->delay +
		     (link->jitter ? rng_below(&link->rng, link->jitter) : 0);
	memcpy(packet->key.local, from->remote, FLOW_ADDR_LEN);
	memcpy(packet->key.remote, from->local, FLOW_ADDR_LEN);
	packet->key.local_port = from->remote_port;
	packet->key.remote_port = from->local_port;
	insert(link, packet);
}

void link_send(struct link *link, int to, const struct flow_key *from,
	       const struct tcp_segment *segment, nsec_t now)
{
	link->sent++;
	if (rng_chance(&link->rng, link->loss)) {
		link->lost++;
		return;
	}
	send_one(link, to, from, segment, now);
	if (rng_chance(&link->rng, link->doubled))
		send_one(link, to, from, segment, now);
}

struct packet *link_take(struct link *link, nsec_t now)
{
	struct packet *packet = link->first;

	if (!packet || packet->at > now)
		return NULL;
	link->first = packet->next;
	return packet;
}

void link_done(struct link *link, struct packet *packet)
{
	packet->next = link->spare;
	link->spare = packet;
}

nsec_t link_deadline(const struct link *link)
{
	return link->first ? link->first->at : NSEC_NEVER;
}

static void free_all(struct packet *packet)
{
	while (packet) {
		struct packet *next = packet->next;

		free(packet);
		packet = next;
	}
}

void link_destroy(struct link *link)
{
	free_all(link->first);
	free_all(link->spare);
	link->first = link->spare = NULL;
}

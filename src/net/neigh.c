// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/neigh.h"

static const uint8_t any_ip[4];

void neigh_init(struct neigh *neigh, const uint8_t ip[static 4],
		const uint8_t mac[static ETH_ADDR])
{
	memset(neigh, 0, sizeof(*neigh));
	memcpy(neigh->ip, ip, 4);
	memcpy(neigh->mac, mac, ETH_ADDR);
	neigh->deadline = NSEC_NEVER;
	for (int i = 0; i < NEIGH_MAX; i++) {
		neigh->buckets[i] = -1;
		neigh->entries[i].deadline = NSEC_NEVER;
	}
}

/* Neighbours mostly differ in the last octets. */
static int16_t *bucket(struct neigh *neigh, const uint8_t ip[static 4])
{
	return &neigh->buckets[(ip[0] * 7 + ip[1] * 5 + ip[2] * 3 + ip[3]) %
			       NEIGH_MAX];
}

static struct neigh_entry *find(struct neigh *neigh, const uint8_t ip[static 4])
{
	for (int16_t i = *bucket(neigh, ip); i >= 0; i = neigh->entries[i].next)
		if (memcmp(neigh->entries[i].ip, ip, 4) == 0)
			return &neigh->entries[i];
	return NULL;
}

/* Rare enough to look at all of them. */
static void arm(struct neigh *neigh, struct neigh_entry *entry, nsec_t deadline)
{
	entry->deadline = deadline;
	neigh->deadline = NSEC_NEVER;
	for (int i = 0; i < NEIGH_MAX; i++)
		if (neigh->entries[i].deadline < neigh->deadline)
			neigh->deadline = neigh->entries[i].deadline;
}

/* Its held packet, if any, is the caller's business. */
static void forget(struct neigh *neigh, struct neigh_entry *entry)
{
	int16_t *link = bucket(neigh, entry->ip);
	int16_t index = (int16_t)(entry - neigh->entries);

	while (*link != index)
		link = &neigh->entries[*link].next;
	*link = entry->next;
	*entry = (struct neigh_entry){ .deadline = NSEC_NEVER };
}

/* A free entry, else the one that was confirmed longest ago and is not
 * waited for; NULL: all of them are. */
static struct neigh_entry *make_room(struct neigh *neigh)
{
	struct neigh_entry *oldest = NULL;

	for (int i = 0; i < NEIGH_MAX; i++) {
		struct neigh_entry *entry = &neigh->entries[i];

		if (entry->held || entry->awaited)
			continue;
		if (entry->state == NEIGH_FREE)
			return entry;
		if (!oldest || entry->confirmed < oldest->confirmed)
			oldest = entry;
	}
	if (oldest)
		forget(neigh, oldest);
	return oldest;
}

static struct neigh_entry *add(struct neigh *neigh, const uint8_t ip[static 4],
			       nsec_t now)
{
	struct neigh_entry *entry = make_room(neigh);
	int16_t *head = bucket(neigh, ip);

	if (!entry)
		return NULL;
	*entry = (struct neigh_entry){ .next = *head, .confirmed = now };
	memcpy(entry->ip, ip, 4);
	*head = (int16_t)(entry - neigh->entries);
	return entry;
}

static void ask(struct neigh *neigh, struct neigh_entry *entry,
		enum neigh_state state, nsec_t now)
{
	if (entry->state != state)
		entry->tries = 0;
	entry->state = state;
	entry->tries++;
	entry->ask = true;
	neigh->work = true;
	arm(neigh, entry, now + NEIGH_RETRY);
}

static void confirm(struct neigh *neigh, struct neigh_entry *entry,
		    const uint8_t mac[static ETH_ADDR], nsec_t now)
{
	memcpy(entry->mac, mac, ETH_ADDR);
	entry->state = NEIGH_KNOWN;
	entry->used = false;
	entry->ask = false;
	entry->confirmed = now;
	neigh->work |= entry->held != NULL;
	neigh->news |= entry->awaited;
	arm(neigh, entry, now + NEIGH_FRESH);
}

static void answer(struct neigh *neigh, const struct arp *request)
{
	struct arp *reply = &neigh->answer;

	reply->op = ARP_REPLY;
	memcpy(reply->sender_mac, neigh->mac, ETH_ADDR);
	memcpy(reply->sender_ip, neigh->ip, 4);
	memcpy(reply->target_mac, request->sender_mac, ETH_ADDR);
	memcpy(reply->target_ip, request->sender_ip, 4);
	neigh->answer_due = true;
	neigh->work = true;
}

/* The order is RFC 826's "packet reception": merge, then add, then answer. */
enum drop neigh_input(struct neigh *neigh, struct wire in, nsec_t now)
{
	struct arp arp;
	struct neigh_entry *entry;
	bool for_us;

	if (!arp_decode(&arp, &in) || eth_is_group(arp.sender_mac))
		return DROP_ARP;
	if (memcmp(arp.sender_ip, neigh->ip, 4) == 0)
		return DROP_ARP; /* somebody else claims our address */
	for_us = memcmp(arp.target_ip, neigh->ip, 4) == 0;

	/* An address probe has no sender (RFC 5227 section 1.1). */
	if (memcmp(arp.sender_ip, any_ip, 4) != 0) {
		entry = find(neigh, arp.sender_ip);
		if (!entry && for_us && arp.op == ARP_REQUEST)
			entry = add(neigh, arp.sender_ip, now);
		if (entry)
			confirm(neigh, entry, arp.sender_mac, now);
	}
	if (!for_us)
		return DROP_NOT_OURS;
	if (arp.op == ARP_REQUEST)
		answer(neigh, &arp);
	return DROP_NONE;
}

void neigh_learn(struct neigh *neigh, const uint8_t ip[static 4],
		 const uint8_t mac[static ETH_ADDR], nsec_t now)
{
	struct neigh_entry *entry = find(neigh, ip);

	if (entry && !eth_is_group(mac))
		confirm(neigh, entry, mac, now);
}

const uint8_t *neigh_lookup(struct neigh *neigh, const uint8_t ip[static 4],
			    nsec_t now)
{
	struct neigh_entry *entry = find(neigh, ip);

	if (!entry) {
		entry = add(neigh, ip, now);
		if (entry)
			ask(neigh, entry, NEIGH_ASKING, now);
		return NULL;
	}
	entry->used = true;
	return entry->state == NEIGH_ASKING ? NULL : entry->mac;
}

void *neigh_hold(struct neigh *neigh, const uint8_t ip[static 4], void *packet)
{
	struct neigh_entry *entry = find(neigh, ip);
	void *before;

	if (!entry || entry->state != NEIGH_ASKING)
		return packet;
	before = entry->held;
	entry->held = packet;
	return before;
}

bool neigh_await(struct neigh *neigh, const uint8_t ip[static 4])
{
	struct neigh_entry *entry = find(neigh, ip);

	if (!entry)
		return false;
	entry->awaited = true;
	neigh->news |= entry->state != NEIGH_ASKING;
	return true;
}

bool neigh_found(struct neigh *neigh, uint8_t ip[static 4],
		 uint8_t mac[static ETH_ADDR])
{
	for (int i = 0; neigh->news && i < NEIGH_MAX; i++) {
		struct neigh_entry *entry = &neigh->entries[i];

		if (!entry->awaited || entry->state == NEIGH_ASKING)
			continue;
		entry->awaited = false;
		memcpy(ip, entry->ip, 4);
		memcpy(mac, entry->mac, ETH_ADDR);
		return true;
	}
	neigh->news = false;
	return false;
}

static void request(const struct neigh *neigh, const struct neigh_entry *entry,
		    struct neigh_output *out)
{
	bool first_time = entry->state == NEIGH_ASKING;

	out->arp = (struct arp){ .op = ARP_REQUEST };
	memcpy(out->arp.sender_mac, neigh->mac, ETH_ADDR);
	memcpy(out->arp.sender_ip, neigh->ip, 4);
	memcpy(out->arp.target_ip, entry->ip, 4);
	/* RFC 1122 section 2.3.2.1 (2): refreshing asks the one we know. */
	memcpy(out->mac, first_time ? eth_broadcast : entry->mac, ETH_ADDR);
}

static enum neigh_action entry_output(struct neigh *neigh,
				      struct neigh_entry *entry,
				      struct neigh_output *out)
{
	if (entry->ask) {
		entry->ask = false;
		request(neigh, entry, out);
		return NEIGH_SEND_ARP;
	}
	if (!entry->held || entry->state == NEIGH_ASKING)
		return NEIGH_NOTHING;
	out->held = entry->held;
	entry->held = NULL;
	if (entry->state == NEIGH_FREE)
		return NEIGH_DROP_HELD;
	memcpy(out->mac, entry->mac, ETH_ADDR);
	return NEIGH_SEND_HELD;
}

enum neigh_action neigh_output(struct neigh *neigh, struct neigh_output *out)
{
	out->action = NEIGH_NOTHING;
	if (!neigh->work)
		return NEIGH_NOTHING;
	if (neigh->answer_due) {
		neigh->answer_due = false;
		out->arp = neigh->answer;
		memcpy(out->mac, out->arp.target_mac, ETH_ADDR);
		return out->action = NEIGH_SEND_ARP;
	}
	for (int i = 0; i < NEIGH_MAX; i++) {
		out->action = entry_output(neigh, &neigh->entries[i], out);
		if (out->action != NEIGH_NOTHING)
			return out->action;
	}
	neigh->work = false;
	return NEIGH_NOTHING;
}

nsec_t neigh_deadline(const struct neigh *neigh)
{
	return neigh->deadline;
}

/* Forgets the entry but leaves its packet for neigh_output to hand back. */
static void give_up(struct neigh *neigh, struct neigh_entry *entry)
{
	void *held = entry->held;

	forget(neigh, entry);
	arm(neigh, entry, NSEC_NEVER);
	entry->held = held;
	neigh->work |= held != NULL;
}

static void entry_expire(struct neigh *neigh, struct neigh_entry *entry,
			 nsec_t now)
{
	if (entry->state == NEIGH_KNOWN && entry->used)
		ask(neigh, entry, NEIGH_REFRESHING, now);
	else if (entry->state == NEIGH_KNOWN || entry->tries == NEIGH_TRIES)
		give_up(neigh, entry);
	else
		ask(neigh, entry, entry->state, now);
}

void neigh_expire(struct neigh *neigh, nsec_t now)
{
	if (now < neigh->deadline)
		return;
	for (int i = 0; i < NEIGH_MAX; i++)
		if (neigh->entries[i].deadline <= now)
			entry_expire(neigh, &neigh->entries[i], now);
}

void *neigh_take_held(struct neigh *neigh)
{
	for (int i = 0; i < NEIGH_MAX; i++) {
		void *held = neigh->entries[i].held;

		neigh->entries[i].held = NULL;
		if (held)
			return held;
	}
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/neigh.h"

static const uint8_t any_ip[4];
static const struct neigh_entry unused = { .deadline = NSEC_NEVER,
					   .held_first = -1,
					   .held_last = -1 };

static void release_held(struct neigh *neigh, int16_t index)
{
	neigh->held[index] = (struct neigh_held){ .next = neigh->held_free };
	neigh->held_free = index;
}

/* There is room. */
static void push_held(struct neigh *neigh, struct neigh_entry *entry,
		      void *packet)
{
	int16_t index = neigh->held_free;

	neigh->held_free = neigh->held[index].next;
	neigh->held[index] = (struct neigh_held){ packet, -1 };
	if (entry->held_last < 0)
		entry->held_first = index;
	else
		neigh->held[entry->held_last].next = index;
	entry->held_last = index;
	entry->held_count++;
}

/* NULL: none. */
static void *pop_held(struct neigh *neigh, struct neigh_entry *entry)
{
	int16_t index = entry->held_first;
	void *packet;

	if (index < 0)
		return NULL;
	packet = neigh->held[index].packet;
	entry->held_first = neigh->held[index].next;
	if (entry->held_first < 0)
		entry->held_last = -1;
	entry->held_count--;
	release_held(neigh, index);
	return packet;
}

void neigh_init(struct neigh *neigh, const uint8_t ip[static 4],
		const uint8_t mac[static ETH_ADDR])
{
	memset(neigh, 0, sizeof(*neigh));
	memcpy(neigh->ip, ip, 4);
	memcpy(neigh->mac, mac, ETH_ADDR);
	neigh->deadline = NSEC_NEVER;
	for (int i = 0; i < NEIGH_MAX; i++) {
		neigh->buckets[i] = -1;
		neigh->entries[i] = unused;
	}
	neigh->held_free = -1;
	for (int16_t i = NEIGH_HELD_MAX - 1; i >= 0; i--)
		release_held(neigh, i);
}

/* Neighbours mostly differ in the last octets. */
static int16_t *bucket(struct neigh *neigh,
		       const uint8_t addr[static FLOW_ADDR_LEN])
{
	const uint8_t *last = addr + FLOW_ADDR_LEN - 4;

	return &neigh->buckets[(last[0] * 7 + last[1] * 5 + last[2] * 3 +
				last[3]) %
			       NEIGH_MAX];
}

static struct neigh_entry *find(struct neigh *neigh,
				const uint8_t addr[static FLOW_ADDR_LEN])
{
	for (int16_t i = *bucket(neigh, addr); i >= 0;
	     i = neigh->entries[i].next)
		if (flow_addr_equal(neigh->entries[i].addr, addr))
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

/* Its packets stay, for neigh_output to hand them back. */
static void forget(struct neigh *neigh, struct neigh_entry *entry)
{
	int16_t *link = bucket(neigh, entry->addr);
	int16_t index = (int16_t)(entry - neigh->entries);
	struct neigh_entry before = *entry;

	while (*link != index)
		link = &neigh->entries[*link].next;
	*link = entry->next;
	*entry = unused;
	entry->held_first = before.held_first;
	entry->held_last = before.held_last;
	entry->held_count = before.held_count;
	neigh->work |= before.held_count;
}

/* A free entry, else the one that was confirmed longest ago and is not
 * waited for; NULL: all of them are. */
static struct neigh_entry *make_room(struct neigh *neigh)
{
	struct neigh_entry *oldest = NULL;

	for (int i = 0; i < NEIGH_MAX; i++) {
		struct neigh_entry *entry = &neigh->entries[i];

		if (entry->held_count || entry->awaited)
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

static struct neigh_entry *
add(struct neigh *neigh, const uint8_t addr[static FLOW_ADDR_LEN], nsec_t now)
{
	struct neigh_entry *entry = make_room(neigh);
	int16_t *head = bucket(neigh, addr);

	if (!entry)
		return NULL;
	*entry = unused;
	entry->next = *head;
	entry->confirmed = now;
	memcpy(entry->addr, addr, FLOW_ADDR_LEN);
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
	neigh->work |= entry->held_count;
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
	uint8_t sender[FLOW_ADDR_LEN];
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
		flow_addr_from_ip4(sender, arp.sender_ip);
		entry = find(neigh, sender);
		if (!entry && for_us && arp.op == ARP_REQUEST)
			entry = add(neigh, sender, now);
		if (entry)
			confirm(neigh, entry, arp.sender_mac, now);
	}
	if (!for_us)
		return DROP_NOT_OURS;
	if (arp.op == ARP_REQUEST)
		answer(neigh, &arp);
	return DROP_NONE;
}

void neigh_learn(struct neigh *neigh, const uint8_t addr[static FLOW_ADDR_LEN],
		 const uint8_t mac[static ETH_ADDR], nsec_t now)
{
	struct neigh_entry *entry = find(neigh, addr);

	if (entry && !eth_is_group(mac))
		confirm(neigh, entry, mac, now);
}

void neigh_add_ip6(struct neigh *neigh, const uint8_t addr[static 16])
{
	if (neigh->ip6_count < NEIGH_IP6_MAX)
		memcpy(neigh->ip6[neigh->ip6_count++], addr, 16);
}

bool neigh_is_ours6(const struct neigh *neigh, const uint8_t addr[static 16])
{
	for (uint32_t i = 0; i < neigh->ip6_count; i++)
		if (flow_addr_equal(neigh->ip6[i], addr))
			return true;
	return false;
}

bool neigh_listens6(const struct neigh *neigh, const uint8_t addr[static 16])
{
	static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	uint8_t group[16];

	for (uint32_t i = 0; i < neigh->ip6_count; i++) {
		nd_solicited_group(group, neigh->ip6[i]);
		if (flow_addr_equal(neigh->ip6[i], addr) ||
		    flow_addr_equal(group, addr) ||
		    flow_addr_equal(all_nodes, addr))
			return true;
	}
	return false;
}

/* RFC 4861 section 7.2.4: to all nodes if the asker has no address. */
static void advertise(struct neigh *neigh, const struct nd *ask,
		      const uint8_t mac[static ETH_ADDR])
{
	static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	bool probe = flow_addr_is_any(ask->src);
	struct nd *advert = &neigh->advert;

	*advert = (struct nd){ .type = ND_ADVERTISE,
			       .solicited = !probe,
			       .override = true };
	memcpy(advert->src, ask->target, 16);
	memcpy(advert->dst, probe ? all_nodes : ask->src, 16);
	memcpy(advert->target, ask->target, 16);
	memcpy(advert->mac, neigh->mac, ETH_ADDR);
	if (probe)
		ip6_group_mac(neigh->advert_mac, all_nodes);
	else
		memcpy(neigh->advert_mac, mac, ETH_ADDR);
	neigh->advert_due = true;
	neigh->work = true;
}

static enum drop take_solicit(struct neigh *neigh, const struct nd *nd,
			      const uint8_t from[static ETH_ADDR], nsec_t now)
{
	struct neigh_entry *entry;

	if (!neigh_is_ours6(neigh, nd->target))
		return DROP_NOT_OURS;
	if (nd->has_mac) {
		entry = find(neigh, nd->src);
		if (!entry)
			entry = add(neigh, nd->src, now);
		if (entry)
			confirm(neigh, entry, nd->mac, now);
	}
	advertise(neigh, nd, nd->has_mac ? nd->mac : from);
	return DROP_NONE;
}

enum drop neigh_input_nd(struct neigh *neigh, const struct nd *nd,
			 const uint8_t from[static ETH_ADDR], nsec_t now)
{
	struct neigh_entry *entry;

	if (neigh_is_ours6(neigh, nd->src))
		return DROP_ND; /* somebody else claims our address */
	if (nd->type == ND_SOLICIT)
		return take_solicit(neigh, nd, from, now);
	if (neigh_is_ours6(neigh, nd->target) || flow_addr_is_ip4(nd->target))
		return DROP_ND;
	entry = find(neigh, nd->target);
	if (entry && nd->has_mac)
		confirm(neigh, entry, nd->mac, now);
	return DROP_NONE;
}

const uint8_t *neigh_lookup(struct neigh *neigh,
			    const uint8_t addr[static FLOW_ADDR_LEN],
			    nsec_t now)
{
	struct neigh_entry *entry = find(neigh, addr);

	if (!entry) {
		entry = add(neigh, addr, now);
		if (entry)
			ask(neigh, entry, NEIGH_ASKING, now);
		return NULL;
	}
	entry->used = true;
	return entry->state == NEIGH_ASKING ? NULL : entry->mac;
}

void *neigh_hold(struct neigh *neigh, const uint8_t addr[static FLOW_ADDR_LEN],
		 void *packet)
{
	struct neigh_entry *entry = find(neigh, addr);
	void *oldest = NULL;

	if (!entry || entry->state != NEIGH_ASKING)
		return packet;
	if (entry->held_count == NEIGH_HELD_EACH || neigh->held_free < 0)
		oldest = pop_held(neigh, entry);
	if (neigh->held_free < 0)
		return packet;
	push_held(neigh, entry, packet);
	return oldest;
}

bool neigh_await(struct neigh *neigh, const uint8_t addr[static FLOW_ADDR_LEN])
{
	struct neigh_entry *entry = find(neigh, addr);

	if (!entry)
		return false;
	entry->awaited = true;
	neigh->news |= entry->state != NEIGH_ASKING;
	return true;
}

bool neigh_found(struct neigh *neigh)
{
	bool found = false;

	for (int i = 0; neigh->news && i < NEIGH_MAX; i++) {
		struct neigh_entry *entry = &neigh->entries[i];

		if (!entry->awaited || entry->state == NEIGH_ASKING)
			continue;
		entry->awaited = false;
		found = true;
	}
	neigh->news = false;
	return found;
}

static enum neigh_action ask_arp(const struct neigh *neigh,
				 const struct neigh_entry *entry,
				 struct neigh_output *out)
{
	out->arp = (struct arp){ .op = ARP_REQUEST };
	memcpy(out->arp.sender_mac, neigh->mac, ETH_ADDR);
	memcpy(out->arp.sender_ip, neigh->ip, 4);
	memcpy(out->arp.target_ip, flow_addr_ip4(entry->addr), 4);
	memcpy(out->mac, eth_broadcast, ETH_ADDR);
	return NEIGH_SEND_ARP;
}

/* Ours that has the same scope, else the first. */
static const uint8_t *source_for(const struct neigh *neigh,
				 const uint8_t addr[static 16])
{
	for (uint32_t i = 0; i < neigh->ip6_count; i++)
		if (ip6_is_link_local(neigh->ip6[i]) == ip6_is_link_local(addr))
			return neigh->ip6[i];
	return neigh->ip6[0];
}

static enum neigh_action ask_nd(const struct neigh *neigh,
				const struct neigh_entry *entry,
				struct neigh_output *out)
{
	out->nd = (struct nd){ .type = ND_SOLICIT };
	memcpy(out->nd.src, source_for(neigh, entry->addr), 16);
	nd_solicited_group(out->nd.dst, entry->addr);
	memcpy(out->nd.target, entry->addr, 16);
	memcpy(out->nd.mac, neigh->mac, ETH_ADDR);
	ip6_group_mac(out->mac, out->nd.dst);
	if (entry->state != NEIGH_ASKING)
		memcpy(out->nd.dst, entry->addr, 16);
	return NEIGH_SEND_ND;
}

/* RFC 1122 section 2.3.2.1 (2), RFC 4861 section 7.3.1: refreshing asks the
 * one we know. */
static enum neigh_action request(const struct neigh *neigh,
				 const struct neigh_entry *entry,
				 struct neigh_output *out)
{
	enum neigh_action action = flow_addr_is_ip4(entry->addr)
					   ? ask_arp(neigh, entry, out)
					   : ask_nd(neigh, entry, out);

	if (entry->state != NEIGH_ASKING)
		memcpy(out->mac, entry->mac, ETH_ADDR);
	return action;
}

static enum neigh_action entry_output(struct neigh *neigh,
				      struct neigh_entry *entry,
				      struct neigh_output *out)
{
	if (entry->ask) {
		entry->ask = false;
		return request(neigh, entry, out);
	}
	if (!entry->held_count || entry->state == NEIGH_ASKING)
		return NEIGH_NOTHING;
	out->held = pop_held(neigh, entry);
	memcpy(out->addr, entry->addr, FLOW_ADDR_LEN);
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
	if (neigh->advert_due) {
		neigh->advert_due = false;
		out->nd = neigh->advert;
		memcpy(out->mac, neigh->advert_mac, ETH_ADDR);
		return out->action = NEIGH_SEND_ND;
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

static void give_up(struct neigh *neigh, struct neigh_entry *entry)
{
	forget(neigh, entry);
	arm(neigh, entry, NSEC_NEVER);
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
		void *held = pop_held(neigh, &neigh->entries[i]);

		if (held)
			return held;
	}
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/group.h"

#include "net/nd.h"

/* RFC 3376 section 8.11 and RFC 2236 section 8.10; MLD's are the same (RFC
 * 3810 section 9.11, RFC 2710 section 7.10). */
#define AGAIN_WITHIN (1 * NSEC_PER_SEC)
#define AGAIN_WITHIN_OLD (10 * NSEC_PER_SEC)
/* Older Version Querier Present Timeout, RFC 3376 section 8.12: 2 * 125 s + 10
 * s, if the querier has changed nothing. */
#define OLD_QUERIER (260 * NSEC_PER_SEC)

void groups_init(struct groups *groups, const uint8_t ip4[static 4],
		 const uint8_t *ip6, const uint8_t mac[static ETH_ADDR])
{
	memset(groups, 0, sizeof(*groups));
	memcpy(groups->ip4, ip4, sizeof(groups->ip4));
	if (ip6)
		memcpy(groups->ip6, ip6, sizeof(groups->ip6));
	groups->dice = 1;
	for (int i = 0; i < ETH_ADDR; i++)
		groups->dice = groups->dice << 8 | mac[i];
	groups->deadline = NSEC_NEVER;
	for (int i = 0; i < GROUPS_MAX; i++)
		groups->all[i].deadline = NSEC_NEVER;
}

/* Hosts that joined together must not answer together: 0 to `most`.
 * (xorshift64) */
static nsec_t roll(struct groups *groups, nsec_t most)
{
	uint64_t x = groups->dice;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	groups->dice = x;
	return most ? x % most : 0;
}

static void arm(struct groups *groups, struct group *group, nsec_t deadline)
{
	group->deadline = deadline;
	groups->deadline = NSEC_NEVER;
	for (int i = 0; i < GROUPS_MAX; i++)
		if (groups->all[i].deadline < groups->deadline)
			groups->deadline = groups->all[i].deadline;
}

/*
 * Being a member.
 */

static bool is_used(const struct group *group)
{
	return group->member || group->changes;
}

static struct group *find(struct groups *groups,
			  const uint8_t addr[FLOW_ADDR_LEN])
{
	for (int i = 0; i < GROUPS_MAX; i++)
		if (is_used(&groups->all[i]) &&
		    flow_addr_equal(groups->all[i].addr, addr))
			return &groups->all[i];
	return NULL;
}

/* Rather than a free one not at all, one that was left is not told again. */
static struct group *make_room(struct groups *groups)
{
	struct group *left = NULL;

	for (int i = 0; i < GROUPS_MAX; i++) {
		if (!is_used(&groups->all[i]))
			return &groups->all[i];
		if (!groups->all[i].member)
			left = &groups->all[i];
	}
	return left;
}

/* RFC 3376 section 6, RFC 3810 section 6: the group of all hosts, and those
 * that do not leave the host, are nobody's business. */
static bool is_told(const struct groups *groups,
		    const uint8_t addr[FLOW_ADDR_LEN])
{
	static const uint8_t all_hosts[4] = { 224, 0, 0, 1 };
	static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };

	if (flow_addr_is_ip4(addr))
		return memcmp(flow_addr_ip4(addr), all_hosts, 4) != 0;
	return ip6_is_link_local(groups->ip6) && (addr[1] & 0xf) >= 2 &&
	       !flow_addr_equal(addr, all_nodes);
}

static void tell_change(struct groups *groups, struct group *group, nsec_t now)
{
	if (!is_told(groups, group->addr))
		return;
	group->changes = GROUP_ROBUSTNESS;
	group->answer = false;
	arm(groups, group, now);
}

bool groups_join(struct groups *groups, const uint8_t addr[FLOW_ADDR_LEN],
		 nsec_t now)
{
	struct group *group = find(groups, addr);

	if (group && group->member)
		return true;
	if (!group)
		group = make_room(groups);
	if (!group)
		return false;
	*group = (struct group){ .member = true, .deadline = NSEC_NEVER };
	memcpy(group->addr, addr, FLOW_ADDR_LEN);
	arm(groups, group, NSEC_NEVER);
	tell_change(groups, group, now);
	return true;
}

void groups_leave(struct groups *groups, const uint8_t addr[FLOW_ADDR_LEN],
		  nsec_t now)
{
	struct group *group = find(groups, addr);

	if (!group || !group->member)
		return;
	group->member = false;
	group->changes = 0;
	group->due = false;
	arm(groups, group, NSEC_NEVER);
	tell_change(groups, group, now);
}

/*
 * Being asked.
 */

static bool is_old(const struct groups *groups, bool is_ip4, nsec_t now)
{
	return now < (is_ip4 ? groups->old_ip4 : groups->old_ip6);
}

/* RFC 3376 section 5.2: an answer that is due earlier stays. */
static void answer_one(struct groups *groups, struct group *group,
		       nsec_t max_delay, nsec_t now)
{
	nsec_t when = now + roll(groups, max_delay);

	if (group->changes || !is_told(groups, group->addr))
		return; /* tells it anyway */
	group->answer = true;
	if (when < group->deadline)
		arm(groups, group, when);
}

static void answer(struct groups *groups, const struct membership *query,
		   nsec_t now)
{
	bool all = flow_addr_is_any(query->group);

	for (int i = 0; i < GROUPS_MAX; i++) {
		struct group *group = &groups->all[i];

		if (!group->member ||
		    flow_addr_is_ip4(group->addr) != query->is_ip4)
			continue;
		if (all || flow_addr_equal(group->addr, query->group))
			answer_one(groups, group, query->max_delay, now);
	}
}

/* RFC 2236 section 3: one member's answer is enough for an older querier. */
static void heard_report(struct groups *groups, const struct membership *report,
			 nsec_t now)
{
	struct group *group = find(groups, report->group);

	if (!group || !group->answer || !is_old(groups, report->is_ip4, now))
		return;
	group->answer = false;
	group->due = false;
	arm(groups, group, NSEC_NEVER);
}

void groups_query(struct groups *groups, const struct membership *heard,
		  nsec_t now)
{
	if (heard->kind == MEMBERSHIP_REPORT)
		heard_report(groups, heard, now);
	if (heard->kind != MEMBERSHIP_QUERY)
		return;
	if (heard->old && heard->is_ip4)
		groups->old_ip4 = now + OLD_QUERIER;
	else if (heard->old)
		groups->old_ip6 = now + OLD_QUERIER;
	answer(groups, heard, now);
}

/*
 * Telling.
 */

static enum membership_kind kind_of(const struct group *group)
{
	if (!group->changes)
		return MEMBERSHIP_IS;
	return group->member ? MEMBERSHIP_JOIN : MEMBERSHIP_LEAVE;
}

/* A change is told again, but to an older router not that we left. */
static void told(struct groups *groups, struct group *group, bool old,
		 nsec_t now)
{
	group->due = false;
	group->answer = false;
	if (group->changes)
		group->changes--;
	if (old && !group->member)
		group->changes = 0;
	arm(groups, group,
	    group->changes
		    ? now + roll(groups, old ? AGAIN_WITHIN_OLD : AGAIN_WITHIN)
		    : NSEC_NEVER);
}

uint32_t groups_output(struct groups *groups,
		       uint8_t packet[static MEMBERSHIP_MAX],
		       uint8_t to[static FLOW_ADDR_LEN], nsec_t now)
{
	groups_expire(groups, now);
	for (int i = 0; groups->work && i < GROUPS_MAX; i++) {
		struct group *group = &groups->all[i];
		struct membership say;

		if (!group->due)
			continue;
		say.kind = kind_of(group);
		say.is_ip4 = flow_addr_is_ip4(group->addr);
		say.old = is_old(groups, say.is_ip4, now);
		memcpy(say.group, group->addr, FLOW_ADDR_LEN);
		told(groups, group, say.old, now);
		return membership_encode(&say,
					 say.is_ip4 ? groups->ip4 : groups->ip6,
					 packet, to);
	}
	groups->work = false;
	return 0;
}

nsec_t groups_deadline(const struct groups *groups)
{
	return groups->deadline;
}

void groups_expire(struct groups *groups, nsec_t now)
{
	if (now < groups->deadline)
		return;
	for (int i = 0; i < GROUPS_MAX; i++) {
		struct group *group = &groups->all[i];

		if (group->deadline > now)
			continue;
		group->due = true;
		groups->work = true;
		arm(groups, group, NSEC_NEVER);
	}
}

void group_mac(uint8_t mac[static ETH_ADDR], const uint8_t addr[FLOW_ADDR_LEN])
{
	static const uint8_t prefix[3] = { 0x01, 0x00, 0x5e };

	if (!flow_addr_is_ip4(addr)) {
		ip6_group_mac(mac, addr);
		return;
	}
	memcpy(mac, prefix, sizeof(prefix));
	memcpy(mac + 3, flow_addr_ip4(addr) + 1, 3);
	mac[3] &= 0x7f;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Multicast groups: which queue pairs are in which (IBA volume 1, section
 * 10.5), and each of them gets a packet. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/group.h"
#include "rdma/qp_state.h"
#include "rdma/rdma_ctx.h"
#include "rdma/rv_stack_priv.h"

struct rv_group {
	struct list link;    /* of its bucket */
	struct list news;    /* of the stack's, if the port is to be told */
	struct list members; /* struct member */
	bool told;	     /* the port knows that there are some */
	uint8_t addr[FLOW_ADDR_LEN];
	uint32_t count;
};

struct member {
	struct list in_group;
	struct list in_qp;
	struct rv_group *group;
	struct rv_qp *rv;
};

void rv_groups_init(struct rv_groups *groups)
{
	for (int i = 0; i < RV_GROUP_BUCKETS; i++)
		list_init(&groups->buckets[i]);
	list_init(&groups->news);
}

/* Groups are mostly told apart by their last octet. */
static struct list *bucket(struct rv_groups *groups,
			   const uint8_t addr[FLOW_ADDR_LEN])
{
	return &groups->buckets[(addr[14] ^ addr[15]) % RV_GROUP_BUCKETS];
}

static struct rv_group *find(struct rv_groups *groups,
			     const uint8_t addr[FLOW_ADDR_LEN])
{
	struct list *head = bucket(groups, addr);

	for (struct list *link = head->next; link != head; link = link->next) {
		struct rv_group *group =
			list_member(link, struct rv_group, link);

		if (flow_addr_equal(group->addr, addr))
			return group;
	}
	return NULL;
}

/* Also nobody's group stays until the port knows. */
static void settle(struct rv_groups *groups, struct rv_group *group)
{
	bool wanted = !list_empty(&group->members);

	list_remove(&group->news);
	if (wanted != group->told)
		list_add_tail(&groups->news, &group->news);
	else if (!wanted) {
		list_remove(&group->link);
		groups->count--;
		free(group);
	}
}

static struct rv_group *add(struct rv_groups *groups,
			    const uint8_t addr[FLOW_ADDR_LEN])
{
	struct rv_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	list_init(&group->news);
	list_init(&group->members);
	memcpy(group->addr, addr, FLOW_ADDR_LEN);
	list_add_tail(bucket(groups, addr), &group->link);
	groups->count++;
	return group;
}

static struct member *find_member(const struct rv_qp *rv,
				  const uint8_t addr[FLOW_ADDR_LEN])
{
	for (struct list *link = rv->groups.next; link != &rv->groups;
	     link = link->next) {
		struct member *member = list_member(link, struct member, in_qp);

		if (flow_addr_equal(member->group->addr, addr))
			return member;
	}
	return NULL;
}

static int enrol(struct rv_qp *rv, struct rv_group *group)
{
	struct member *member;

	if (group->count >= rv->stack->dev->config.limits.max_mcast_qp)
		return -ENOMEM;
	member = calloc(1, sizeof(*member));
	if (!member)
		return -ENOMEM;
	member->group = group;
	member->rv = rv;
	list_add_tail(&group->members, &member->in_group);
	list_add_tail(&rv->groups, &member->in_qp);
	group->count++;
	return 0;
}

/* As ib_attach_mcast(): twice is once. */
int rv_group_join(struct rv_qp *rv, const uint8_t addr[FLOW_ADDR_LEN])
{
	struct rv_groups *groups = &rv->stack->groups;
	struct rv_group *group;
	int ret;

	if (rv->qp->type != QPT_UD || !group_is(addr))
		return -EINVAL;
	if (find_member(rv, addr))
		return 0;
	group = find(groups, addr);
	if (!group &&
	    groups->count >= rv->stack->dev->config.limits.max_mcast_grp)
		return -ENOMEM;
	if (!group)
		group = add(groups, addr);
	if (!group)
		return -ENOMEM;
	ret = enrol(rv, group);
	settle(groups, group);
	return ret;
}

static void leave(struct member *member)
{
	struct rv_group *group = member->group;

	list_remove(&member->in_group);
	list_remove(&member->in_qp);
	group->count--;
	settle(&member->rv->stack->groups, group);
	free(member);
}

int rv_group_leave(struct rv_qp *rv, const uint8_t addr[FLOW_ADDR_LEN])
{
	struct member *member = find_member(rv, addr);

	if (!member)
		return -EINVAL;
	leave(member);
	return 0;
}

void rv_group_leave_all(struct rv_qp *rv)
{
	while (!list_empty(&rv->groups))
		leave(list_member(rv->groups.next, struct member, in_qp));
}

void rv_groups_free(struct rv_groups *groups)
{
	struct list *link;

	for (int i = 0; i < RV_GROUP_BUCKETS; i++)
		while ((link = list_pop(&groups->buckets[i])))
			free(list_member(link, struct rv_group, link));
}

bool rv_stack_in_group(struct rv_stack *stack,
		       const uint8_t addr[FLOW_ADDR_LEN])
{
	const struct rv_group *group = find(&stack->groups, addr);

	return group && !list_empty(&group->members);
}

static const struct rv_group *nth(const struct list *head, unsigned int *i)
{
	for (const struct list *link = head->next; link != head;
	     link = link->next) {
		const struct rv_group *group =
			list_member(link, struct rv_group, link);

		if (group->count && !(*i)--)
			return group;
	}
	return NULL;
}

bool rv_stack_show_group(const struct rv_stack *stack, unsigned int i,
			 uint8_t addr[FLOW_ADDR_LEN], uint32_t *members)
{
	const struct rv_group *group = NULL;

	for (int b = 0; !group && b < RV_GROUP_BUCKETS; b++)
		group = nth(&stack->groups.buckets[b], &i);
	if (!group)
		return false;
	memcpy(addr, group->addr, FLOW_ADDR_LEN);
	*members = group->count;
	return true;
}

bool rv_stack_group(struct rv_stack *stack, uint8_t addr[FLOW_ADDR_LEN],
		    bool *joined)
{
	struct list *link = list_pop(&stack->groups.news);
	struct rv_group *group;

	if (!link)
		return false;
	group = list_member(link, struct rv_group, news);
	memcpy(addr, group->addr, FLOW_ADDR_LEN);
	*joined = !list_empty(&group->members);
	group->told = *joined;
	settle(&stack->groups, group);
	return true;
}

/* Members that cannot take it are counted; it is dropped if none can. */
static enum roce_verdict give_all(struct rv_group *group,
				  const struct rv_arrival *arrival, nsec_t now)
{
	enum roce_verdict refused = ROCE_OK;
	struct rv_stack *stack = NULL;
	bool taken = false;

	for (struct list *link = group->members.next; link != &group->members;
	     link = link->next) {
		struct rv_qp *rv =
			list_member(link, struct member, in_group)->rv;
		enum roce_verdict verdict = rv_give_to(rv->qp, arrival, now);

		stack = rv->stack;
		if (verdict == ROCE_OK) {
			taken = true;
			continue;
		}
		if (refused != ROCE_OK)
			stack->counters[refused]++;
		refused = verdict;
	}
	if (!taken)
		return stack ? refused : ROCE_NO_QP;
	if (refused != ROCE_OK)
		stack->counters[refused]++;
	return ROCE_OK;
}

enum roce_verdict rv_group_input(struct rv_stack *stack,
				 const uint8_t addr[FLOW_ADDR_LEN],
				 const struct rv_arrival *arrival, nsec_t now)
{
	struct rv_group *group = find(&stack->groups, addr);

	return group ? give_all(group, arrival, now) : ROCE_NO_QP;
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A list whose links lie in its members: O(1) add and remove, no allocation.
 * A link that is in no list points at itself, so removing twice is harmless.
 */
#ifndef URDMA_BASE_LIST_H
#define URDMA_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* The head of a list, and the link of a member. */
struct list {
	struct list *next;
	struct list *prev;
};

#define list_member(link, type, field)                                         \
	((type *)(void *)((char *)(link)-offsetof(type, field)))

static inline void list_init(struct list *list)
{
	list->next = list;
	list->prev = list;
}

/* Of a head: no members.  Of a link: in no list. */
static inline bool list_empty(const struct list *list)
{
	return list->next == list;
}

/* `link` is in no list. */
static inline void list_add_tail(struct list *list, struct list *link)
{
	link->prev = list->prev;
	link->next = list;
	list->prev->next = link;
	list->prev = link;
}

static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* The first member's link taken out, or NULL. */
static inline struct list *list_pop(struct list *list)
{
	struct list *link = list->next;

	if (link == list)
		return NULL;
	list_remove(link);
	return link;
}

#endif

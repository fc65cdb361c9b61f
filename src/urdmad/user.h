/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What all programs of one uid hold together, against `limits` of the
 * configuration.  A session holds its user; the last one frees it.
 */
#ifndef URDMA_URDMAD_USER_H
#define URDMA_URDMAD_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uthash.h>

struct closer;
struct limits_config;

enum user_good {
	USER_QP,
	USER_CQE,
	USER_MR_BYTES,
	USER_FD,	   /* sessions, channels, memory descriptors */
	USER_MAPPED_BYTES, /* of program memory, within the limit of MR_BYTES */
	USER_MAPPINGS,	   /* ours of program memory */
	USER_GOODS
};

/* Of one uid, so that vm.max_map_count (65530) has room for several. */
enum { USER_MAPPINGS_MAX = 8192 };

struct user {
	uid_t uid;
	unsigned int sessions;
	uint64_t used[USER_GOODS];
	uint64_t limit[USER_GOODS];
	struct closer *closer; /* NULL: not needed yet */
	UT_hash_handle hh;
};

/* `users` is a hash, NULL when empty.  NULL: out of memory. */
struct user *user_get(struct user **users, uid_t uid,
		      const struct limits_config *limits);
struct user *user_hold(struct user *user); /* once more */
void user_put(struct user **users, struct user *user);

/* -ENOMEM, for descriptors -EMFILE, if that were too much. */
int user_charge(struct user *user, enum user_good good, uint64_t amount);
/* Closes a descriptor that a program of his sent, or is connected to, without
 * waiting for it.  False: so many are not closed yet that he shall send no
 * more. */
bool user_close(struct user *user, int fd);
/* What that would answer now. */
bool user_keeps_up(const struct user *user);
void user_refund(struct user *user, enum user_good good, uint64_t amount);

/* An object of so many bytes, zeroed, that stands for `amount` of `good`, which
 * is charged.  NULL: too much, or out of memory, and nothing is charged. */
void *user_alloc(struct user *user, enum user_good good, uint64_t amount,
		 size_t bytes);

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/user.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "urdmad/closer.h"
#include "urdmad/config.h"

struct user *user_get(struct user **users, uid_t uid,
		      const struct limits_config *limits)
{
	struct user *user;

	HASH_FIND(hh, *users, &uid, sizeof(uid), user);
	if (!user) {
		user = calloc(1, sizeof(*user));
		if (!user)
			return NULL;
		user->uid = uid;
		user->limit[USER_QP] = limits->qp;
		user->limit[USER_CQE] = limits->cqe;
		user->limit[USER_MR_BYTES] = limits->mr_bytes;
		user->limit[USER_FD] = limits->fd;
		user->limit[USER_MAPPED_BYTES] = limits->mr_bytes;
		user->limit[USER_MAPPINGS] = USER_MAPPINGS_MAX;
		HASH_ADD(hh, *users, uid, sizeof(user->uid), user);
	}
	return user_hold(user);
}

struct user *user_hold(struct user *user)
{
	user->sessions++;
	return user;
}

void user_put(struct user **users, struct user *user)
{
	if (!user || --user->sessions)
		return;
	HASH_DEL(*users, user);
	closer_end(user->closer);
	free(user);
}

bool user_close(struct user *user, int fd)
{
	if (!user->closer)
		user->closer = closer_create();
	if (!user->closer) {
		close(fd);
		return true;
	}
	closer_close(user->closer, fd);
	return user_keeps_up(user);
}

bool user_keeps_up(const struct user *user)
{
	return !user->closer ||
	       closer_backlog(user->closer) <= user->limit[USER_FD];
}

int user_charge(struct user *user, enum user_good good, uint64_t amount)
{
	if (amount > user->limit[good] ||
	    user->used[good] > user->limit[good] - amount)
		return good == USER_FD ? -EMFILE : -ENOMEM;
	user->used[good] += amount;
	return 0;
}

void user_refund(struct user *user, enum user_good good, uint64_t amount)
{
	user->used[good] -= amount;
}

void *user_alloc(struct user *user, enum user_good good, uint64_t amount,
		 size_t bytes)
{
	void *object;

	if (user_charge(user, good, amount) < 0)
		return NULL;
	object = calloc(1, bytes);
	if (!object)
		user_refund(user, good, amount);
	return object;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "preload/process.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static _Atomic pid_t owner;

static void adopt(void)
{
	atomic_store(&owner, getpid());
}

__attribute__((constructor)) static void start(void)
{
	adopt();
	pthread_atfork(NULL, NULL, adopt);
}

/* Before our constructor (owner 0) there are no such children yet.  A child of
 * a raw clone() does not come through adopt(): it is taken for one of vfork(),
 * which is safe, since lookups do not trust the table alone. */
bool process_owns_memory(void)
{
	pid_t pid = atomic_load(&owner);

	return pid == 0 || pid == getpid();
}

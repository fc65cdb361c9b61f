// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/closer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum { STACK = 256 << 10, FIRST_ROOM = 64 };

struct closer {
	pthread_mutex_t lock; /* of all that follows; nothing blocks under it */
	pthread_cond_t work;
	int *fds; /* a stack: in which order does not matter */
	unsigned int count;
	unsigned int room;
	bool closing; /* one more is under way */
	bool has_thread;
	bool ended;
};

struct closer *closer_create(void)
{
	struct closer *closer = calloc(1, sizeof(*closer));

	if (!closer)
		return NULL;
	pthread_mutex_init(&closer->lock, NULL);
	pthread_cond_init(&closer->work, NULL);
	return closer;
}

static void destroy(struct closer *closer)
{
	pthread_mutex_destroy(&closer->lock);
	pthread_cond_destroy(&closer->work);
	free(closer->fds);
	free(closer);
}

/* The lock is held, but not while it closes.  False: all is done. */
static bool close_next(struct closer *closer)
{
	int fd;

	while (!closer->count && !closer->ended)
		pthread_cond_wait(&closer->work, &closer->lock);
	if (!closer->count)
		return false;
	fd = closer->fds[--closer->count];
	closer->closing = true;
	pthread_mutex_unlock(&closer->lock);
	close(fd);
	pthread_mutex_lock(&closer->lock);
	closer->closing = false;
	return true;
}

static void *serve(void *arg)
{
	struct closer *closer = arg;

	pthread_mutex_lock(&closer->lock);
	while (close_next(closer))
		continue;
	pthread_mutex_unlock(&closer->lock);
	destroy(closer);
	return NULL;
}

static bool start(struct closer *closer)
{
	pthread_attr_t attr;
	pthread_t thread;

	if (closer->has_thread)
		return true;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	closer->has_thread = pthread_create(&thread, &attr, serve, closer) == 0;
	pthread_attr_destroy(&attr);
	return closer->has_thread;
}

static bool grow(struct closer *closer)
{
	unsigned int room = closer->room ? 2 * closer->room : FIRST_ROOM;
	int *fds;

	if (closer->count < closer->room)
		return true;
	fds = realloc(closer->fds, room * sizeof(*fds));
	if (!fds)
		return false;
	closer->fds = fds;
	closer->room = room;
	return true;
}

void closer_close(struct closer *closer, int fd)
{
	bool taken;

	pthread_mutex_lock(&closer->lock);
	taken = start(closer) && grow(closer);
	if (taken) {
		closer->fds[closer->count++] = fd;
		pthread_cond_signal(&closer->work);
	}
	pthread_mutex_unlock(&closer->lock);
	if (!taken)
		close(fd);
}

unsigned int closer_backlog(struct closer *closer)
{
	unsigned int backlog;

	pthread_mutex_lock(&closer->lock);
	backlog = closer->count + closer->closing;
	pthread_mutex_unlock(&closer->lock);
	return backlog;
}

void closer_end(struct closer *closer)
{
	bool has_thread;

	if (!closer)
		return;
	pthread_mutex_lock(&closer->lock);
	has_thread = closer->has_thread;
	closer->ended = true;
	pthread_cond_signal(&closer->work);
	pthread_mutex_unlock(&closer->lock);
	if (!has_thread)
		destroy(closer);
}

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A device opened under the preload library, as libibverbs opens it.  unit.h
 * before this.
 */
#ifndef URDMA_TESTS_PRELOAD_VERBS_H
#define URDMA_TESTS_PRELOAD_VERBS_H

#include <rdma/ib_user_verbs.h>
#include <unistd.h>

#include "shared/preload_test.h"

#define COMMAND(fd, name, request, response)                                   \
	verbs_command(fd, IB_USER_VERBS_CMD_##name, &(request),                \
		      sizeof(request), &(response), sizeof(response))

struct fixture {
	int fd, async, pd;
};

static inline int set_up(void **state)
{
	static struct fixture f;
	struct ib_uverbs_alloc_pd request;
	struct ib_uverbs_alloc_pd_resp response;

	f.fd = open_verbs();
	f.async = get_context(f.fd);
	assert_int_equal(COMMAND(f.fd, ALLOC_PD, request, response), 0);
	f.pd = (int)response.pd_handle;
	*state = &f;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	close(f->async);
	close(f->fd);
	return 0;
}

#endif

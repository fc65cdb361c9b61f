// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Operations on memory that urdmad has mapped (mem_map.h). */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "urdmad/control_ops.h"
#include "urdmad/mem_map.h"

/* NULL: the session has no such memory. */
static struct mem_map *map_of(const struct control_call *call)
{
	const struct urdma_mem_range *ask = call->request;
	struct session_mem *mem;

	HASH_FIND(hh, call->session->mems, &ask->mem, sizeof(ask->mem), mem);
	return mem ? mem->map : NULL;
}

static bool may_remap(const struct control_call *call)
{
	return call->session->control->config.mem_flags & URDMA_MEM_MAY_REMAP;
}

int control_mem_remap(struct control_call *call)
{
	const struct urdma_mem_range *ask = call->request;
	struct urdma_mem_remap_reply *reply = call->reply;
	struct mem_map *map = map_of(call);
	uint64_t offset;
	int ret;

	if (!may_remap(call))
		return -EOPNOTSUPP;
	if (!map)
		return -EINVAL;
	ret = mem_map_reserve(map, ask->start, ask->length, &offset);
	if (ret < 0)
		return ret;
	reply->offset = offset;
	call->give = mem_map_fd(map);
	return 0;
}

int control_mem_live(struct control_call *call)
{
	const struct urdma_mem_range *ask = call->request;
	struct mem_map *map = map_of(call);

	return map ? mem_map_live(map, ask->start, ask->length) : -EINVAL;
}

int control_mem_release(struct control_call *call)
{
	const struct urdma_mem_range *ask = call->request;
	struct mem_map *map = map_of(call);
	int ret;

	if (!map || mem_map_fd(map) < 0)
		return -EINVAL;
	ret = mem_map_release(map, ask->start, ask->length);
	if (ret == 0)
		call->give = mem_map_fd(map);
	return ret;
}

/* With it a program without privilege gets a userfaultfd that holds up its
 * system calls too, where userfaultfd(2) would give it none. */
int control_mem_faults(struct control_call *call)
{
	if (!may_remap(call))
		return -EOPNOTSUPP;
	call->give = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	if (call->give < 0)
		return -errno;
	call->close_given = true;
	return 0;
}

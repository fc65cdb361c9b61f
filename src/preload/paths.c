// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "preload/paths.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "preload/settings.h"

enum {
	VERBS_MAJOR = 231,
	VERBS_FIRST_MINOR = 192,
	VERBS_MINORS = 64,
	MISC_MAJOR = 10,
	CM_MINOR = 58,
};

enum ending {
	END_NAME, /* the whole name of a directory entry */
	END_ANY,  /* the beginning of one */
};

static const struct {
	const char *name;
	enum ending ending;
} trees[] = {
	{ "/sys/class/infiniband", END_ANY },
	{ "/sys/class/misc/rdma_cm", END_NAME },
	{ "/dev/infiniband", END_NAME },
};

/* What follows `prefix` in `path`, or NULL.  A / matches any number. */
static const char *skip_prefix(const char *path, const char *prefix)
{
	for (; *prefix; prefix++, path++) {
		if (*path != *prefix)
			return NULL;
		if (*path == '/')
			while (path[1] == '/')
				path++;
	}
	return path;
}

static const char *match(const char *path, const char *name, enum ending ending)
{
	const char *rest = skip_prefix(path, name);

	if (rest && ending == END_NAME && *rest && *rest != '/')
		return NULL;
	return rest;
}

/* The tree, one of the names above, and what follows it. */
static const char *compose(const char *name, const char *rest,
			   struct path_room *room)
{
	const struct settings *set = settings();
	size_t name_len = strlen(name), rest_len = strlen(rest);

	/* Then the kernel says ENAMETOOLONG of either. */
	if (set->tree_len + name_len + rest_len >= sizeof(room->bytes))
		return NULL;
	memcpy(room->bytes, set->tree, set->tree_len);
	memcpy(room->bytes + set->tree_len, name, name_len);
	memcpy(room->bytes + set->tree_len + name_len, rest, rest_len + 1);
	return room->bytes;
}

/* Nearly all names of other files end the search here. */
static bool may_be_ours(const char *path)
{
	return path && path[0] == '/' &&
	       (path[1] == 's' || path[1] == 'd' || path[1] == '/');
}

const char *path_redirect(const char *path, struct path_room *room)
{
	const char *rest = NULL, *ours = NULL;

	if (!may_be_ours(path))
		return path;
	for (size_t i = 0; !rest && i < sizeof(trees) / sizeof(*trees); i++) {
		rest = match(path, trees[i].name, trees[i].ending);
		if (rest && !settings()->stand_aside)
			ours = compose(trees[i].name, rest, room);
	}
	return ours ? ours : path;
}

/* A decimal number without leading zeros that ends the name. */
static bool parse_number(const char *text, uint32_t *number)
{
	*number = 0;
	if (*text == '\0' || (*text == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || *number > 9999)
			return false;
		*number = *number * 10 + (uint32_t)(*text - '0');
	}
	return true;
}

struct device path_device(const char *path)
{
	struct device device = { .kind = DEVICE_NONE };
	const char *name = path ? skip_prefix(path, "/dev/infiniband/") : NULL;

	if (!name || settings()->stand_aside)
		return device;
	if (strcmp(name, "rdma_cm") == 0)
		device.kind = DEVICE_CM;
	else if (strncmp(name, "uverbs", 6) == 0 &&
		 parse_number(name + 6, &device.number))
		device.kind = DEVICE_VERBS;
	return device;
}

dev_t device_rdev(const struct device *device)
{
	if (device->kind == DEVICE_CM)
		return makedev(MISC_MAJOR, CM_MINOR);
	return makedev(VERBS_MAJOR, VERBS_FIRST_MINOR + device->number);
}

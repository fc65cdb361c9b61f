/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads a JSON object by a table of its keys, and says what is wrong in one
 * form: "FILE: KEY: found X, want Y".
 */
#ifndef URDMA_URDMAD_CONFIG_READER_H
#define URDMA_URDMAD_CONFIG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "urdmad/config.h"

struct json_object;

enum { CONFIG_PATH_MAX = 128 };

struct config_reader {
	const char *file;
	char path[CONFIG_PATH_MAX]; /* of the value being read: ports[0].mtu */
	struct config_error *error; /* set when a function returned false */
};

struct config_key;

/* False: `reader->error` says why. `into` is the structure being filled. */
typedef bool config_read(struct config_reader *reader,
			 const struct config_key *key,
			 struct json_object *value, void *into);

struct config_key {
	const char *name;
	config_read *read;
	size_t offset;	  /* of the field in `into` */
	int64_t min, max; /* numbers; strings: of the length */
	const char *want; /* completes "want ..." */
};

/* Every member of `object` is in `keys` and was read.  `keys` ends with a row
 * without a name. */
bool config_read_object(struct config_reader *reader,
			const struct config_key *keys,
			struct json_object *object, void *into);

config_read config_read_u32;	/* uint32_t */
config_read config_read_u64;	/* uint64_t */
config_read config_read_string; /* char *, to be freed */

/* A JSON string's bytes, for as long as `value` is there; NULL: it is none, or
 * has a zero byte, behind which no C function would look. */
const char *config_text(struct json_object *value);

/* "found VALUE, want WANT"; false. */
bool config_unwanted(struct config_reader *reader, struct json_object *value,
		     const char *want);
/* Any other text behind "FILE: KEY: "; false. */
bool config_fail(struct config_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends to the path and returns what to hand to config_leave. */
size_t config_enter(struct config_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void config_leave(struct config_reader *reader, size_t mark);

/* The rows of a "port" object (config_port.c); `into` is a port_config. */
extern const struct config_key config_port_keys[];

#endif

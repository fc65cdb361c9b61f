// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/config_reader.h"

#include <ctype.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 60 }; /* bytes of a value that a message repeats */

/* Keys are what the file says, and the message is one line of a log. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

bool config_fail(struct config_reader *reader, const char *format, ...)
{
	char text[CONFIG_ERROR_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(reader->error->text, sizeof(reader->error->text),
		 "%s: %s%s%.300s", reader->file, reader->path,
		 reader->path[0] ? ": " : "", text);
	make_printable(reader->error->text);
	return false;
}

const char *config_text(struct json_object *value)
{
	const char *text = json_object_get_string(value);

	if (!json_object_is_type(value, json_type_string) ||
	    strlen(text) != (size_t)json_object_get_string_len(value))
		return NULL;
	return text;
}

bool config_unwanted(struct config_reader *reader, struct json_object *value,
		     const char *want)
{
	const char *found = json_object_to_json_string_ext(
		value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	return config_fail(reader, "found %.*s%s, want %s", SHOWN_MAX, found,
			   strlen(found) > SHOWN_MAX ? "..." : "", want);
}

size_t config_enter(struct config_reader *reader, const char *format, ...)
{
	size_t mark = strlen(reader->path);
	va_list args;

	va_start(args, format);
	vsnprintf(reader->path + mark, sizeof(reader->path) - mark, format,
		  args);
	va_end(args);
	return mark;
}

void config_leave(struct config_reader *reader, size_t mark)
{
	reader->path[mark] = '\0';
}

static const struct config_key *find(const struct config_key *keys,
				     const char *name)
{
	for (; keys->name; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

static bool read_member(struct config_reader *reader,
			const struct config_key *keys, const char *name,
			struct json_object *value, void *into)
{
	const struct config_key *key = find(keys, name);
	size_t mark =
		config_enter(reader, "%s%s", reader->path[0] ? "." : "", name);

	if (!key)
		return config_fail(reader, "unknown key, see urdma.json(5)");
	if (!key->read(reader, key, value, into))
		return false;
	config_leave(reader, mark);
	return true;
}

bool config_read_object(struct config_reader *reader,
			const struct config_key *keys,
			struct json_object *object, void *into)
{
	if (!json_object_is_type(object, json_type_object))
		return config_unwanted(reader, object, "an object");
	json_object_object_foreach(
		object, name, value) if (!read_member(reader, keys, name, value,
						      into)) return false;
	return true;
}

static bool number(struct config_reader *reader, const struct config_key *key,
		   struct json_object *value, int64_t *result)
{
	char want[80];

	/* What does not fit is told as the largest that does. */
	*result = json_object_get_int64(value);
	if (json_object_is_type(value, json_type_int) && *result >= key->min &&
	    *result <= key->max && json_object_get_uint64(value) <= INT64_MAX)
		return true;
	snprintf(want, sizeof(want), "a number from %" PRId64 " to %" PRId64,
		 key->min, key->max);
	return config_unwanted(reader, value, want);
}

bool config_read_u32(struct config_reader *reader, const struct config_key *key,
		     struct json_object *value, void *into)
{
	int64_t found;

	if (!number(reader, key, value, &found))
		return false;
	*(uint32_t *)((char *)into + key->offset) = (uint32_t)found;
	return true;
}

bool config_read_u64(struct config_reader *reader, const struct config_key *key,
		     struct json_object *value, void *into)
{
	int64_t found;

	if (!number(reader, key, value, &found))
		return false;
	*(uint64_t *)((char *)into + key->offset) = (uint64_t)found;
	return true;
}

bool config_read_string(struct config_reader *reader,
			const struct config_key *key, struct json_object *value,
			void *into)
{
	char **field = (char **)((char *)into + key->offset);
	const char *text = config_text(value);

	if (!text || (int64_t)strlen(text) < key->min ||
	    (int64_t)strlen(text) > key->max)
		return config_unwanted(reader, value, key->want);
	if (*field) /* two names of one key */
		return config_fail(reader, "given twice");
	*field = strdup(text);
	return *field ? true : config_fail(reader, "out of memory");
}

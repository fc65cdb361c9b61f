/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Texts of urdma.json, and what becomes of them. */
#ifndef URDMA_TESTS_UNIT_CONFIG_TEXT_H
#define URDMA_TESTS_UNIT_CONFIG_TEXT_H

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "urdmad/config.h"

static struct config config;
static struct config_error error;

static inline int parse(const char *text)
{
	memset(&error, 0, sizeof(error));
	return config_parse(&config, "FILE", text, strlen(text), &error);
}

static inline void accepts(const char *text)
{
	if (parse(text) < 0)
		fail_msg("%s", error.text);
}

/* The whole message behind "FILE: ". */
static inline void refuses(const char *text, const char *message)
{
	assert_int_equal(parse(text), -1);
	assert_memory_equal(error.text, "FILE: ", 6);
	assert_string_equal(error.text + 6, message);
	assert_int_equal(config.port_count, 0);
	assert_null(config.ports);
}

/* A port with one more member. */
static inline void port_refuses(const char *member, const char *message)
{
	char text[300];

	snprintf(text, sizeof(text),
		 "{ \"ports\": [ { \"ipv4_address\": \"10.2.0.100\", %s } ] }",
		 member);
	refuses(text, message);
}

static inline void top_refuses(const char *member, const char *message)
{
	char text[300];

	snprintf(text, sizeof(text),
		 "{ \"ports\": { \"ipv4_address\": \"10.2.0.100\" }, %s }",
		 member);
	refuses(text, message);
}

#endif

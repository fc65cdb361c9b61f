// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <config.h>
#include "urdmad/log.h"
#include "urdmad/urdmad.h"

#ifndef CONFIG_FILE
#define CONFIG_FILE "/etc/rdma/urdma.json"
#endif

const char *argp_program_version = "urdmad " PACKAGE_VERSION;

struct options {
	const char *file;
	bool check;
};

enum { KEY_CHECK = 256 };

static const struct argp_option option_table[] = {
	{ "config", 'c', "FILE", 0, "Configuration [" CONFIG_FILE "]", 0 },
	{ "check-config", KEY_CHECK, NULL, 0,
	  "Say whether the configuration is good, and exit", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'c':
		options->file = arg;
		return 0;
	case KEY_CHECK:
		options->check = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_usage(state);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse_option,
	.doc = "A RDMA network card made of software: serves verbs programs "
	       "over iWARP on Ethernet ports.",
};

static int serve(struct config *config)
{
	static struct urdmad urdmad;
	int result = urdmad_open(&urdmad, config);

	if (result == 0)
		result = urdmad_run(&urdmad);
	urdmad_close(&urdmad);
	return result;
}

int main(int argc, char **argv)
{
	struct options options = { .file = CONFIG_FILE };
	struct config_error error;
	struct config config;
	int result = 0;

	argp_parse(&parser, argc, argv, 0, NULL, &options);
	if (config_load(&config, options.file, &error) < 0) {
		log_error("%s", error.text);
		return EXIT_FAILURE;
	}
	if (options.check)
		printf("%s: good, %zu port%s\n", options.file,
		       config.port_count, config.port_count == 1 ? "" : "s");
	else
		result = serve(&config);
	config_free(&config);
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

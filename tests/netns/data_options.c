// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns/data_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "netns/data_link.h"
#include "netns/verbs_peer.h"

struct data_options options = {
	.seed = 1,
	.operations = 2000,
	.service = IBV_QPT_RC,
	.connections = 4,
	.max_len = 3 << 20,
	.pieces = PLAN_PIECES,
	.read_pieces = PLAN_PIECES,
	.immediates = true,
};

static const struct option names[] = {
	{ "seed", required_argument, NULL, 's' },
	{ "operations", required_argument, NULL, 'n' },
	{ "service", required_argument, NULL, 't' },
	{ "connections", required_argument, NULL, 'c' },
	{ "max-size", required_argument, NULL, 'm' },
	{ "pieces", required_argument, NULL, 'p' },
	{ "read-pieces", required_argument, NULL, 'r' },
	{ "by-number", no_argument, NULL, 'b' },
	{ "no-immediates", no_argument, NULL, 'i' },
	{ "lossy", no_argument, NULL, 'l' },
	{ "events", no_argument, NULL, 'e' },
	{ NULL, 0, NULL, 0 },
};

static enum ibv_qp_type service_called(const char *name)
{
	static const struct {
		const char *name;
		enum ibv_qp_type type;
	} services[] = {
		{ "rc", IBV_QPT_RC },
		{ "uc", IBV_QPT_UC },
		{ "ud", IBV_QPT_UD },
	};

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(services[i].name, name) == 0)
			return services[i].type;
	die("--service is rc, uc or ud, not %s", name);
}

static void take_switch(int c)
{
	switch (c) {
	case 'b':
		options.by_number = true;
		break;
	case 'i':
		options.immediates = false;
		break;
	case 'l':
		options.lossy = true;
		break;
	case 'e':
		options.events = true;
		break;
	default:
		exit(2);
	}
}

static void take(int c, const char *arg)
{
	unsigned long long value = strtoull(arg, NULL, 0);

	switch (c) {
	case 's':
		options.seed = value;
		break;
	case 'n':
		options.operations = value;
		break;
	case 't':
		options.service = service_called(arg);
		break;
	case 'c':
		options.connections = (uint32_t)value + 1;
		break;
	case 'm':
		options.max_len = (uint32_t)value;
		break;
	case 'p':
		options.pieces = (uint32_t)value;
		break;
	case 'r':
		options.read_pieces = (uint32_t)value;
		break;
	}
}

static void check(void)
{
	if (options.connections < 2 ||
	    options.connections > DATA_CONNECTIONS_MAX ||
	    options.max_len > data_region_bytes(TARGET))
		die("too few or too many connections, or too long messages");
	if (!options.pieces || options.pieces > PLAN_PIECES ||
	    !options.read_pieces || options.read_pieces > options.pieces)
		die("--pieces is 1 to %d, --read-pieces no more than it",
		    PLAN_PIECES);
	if (options.lossy && options.service != IBV_QPT_UD)
		die("--lossy is for datagrams: what else is lost is missed");
	if (options.lossy && !options.immediates)
		die("--lossy needs immediates, which say what came");
}

void data_options_parse(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		if (optarg)
			take(c, optarg);
		else
			take_switch(c);
	check();
	options.by_number |= options.service != IBV_QPT_RC;
	options.address = argv[optind];
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/config.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "rdma/lid.h"
#include "urdma/control.h"
#include "urdmad/config_reader.h"
#include "urdmad/tap.h"

enum {
	FILE_MAX = 1 << 20, /* bytes */
	SOCK_NAME_MAX = sizeof(((struct sockaddr_un *)0)->sun_path) - 1,
};

static const struct port_config port_defaults = {
	.congestion_control = "cubic",
	.mpa_crc = true,
	.recv_wait_ms = 1000,
	.mpa_qpn_port = 4791,
	.max_qp = 65536,
	.rx_desc_count = 1024,
	.tx_desc_count = 512,
	.rx_burst_size = 32,
	.tx_burst_size = 32,
};

static const struct config defaults = {
	.sock_mode = 0666, /* as rdma-core's udev rule for uverbs */
	.limits = {
		.qp = 65536,
		.cqe = 1 << 24,
		.mr_bytes = UINT64_C(1) << 46,
		.fd = 4096,
	},
	.mem_flags = URDMA_MEM_MAY_REMAP,
};

/* The default, if none was given. */
static bool name_port(struct config_reader *reader, struct port_config *port)
{
	char name[CONFIG_NAME_MAX];

	if (port->name && port->exception &&
	    strlen(port->name) > TAP_NAME_MAX) {
		config_enter(reader, ".name");
		return config_fail(reader,
				   "found \"%s\", want at most %d characters: "
				   "with \"exception\" it is also the name of "
				   "an interface",
				   port->name, TAP_NAME_MAX);
	}
	if (port->name)
		return true;
	snprintf(name, sizeof(name), "urdma%u", port->index);
	port->name = strdup(name);
	return port->name ? true : config_fail(reader, "out of memory");
}

/* The LID is the low half of the address (rdma/lid.h). */
static bool check_infiniband(struct config_reader *reader,
			     const struct port_config *port)
{
	if (!port->infiniband)
		return true;
	if (!port->roce)
		return config_fail(reader, "found \"link_layer\": "
					   "\"infiniband\" and \"transport\": "
					   "\"iwarp\", want \"transport\": "
					   "\"roce\" with it");
	if (port->prefix_len < LID_PREFIX_MIN)
		return config_fail(reader,
				   "found ipv4_address with a prefix of %u "
				   "bits, want %d or more with \"link_layer\": "
				   "\"infiniband\": hosts are told apart by "
				   "the last 16 bits of their addresses",
				   port->prefix_len, LID_PREFIX_MIN);
	if (!lid_is_port(lid_from_ip4(port->ipv4)))
		return config_fail(reader,
				   "found ipv4_address ...%u.%u, want one "
				   "from ...0.1 to ...191.255 with "
				   "\"link_layer\": \"infiniband\": its last "
				   "16 bits are the LID",
				   port->ipv4[2], port->ipv4[3]);
	return true;
}

static bool add_port(struct config_reader *reader, struct config *config,
		     struct json_object *value)
{
	struct port_config *port = &config->ports[config->port_count];

	*port = port_defaults;
	port->index = (unsigned int)config->port_count++;
	if (!config_read_object(reader, config_port_keys, value, port))
		return false;
	if (!port->has_ipv4)
		return config_fail(reader,
				   "found no ipv4_address, want one as "
				   "\"ipv4_address\": \"10.2.0.100/24\"");
	if (!!port->netdev + !!port->pci_address + !!port->device > 1)
		return config_fail(reader, "found more than one, want one of "
					   "netdev, pci_address and device");
	return check_infiniband(reader, port) && name_port(reader, port);
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool compare_ports(struct config_reader *reader,
			  const struct port_config *one,
			  const struct port_config *two)
{
	const char *key = NULL;

	if (memcmp(one->ipv4, two->ipv4, sizeof(one->ipv4)) == 0)
		key = "ipv4_address";
	else if (one->has_ipv6 && two->has_ipv6 &&
		 memcmp(one->ipv6, two->ipv6, sizeof(one->ipv6)) == 0)
		key = "ipv6_address";
	else if (same(one->name, two->name))
		key = "name";
	else if (same(one->netdev, two->netdev))
		key = "netdev";
	else if (same(one->pci_address, two->pci_address))
		key = "pci_address";
	else if (same(one->device, two->device))
		key = "device";
	else if (one->has_mac && two->has_mac &&
		 memcmp(one->mac, two->mac, sizeof(one->mac)) == 0)
		key = "mac";
	if (!key)
		return true;
	config_enter(reader, "[%u].%s", two->index, key);
	return config_fail(reader, "found what ports[%u].%s has, want another",
			   one->index, key);
}

static bool check_twice(struct config_reader *reader,
			const struct config *config)
{
	for (size_t i = 1; i < config->port_count; i++)
		for (size_t j = 0; j < i; j++)
			if (!compare_ports(reader, &config->ports[j],
					   &config->ports[i]))
				return false;
	return true;
}

static bool read_ports(struct config_reader *reader,
		       const struct config_key *key, struct json_object *value,
		       void *into)
{
	struct config *config = into;
	bool array = json_object_is_type(value, json_type_array);
	size_t count = array ? json_object_array_length(value) : 1;

	if ((!array && !json_object_is_type(value, json_type_object)) ||
	    count < 1 || count > CONFIG_MAX_PORTS)
		return config_unwanted(reader, value, key->want);
	config->ports = calloc(count, sizeof(*config->ports));
	if (!config->ports)
		return config_fail(reader, "out of memory");
	/* One object is called as the array it stands for. */
	for (size_t i = 0; i < count; i++) {
		size_t mark = config_enter(reader, "[%zu]", i);

		if (!add_port(reader, config,
			      array ? json_object_array_get_idx(value, i)
				    : value))
			return false;
		config_leave(reader, mark);
	}
	return check_twice(reader, config);
}

static bool read_sock_name(struct config_reader *reader,
			   const struct config_key *key,
			   struct json_object *value, void *into)
{
	struct config *config = into;

	if (!config_read_string(reader, key, value, into))
		return false;
	return config->sock_name[0] == '/' ||
	       config_unwanted(reader, value, key->want);
}

static bool read_mode(struct config_reader *reader,
		      const struct config_key *key, struct json_object *value,
		      void *into)
{
	struct config *config = into;
	const char *text = config_text(value);
	unsigned long mode;

	if (!text || !*text || text[strspn(text, "01234567")])
		return config_unwanted(reader, value, key->want);
	mode = strtoul(text, NULL, 8);
	if (mode > 0777)
		return config_unwanted(reader, value, key->want);
	config->sock_mode = (mode_t)mode;
	return true;
}

/* "log-level": 7 is --log-level=7; a flag is true; an array repeats. */
static bool add_eal_arg(struct config_reader *reader, struct config *config,
			const char *name, struct json_object *value)
{
	char **grown = realloc(config->eal_args,
			       (config->eal_arg_count + 2) * sizeof(*grown));
	const char *dashes = name[1] ? "--" : "-";
	const char *equals = name[1] ? "=" : "";
	int made;

	if (!grown)
		return config_fail(reader, "out of memory");
	config->eal_args = grown;
	if (json_object_is_type(value, json_type_boolean))
		made = asprintf(&grown[config->eal_arg_count], "%s%s", dashes,
				name);
	else
		made = asprintf(&grown[config->eal_arg_count], "%s%s%s%s",
				dashes, name, equals,
				json_object_get_string(value));
	if (made < 0)
		return config_fail(reader, "out of memory");
	grown[++config->eal_arg_count] = NULL;
	return true;
}

static bool read_eal_arg(struct config_reader *reader, struct config *config,
			 const char *name, struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_boolean:
		return !json_object_get_boolean(value) ||
		       add_eal_arg(reader, config, name, value);
	case json_type_string:
		if (!config_text(value))
			return config_unwanted(reader, value,
					       "text without zero bytes");
		return add_eal_arg(reader, config, name, value);
	case json_type_int:
		return add_eal_arg(reader, config, name, value);
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(value); i++)
			if (!read_eal_arg(reader, config, name,
					  json_object_array_get_idx(value, i)))
				return false;
		return true;
	default:
		return config_unwanted(reader, value,
				       "a number, a string, true or false");
	}
}

static bool read_eal_args(struct config_reader *reader,
			  const struct config_key *key,
			  struct json_object *value, void *into)
{
	if (!json_object_is_type(value, json_type_object))
		return config_unwanted(reader, value, key->want);
	json_object_object_foreach(value, name, arg)
	{
		size_t mark = config_enter(reader, ".%s", name);

		if (!*name || *name == '-')
			return config_fail(reader, "want an EAL option without "
						   "its dashes");
		if (!read_eal_arg(reader, into, name, arg))
			return false;
		config_leave(reader, mark);
	}
	return true;
}

#define LIMIT(name) offsetof(struct limits_config, name)

static const struct config_key limit_keys[] = {
	{ "qp", config_read_u32, LIMIT(qp), 0, UINT32_MAX, NULL },
	{ "cqe", config_read_u32, LIMIT(cqe), 0, UINT32_MAX, NULL },
	{ "mr_bytes", config_read_u64, LIMIT(mr_bytes), 0, INT64_MAX, NULL },
	{ "fd", config_read_u32, LIMIT(fd), 0, UINT32_MAX, NULL },
	{ 0 },
};

static bool read_limits(struct config_reader *reader,
			const struct config_key *key, struct json_object *value,
			void *into)
{
	(void)key;
	return config_read_object(reader, limit_keys, value,
				  &((struct config *)into)->limits);
}

static bool read_workers(struct config_reader *reader,
			 const struct config_key *key,
			 struct json_object *value, void *into)
{
	(void)into;
	return (json_object_is_type(value, json_type_int) &&
		json_object_get_int64(value) == 1) ||
	       config_unwanted(reader, value, key->want);
}

/* How programs are asked to offer their memory. */
static const struct {
	const char *name;
	uint32_t flags;
} memory_ways[] = {
	{ "auto", URDMA_MEM_MAY_REMAP },
	{ "remap", URDMA_MEM_MAY_REMAP | URDMA_MEM_USER_FAULTS },
	{ "copy", 0 },
};

static bool read_memory(struct config_reader *reader,
			const struct config_key *key, struct json_object *value,
			void *into)
{
	struct config *config = into;

	for (size_t i = 0; i < sizeof(memory_ways) / sizeof(*memory_ways); i++)
		if (same(config_text(value), memory_ways[i].name)) {
			config->mem_flags = memory_ways[i].flags;
			return true;
		}
	return config_unwanted(reader, value, key->want);
}

static bool read_kernel(struct config_reader *reader,
			const struct config_key *key, struct json_object *value,
			void *into)
{
	struct config *config = into;

	if (!json_object_is_type(value, json_type_boolean))
		return config_unwanted(reader, value, key->want);
	config->kernel = json_object_get_boolean(value);
	return true;
}

#define FIELD(name) offsetof(struct config, name)

static const struct config_key top_keys[] = {
	{ "ports", read_ports, 0, 0, 0,
	  "an object, or an array of 1 to 64 objects" },
	{ "sock_name", read_sock_name, FIELD(sock_name), 2, SOCK_NAME_MAX,
	  "an absolute path of at most 107 bytes" },
	{ "socket", read_sock_name, FIELD(sock_name), 2, SOCK_NAME_MAX,
	  "an absolute path of at most 107 bytes" },
	{ "sock_mode", read_mode, 0, 0, 0, "an octal mode as \"0666\"" },
	{ "sock_group", config_read_string, FIELD(sock_group), 1, 64,
	  "the name of a group" },
	{ "eal_args", read_eal_args, 0, 0, 0, "an object" },
	{ "limits", read_limits, 0, 0, 0, NULL },
	{ "stats_timer_interval", config_read_u32,
	  FIELD(stats_timer_interval_ms), 0, 86400000, NULL },
	{ "workers", read_workers, 0, 0, 0,
	  "1: more than one does not work yet" },
	{ "kernel", read_kernel, 0, 0, 0, "true or false" },
	{ "memory", read_memory, 0, 0, 0, "\"auto\", \"remap\" or \"copy\"" },
	{ 0 },
};

/* The kernel's rdma_cm knows only addresses that the kernel has. */
static bool check_kernel(struct config_reader *reader,
			 const struct config *config)
{
	for (size_t i = 0; config->kernel && i < config->port_count; i++)
		if (config_is_kernels(&config->ports[i]))
			return true;
	return !config->kernel ||
	       config_fail(reader, "kernel: found true, and no port with "
				   "\"exception\": \"tap\" whose link is "
				   "Ethernet; want one, or false");
}

static bool check_complete(struct config_reader *reader, struct config *config)
{
	if (!config->port_count)
		return config_fail(reader, "ports: found none, want an object "
					   "or an array of objects");
	if (!check_kernel(reader, config))
		return false;
	if (!config->sock_name)
		config->sock_name = strdup("/run/urdma/urdma.sock");
	return config->sock_name || config_fail(reader, "out of memory");
}

/* Where the parser stopped, counted as editors do. */
static bool fail_syntax(struct config_reader *reader, const char *text,
			size_t at, const char *why)
{
	unsigned int line = 1, column = 1;

	for (size_t i = 0; i < at && text[i]; i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	return config_fail(reader, "line %u, column %u: %s", line, column, why);
}

static bool parse(struct config_reader *reader, struct config *config,
		  const char *text, size_t len)
{
	struct json_tokener *tokener;
	struct json_object *top;
	bool ok;

	if (strlen(text) != len)
		return fail_syntax(reader, text, strlen(text), "zero byte");
	tokener = json_tokener_new();
	if (!tokener)
		return config_fail(reader, "out of memory");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	/* With its zero, so that the end of a bare number is seen. */
	top = json_tokener_parse_ex(tokener, text, (int)len + 1);
	if (json_tokener_get_error(tokener) != json_tokener_success)
		ok = fail_syntax(reader, text,
				 json_tokener_get_parse_end(tokener),
				 json_tokener_error_desc(
					 json_tokener_get_error(tokener)));
	else
		ok = config_read_object(reader, top_keys, top, config) &&
		     check_complete(reader, config);
	json_object_put(top);
	json_tokener_free(tokener);
	return ok;
}

int config_parse(struct config *config, const char *file, const char *text,
		 size_t len, struct config_error *error)
{
	struct config_reader reader = { .file = file, .error = error };

	*config = defaults;
	if (parse(&reader, config, text, len))
		return 0;
	config_free(config);
	return -1;
}

/* With a zero behind its `len` bytes. */
static char *read_file(struct config_reader *reader, size_t *len)
{
	char *text = malloc(FILE_MAX + 1);
	int fd = open(reader->file, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	*len = 0;
	if (text && fd >= 0)
		while (*len < FILE_MAX &&
		       (got = read(fd, text + *len, FILE_MAX - *len)) > 0)
			*len += (size_t)got;
	if (got == 0) {
		text[*len] = '\0';
	} else {
		config_fail(reader, "%s",
			    got > 0 ? "longer than 1 MiB" : strerror(errno));
		free(text);
		text = NULL;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

int config_load(struct config *config, const char *file,
		struct config_error *error)
{
	struct config_reader reader = { .file = file, .error = error };
	size_t len;
	char *text = read_file(&reader, &len);
	int result = -1;

	memset(config, 0, sizeof(*config));
	if (text)
		result = config_parse(config, file, text, len, error);
	free(text);
	return result;
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < config->port_count; i++) {
		free(config->ports[i].name);
		free(config->ports[i].netdev);
		free(config->ports[i].pci_address);
		free(config->ports[i].device);
	}
	free(config->ports);
	for (size_t i = 0; i < config->eal_arg_count; i++)
		free(config->eal_args[i]);
	free(config->eal_args);
	free(config->sock_name);
	free(config->sock_group);
	memset(config, 0, sizeof(*config));
}

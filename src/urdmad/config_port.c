// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "urdmad/config_reader.h"

enum { DEFAULT_PREFIX = 24, DEFAULT_PREFIX6 = 64 };

/* "a.b.c.d" or "a.b.c.d/n" of a host. */
static bool parse_ipv4(const char *text, struct port_config *port)
{
	char host[INET_ADDRSTRLEN];
	size_t host_len = strcspn(text, "/");
	const char *prefix = text + host_len;
	char *end;
	unsigned long bits = DEFAULT_PREFIX;

	if (host_len >= sizeof(host))
		return false;
	memcpy(host, text, host_len);
	host[host_len] = '\0';
	if (inet_pton(AF_INET, host, port->ipv4) != 1)
		return false;
	if (*prefix) {
		if (!isdigit((unsigned char)prefix[1]))
			return false;
		bits = strtoul(prefix + 1, &end, 10);
		if (*end || bits < 1 || bits > 32)
			return false;
	}
	port->prefix_len = (uint8_t)bits;
	/* 0/8, 127/8 and 224/3 are no hosts (RFC 1122 section 3.2.1.3). */
	return port->ipv4[0] != 0 && port->ipv4[0] != 127 &&
	       port->ipv4[0] < 224;
}

static bool read_ipv4(struct config_reader *reader,
		      const struct config_key *key, struct json_object *value,
		      void *into)
{
	struct port_config *port = into;

	const char *text = config_text(value);

	port->has_ipv4 = text && parse_ipv4(text, port);
	return port->has_ipv4 || config_unwanted(reader, value, key->want);
}

/* "fd00::1" or "fd00::1/n" of a host. */
static bool parse_ipv6(const char *text, struct port_config *port)
{
	char host[INET6_ADDRSTRLEN];
	size_t host_len = strcspn(text, "/");
	const char *prefix = text + host_len;
	unsigned long bits = DEFAULT_PREFIX6;
	char *end;

	if (host_len >= sizeof(host))
		return false;
	memcpy(host, text, host_len);
	host[host_len] = '\0';
	if (inet_pton(AF_INET6, host, port->ipv6) != 1)
		return false;
	if (*prefix) {
		if (!isdigit((unsigned char)prefix[1]))
			return false;
		bits = strtoul(prefix + 1, &end, 10);
		if (*end || bits < 1 || bits > 128)
			return false;
	}
	port->ipv6_prefix_len = (uint8_t)bits;
	/* ::/8 has what is special (RFC 4291 section 2.4), and IPv4's; the
	 * link-local address is there without being asked for */
	return port->ipv6[0] != 0 && port->ipv6[0] != 0xff &&
	       !(port->ipv6[0] == 0xfe && (port->ipv6[1] & 0xc0) == 0x80);
}

static bool read_ipv6(struct config_reader *reader,
		      const struct config_key *key, struct json_object *value,
		      void *into)
{
	struct port_config *port = into;

	const char *text = config_text(value);

	port->has_ipv6 = text && parse_ipv6(text, port);
	return port->has_ipv6 || config_unwanted(reader, value, key->want);
}

/* "02:00:00:00:00:01" of a host. */
static bool parse_mac(const char *text, uint8_t mac[static 6])
{
	static const uint8_t none[6];

	if (strlen(text) != strlen("02:00:00:00:00:01"))
		return false;
	for (int i = 0; i < 6; i++, text += 3) {
		if (!isxdigit((unsigned char)text[0]) ||
		    !isxdigit((unsigned char)text[1]) ||
		    text[2] != (i < 5 ? ':' : '\0'))
			return false;
		mac[i] = (uint8_t)strtoul(text, NULL, 16);
	}
	return !(mac[0] & 1) && memcmp(mac, none, sizeof(none)) != 0;
}

static bool read_mac(struct config_reader *reader, const struct config_key *key,
		     struct json_object *value, void *into)
{
	struct port_config *port = into;
	const char *text = config_text(value);

	port->has_mac = text && parse_mac(text, port->mac);
	return port->has_mac || config_unwanted(reader, value, key->want);
}

/* A device name becomes a directory's. */
static bool read_name(struct config_reader *reader,
		      const struct config_key *key, struct json_object *value,
		      void *into)
{
	struct port_config *port = into;

	if (!config_read_string(reader, key, value, into))
		return false;
	for (const char *c = port->name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-')
			return config_unwanted(reader, value, key->want);
	return true;
}

/* Which of the two words it is; -1: neither. */
static int word(struct json_object *value, const char *first,
		const char *second)
{
	const char *text = config_text(value);

	if (!text)
		return -1;
	if (strcmp(text, first) == 0)
		return 0;
	return strcmp(text, second) == 0 ? 1 : -1;
}

static bool read_transport(struct config_reader *reader,
			   const struct config_key *key,
			   struct json_object *value, void *into)
{
	struct port_config *port = into;
	int which = word(value, "iwarp", "roce");

	port->roce = which == 1;
	return which >= 0 || config_unwanted(reader, value, key->want);
}

static bool read_congestion_control(struct config_reader *reader,
				    const struct config_key *key,
				    struct json_object *value, void *into)
{
	struct port_config *port = into;
	int which = word(value, "cubic", "rate");

	port->congestion_control = which == 1 ? "rate" : "cubic";
	return which >= 0 || config_unwanted(reader, value, key->want);
}

static bool read_bool(struct config_reader *reader,
		      const struct config_key *key, struct json_object *value,
		      void *into)
{
	if (!json_object_is_type(value, json_type_boolean))
		return config_unwanted(reader, value, key->want);
	*(bool *)((char *)into + key->offset) = json_object_get_boolean(value);
	return true;
}

static bool read_link_layer(struct config_reader *reader,
			    const struct config_key *key,
			    struct json_object *value, void *into)
{
	struct port_config *port = into;
	int which = word(value, "ethernet", "infiniband");

	port->infiniband = which == 1;
	return which >= 0 || config_unwanted(reader, value, key->want);
}

static bool read_exception(struct config_reader *reader,
			   const struct config_key *key,
			   struct json_object *value, void *into)
{
	struct port_config *port = into;

	const char *text = config_text(value);

	port->exception = text && strcmp(text, "tap") == 0;
	if (port->exception || (json_object_is_type(value, json_type_boolean) &&
				!json_object_get_boolean(value)))
		return true;
	return config_unwanted(reader, value, key->want);
}

#define FIELD(name) offsetof(struct port_config, name)
#define NUMBER(key, lowest, highest)                                           \
	{                                                                      \
		.name = #key, .read = config_read_u32, .offset = FIELD(key),   \
		.min = lowest, .max = highest                                  \
	}

const struct config_key config_port_keys[] = {
	{ "name", read_name, FIELD(name), 1, CONFIG_NAME_MAX,
	  "a device name of letters, digits, '_' and '-', at most 63" },
	{ "netdev", config_read_string, FIELD(netdev), 1, 15,
	  "the name of a network interface" },
	{ "pci_address", config_read_string, FIELD(pci_address), 1, 32,
	  "a PCI address as \"0000:03:00.0\"" },
	{ "device", config_read_string, FIELD(device), 1, 1000,
	  "a DPDK device as \"net_vhost0,iface=/run/x\"" },
	{ "ipv4_address", read_ipv4, 0, 0, 0,
	  "a host's IPv4 address as \"10.2.0.100/24\"" },
	{ "mac", read_mac, 0, 0, 0,
	  "a unicast MAC address as \"02:00:00:00:00:01\"" },
	{ "transport", read_transport, 0, 0, 0, "\"iwarp\" or \"roce\"" },
	{ "ipv6_address", read_ipv6, 0, 0, 0,
	  "a host's IPv6 address as \"fd00::1/64\", not a link-local one" },
	{ "exception", read_exception, 0, 0, 0,
	  "\"tap\", or false (virtio_user is not there yet)" },
	{ "link_layer", read_link_layer, 0, 0, 0,
	  "\"ethernet\" or \"infiniband\"" },
	{ "congestion_control", read_congestion_control, 0, 0, 0,
	  "\"cubic\" or \"rate\"" },
	{ "mpa_crc", read_bool, FIELD(mpa_crc), 0, 0, "true or false" },
	{ "dcqcn", read_bool, FIELD(dcqcn), 0, 0, "true or false" },
	NUMBER(mtu, 576, CONFIG_MTU_MAX),
	NUMBER(recv_wait_ms, 0, 60000),
	NUMBER(mpa_qpn_port, 0, 65535),
	NUMBER(max_qp, 1, 65536),
	NUMBER(rx_desc_count, 64, 32768),
	NUMBER(tx_desc_count, 64, 32768),
	NUMBER(rx_burst_size, 1, 64),
	NUMBER(tx_burst_size, 1, 64),
	{ 0 },
};

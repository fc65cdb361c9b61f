// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Bytes as urdma.json: what is refused is told in one line and leaves nothing
 * behind; what is taken is within the limits that urdma.json(5) names, and
 * means the same when it is written down again.
 */
#include "urdmad/config.h"

#include <arpa/inet.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "urdmad/port_plan.h"

#define FILE_NAME "FILE"

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool within(uint32_t n, uint32_t lowest, uint32_t highest)
{
	return n >= lowest && n <= highest;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* ---- what was refused */

static void check_refusal(const struct config *config,
			  const struct config_error *error)
{
	static const struct config empty;
	static const char start[] = FILE_NAME ": ";
	size_t len = strnlen(error->text, sizeof(error->text));

	must(len < sizeof(error->text) && len > strlen(start));
	must(memcmp(error->text, start, strlen(start)) == 0);
	for (size_t i = 0; i < len; i++)
		must((unsigned char)error->text[i] >= ' ');
	must(memcmp(config, &empty, sizeof(empty)) == 0);
}

/* ---- what was taken */

static void check_plan(const struct port_config *port)
{
	struct port_plan plan;

	must(within(port->rx_desc_count, 64, 32768) &&
	     within(port->tx_desc_count, 64, 32768) &&
	     within(port->rx_burst_size, 1, 64) &&
	     within(port->tx_burst_size, 1, 64));
	must(!port->mtu || within(port->mtu, 576, CONFIG_MTU_MAX));
	port_plan(&plan, port, port->mtu ? port->mtu : 1500);
	must(plan.data_room > plan.mtu && plan.buf_count &&
	     plan.data_room <= UINT16_MAX);
}

static void check_port(const struct port_config *port, size_t index)
{
	must(port->index == index && port->has_ipv4);
	must(port->name && strlen(port->name) <= CONFIG_NAME_MAX &&
	     !strchr(port->name, '/') && !strchr(port->name, '.'));
	must(!!port->netdev + !!port->pci_address + !!port->device <= 1);
	must(within(port->prefix_len, 1, 32) && port->ipv4[0] % 127 != 0 &&
	     port->ipv4[0] < 224);
	must(!port->has_ipv6 || (within(port->ipv6_prefix_len, 1, 128) &&
				 port->ipv6[0] % 255 != 0));
	must(!port->has_mac || !(port->mac[0] & 1));
	must(!port->infiniband || (port->roce && port->prefix_len >= 16));
	must(same(port->congestion_control, "cubic") ||
	     same(port->congestion_control, "rate"));
	must(port->recv_wait_ms <= 60000 && port->mpa_qpn_port <= 65535 &&
	     within(port->max_qp, 1, 65536));
	check_plan(port);
}

static void check_config(const struct config *config)
{
	must(config->port_count >= 1 && config->port_count <= CONFIG_MAX_PORTS);
	for (size_t i = 0; i < config->port_count; i++) {
		check_port(&config->ports[i], i);
		for (size_t j = 0; j < i; j++)
			must(!same(config->ports[i].name,
				   config->ports[j].name));
	}
	must(config->sock_name && config->sock_name[0] == '/' &&
	     strlen(config->sock_name) < 108);
	must(config->sock_mode <= 0777);
	must(!config->eal_arg_count == !config->eal_args);
	for (size_t i = 0; i < config->eal_arg_count; i++)
		must(config->eal_args[i][0] == '-' && config->eal_args[i][1]);
	must(!config->eal_args || !config->eal_args[config->eal_arg_count]);
	must(config->limits.mr_bytes <= INT64_MAX);
}

/* ---- written down again */

static void add_string(struct json_object *to, const char *key,
		       const char *value)
{
	if (value)
		json_object_object_add(to, key, json_object_new_string(value));
}

static void add_number(struct json_object *to, const char *key, uint64_t value)
{
	json_object_object_add(to, key, json_object_new_int64((int64_t)value));
}

static void add_bool(struct json_object *to, const char *key, bool value)
{
	json_object_object_add(to, key, json_object_new_boolean(value));
}

static void add_address(struct json_object *to, const char *key, int family,
			const uint8_t *address, unsigned int prefix_len)
{
	char host[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 8];

	must(inet_ntop(family, address, host, sizeof(host)));
	snprintf(text, sizeof(text), "%s/%u", host, prefix_len);
	add_string(to, key, text);
}

static void add_mac(struct json_object *to, const uint8_t *mac)
{
	char text[32];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
		 mac[1], mac[2], mac[3], mac[4], mac[5]);
	add_string(to, "mac", text);
}

static void add_port_numbers(struct json_object *to,
			     const struct port_config *port)
{
	if (port->mtu)
		add_number(to, "mtu", port->mtu);
	add_number(to, "recv_wait_ms", port->recv_wait_ms);
	add_number(to, "mpa_qpn_port", port->mpa_qpn_port);
	add_number(to, "max_qp", port->max_qp);
	add_number(to, "rx_desc_count", port->rx_desc_count);
	add_number(to, "tx_desc_count", port->tx_desc_count);
	add_number(to, "rx_burst_size", port->rx_burst_size);
	add_number(to, "tx_burst_size", port->tx_burst_size);
}

static struct json_object *write_port(const struct port_config *port)
{
	struct json_object *to = json_object_new_object();

	add_string(to, "name", port->name);
	add_string(to, "netdev", port->netdev);
	add_string(to, "pci_address", port->pci_address);
	add_string(to, "device", port->device);
	add_string(to, "transport", port->roce ? "roce" : "iwarp");
	add_string(to, "congestion_control", port->congestion_control);
	add_bool(to, "dcqcn", port->dcqcn);
	add_string(to, "link_layer",
		   port->infiniband ? "infiniband" : "ethernet");
	add_address(to, "ipv4_address", AF_INET, port->ipv4, port->prefix_len);
	if (port->has_ipv6)
		add_address(to, "ipv6_address", AF_INET6, port->ipv6,
			    port->ipv6_prefix_len);
	if (port->has_mac)
		add_mac(to, port->mac);
	if (port->exception)
		add_string(to, "exception", "tap");
	add_port_numbers(to, port);
	return to;
}

static struct json_object *write_limits(const struct limits_config *limits)
{
	struct json_object *to = json_object_new_object();

	add_number(to, "qp", limits->qp);
	add_number(to, "cqe", limits->cqe);
	add_number(to, "mr_bytes", limits->mr_bytes);
	add_number(to, "fd", limits->fd);
	return to;
}

/* All but eal_args, whose keys are lost in what they become, and memory. */
static struct json_object *write_config(const struct config *config)
{
	struct json_object *to = json_object_new_object();
	struct json_object *ports = json_object_new_array();
	char mode[16];

	for (size_t i = 0; i < config->port_count; i++)
		json_object_array_add(ports, write_port(&config->ports[i]));
	json_object_object_add(to, "ports", ports);
	add_string(to, "sock_name", config->sock_name);
	snprintf(mode, sizeof(mode), "%04o", (unsigned int)config->sock_mode);
	add_string(to, "sock_mode", mode);
	add_string(to, "sock_group", config->sock_group);
	json_object_object_add(to, "limits", write_limits(&config->limits));
	add_number(to, "stats_timer_interval", config->stats_timer_interval_ms);
	add_bool(to, "kernel", config->kernel);
	return to;
}

/* ---- */

static const char *as_text(struct json_object *object, size_t *len)
{
	return json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN,
						 len);
}

static void check_again(const struct config *config)
{
	struct json_object *first = write_config(config), *second;
	struct config_error error;
	struct config again;
	size_t len;
	const char *text = as_text(first, &len);

	if (config_parse(&again, FILE_NAME, text, len, &error) < 0) {
		fprintf(stderr, "%s\n%s\n", text, error.text);
		abort();
	}
	second = write_config(&again);
	must(same(text, as_text(second, &len)));
	config_free(&again);
	json_object_put(second);
	json_object_put(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_error error = { "" };
	struct config config;
	char *text = malloc(size + 1); /* its end is guarded */

	must(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (config_parse(&config, FILE_NAME, text, size, &error) < 0) {
		check_refusal(&config, &error);
	} else {
		check_config(&config);
		check_again(&config);
		config_free(&config);
	}
	free(text);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config_text.h"

static void the_originals_minimal_file_is_honoured(void **state)
{
	(void)state;
	accepts("{ \"ports\": { \"ipv4_address\": \"10.2.0.100\" },\n"
		"  \"sock_name\": \"/run/urdma.sock\",\n"
		"  \"eal_args\": { \"log-level\": 7 } }\n");
	assert_int_equal(config.port_count, 1);
	assert_string_equal(config.ports[0].name, "urdma0");
	assert_memory_equal(config.ports[0].ipv4, "\x0a\x02\x00\x64", 4);
	assert_int_equal(config.ports[0].prefix_len, 24);
	assert_null(config.ports[0].netdev);
	assert_null(config.ports[0].pci_address);
	assert_null(config.ports[0].device);
	assert_string_equal(config.sock_name, "/run/urdma.sock");
	assert_int_equal(config.eal_arg_count, 1);
	assert_string_equal(config.eal_args[0], "--log-level=7");
	assert_null(config.eal_args[1]);
	config_free(&config);
}

static void what_is_not_said_has_its_default(void **state)
{
	(void)state;
	accepts("{ \"ports\": { \"ipv4_address\": \"10.2.0.100\" } }");
	assert_string_equal(config.sock_name, "/run/urdma/urdma.sock");
	assert_int_equal(config.sock_mode, 0666);
	assert_null(config.sock_group);
	assert_int_equal(config.ports[0].recv_wait_ms, 1000);
	assert_string_equal(config.ports[0].congestion_control, "cubic");
	assert_true(config.ports[0].mpa_crc);
	assert_false(config.ports[0].dcqcn);
	assert_int_equal(config.ports[0].mpa_qpn_port, 4791);
	assert_int_equal(config.ports[0].mtu, 0);
	assert_false(config.ports[0].has_mac);
	config_free(&config);
}

static void every_key_of_a_port_is_taken(void **state)
{
	const struct port_config *port;

	(void)state;
	accepts("{ \"ports\": [ { \"netdev\": \"eth1\", \"name\": \"rdma-7\","
		"\"ipv4_address\": \"10.2.0.100/16\", \"mtu\": 9000,"
		"\"mac\": \"02:00:00:00:0a:0B\", \"transport\": \"iwarp\","
		"\"exception\": \"tap\", \"recv_wait_ms\": 0, \"max_qp\": 5,"
		"\"mpa_qpn_port\": 0, \"congestion_control\": \"rate\","
		"\"mpa_crc\": false, \"dcqcn\": true,"
		"\"rx_desc_count\": 256, \"tx_desc_count\": 128,"
		"\"rx_burst_size\": 16, \"tx_burst_size\": 8 } ] }");
	port = &config.ports[0];
	assert_string_equal(port->netdev, "eth1");
	assert_string_equal(port->name, "rdma-7");
	assert_int_equal(port->prefix_len, 16);
	assert_int_equal(port->mtu, 9000);
	assert_true(port->has_mac);
	assert_memory_equal(port->mac, "\x02\0\0\0\x0a\x0b", 6);
	assert_true(port->exception);
	assert_int_equal(port->recv_wait_ms, 0);
	assert_int_equal(port->mpa_qpn_port, 0);
	assert_string_equal(port->congestion_control, "rate");
	assert_false(port->mpa_crc);
	assert_true(port->dcqcn);
	assert_int_equal(port->max_qp, 5);
	assert_int_equal(port->rx_desc_count, 256);
	assert_int_equal(port->tx_desc_count, 128);
	assert_int_equal(port->rx_burst_size, 16);
	assert_int_equal(port->tx_burst_size, 8);
	config_free(&config);
}

static void every_key_of_the_file_is_taken(void **state)
{
	(void)state;
	accepts("{ \"ports\": [ { \"netdev\": \"a\","
		"\"ipv4_address\": \"10.2.0.1\" }, { \"device\": \"net_null0\","
		"\"ipv4_address\": \"10.2.0.2\" } ], \"socket\": \"/s\","
		"\"sock_mode\": \"0660\", \"sock_group\": \"rdma\","
		"\"stats_timer_interval\": 1000, \"workers\": 1,"
		"\"memory\": \"copy\", \"kernel\": false, \"limits\": { "
		"\"qp\": 1, \"cqe\": 2,"
		"\"mr_bytes\": 8589934592, \"fd\": 4 } }");
	assert_int_equal(config.port_count, 2);
	assert_string_equal(config.ports[1].name, "urdma1");
	assert_string_equal(config.ports[1].device, "net_null0");
	assert_string_equal(config.sock_name, "/s");
	assert_int_equal(config.sock_mode, 0660);
	assert_string_equal(config.sock_group, "rdma");
	assert_int_equal(config.stats_timer_interval_ms, 1000);
	assert_int_equal(config.limits.qp, 1);
	assert_int_equal(config.limits.cqe, 2);
	assert_true(config.limits.mr_bytes == UINT64_C(8589934592));
	assert_int_equal(config.limits.fd, 4);
	assert_int_equal(config.mem_flags, 0);
	config_free(&config);
}

static void eal_args_become_options(void **state)
{
	static const char *const wanted[] = { "--no-pci", "-n4",
					      "--vdev=net_null0",
					      "--vdev=net_null1" };

	(void)state;
	accepts("{ \"ports\": { \"ipv4_address\": \"10.2.0.100\" },"
		"\"eal_args\": { \"no-pci\": true, \"no-huge\": false,"
		"\"n\": 4, \"vdev\": [ \"net_null0\", \"net_null1\" ] } }");
	assert_int_equal(config.eal_arg_count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(config.eal_args[i], wanted[i]);
	config_free(&config);
}

#define PORT(more) "\"ports\": { \"ipv4_address\": \"10.2.0.1\", " more " }"

static void the_kernel_wants_a_port_that_it_shares(void **state)
{
	static const char wants[] =
		"kernel: found true, and no port with \"exception\": \"tap\" "
		"whose link is Ethernet; want one, or false";

	(void)state;
	accepts("{ \"kernel\": true, " PORT("\"exception\": \"tap\"") " }");
	config_free(&config);
	accepts("{ \"kernel\": true, " PORT(
		"\"transport\": \"roce\", \"exception\": \"tap\"") " }");
	config_free(&config);
	refuses("{ \"kernel\": true, " PORT("\"exception\": false") " }",
		wants);
	refuses("{ \"kernel\": true, " PORT(
			"\"transport\": \"roce\", \"exception\": \"tap\","
			"\"link_layer\": \"infiniband\"") " }",
		wants);
}

static void an_unknown_key_is_named(void **state)
{
	(void)state;
	port_refuses("\"mtuu\": 9000",
		     "ports[0].mtuu: unknown key, see urdma.json(5)");
	top_refuses("\"prots\": 1", "prots: unknown key, see urdma.json(5)");
	top_refuses("\"limits\": { \"qps\": 1 }",
		    "limits.qps: unknown key, see urdma.json(5)");
}

static void a_wrong_type_says_what_was_found_and_wanted(void **state)
{
	(void)state;
	port_refuses("\"mtu\": \"big\"",
		     "ports[0].mtu: found \"big\", want a number from 576 to "
		     "64000");
	port_refuses("\"mtu\": null",
		     "ports[0].mtu: found null, want a number from 576 to "
		     "64000");
	port_refuses("\"netdev\": 7",
		     "ports[0].netdev: found 7, want the name of a network "
		     "interface");
	top_refuses("\"eal_args\": []", "eal_args: found [], want an object");
	top_refuses("\"eal_args\": { \"x\": {} }",
		    "eal_args.x: found {}, want a number, a string, true or "
		    "false");
	top_refuses("\"limits\": 3", "limits: found 3, want an object");
	refuses("[]", "found [], want an object");
	refuses("{ \"ports\": 3 }",
		"ports: found 3, want an object, or an array of 1 to 64 "
		"objects");
	refuses("{ \"ports\": [] }",
		"ports: found [], want an object, or an array of 1 to 64 "
		"objects");
	refuses("{ \"ports\": [ 3 ] }", "ports[0]: found 3, want an object");
}

static void a_number_out_of_its_range_is_refused(void **state)
{
	(void)state;
	port_refuses("\"mtu\": 575",
		     "ports[0].mtu: found 575, want a number from 576 to "
		     "64000");
	port_refuses("\"max_qp\": 0",
		     "ports[0].max_qp: found 0, want a number from 1 to "
		     "65536");
	port_refuses("\"rx_burst_size\": 65",
		     "ports[0].rx_burst_size: found 65, want a number from 1 "
		     "to 64");
	port_refuses("\"mtu\": 9000.5",
		     "ports[0].mtu: found 9000.5, want a number from 576 to "
		     "64000");
	top_refuses("\"limits\": { \"qp\": -1 }",
		    "limits.qp: found -1, want a number from 0 to 4294967295");
}

/* json-c tells what has more than 64 bits as the largest that has not. */
static void a_number_too_large_for_any_key_is_refused(void **state)
{
	static const char *const bad[] = { "9223372036854775808",
					   "18446744073709551615" };
	char member[100], message[100];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(member, sizeof(member),
			 "\"limits\": { \"mr_bytes\": %s }", bad[i]);
		snprintf(message, sizeof(message),
			 "limits.mr_bytes: found %s, want a number from 0 to "
			 "9223372036854775807",
			 bad[i]);
		top_refuses(member, message);
	}
}

static void what_two_ports_share_is_refused(void **state)
{
	(void)state;
	refuses("{ \"ports\": [ { \"netdev\": \"a\","
		"\"ipv4_address\": \"10.0.0.1\" }, { \"netdev\": \"b\","
		"\"ipv4_address\": \"10.0.0.1/8\" } ] }",
		"ports[1].ipv4_address: found what ports[0].ipv4_address has, "
		"want another");
	refuses("{ \"ports\": [ { \"netdev\": \"a\","
		"\"ipv4_address\": \"10.0.0.1\" }, { \"netdev\": \"a\","
		"\"ipv4_address\": \"10.0.0.2\" } ] }",
		"ports[1].netdev: found what ports[0].netdev has, want "
		"another");
	refuses("{ \"ports\": [ { \"netdev\": \"a\", \"name\": \"urdma1\","
		"\"ipv4_address\": \"10.0.0.1\" }, { \"netdev\": \"b\","
		"\"ipv4_address\": \"10.0.0.2\" } ] }",
		"ports[1].name: found what ports[0].name has, want another");
}

static void two_kinds_of_port_at_once_are_refused(void **state)
{
	(void)state;
	port_refuses("\"netdev\": \"a\", \"device\": \"net_null0\"",
		     "ports[0]: found more than one, want one of netdev, "
		     "pci_address and device");
}

static void a_device_name_must_be_a_file_name(void **state)
{
	(void)state;
	port_refuses("\"name\": \"../x\"",
		     "ports[0].name: found \"../x\", want a device name of "
		     "letters, digits, '_' and '-', at most 63");
	port_refuses("\"name\": \"\"",
		     "ports[0].name: found \"\", want a device name of "
		     "letters, digits, '_' and '-', at most 63");
}

static void a_socket_has_one_absolute_name(void **state)
{
	(void)state;
	top_refuses("\"sock_name\": \"run/x\"",
		    "sock_name: found \"run/x\", want an absolute path of at "
		    "most 107 bytes");
	top_refuses("\"sock_name\": \"/a\", \"socket\": \"/b\"",
		    "socket: given twice");
	top_refuses("\"sock_mode\": \"0668\"",
		    "sock_mode: found \"0668\", want an octal mode as "
		    "\"0666\"");
	top_refuses("\"sock_mode\": 438",
		    "sock_mode: found 438, want an octal mode as \"0666\"");
	top_refuses("\"sock_mode\": \" 0666\"",
		    "sock_mode: found \" 0666\", want an octal mode as "
		    "\"0666\"");
}

static void a_long_value_is_cut_in_the_message(void **state)
{
	(void)state;
	port_refuses("\"netdev\": \"an-interface-with-a-very-very-very-very-"
		     "very-very-very-long-name\"",
		     "ports[0].netdev: found \"an-interface-with-a-very-very-"
		     "very-very-very-very-very-long..., want the name of a "
		     "network interface");
}

static void a_syntax_error_has_its_place(void **state)
{
	(void)state;
	refuses("{ \"ports\":\n  x }",
		"line 2, column 3: unexpected character");
	refuses("{ \"ports\": ", "line 1, column 12: unexpected end of data");
	refuses("", "line 1, column 1: unexpected end of data");
	refuses("{} x", "line 1, column 4: unexpected character");
}

/* What is behind a zero byte would otherwise be taken for read. */
static void nothing_hides_behind_a_zero_byte(void **state)
{
	static const char text[] = "{}\n{}\0 \"kernel\": true";

	(void)state;
	assert_int_equal(
		config_parse(&config, "FILE", text, sizeof(text) - 1, &error),
		-1);
	assert_string_equal(error.text, "FILE: line 2, column 3: zero byte");
	port_refuses("\"transport\": \"roce\\u0000\"",
		     "ports[0].transport: found \"roce\\u0000\", want "
		     "\"iwarp\" or \"roce\"");
	port_refuses("\"netdev\": \"eth1\\u00002\"",
		     "ports[0].netdev: found \"eth1\\u00002\", want the name "
		     "of a network interface");
	port_refuses("\"mac\": \"02:00:00:00:00:01\\u0000\"",
		     "ports[0].mac: found \"02:00:00:00:00:01\\u0000\", want "
		     "a unicast MAC address as \"02:00:00:00:00:01\"");
	top_refuses("\"sock_mode\": \"0666\\u0000\"",
		    "sock_mode: found \"0666\\u0000\", want an octal mode as "
		    "\"0666\"");
	top_refuses("\"memory\": \"copy\\u0000\"",
		    "memory: found \"copy\\u0000\", want \"auto\", "
		    "\"remap\" or \"copy\"");
	top_refuses("\"eal_args\": { \"vdev\": \"a\\u0000b\" }",
		    "eal_args.vdev: found \"a\\u0000b\", want text without "
		    "zero bytes");
}

static void a_message_is_one_line(void **state)
{
	(void)state;
	top_refuses("\"a\\nb\\u001b[1m\": 1",
		    "a?b?[1m: unknown key, see urdma.json(5)");
}

static void a_file_without_ports_is_refused(void **state)
{
	(void)state;
	refuses("{}", "ports: found none, want an object or an array of "
		      "objects");
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	assert_int_equal(config_load(&config, "/no/such/file", &error), -1);
	assert_string_equal(error.text,
			    "/no/such/file: No such file or directory");
	assert_int_equal(config_load(&config, "/", &error), -1);
	assert_string_equal(error.text, "/: Is a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_originals_minimal_file_is_honoured),
		cmocka_unit_test(what_is_not_said_has_its_default),
		cmocka_unit_test(every_key_of_a_port_is_taken),
		cmocka_unit_test(every_key_of_the_file_is_taken),
		cmocka_unit_test(eal_args_become_options),
		cmocka_unit_test(the_kernel_wants_a_port_that_it_shares),
		cmocka_unit_test(an_unknown_key_is_named),
		cmocka_unit_test(a_wrong_type_says_what_was_found_and_wanted),
		cmocka_unit_test(a_number_out_of_its_range_is_refused),
		cmocka_unit_test(a_number_too_large_for_any_key_is_refused),
		cmocka_unit_test(what_two_ports_share_is_refused),
		cmocka_unit_test(two_kinds_of_port_at_once_are_refused),
		cmocka_unit_test(a_device_name_must_be_a_file_name),
		cmocka_unit_test(a_socket_has_one_absolute_name),
		cmocka_unit_test(a_long_value_is_cut_in_the_message),
		cmocka_unit_test(a_syntax_error_has_its_place),
		cmocka_unit_test(nothing_hides_behind_a_zero_byte),
		cmocka_unit_test(a_message_is_one_line),
		cmocka_unit_test(a_file_without_ports_is_refused),
		cmocka_unit_test(a_file_that_cannot_be_read_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

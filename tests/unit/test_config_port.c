// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A port: addresses, transport, link, exception path. */
#include "config_text.h"

static void a_port_without_an_address_is_refused(void **state)
{
	(void)state;
	refuses("{ \"ports\": { \"netdev\": \"eth1\" } }",
		"ports[0]: found no ipv4_address, want one as "
		"\"ipv4_address\": \"10.2.0.100/24\"");
}

static void an_address_that_no_host_has_is_refused(void **state)
{
	static const char *const bad[] = {
		"\"\"",
		"\"10.2.0\"",
		"\"10.2.0.1/\"",
		"\"10.2.0.1/0\"",
		"\"10.2.0.1/33\"",
		"\"10.2.0.1/+8\"",
		"\"10.2.0.1/8x\"",
		"\"127.0.0.1\"",
		"\"0.0.0.0\"",
		"\"224.0.0.1\"",
		"\"255.255.255.255\"",
		"\"::1\"",
		"7",
		"\"1.2.3.4.5.6.7.8.9.10\"",
	};
	char text[200], message[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text),
			 "{ \"ports\": { \"ipv4_address\": %s } }", bad[i]);
		snprintf(message, sizeof(message),
			 "ports[0].ipv4_address: found %s, want a host's IPv4 "
			 "address as \"10.2.0.100/24\"",
			 bad[i]);
		refuses(text, message);
	}
}

static void a_mac_that_no_port_has_is_refused(void **state)
{
	static const char *const bad[] = {
		"\"02:00:00:00:00\"",	   "\"02:00:00:00:00:01:02\"",
		"\"03:00:00:00:00:01\"",   "\"00:00:00:00:00:00\"",
		"\"2:0:0:0:0:1\"",	   "\"02:00:00:00:00:xx\"",
		"\"02:00:00:00:00:0001\"", "2",
		"\"02:+1:00:00:00:01\"",   "\"02:00: 1:00:00:01\"",
		"\"02:0x:00:00:00:01\"",   "\"02-00-00-00-00-01\"",
	};
	char text[100], message[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "\"mac\": %s", bad[i]);
		snprintf(message, sizeof(message),
			 "ports[0].mac: found %s, want a unicast MAC address "
			 "as \"02:00:00:00:00:01\"",
			 bad[i]);
		port_refuses(text, message);
	}
}

static void a_transport_is_iwarp_or_roce(void **state)
{
	(void)state;
	accepts("{ \"ports\": [ { \"netdev\": \"a\","
		"\"ipv4_address\": \"10.2.0.1\" }, { \"netdev\": \"b\","
		"\"ipv4_address\": \"10.2.0.2\", \"transport\": \"roce\" },"
		"{ \"netdev\": \"c\", \"ipv4_address\": \"10.2.0.3\","
		"\"transport\": \"iwarp\" } ] }");
	assert_false(config.ports[0].roce);
	assert_true(config.ports[1].roce);
	assert_false(config.ports[2].roce);
	config_free(&config);
	port_refuses("\"transport\": \"ib\"",
		     "ports[0].transport: found \"ib\", want \"iwarp\" or "
		     "\"roce\"");
	port_refuses("\"transport\": 2",
		     "ports[0].transport: found 2, want \"iwarp\" or "
		     "\"roce\"");
}

static void a_port_may_have_an_ip6_address(void **state)
{
	static const char *const bad[] = { "\"fd00::1/0\"",  "\"fd00::1/129\"",
					   "\"fe80::1/64\"", "\"ff02::1\"",
					   "\"::1\"",	     "\"10.0.0.1\"",
					   "\"fd00::g\"",    "6" };
	char text[100], message[200];

	(void)state;
	accepts("{ \"ports\": { \"netdev\": \"a\","
		"\"ipv4_address\": \"10.2.0.1\","
		"\"ipv6_address\": \"fd00::1:2/48\" } }");
	assert_true(config.ports[0].has_ipv6);
	assert_memory_equal(config.ports[0].ipv6,
			    "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x02", 16);
	assert_int_equal(config.ports[0].ipv6_prefix_len, 48);
	config_free(&config);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "\"ipv6_address\": %s", bad[i]);
		snprintf(message, sizeof(message),
			 "ports[0].ipv6_address: found %s, want a host's IPv6 "
			 "address as \"fd00::1/64\", not a link-local one",
			 bad[i]);
		port_refuses(text, message);
	}
}

static void port_of_link(const char *rest, char text[static 300])
{
	snprintf(text, 300,
		 "{ \"ports\": { \"link_layer\": \"infiniband\", %s } }", rest);
}

static void
an_infiniband_link_needs_roce_and_an_address_with_a_lid(void **state)
{
	static const char *const no_lid[] = { "10.2.0.0", "10.2.192.0",
					      "10.2.255.254" };
	char text[300], member[200], message[300];

	(void)state;
	port_of_link("\"transport\": \"roce\","
		     "\"ipv4_address\": \"10.2.191.255/16\"",
		     text);
	accepts(text);
	assert_true(config.ports[0].infiniband);
	config_free(&config);
	accepts("{ \"ports\": { \"link_layer\": \"ethernet\","
		"\"ipv4_address\": \"10.2.0.0/8\" } }");
	assert_false(config.ports[0].infiniband);
	config_free(&config);
	port_refuses("\"link_layer\": \"ib\"",
		     "ports[0].link_layer: found \"ib\", want \"ethernet\" or "
		     "\"infiniband\"");
	port_refuses("\"link_layer\": \"infiniband\"",
		     "ports[0]: found \"link_layer\": \"infiniband\" and "
		     "\"transport\": \"iwarp\", want \"transport\": \"roce\" "
		     "with it");
	port_of_link("\"transport\": \"roce\","
		     "\"ipv4_address\": \"10.2.0.1/15\"",
		     text);
	refuses(text, "ports[0]: found ipv4_address with a prefix of 15 bits, "
		      "want 16 or more with \"link_layer\": \"infiniband\": "
		      "hosts are told apart by the last 16 bits of their "
		      "addresses");
	for (size_t i = 0; i < sizeof(no_lid) / sizeof(*no_lid); i++) {
		snprintf(member, sizeof(member),
			 "\"transport\": \"roce\", \"ipv4_address\": \"%s\"",
			 no_lid[i]);
		port_of_link(member, text);
		snprintf(message, sizeof(message),
			 "ports[0]: found ipv4_address ...%s, want one from "
			 "...0.1 to ...191.255 with \"link_layer\": "
			 "\"infiniband\": its last 16 bits are the LID",
			 no_lid[i] + strlen("10.2."));
		refuses(text, message);
	}
}

static void what_does_not_work_yet_is_refused_with_the_reason(void **state)
{
	(void)state;
	port_refuses("\"exception\": \"virtio_user\"",
		     "ports[0].exception: found \"virtio_user\", want "
		     "\"tap\", or false (virtio_user is not there yet)");
	top_refuses("\"workers\": 2", "workers: found 2, want 1: more than "
				      "one does not work yet");
	top_refuses("\"memory\": \"fast\"",
		    "memory: found \"fast\", want \"auto\", \"remap\" or "
		    "\"copy\"");
}

/* Device names may be longer than those of interfaces. */
static void the_exception_path_is_an_interface_and_so_is_its_name(void **state)
{
	(void)state;
	port_refuses("\"exception\": \"tap\", \"name\": "
		     "\"a-name-of-16-byte\"",
		     "ports[0].name: found \"a-name-of-16-byte\", want at most "
		     "15 characters: with \"exception\" it is also the name of "
		     "an interface");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_without_an_address_is_refused),
		cmocka_unit_test(an_address_that_no_host_has_is_refused),
		cmocka_unit_test(a_mac_that_no_port_has_is_refused),
		cmocka_unit_test(a_transport_is_iwarp_or_roce),
		cmocka_unit_test(a_port_may_have_an_ip6_address),
		cmocka_unit_test(
			an_infiniband_link_needs_roce_and_an_address_with_a_lid),
		cmocka_unit_test(
			what_does_not_work_yet_is_refused_with_the_reason),
		cmocka_unit_test(
			the_exception_path_is_an_interface_and_so_is_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

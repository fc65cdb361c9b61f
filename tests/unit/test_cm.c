// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Identifiers on the way to a connection: bound, resolved, with options. */
#include "unit.h"

#include "cm_hosts.h"

/*
 * Binding.
 */

static void port_0_is_some_port_of_ones_own(void **state)
{
	struct cm_addr addr = world_addr(0, 0);
	struct cm_id *a = new_id(here);
	struct cm_id *b = new_id(here);

	(void)state;
	assert_int_equal(cm_id_bind(a, &addr), 0);
	assert_int_equal(cm_id_bind(b, &addr), 0);
	assert_int_not_equal(cm_id_src(a)->port, 0);
	assert_int_not_equal(cm_id_src(a)->port, cm_id_src(b)->port);
	assert_int_equal(cm_id_device(a), 0);
	assert_string_equal(cm_id_state_name(a), "ADDR_BOUND");
}

static void an_address_of_no_device_is_not_available(void **state)
{
	struct cm_addr addr = world_addr(1, PORT);

	(void)state;
	assert_int_equal(cm_id_bind(new_id(here), &addr), -EADDRNOTAVAIL);
}

static void an_id_is_bound_once(void **state)
{
	struct cm_addr addr = world_addr(0, 0);
	struct cm_id *id = new_id(here);

	(void)state;
	assert_int_equal(cm_id_bind(id, &addr), 0);
	assert_int_equal(cm_id_bind(id, &addr), -EINVAL);
}

static void a_port_in_use_is_refused_until_it_is_free(void **state)
{
	struct cm_addr addr = world_addr(0, PORT);
	struct cm_addr any = { .family = CM_IP6, .port = PORT };
	struct cm_id *first = new_id(here);

	(void)state;
	assert_int_equal(cm_id_bind(first, &addr), 0);
	assert_int_equal(cm_id_bind(new_id(here), &addr), -EADDRINUSE);
	assert_int_equal(cm_id_bind(new_id(here), &any), -EADDRINUSE);
	cm_id_destroy(first, world.now);
	assert_int_equal(cm_id_bind(new_id(here), &addr), 0);
}

static void reuseaddr_shares_a_port_but_not_with_a_listener(void **state)
{
	struct cm_addr addr = world_addr(0, PORT);
	struct cm_id *ids[3];
	int on = 1;

	(void)state;
	for (int i = 0; i < 3; i++) {
		ids[i] = new_id(here);
		assert_int_equal(cm_id_set_option(ids[i], CM_OPTION_ID,
						  CM_OPTION_REUSEADDR, &on,
						  sizeof(on)),
				 0);
	}
	assert_int_equal(cm_id_bind(ids[0], &addr), 0);
	assert_int_equal(cm_id_bind(ids[1], &addr), 0);
	assert_int_equal(cm_id_listen(ids[0], 0), 0);
	assert_int_equal(cm_id_listen(ids[1], 0), -EADDRINUSE);
	assert_int_equal(cm_id_bind(ids[2], &addr), -EADDRINUSE);
}

static void afonly_lets_an_ipv4_wildcard_beside_an_ipv6_one(void **state)
{
	struct cm_addr any6 = { .family = CM_IP6, .port = PORT };
	const uint8_t zero[4] = { 0 };
	struct cm_addr any4 = cm_addr_ip4(zero, PORT);
	struct cm_id *six = new_id(here);
	int on = 1;

	(void)state;
	cm_id_set_option(six, CM_OPTION_ID, CM_OPTION_AFONLY, &on, sizeof(on));
	assert_int_equal(cm_id_bind(six, &any6), 0);
	assert_int_equal(cm_id_bind(new_id(here), &any4), 0);
}

/* As the kernel module asks. */
static void on_a_device_a_wildcard_is_its_own_addresses(void **state)
{
	struct cm_addr any6 = { .family = CM_IP6, .port = PORT };
	const uint8_t zero[4] = { 0 };
	struct cm_addr any4 = cm_addr_ip4(zero, PORT + 1);
	struct cm_addr own = world_addr(0, 0), others = world_addr(1, 0);
	struct cm_id *four = new_id(here), *six = new_id(here);

	(void)state;
	assert_int_equal(cm_id_bind_on(four, 0, &any4), 0);
	assert_true(cm_addr_same_ip(cm_id_src(four), &own));
	assert_int_equal(cm_id_src(four)->port, PORT + 1);
	assert_int_equal(cm_id_bind_on(six, 0, &any6), 0);
	assert_int_equal(cm_id_device(six), 0);
	assert_int_equal(cm_id_bind_on(new_id(here), 0, &others),
			 -EADDRNOTAVAIL);
}

static void unknown_port_spaces_are_refused(void **state)
{
	struct cm_id *id;

	(void)state;
	assert_int_equal(cm_id_create(here->channel, 0x77, QPT_RC, NULL, &id),
			 -EINVAL);
	assert_int_equal(
		cm_id_create(here->channel, CM_PS_IB, QPT_RC, NULL, &id), 0);
}

static void datagram_ids_neither_listen_nor_connect(void **state)
{
	struct cm_addr addr = world_addr(0, PORT);
	struct cm_id *id;

	(void)state;
	assert_int_equal(
		cm_id_create(here->channel, CM_PS_UDP, QPT_RC, NULL, &id), 0);
	assert_int_equal(cm_id_bind(id, &addr), 0);
	assert_int_equal(cm_id_listen(id, 0), -ENOSYS);
}

/*
 * Resolving.
 */

static void a_resolved_id_knows_both_ends(void **state)
{
	struct cm_id *id = resolved(here, world_addr(1, PORT));
	const uint8_t gid_here[16] = { 2, 0, 0, 0, 0, 1 };
	const uint8_t gid_there[16] = { 2, 0, 0, 0, 0, 2 };
	struct cm_route route;

	(void)state;
	cm_id_query_route(id, &route);
	assert_int_equal(route.device, 0);
	assert_int_equal(route.port_num, 1);
	assert_int_equal(route.node_guid[0], 0xaa);
	assert_memory_equal(route.sgid, gid_here, 16);
	assert_memory_equal(route.dgid, gid_there, 16);
	assert_int_not_equal(route.src.port, 0);
	assert_int_equal(route.dst.port, PORT);
	assert_memory_equal(flow_addr_ip4(route.src.ip), world_ip[0], 4);
}

static void an_unbound_id_has_no_device(void **state)
{
	struct cm_route route;

	(void)state;
	cm_id_query_route(new_id(here), &route);
	assert_int_equal(route.device, -1);
	assert_int_equal(route.port_num, 0);
}

static struct cm_id *querying(uint32_t timeout_ms)
{
	struct cm_addr dst = world_addr(1, PORT);
	struct cm_addr any = { 0 };
	struct cm_id *id = new_id(here);

	world.neighbour = -EINPROGRESS;
	assert_int_equal(
		cm_id_resolve_addr(id, &any, &dst, timeout_ms, world.now), 0);
	assert_quiet(here);
	return id;
}

static void a_neighbour_that_answers_late_resolves_late(void **state)
{
	struct cm_id *id = querying(2000);
	struct cm_route route;

	(void)state;
	cm_net_done(here->cm, 0, world.now); /* it was another one */
	assert_quiet(here);
	world.neighbour = 0;
	cm_net_done(here->cm, 0, world.now);
	assert_ptr_equal(next_event(here, CM_EVENT_ADDR_RESOLVED).id, id);
	cm_id_query_route(id, &route);
	assert_memory_equal(route.dgid, world_mac[1], 6);
	assert_int_equal(cm_deadline(here->cm), NSEC_NEVER);
}

static void a_silent_neighbour_times_out(void **state)
{
	struct cm_addr dst = world_addr(1, PORT);
	struct cm_addr any = { 0 };
	struct cm_id *id = querying(1500);
	struct cm_event event;

	(void)state;
	world_pass(&world, 1400 * NSEC_PER_MSEC);
	assert_quiet(here);
	assert_int_equal(world.asked, 2); /* once more after a second */
	world_pass(&world, 200 * NSEC_PER_MSEC);
	event = next_event(here, CM_EVENT_ADDR_ERROR);
	assert_int_equal(event.status, -ETIMEDOUT);
	world.neighbour = 0;
	assert_int_equal(cm_id_resolve_addr(id, &any, &dst, 10, world.now), 0);
	next_event(here, CM_EVENT_ADDR_RESOLVED);
}

static void a_destroyed_query_is_answered_by_nothing(void **state)
{
	(void)state;
	cm_id_destroy(querying(1000), world.now);
	world.neighbour = 0;
	cm_net_done(here->cm, 0, world.now);
	world_pass(&world, 2 * NSEC_PER_SEC);
	assert_quiet(here);
}

static void an_unreachable_network_is_told_at_once(void **state)
{
	const uint8_t far[4] = { 192, 0, 2, 1 };
	struct cm_addr dst = cm_addr_ip4(far, PORT);
	struct cm_addr any = { 0 };
	struct cm_id *id = new_id(here);

	(void)state;
	assert_int_equal(cm_id_resolve_addr(id, &any, &dst, 10, world.now),
			 -ENETUNREACH);
	assert_quiet(here);
}

static void source_and_destination_are_of_one_family(void **state)
{
	struct cm_addr dst = { .family = CM_IP6, .ip = { 0xfe, 0x80 } };
	struct cm_addr src = world_addr(0, 0);

	(void)state;
	assert_int_equal(
		cm_id_resolve_addr(new_id(here), &src, &dst, 10, world.now),
		-EINVAL);
}

static void a_route_needs_an_address(void **state)
{
	(void)state;
	assert_int_equal(cm_id_resolve_route(new_id(here)), -EINVAL);
}

/*
 * Attributes and options.
 */

static void qp_attributes_are_those_of_the_kernel(void **state)
{
	struct cm_id *id = resolved(here, world_addr(1, PORT));
	struct urdma_cm_init_qp_attr_reply reply;

	(void)state;
	assert_int_equal(cm_id_init_qp_attr(id, QPS_INIT, &reply), 0);
	assert_int_equal(reply.attr_mask, QP_STATE | QP_ACCESS_FLAGS | QP_PORT);
	assert_int_equal(reply.attr.access_flags, ACCESS_REMOTE_WRITE |
							  ACCESS_REMOTE_READ |
							  ACCESS_REMOTE_ATOMIC);
	assert_int_equal(reply.attr.port_num, 1);
	assert_int_equal(cm_id_init_qp_attr(id, QPS_RTS, &reply), 0);
	assert_int_equal(reply.attr_mask, QP_PORT);
	assert_int_equal(cm_id_init_qp_attr(id, QPS_SQD, &reply), -EINVAL);
	assert_int_equal(cm_id_init_qp_attr(new_id(here), QPS_INIT, &reply),
			 -EINVAL);
}

static void options_have_their_size(void **state)
{
	struct cm_id *id = new_id(here);
	int value = 1;

	(void)state;
	assert_int_equal(
		cm_id_set_option(id, CM_OPTION_ID, CM_OPTION_TOS, &value, 1),
		0);
	assert_int_equal(cm_id_set_option(id, CM_OPTION_ID,
					  CM_OPTION_ACK_TIMEOUT, &value, 1),
			 0);
	assert_int_equal(
		cm_id_set_option(id, CM_OPTION_ID, CM_OPTION_TOS, &value, 4),
		-EINVAL);
	assert_int_equal(cm_id_set_option(id, CM_OPTION_ID, 4, &value, 4),
			 -ENOSYS);
	assert_int_equal(cm_id_set_option(id, CM_OPTION_IB, 1, &value, 4),
			 -ENOSYS);
}

static void options_of_a_listener_are_settled(void **state)
{
	struct cm_id *id = listener(here);
	int on = 1;

	(void)state;
	assert_int_equal(
		cm_id_set_option(id, CM_OPTION_ID, CM_OPTION_REUSEADDR, &on, 4),
		-EINVAL);
	assert_int_equal(
		cm_id_set_option(id, CM_OPTION_ID, CM_OPTION_AFONLY, &on, 4),
		-EINVAL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(port_0_is_some_port_of_ones_own),
		CASE(an_address_of_no_device_is_not_available),
		CASE(an_id_is_bound_once),
		CASE(a_port_in_use_is_refused_until_it_is_free),
		CASE(reuseaddr_shares_a_port_but_not_with_a_listener),
		CASE(afonly_lets_an_ipv4_wildcard_beside_an_ipv6_one),
		CASE(on_a_device_a_wildcard_is_its_own_addresses),
		CASE(unknown_port_spaces_are_refused),
		CASE(datagram_ids_neither_listen_nor_connect),
		CASE(a_resolved_id_knows_both_ends),
		CASE(an_unbound_id_has_no_device),
		CASE(a_neighbour_that_answers_late_resolves_late),
		CASE(a_silent_neighbour_times_out),
		CASE(a_destroyed_query_is_answered_by_nothing),
		CASE(an_unreachable_network_is_told_at_once),
		CASE(source_and_destination_are_of_one_family),
		CASE(a_route_needs_an_address),
		CASE(qp_attributes_are_those_of_the_kernel),
		CASE(options_have_their_size),
		CASE(options_of_a_listener_are_settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

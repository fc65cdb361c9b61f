// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cm/port.h"

#include <errno.h>
#include <stdlib.h>
#include <uthash.h>

#include "cm/id.h"

/* Tries to find a number that is free on every device. */
enum { EPHEMERAL_TRIES = 64 };

struct cm_port_key {
	uint32_t device;
	uint16_t space; /* 0: of all of them */
	uint16_t number;
};

struct cm_port {
	struct cm_port_key key;
	LIST_HEAD(, cm_port_use) uses;
	UT_hash_handle hh;
};

static const struct cm_transport *ops_of(const struct cm *cm, uint32_t device)
{
	return cm->carriers[device].ops;
}

static struct cm_port_key key_of(const struct cm *cm, uint32_t device,
				 uint16_t space, uint16_t number)
{
	return (struct cm_port_key){
		.device = device,
		.space = ops_of(cm, device)->spaces ? space : 0,
		.number = number,
	};
}

/* Two families never meet, unless an IPv6 wildcard stands for IPv4 too. */
static bool families_meet(const struct cm_addr *a, bool a_only,
			  const struct cm_addr *b, bool b_only)
{
	if (a->family == b->family)
		return true;
	return (a->family == CM_IP6 && !a_only) ||
	       (b->family == CM_IP6 && !b_only);
}

static bool collide(const struct cm_id *id, const struct cm_addr *addr,
		    const struct cm_id *other)
{
	if (id == other)
		return false;
	if (id->reuseaddr && other->reuseaddr && id->state != CM_LISTEN &&
	    other->state != CM_LISTEN)
		return false;
	if (cm_addr_is_any(addr) || cm_addr_is_any(&other->src))
		return families_meet(addr, id->afonly, &other->src,
				     other->afonly);
	return cm_addr_same_ip(addr, &other->src);
}

static bool port_is_free_for(const struct cm_port *port, const struct cm_id *id,
			     const struct cm_addr *addr)
{
	struct cm_port_use *use;

	LIST_FOREACH(use, &port->uses, entry)
	if (collide(id, addr, use->id))
		return false;
	return true;
}

static struct cm_port *port_find(const struct cm *cm,
				 const struct cm_port_key *key)
{
	struct cm_port *port;

	HASH_FIND(hh, cm->ports, key, sizeof(*key), port);
	return port;
}

bool cm_port_is_used(const struct cm *cm, unsigned int device, uint16_t space,
		     uint16_t number)
{
	struct cm_port_key key = key_of(cm, device, space, number);

	return port_find(cm, &key) != NULL;
}

/* The number is taken from the transport already. */
static struct cm_port *port_add(struct cm *cm, const struct cm_port_key *key)
{
	struct cm_port *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	port->key = *key;
	LIST_INIT(&port->uses);
	HASH_ADD(hh, cm->ports, key, sizeof(port->key), port);
	return port;
}

/* -EADDRINUSE, -ENOMEM, or the number. */
static int port_use(struct cm_id *id, struct cm_port_use *use,
		    const struct cm_addr *addr, uint32_t device,
		    uint16_t number)
{
	struct cm *cm = id->cm;
	struct cm_port_key key = key_of(cm, device, id->ps, number);
	struct cm_port *port = number ? port_find(cm, &key) : NULL;
	int taken = number;

	if (port && !port_is_free_for(port, id, addr))
		return -EADDRINUSE;
	if (!port) {
		taken = ops_of(cm, device)
				->port_take(cm, device, id->ps, number);
		if (taken < 0)
			return taken;
		key.number = taken;
		port = port_add(cm, &key);
		if (!port) {
			ops_of(cm, device)->port_put(cm, device, taken);
			return -ENOMEM;
		}
	}
	use->id = id;
	use->port = port;
	LIST_INSERT_HEAD(&port->uses, use, entry);
	return taken;
}

static void port_unuse(struct cm *cm, struct cm_port_use *use)
{
	struct cm_port *port = use->port;

	if (!port)
		return;
	LIST_REMOVE(use, entry);
	use->port = NULL;
	if (!LIST_EMPTY(&port->uses))
		return;
	ops_of(cm, port->key.device)
		->port_put(cm, port->key.device, port->key.number);
	HASH_DEL(cm->ports, port);
	free(port);
}

static void unuse_all(struct cm_id *id)
{
	for (unsigned int i = 0; i < id->cm->count; i++)
		port_unuse(id->cm, &id->uses[i]);
}

/* The same number on all devices; the first one chooses if it is 0. */
static int use_everywhere(struct cm_id *id, const struct cm_addr *addr)
{
	int number = addr->port;

	for (unsigned int i = 0; i < id->cm->count; i++) {
		number = port_use(id, &id->uses[i], addr, i, number);
		if (number < 0) {
			unuse_all(id);
			return number;
		}
	}
	return number;
}

static int use_some(struct cm_id *id, const struct cm_addr *addr, int device)
{
	int number = -EADDRINUSE;

	if (device >= 0)
		return port_use(id, &id->uses[device], addr, device,
				addr->port);
	if (addr->port)
		return use_everywhere(id, addr);
	for (int i = 0; i < EPHEMERAL_TRIES && number == -EADDRINUSE; i++)
		number = use_everywhere(id, addr);
	return number;
}

int cm_port_bind(struct cm_id *id, const struct cm_addr *addr, int device)
{
	int number;

	id->uses = calloc(id->cm->count, sizeof(*id->uses));
	if (!id->uses)
		return -ENOMEM;
	number = use_some(id, addr, device);
	if (number < 0)
		cm_port_unbind(id);
	return number;
}

void cm_port_unbind(struct cm_id *id)
{
	if (!id->uses)
		return;
	unuse_all(id);
	free(id->uses);
	id->uses = NULL;
}

int cm_port_may_listen(const struct cm_id *id)
{
	const struct cm_port_use *other;

	for (unsigned int i = 0; i < id->cm->count; i++) {
		if (!id->uses[i].port)
			continue;
		LIST_FOREACH(other, &id->uses[i].port->uses, entry)
		if (other->id->state == CM_LISTEN &&
		    collide(id, &id->src, other->id))
			return -EADDRINUSE;
	}
	return 0;
}

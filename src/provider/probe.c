// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE /* dladdr */
#include "provider/probe.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>

#include "provider/pabi34.h"

enum {
	SLOTS = 256,  /* more than any release so far has */
	SLACK = 1024, /* for a verbs_context or verbs_device that grew */
};

/* An address that stands for slot i and is never called. */
static pabi_fn token(int i)
{
	return (pabi_fn)(uintptr_t)(0x10000 + i * 16);
}

static int slot_of(pabi_fn found)
{
	for (int i = 0; i < SLOTS; i++) {
		if (token(i) == found)
			return i;
	}
	return -1;
}

/* libibverbs copies some operations into public fields of the context: those
 * tell which slot it took them from. */
#define CHECK(where, name)                                                     \
	{                                                                      \
#name, (pabi_fn)(where).name, PABI_OP_##name                   \
	}

static bool compare(const struct verbs_context *v,
		    struct probe_mismatch *mismatch)
{
	const struct {
		const char *op;
		pabi_fn found;
		int expected;
	} checks[] = {
		CHECK(*v, advise_mr),
		CHECK(*v, alloc_null_mr),
		CHECK(v->context.ops, alloc_mw),
		CHECK(*v, alloc_td),
		CHECK(v->context.ops, bind_mw),
		CHECK(*v, close_xrcd),
		CHECK(*v, create_qp_ex),
		CHECK(*v, create_srq_ex),
		CHECK(v->context.ops, dealloc_mw),
		CHECK(*v, get_srq_num),
		CHECK(*v, modify_cq),
		CHECK(*v, open_qp),
		CHECK(v->context.ops, poll_cq),
		CHECK(v->context.ops, post_recv),
		CHECK(v->context.ops, post_send),
		CHECK(v->context.ops, post_srq_recv),
		CHECK(*v, query_rt_values),
		CHECK(*v, reg_dm_mr),
		CHECK(v->context.ops, req_notify_cq),
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (checks[i].found == token(checks[i].expected))
			continue;
		*mismatch = (struct probe_mismatch){
			.op = checks[i].op,
			.found = slot_of(checks[i].found),
			.expected = checks[i].expected,
		};
		return false;
	}
	return true;
}

bool probe_layout(struct probe_mismatch *mismatch)
{
	union {
		struct verbs_device device;
		unsigned char room[sizeof(struct verbs_device) + SLACK];
	} dummy = { .device.refcount = 1 };
	pabi_fn tokens[SLOTS];
	struct verbs_context *context;
	bool same;

	*mismatch = (struct probe_mismatch){ .op = "context", .found = -1 };
	context = _verbs_init_and_alloc_context(
		&dummy.device.device, -1, sizeof(*context) + SLACK, NULL, 0);
	if (!context)
		return false;
	for (int i = 0; i < SLOTS; i++)
		tokens[i] = token(i);
	verbs_set_ops(context, tokens);
	same = compare(context, mismatch);
	verbs_uninit_context(context);
	free(context);
	return same;
}

const char *probe_library(char *buf)
{
	Dl_info info;

	if (dladdr((void *)(uintptr_t)verbs_register_driver_34, &info) &&
	    realpath(info.dli_fname, buf))
		return buf;
	return "libibverbs";
}

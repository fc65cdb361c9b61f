// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "preload/uverbs.h"

#include <errno.h>
#include <rdma/ib_user_verbs.h>
#include <stdbool.h>
#include <string.h>

#include "preload/trace.h"

/* What in_words and out_words count. */
enum { WORD = 4, EX_WORD = 8 };

struct method {
	const char *name;
	size_t request;	 /* bytes, the response address included */
	size_t response; /* bytes; 0: the command has none, nor an address */
	int (*run)(const struct uverbs_command *command);
};

#define METHOD(cmd, request_struct, response_bytes, handler)                   \
	[IB_USER_VERBS_CMD_##cmd] = { #cmd, sizeof(struct request_struct),     \
				      response_bytes, handler }

static const struct method methods[] = {
	METHOD(GET_CONTEXT, ib_uverbs_get_context,
	       sizeof(struct ib_uverbs_get_context_resp), uverbs_get_context),
	METHOD(QUERY_DEVICE, ib_uverbs_query_device,
	       sizeof(struct ib_uverbs_query_device_resp), uverbs_query_device),
	METHOD(QUERY_PORT, ib_uverbs_query_port,
	       sizeof(struct ib_uverbs_query_port_resp), uverbs_query_port),
	METHOD(ALLOC_PD, ib_uverbs_alloc_pd,
	       sizeof(struct ib_uverbs_alloc_pd_resp), uverbs_alloc_pd),
	METHOD(DEALLOC_PD, ib_uverbs_dealloc_pd, 0, uverbs_dealloc_pd),
	METHOD(CREATE_AH, ib_uverbs_create_ah,
	       sizeof(struct ib_uverbs_create_ah_resp), uverbs_create_ah),
	METHOD(DESTROY_AH, ib_uverbs_destroy_ah, 0, uverbs_destroy_ah),
	METHOD(REG_MR, ib_uverbs_reg_mr, sizeof(struct ib_uverbs_reg_mr_resp),
	       uverbs_reg_mr),
	METHOD(REREG_MR, ib_uverbs_rereg_mr,
	       sizeof(struct ib_uverbs_rereg_mr_resp), uverbs_rereg_mr),
	METHOD(DEREG_MR, ib_uverbs_dereg_mr, 0, uverbs_dereg_mr),
	METHOD(ALLOC_MW, ib_uverbs_alloc_mw,
	       sizeof(struct ib_uverbs_alloc_mw_resp), uverbs_alloc_mw),
	METHOD(DEALLOC_MW, ib_uverbs_dealloc_mw, 0, uverbs_dealloc_mw),
	METHOD(CREATE_COMP_CHANNEL, ib_uverbs_create_comp_channel,
	       sizeof(struct ib_uverbs_create_comp_channel_resp),
	       uverbs_create_channel),
	METHOD(CREATE_CQ, ib_uverbs_create_cq,
	       sizeof(struct ib_uverbs_create_cq_resp), uverbs_create_cq),
	METHOD(RESIZE_CQ, ib_uverbs_resize_cq,
	       sizeof(struct ib_uverbs_resize_cq_resp), uverbs_resize_cq),
	METHOD(DESTROY_CQ, ib_uverbs_destroy_cq,
	       sizeof(struct ib_uverbs_destroy_cq_resp), uverbs_destroy_cq),
	METHOD(CREATE_QP, ib_uverbs_create_qp,
	       sizeof(struct ib_uverbs_create_qp_resp), uverbs_create_qp),
	METHOD(MODIFY_QP, ib_uverbs_modify_qp, 0, uverbs_modify_qp),
	METHOD(QUERY_QP, ib_uverbs_query_qp,
	       sizeof(struct ib_uverbs_query_qp_resp), uverbs_query_qp),
	METHOD(DESTROY_QP, ib_uverbs_destroy_qp,
	       sizeof(struct ib_uverbs_destroy_qp_resp), uverbs_destroy_qp),
	METHOD(ATTACH_MCAST, ib_uverbs_attach_mcast, 0, uverbs_attach_mcast),
	METHOD(DETACH_MCAST, ib_uverbs_detach_mcast, 0, uverbs_detach_mcast),
	METHOD(CREATE_SRQ, ib_uverbs_create_srq,
	       sizeof(struct ib_uverbs_create_srq_resp), uverbs_create_srq),
	METHOD(MODIFY_SRQ, ib_uverbs_modify_srq, 0, uverbs_modify_srq),
	METHOD(QUERY_SRQ, ib_uverbs_query_srq,
	       sizeof(struct ib_uverbs_query_srq_resp), uverbs_query_srq),
	METHOD(DESTROY_SRQ, ib_uverbs_destroy_srq,
	       sizeof(struct ib_uverbs_destroy_srq_resp), uverbs_destroy_srq),
	METHOD(POST_SEND, ib_uverbs_post_send,
	       sizeof(struct ib_uverbs_post_send_resp), uverbs_post_send),
};

/* Those with the longer header; libibverbs uses a plain one instead of those
 * that are not here, where there is one. */
#define EX_METHOD(cmd, request_struct, response_bytes, handler)                \
	[IB_USER_VERBS_EX_CMD_##cmd] = { "EX_" #cmd,                           \
					 sizeof(struct request_struct),        \
					 response_bytes, handler }

static const struct method ex_methods[] = {
	EX_METHOD(MODIFY_CQ, ib_uverbs_ex_modify_cq, 0, uverbs_modify_cq),
};

static size_t at_most(size_t a, size_t b)
{
	return a < b ? a : b;
}

void uverbs_respond(const struct uverbs_command *command, const void *core,
		    size_t core_len, const void *driver, size_t driver_len)
{
	char *to = command->response;
	size_t left = command->response_len;

	memcpy(to, core, at_most(core_len, left));
	if (left > core_len && driver_len)
		memcpy(to + core_len, driver,
		       at_most(driver_len, left - core_len));
}

static bool is_extended(const struct ib_uverbs_cmd_hdr *header)
{
	return header->command & IB_USER_VERBS_CMD_FLAG_EXTENDED;
}

static const struct method *find_method(const struct ib_uverbs_cmd_hdr *header)
{
	bool ex = is_extended(header);
	const struct method *table = ex ? ex_methods : methods;
	size_t count = ex ? sizeof(ex_methods) / sizeof(*ex_methods)
			  : sizeof(methods) / sizeof(*methods);
	uint32_t number = header->command & ~IB_USER_VERBS_CMD_FLAG_EXTENDED;

	if (number >= count || !table[number].run)
		return NULL;
	return &table[number];
}

/* The kernel's checks, and its errors for them. */
static int check_lengths(const struct method *method,
			 const struct ib_uverbs_cmd_hdr *header, size_t len)
{
	if ((size_t)header->in_words * WORD != len)
		return -EINVAL;
	if (len < sizeof(*header) + method->request)
		return -ENOSPC;
	if ((size_t)header->out_words * WORD < method->response)
		return -ENOSPC;
	return 0;
}

static int run(int fd, const struct fd_info *session,
	       const struct method *method,
	       const struct ib_uverbs_cmd_hdr *header, size_t len)
{
	const char *core = (const char *)(header + 1);
	struct uverbs_command command = {
		.fd = fd,
		.session = session,
		.core = core,
		.driver = core + method->request,
		.driver_len = len - sizeof(*header) - method->request,
	};

	if (method->response) {
		uint64_t address;

		memcpy(&address, core, sizeof(address));
		command.response = (void *)(uintptr_t)address;
		command.response_len = (size_t)header->out_words * WORD;
	}
	return method->run(&command);
}

/* The same of the extended form, where driver data is counted apart. */
static int check_ex_lengths(const struct method *method,
			    const struct ib_uverbs_cmd_hdr *header, size_t len)
{
	const struct ib_uverbs_ex_cmd_hdr *ex = (const void *)(header + 1);

	if (len < sizeof(*header) + sizeof(*ex) || ex->cmd_hdr_reserved ||
	    sizeof(*header) + sizeof(*ex) + (size_t)header->in_words * EX_WORD +
			    (size_t)ex->provider_in_words * EX_WORD !=
		    len)
		return -EINVAL;
	if (!ex->response != (!header->out_words && !ex->provider_out_words))
		return -EINVAL;
	if ((size_t)header->in_words * EX_WORD < method->request ||
	    (size_t)header->out_words * EX_WORD < method->response)
		return -ENOSPC;
	return 0;
}

static int run_ex(int fd, const struct fd_info *session,
		  const struct method *method,
		  const struct ib_uverbs_cmd_hdr *header)
{
	const struct ib_uverbs_ex_cmd_hdr *ex = (const void *)(header + 1);
	const char *core = (const char *)(ex + 1);
	struct uverbs_command command = {
		.fd = fd,
		.session = session,
		.core = core,
		.driver = core + (size_t)header->in_words * EX_WORD,
		.driver_len = (size_t)ex->provider_in_words * EX_WORD,
		.response = (void *)(uintptr_t)ex->response,
		.response_len =
			(size_t)(header->out_words + ex->provider_out_words) *
			EX_WORD,
	};

	return method->run(&command);
}

static int check_and_run(int fd, const struct fd_info *session,
			 const struct method *method,
			 const struct ib_uverbs_cmd_hdr *header, size_t len)
{
	bool ex = is_extended(header);
	int ret = ex ? check_ex_lengths(method, header, len)
		     : check_lengths(method, header, len);

	if (ret < 0)
		return ret;
	return ex ? run_ex(fd, session, method, header)
		  : run(fd, session, method, header, len);
}

ssize_t uverbs_write(int fd, const struct fd_info *session, const void *buf,
		     size_t len)
{
	const struct ib_uverbs_cmd_hdr *header = buf;
	const struct method *method;
	int ret;

	if (len < sizeof(*header))
		return -EINVAL;
	method = find_method(header);
	if (!method) {
		trace("uverbs fd %d command %#x: not supported", fd,
		      header->command);
		return -EOPNOTSUPP;
	}
	ret = check_and_run(fd, session, method, header, len);
	trace("uverbs fd %d %s in %u out %u: %s", fd, method->name,
	      header->in_words, header->out_words,
	      ret ? strerrorname_np(-ret) : "done");
	return ret < 0 ? ret : (ssize_t)len;
}

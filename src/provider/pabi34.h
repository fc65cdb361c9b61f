/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What we need of the interface between libibverbs and its providers, symbol
 * version IBVERBS_PRIVATE_34.  It has no public header; these declarations
 * fit rdma-core 36 to 56.  The number alone does not say so (35 has it too and
 * differs), hence the probe of probe.h before anything is registered.
 */
#ifndef URDMA_PROVIDER_PABI34_H
#define URDMA_PROVIDER_PABI34_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <infiniband/verbs.h>
#include <rdma/ib_user_verbs.h>

struct verbs_sysfs_dev; /* libibverbs' own; we read nothing of it */
struct verbs_device;

enum verbs_match_kind { VERBS_MATCH_END = 0, VERBS_MATCH_MODALIAS = 2 };

struct verbs_match_ent {
	void *driver_data;
	union {
		const char *modalias; /* a fnmatch(3) pattern */
		uint64_t driver_id;
	} u;
	uint16_t vendor;
	uint16_t device;
	uint8_t kind;
};
_Static_assert(sizeof(struct verbs_match_ent) == 24, "PABI 34");

struct verbs_device_ops {
	const char *name;
	uint32_t match_min_abi_version;
	uint32_t match_max_abi_version;
	const struct verbs_match_ent *match_table;
	const struct verbs_device_ops **static_providers;
	bool (*match_device)(struct verbs_sysfs_dev *sysfs);
	struct verbs_context *(*alloc_context)(struct ibv_device *device,
					       int cmd_fd, void *private_data);
	struct verbs_context *(*import_context)(struct ibv_device *device,
						int cmd_fd);
	struct verbs_device *(*alloc_device)(struct verbs_sysfs_dev *sysfs);
	void (*uninit_device)(struct verbs_device *device);
};
_Static_assert(sizeof(struct verbs_device_ops) == 72, "PABI 34");

struct verbs_device {
	struct ibv_device device;
	const struct verbs_device_ops *ops;
	atomic_int refcount;
	struct {
		void *next, *prev;
	} entry;
	struct verbs_sysfs_dev *sysfs;
	uint64_t core_support;
};
_Static_assert(sizeof(struct ibv_device) == 664, "PABI 34");
_Static_assert(sizeof(struct verbs_device) == 712, "PABI 34");
_Static_assert(sizeof(struct verbs_context) == 648, "PABI 34");

struct verbs_mr {
	struct ibv_mr ibv;
	int mr_type;
	int access;
};
_Static_assert(sizeof(struct verbs_mr) == 56, "PABI 34");

/* libibverbs believes that a CQ is a struct verbs_cq a QP a struct
 * verbs_qp, a SRQ a struct verbs_srq, which grow from release to release (288
 * and 376 bytes so far) and must read as zero behind what we use. */
enum { PABI_CQ_ROOM = 512, PABI_QP_ROOM = 640, PABI_SRQ_ROOM = 384 };

/* Slots of the operations table, by name: 76 function pointers. */
/* clang-format off */
#define PABI_OPS(X) \
	X(advise_mr) X(alloc_dm) X(alloc_mw) X(alloc_null_mr) \
	X(alloc_parent_domain) X(alloc_pd) X(alloc_td) X(async_event) \
	X(attach_counters_point_flow) X(attach_mcast) X(bind_mw) \
	X(close_xrcd) X(cq_event) X(create_ah) X(create_counters) \
	X(create_cq) X(create_cq_ex) X(create_flow) \
	X(create_flow_action_esp) X(create_qp) X(create_qp_ex) \
	X(create_rwq_ind_table) X(create_srq) X(create_srq_ex) X(create_wq) \
	X(dealloc_mw) X(dealloc_pd) X(dealloc_td) X(dereg_mr) X(destroy_ah) \
	X(destroy_counters) X(destroy_cq) X(destroy_flow) \
	X(destroy_flow_action) X(destroy_qp) X(destroy_rwq_ind_table) \
	X(destroy_srq) X(destroy_wq) X(detach_mcast) X(free_context) \
	X(free_dm) X(get_srq_num) X(import_dm) X(import_mr) X(import_pd) \
	X(modify_cq) X(modify_flow_action_esp) X(modify_qp) \
	X(modify_qp_rate_limit) X(modify_srq) X(modify_wq) X(open_qp) \
	X(open_xrcd) X(poll_cq) X(post_recv) X(post_send) X(post_srq_ops) \
	X(post_srq_recv) X(query_device_ex) X(query_ece) X(query_port) \
	X(query_qp) X(query_qp_data_in_order) X(query_rt_values) \
	X(query_srq) X(read_counters) X(reg_dm_mr) X(reg_dmabuf_mr) \
	X(reg_mr) X(req_notify_cq) X(rereg_mr) X(resize_cq) X(set_ece) \
	X(unimport_dm) X(unimport_mr) X(unimport_pd)
/* clang-format on */

enum pabi_op {
#define PABI_OP_ENUM(name) PABI_OP_##name,
	PABI_OPS(PABI_OP_ENUM)
#undef PABI_OP_ENUM
		PABI_OP_COUNT
};
_Static_assert(PABI_OP_COUNT == 76, "PABI 34");

typedef void (*pabi_fn)(void);

void verbs_register_driver_34(const struct verbs_device_ops *ops);
void *_verbs_init_and_alloc_context(struct ibv_device *device, int cmd_fd,
				    size_t alloc_size,
				    struct verbs_context *context_offset,
				    uint32_t driver_id);
void verbs_set_ops(struct verbs_context *context, const pabi_fn *ops);
void verbs_uninit_context(struct verbs_context *context);

/* A command is the header, the structure of <rdma/ib_user_verbs.h>, and driver
 * data.  libibverbs fills them; only their sizes are ours. */
#define PABI_COMMAND(name)                                                     \
	struct ibv_##name {                                                    \
		struct ib_uverbs_cmd_hdr hdr;                                  \
		struct ib_uverbs_##name core;                                  \
	}
PABI_COMMAND(get_context);
PABI_COMMAND(query_port);
PABI_COMMAND(alloc_pd);
PABI_COMMAND(reg_mr);
PABI_COMMAND(rereg_mr);
PABI_COMMAND(alloc_mw);
PABI_COMMAND(create_cq);
PABI_COMMAND(resize_cq);
PABI_COMMAND(create_qp);
PABI_COMMAND(modify_qp);
PABI_COMMAND(query_qp);
PABI_COMMAND(create_srq);
PABI_COMMAND(modify_srq);
PABI_COMMAND(query_srq);
PABI_COMMAND(post_send);
#undef PABI_COMMAND

struct ibv_modify_cq {
	struct ib_uverbs_cmd_hdr hdr;
	struct ib_uverbs_ex_cmd_hdr ex;
	struct ib_uverbs_ex_modify_cq core;
};

/* All return 0 or an errno. */
int ibv_cmd_get_context(struct verbs_context *context,
			struct ibv_get_context *cmd, size_t cmd_size,
			struct ib_uverbs_get_context_resp *resp,
			size_t resp_size);
int ibv_cmd_query_device_any(struct ibv_context *context,
			     const struct ibv_query_device_ex_input *input,
			     struct ibv_device_attr_ex *attr, size_t attr_size,
			     struct ib_uverbs_ex_query_device_resp *resp,
			     size_t *resp_size);
int ibv_cmd_query_port(struct ibv_context *context, uint8_t port,
		       struct ibv_port_attr *attr, struct ibv_query_port *cmd,
		       size_t cmd_size);
int ibv_cmd_alloc_pd(struct ibv_context *context, struct ibv_pd *pd,
		     struct ibv_alloc_pd *cmd, size_t cmd_size,
		     struct ib_uverbs_alloc_pd_resp *resp, size_t resp_size);
int ibv_cmd_dealloc_pd(struct ibv_pd *pd);
int ibv_cmd_reg_mr(struct ibv_pd *pd, void *addr, size_t length, uint64_t iova,
		   int access, struct verbs_mr *mr, struct ibv_reg_mr *cmd,
		   size_t cmd_size, struct ib_uverbs_reg_mr_resp *resp,
		   size_t resp_size);
int ibv_cmd_rereg_mr(struct verbs_mr *mr, uint32_t flags, void *addr,
		     size_t length, uint64_t iova, int access,
		     struct ibv_pd *pd, struct ibv_rereg_mr *cmd,
		     size_t cmd_size, struct ib_uverbs_rereg_mr_resp *resp,
		     size_t resp_size);
int ibv_cmd_dereg_mr(struct verbs_mr *mr);
int ibv_cmd_alloc_mw(struct ibv_pd *pd, enum ibv_mw_type type,
		     struct ibv_mw *mw, struct ibv_alloc_mw *cmd,
		     size_t cmd_size, struct ib_uverbs_alloc_mw_resp *resp,
		     size_t resp_size);
int ibv_cmd_dealloc_mw(struct ibv_mw *mw);
int ibv_cmd_create_cq(struct ibv_context *context, int cqe,
		      struct ibv_comp_channel *channel, int comp_vector,
		      struct ibv_cq *cq, struct ibv_create_cq *cmd,
		      size_t cmd_size, struct ib_uverbs_create_cq_resp *resp,
		      size_t resp_size);
int ibv_cmd_destroy_cq(struct ibv_cq *cq);
int ibv_cmd_resize_cq(struct ibv_cq *cq, int cqe, struct ibv_resize_cq *cmd,
		      size_t cmd_size, struct ib_uverbs_resize_cq_resp *resp,
		      size_t resp_size);
int ibv_cmd_modify_cq(struct ibv_cq *cq, struct ibv_modify_cq_attr *attr,
		      struct ibv_modify_cq *cmd, size_t cmd_size);
int ibv_cmd_create_qp(struct ibv_pd *pd, struct ibv_qp *qp,
		      struct ibv_qp_init_attr *attr, struct ibv_create_qp *cmd,
		      size_t cmd_size, struct ib_uverbs_create_qp_resp *resp,
		      size_t resp_size);
int ibv_cmd_modify_qp(struct ibv_qp *qp, struct ibv_qp_attr *attr, int mask,
		      struct ibv_modify_qp *cmd, size_t cmd_size);
int ibv_cmd_query_qp(struct ibv_qp *qp, struct ibv_qp_attr *attr, int mask,
		     struct ibv_qp_init_attr *init_attr,
		     struct ibv_query_qp *cmd, size_t cmd_size);
int ibv_cmd_destroy_qp(struct ibv_qp *qp);
int ibv_cmd_create_srq(struct ibv_pd *pd, struct ibv_srq *srq,
		       struct ibv_srq_init_attr *attr,
		       struct ibv_create_srq *cmd, size_t cmd_size,
		       struct ib_uverbs_create_srq_resp *resp,
		       size_t resp_size);
int ibv_cmd_modify_srq(struct ibv_srq *srq, struct ibv_srq_attr *attr, int mask,
		       struct ibv_modify_srq *cmd, size_t cmd_size);
int ibv_cmd_query_srq(struct ibv_srq *srq, struct ibv_srq_attr *attr,
		      struct ibv_query_srq *cmd, size_t cmd_size);
int ibv_cmd_destroy_srq(struct ibv_srq *srq);
int ibv_cmd_create_ah(struct ibv_pd *pd, struct ibv_ah *ah,
		      struct ibv_ah_attr *attr,
		      struct ib_uverbs_create_ah_resp *resp, size_t resp_size);
int ibv_cmd_destroy_ah(struct ibv_ah *ah);
int ibv_cmd_attach_mcast(struct ibv_qp *qp, const union ibv_gid *gid,
			 uint16_t lid);
int ibv_cmd_detach_mcast(struct ibv_qp *qp, const union ibv_gid *gid,
			 uint16_t lid);

#endif

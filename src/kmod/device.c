// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Devices: they come with the daemon's word, and go with it or with their
 * interface.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/platform_device.h>
#include <rdma/ib_addr.h>
#include <rdma/ib_cache.h>

#include "compat.h"
#include "urdma.h"

/* Registering calls back into the daemon, which is in its write() meanwhile,
 * and unregistering may take its time: both are done here, in order.
 */
static struct workqueue_struct *works;

/* Entries of a RoCE device's table of GIDs. */
enum { ROCE_GIDS = 16 };

static DEFINE_MUTEX(devices_lock);
static LIST_HEAD(devices);

/* What the provider knows the devices by, whatever they are called. */
static struct platform_device *parent;

static int urdma_query_device(struct ib_device *ib, struct ib_device_attr *attr,
			      struct ib_udata *udata)
{
	const struct urdma_query_device_reply *from =
		&urdma_dev(ib)->about.attr;

	*attr = (struct ib_device_attr){
		.fw_ver = from->fw_ver,
		.sys_image_guid = (__force __be64)from->sys_image_guid,
		.max_mr_size = from->max_mr_size,
		.page_size_cap = from->page_size_cap,
		.vendor_id = from->vendor_id,
		.vendor_part_id = from->vendor_part_id,
		.hw_ver = from->hw_ver,
		.max_qp = from->max_qp,
		.max_qp_wr = from->max_qp_wr,
		.device_cap_flags = from->device_cap_flags,
		.max_send_sge = from->max_send_sge,
		.max_recv_sge = from->max_recv_sge,
		.max_sge_rd = from->max_sge_rd,
		.max_cq = from->max_cq,
		.max_cqe = from->max_cqe,
		.max_mr = from->max_mr,
		.max_pd = from->max_pd,
		.max_qp_rd_atom = from->max_qp_rd_atom,
		.max_res_rd_atom = from->max_res_rd_atom,
		.max_qp_init_rd_atom = from->max_qp_init_rd_atom,
		.atomic_cap = from->atomic_cap,
		.max_mw = from->max_mw,
		.max_ah = from->max_ah,
		.max_srq = from->max_srq,
		.max_srq_wr = from->max_srq_wr,
		.max_srq_sge = from->max_srq_sge,
		.max_pkeys = from->max_pkeys,
		.local_ca_ack_delay = from->local_ca_ack_delay,
		.max_mcast_grp = from->max_mcast_grp,
		.max_mcast_qp_attach = from->max_mcast_qp,
		.max_total_mcast_qp_attach =
			from->max_mcast_grp * from->max_mcast_qp,
		/* Buffers of the kernel need no region (gsi.c). */
		.kernel_cap_flags =
			urdma_dev(ib)->about.roce ? IBK_LOCAL_DMA_LKEY : 0,
	};
	return 0;
}

static bool is_up(const struct urdma_dev *dev)
{
	return netif_running(dev->netdev) && netif_carrier_ok(dev->netdev);
}

/* iWARP's are the daemon's; RoCE's are those of the interface, and ib_core
 * looks after them.
 */
static u32 gid_room(const struct urdma_kernel_device *about)
{
	return about->roce ? ROCE_GIDS : about->gid_count;
}

static int urdma_query_port(struct ib_device *ib, u32 port,
			    struct ib_port_attr *attr)
{
	const struct urdma_query_port_reply *from = &urdma_dev(ib)->about.port;
	bool up = is_up(urdma_dev(ib));

	attr->state = up ? IB_PORT_ACTIVE : IB_PORT_DOWN;
	attr->phys_state =
		up ? IB_PORT_PHYS_STATE_LINK_UP : IB_PORT_PHYS_STATE_DISABLED;
	attr->port_cap_flags = IB_PORT_CM_SUP;
	attr->max_msg_sz = from->max_msg_sz;
	attr->max_mtu = from->max_mtu;
	attr->active_mtu = from->active_mtu;
	attr->gid_tbl_len = gid_room(&urdma_dev(ib)->about);
	attr->pkey_tbl_len = from->pkey_tbl_len;
	attr->active_width = from->active_width;
	attr->active_speed = from->active_speed;
	attr->max_vl_num = from->max_vl_num;
	return 0;
}

static int urdma_get_port_immutable(struct ib_device *ib, u32 port,
				    struct ib_port_immutable *immutable)
{
	const struct urdma_kernel_device *about = &urdma_dev(ib)->about;

	immutable->gid_tbl_len = gid_room(about);
	immutable->pkey_tbl_len = about->port.pkey_tbl_len;
	immutable->core_cap_flags = RDMA_CORE_PORT_IWARP;
	if (about->roce) {
		immutable->core_cap_flags = RDMA_CORE_PORT_IBA_ROCE_UDP_ENCAP;
		immutable->max_mad_size = IB_MGMT_MAD_SIZE;
	}
	return 0;
}

static enum rdma_link_layer urdma_get_link_layer(struct ib_device *ib, u32 port)
{
	return IB_LINK_LAYER_ETHERNET;
}

static int urdma_query_gid(struct ib_device *ib, u32 port, int index,
			   union ib_gid *gid)
{
	const struct urdma_kernel_device *about = &urdma_dev(ib)->about;

	if (index < 0 || index >= about->gid_count)
		return -EINVAL;
	memcpy(gid->raw, about->gids[index], sizeof(gid->raw));
	return 0;
}

static int urdma_query_pkey(struct ib_device *ib, u32 port, u16 index, u16 *key)
{
	if (index)
		return -EINVAL;
	*key = IB_DEFAULT_PKEY_FULL;
	return 0;
}

/* ib_core must find it to let rdma_cm see a device; nobody needs it. */
static struct ib_mr *urdma_get_dma_mr(struct ib_pd *ib, int access)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void urdma_disassociate_ucontext(struct ib_ucontext *ib)
{
	/* Mapped queues stay: they are ordinary memory. */
}

static void urdma_dealloc_driver(struct ib_device *ib)
{
	struct urdma_dev *dev = urdma_dev(ib);

	xa_destroy(&dev->eps);
	xa_destroy(&dev->requests);
	xa_destroy(&dev->qps);
	mutex_destroy(&dev->cm_lock);
	dev_put(dev->netdev);
	urdma_daemon_put(dev->daemon);
}

static int create_cq(struct ib_cq *ib, const struct ib_cq_init_attr *attr,
		     URDMA_CREATE_CQ_ARG)
{
	return urdma_create_cq(ib, attr, URDMA_CREATE_CQ_UDATA);
}

static const struct ib_device_ops ops = {
	.owner = THIS_MODULE,
	.driver_id = RDMA_DRIVER_UNKNOWN,
	.uverbs_abi_ver = URDMA_UVERBS_ABI,

	.alloc_mw = urdma_alloc_mw,
	.alloc_pd = urdma_alloc_pd,
	.alloc_ucontext = urdma_alloc_ucontext,
	.create_cq = create_cq,
	.create_qp = urdma_create_qp,
	.create_srq = urdma_create_srq,
	.dealloc_driver = urdma_dealloc_driver,
	.dealloc_mw = urdma_dealloc_mw,
	.dealloc_pd = urdma_dealloc_pd,
	.dealloc_ucontext = urdma_dealloc_ucontext,
	.dereg_mr = urdma_dereg_mr,
	.destroy_cq = urdma_destroy_cq,
	.destroy_qp = urdma_destroy_qp,
	.destroy_srq = urdma_destroy_srq,
	.disassociate_ucontext = urdma_disassociate_ucontext,
	.get_dma_mr = urdma_get_dma_mr,
	.get_port_immutable = urdma_get_port_immutable,
	.mmap = urdma_mmap,
	.modify_cq = urdma_modify_cq,
	.modify_qp = urdma_modify_qp,
	.modify_srq = urdma_modify_srq,
	.poll_cq = urdma_poll_cq,
	.post_recv = urdma_post_recv,
	.post_send = urdma_post_send,
	.query_device = urdma_query_device,
	.query_pkey = urdma_query_pkey,
	.query_port = urdma_query_port,
	.query_qp = urdma_query_qp,
	.query_srq = urdma_query_srq,
	.reg_user_mr = urdma_reg_user_mr,
	.req_notify_cq = urdma_req_notify_cq,
	.rereg_user_mr = urdma_rereg_user_mr,
	.resize_cq = urdma_resize_cq,

	INIT_RDMA_OBJ_SIZE(ib_cq, urdma_cq, ib),
	INIT_RDMA_OBJ_SIZE(ib_mw, urdma_mw, ib),
	INIT_RDMA_OBJ_SIZE(ib_pd, urdma_pd, ib),
	INIT_RDMA_OBJ_SIZE(ib_qp, urdma_qp, ib),
	INIT_RDMA_OBJ_SIZE(ib_srq, urdma_srq, ib),
	INIT_RDMA_OBJ_SIZE(ib_ucontext, urdma_ucontext, ib),
};

static const struct ib_device_ops iwarp_ops = {
	.iw_accept = urdma_iw_accept,
	.iw_add_ref = urdma_iw_add_ref,
	.iw_connect = urdma_iw_connect,
	.iw_create_listen = urdma_iw_create_listen,
	.iw_destroy_listen = urdma_iw_destroy_listen,
	.iw_get_qp = urdma_iw_get_qp,
	.iw_reject = urdma_iw_reject,
	.iw_rem_ref = urdma_iw_rem_ref,
	.query_gid = urdma_query_gid,
};

static const struct ib_device_ops roce_ops = {
	.attach_mcast = urdma_attach_mcast,
	.create_ah = urdma_create_ah,
	.create_user_ah = urdma_create_ah,
	.destroy_ah = urdma_destroy_ah,
	.detach_mcast = urdma_detach_mcast,
	.get_link_layer = urdma_get_link_layer,

	INIT_RDMA_OBJ_SIZE(ib_ah, urdma_ah, ib),
};

/*
 * Coming.
 */

static int cm_open(struct urdma_dev *dev)
{
	const struct urdma_kernel_open open = {
		.kind = URDMA_SESSION_CM,
		.device = dev->about.device,
	};

	return urdma_session_open(&dev->cm, dev->daemon, &open);
}

static void device_begin(struct work_struct *work)
{
	struct urdma_dev *dev = container_of(work, struct urdma_dev, begin);
	int error = cm_open(dev);

	if (!error)
		error = ib_register_device(&dev->ib, dev->about.name, NULL);
	dev->registered = !error;
	if (error)
		pr_err("%s on %s cannot be registered: error %d\n",
		       dev->about.name, dev->about.netdev, error);
	else
		pr_info("%s on %s\n", dev->about.name, dev->about.netdev);
}

static void device_end(struct work_struct *work)
{
	struct urdma_dev *dev = container_of(work, struct urdma_dev, end);

	/* Whoever waits for the end of a connection must not wait for us. */
	urdma_cm_drop_all(dev);
	cancel_delayed_work_sync(&dev->watch);
	urdma_session_close(&dev->cm);
	if (dev->registered)
		ib_unregister_device(&dev->ib);
	else
		ib_dealloc_device(&dev->ib);
}

static int check_about(const struct urdma_kernel_device *about)
{
	if (about->version != URDMA_KERNEL_VERSION) {
		pr_err("urdmad speaks version %u of /dev/urdma, this module %u: install both from the same release\n",
		       about->version, URDMA_KERNEL_VERSION);
		return -EPROTO;
	}
	if (strnlen(about->name, sizeof(about->name)) == sizeof(about->name) ||
	    strnlen(about->netdev, IFNAMSIZ) == IFNAMSIZ || !about->name[0] ||
	    strpbrk(about->name, "/%") || !about->gid_count ||
	    about->gid_count > URDMA_KERNEL_GIDS)
		return -EINVAL;
	return 0;
}

static void device_describe(struct urdma_dev *dev, struct net_device *netdev)
{
	struct ib_device *ib = &dev->ib;
	bool roce = dev->about.roce;

	ib->node_type = roce ? RDMA_NODE_IB_CA : RDMA_NODE_RNIC;
	ib->node_guid = (__force __be64)dev->about.attr.node_guid;
	strscpy(ib->node_desc, "urdma", sizeof(ib->node_desc));
	ib->phys_port_cnt = 1;
	ib->num_comp_vectors = 1;
	ib->dev.parent = &parent->dev;
	if (!roce) {
		strscpy(ib->iw_ifname, netdev->name, sizeof(ib->iw_ifname));
		ib->iw_driver_flags = IW_F_NO_PORT_MAP;
	}
	/* Not among the default ones: how a program wakes the daemon. */
	ib->uverbs_cmd_mask |= BIT_ULL(IB_USER_VERBS_CMD_POST_SEND);
	ib_set_device_ops(ib, &ops);
	ib_set_device_ops(ib, roce ? &roce_ops : &iwarp_ops);
}

static int device_make(struct urdma_daemon *daemon,
		       const struct urdma_kernel_device *about,
		       struct net_device *netdev)
{
	struct urdma_dev *dev = ib_alloc_device(urdma_dev, ib);
	int error;

	if (!dev)
		return -ENOMEM;
	dev->about = *about;
	dev_hold(netdev);
	dev->netdev = netdev;
	dev->daemon = daemon;
	kref_get(&daemon->ref);
	mutex_init(&dev->cm_lock);
	spin_lock_init(&dev->gsi_lock);
	xa_init_flags(&dev->eps, XA_FLAGS_ALLOC1);
	xa_init_flags(&dev->requests, XA_FLAGS_ALLOC1);
	xa_init(&dev->qps);
	INIT_LIST_HEAD(&dev->pending);
	INIT_DELAYED_WORK(&dev->watch, urdma_cm_watch);
	INIT_WORK(&dev->begin, device_begin);
	INIT_WORK(&dev->end, device_end);
	device_describe(dev, netdev);
	error = ib_device_set_netdev(&dev->ib, netdev, 1);
	if (error) {
		ib_dealloc_device(&dev->ib);
		return error;
	}
	mutex_lock(&devices_lock);
	list_add_tail(&dev->entry, &devices);
	mutex_unlock(&devices_lock);
	queue_work(works, &dev->begin);
	return 0;
}

int urdma_device_add(struct urdma_daemon *daemon,
		     const struct urdma_kernel_device *about)
{
	struct net_device *netdev;
	int error = check_about(about);

	if (error)
		return error;
	netdev = dev_get_by_name(current->nsproxy->net_ns, about->netdev);
	if (!netdev)
		return -ENODEV;
	error = device_make(daemon, about, netdev);
	dev_put(netdev);
	return error;
}

/*
 * Going.
 */

/* Under devices_lock; once. */
static void end_soon(struct urdma_dev *dev)
{
	list_del_init(&dev->entry);
	queue_work(works, &dev->end);
}

void urdma_device_end_all(struct urdma_daemon *daemon)
{
	struct urdma_dev *dev, *next;

	mutex_lock(&devices_lock);
	list_for_each_entry_safe(dev, next, &devices, entry)
		if (dev->daemon == daemon)
			end_soon(dev);
	mutex_unlock(&devices_lock);
}

static void port_changed(struct urdma_dev *dev)
{
	struct ib_event event = { .device = &dev->ib, .element.port_num = 1 };

	if (!dev->registered)
		return;
	event.event = is_up(dev) ? IB_EVENT_PORT_ACTIVE : IB_EVENT_PORT_ERR;
	ib_dispatch_event(&event);
}

/* The daemon may be in its last breath, closing the interface before
 * /dev/urdma: nobody but us would give the interface up.
 */
static int netdev_event(struct notifier_block *block, unsigned long what,
			void *info)
{
	struct net_device *netdev = netdev_notifier_info_to_dev(info);
	struct urdma_dev *dev, *next;

	mutex_lock(&devices_lock);
	list_for_each_entry_safe(dev, next, &devices, entry) {
		if (dev->netdev != netdev)
			continue;
		if (what == NETDEV_UNREGISTER)
			end_soon(dev);
		else if (what == NETDEV_UP || what == NETDEV_DOWN ||
			 what == NETDEV_CHANGE)
			port_changed(dev);
	}
	mutex_unlock(&devices_lock);
	return NOTIFY_OK;
}

static struct notifier_block netdev_block = {
	.notifier_call = netdev_event,
};

int urdma_device_cm_event(struct urdma_daemon *daemon, u32 session,
			  const struct urdma_kernel_cm_event *event)
{
	struct urdma_dev *dev;

	mutex_lock(&devices_lock);
	list_for_each_entry(dev, &devices, entry)
		if (dev->daemon == daemon && dev->cm.number == session)
			urdma_cm_event(dev, event);
	mutex_unlock(&devices_lock);
	return 0;
}

int urdma_device_mad(struct urdma_daemon *daemon, u32 session,
		     const struct urdma_kernel_mad *mad)
{
	struct urdma_dev *dev;

	mutex_lock(&devices_lock);
	list_for_each_entry(dev, &devices, entry)
		if (dev->daemon == daemon && dev->cm.number == session)
			urdma_gsi_take(dev, mad);
	mutex_unlock(&devices_lock);
	return 0;
}

int urdma_device_init(void)
{
	int error;

	works = alloc_ordered_workqueue("urdma", 0);
	if (!works)
		return -ENOMEM;
	parent = platform_device_register_simple("urdma", PLATFORM_DEVID_NONE,
						 NULL, 0);
	error = PTR_ERR_OR_ZERO(parent);
	if (error)
		goto no_parent;
	error = register_netdevice_notifier(&netdev_block);
	if (!error)
		return 0;
	platform_device_unregister(parent);
no_parent:
	destroy_workqueue(works);
	return error;
}

/* No file is open, so all devices are on their way out. */
void urdma_device_exit(void)
{
	unregister_netdevice_notifier(&netdev_block);
	destroy_workqueue(works);
	platform_device_unregister(parent);
}

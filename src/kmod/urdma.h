/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel module: an ib_device for each device that urdmad announces on
 * /dev/urdma.  It forwards what programs ask of their device files, and what
 * rdma_cm asks, as the messages of <urdma/control.h>; what they mean is the
 * daemon's business.
 *
 * Who lives how long:
 *
 *   daemon   an open /dev/urdma; its devices and their users hold it
 *   dev      an ib_device; goes when the daemon or its interface goes
 *   session  a program's context, or the connection manager of a device
 *   pin      the pages of a region; the region and the daemon's mappings hold
 *            it
 *   ep       a connection or listener; see cm.h
 *
 * No wait but for the daemon's answer: it ends with the answer, with a fatal
 * signal, or with the daemon (call.c).  A task that is exiting gets no signals
 * any more, so it does not wait at all.
 */
#ifndef URDMA_KMOD_URDMA_H
#define URDMA_KMOD_URDMA_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <rdma/ib_umem.h>
#include <rdma/ib_verbs.h>
#include <rdma/iw_cm.h>
#include <rdma/uverbs_ioctl.h>

#include "urdma/kernel.h"
#include "urdma/uverbs_abi.h"

struct urdma_daemon {
	struct kref ref;
	spinlock_t lock; /* of all up to `readable` */
	bool dead;
	bool kicked;
	bool stuck; /* did not answer in time; without a lock */
	u32 mads;   /* in `out` */
	u64 last_seq;
	struct list_head out;	/* frames that it has not read */
	struct list_head asked; /* read; answers are awaited */
	wait_queue_head_t readable;
	atomic_t last_session;
	struct xarray pins;
	/* What events name: struct urdma_cq, _qp, _srq by user_handle.  Who
	 * finds one uses it under the xarray's lock.
	 */
	struct xarray cq_names;
	struct xarray qp_names;
	struct xarray srq_names;
};

struct urdma_dev;

struct urdma_session {
	struct urdma_daemon *daemon;
	u32 number;
};

struct urdma_dev {
	struct ib_device ib;
	struct urdma_daemon *daemon;
	struct urdma_kernel_device about;
	struct net_device *netdev; /* a reference */
	struct list_head entry;	   /* of all, see device.c */
	struct work_struct begin;
	struct work_struct end;
	bool registered;
	struct urdma_session cm;
	struct mutex cm_lock;	/* of everything in eps */
	bool ending;		/* under cm_lock: no new ones */
	struct xarray eps;	/* by the daemon's handle */
	struct xarray requests; /* those that iw_cm may take, by number */
	u32 next_request;
	struct list_head pending;  /* iw_cm waits for these to come up; */
	struct delayed_work watch; /* who of them still does? */
	struct xarray qps;	   /* by number */
	/* RoCE */
	spinlock_t gsi_lock;
	struct urdma_gsi *gsi; /* queue pair 1; NULL: not there */
};

struct urdma_ucontext {
	struct ib_ucontext ib;
	struct urdma_session session;
	struct xarray arenas; /* struct file by key / PAGE_SIZE */
};

struct urdma_pd {
	struct ib_pd ib;
	u32 handle;
};

struct urdma_cq {
	struct ib_cq ib;
	struct urdma_session *session; /* NULL: the kernel's, see kcq.c */
	u32 handle;
	u32 name;
	struct urdma_kcq *own;
};

struct urdma_srq {
	struct ib_srq ib;
	struct urdma_session *session;
	u32 handle;
	u32 name;
};

struct urdma_mw {
	struct ib_mw ib;
	u32 handle;
};

/* Where something goes. */
struct urdma_ah {
	struct ib_ah ib;
	struct urdma_session *session; /* NULL: the kernel's */
	u32 handle;
	u8 remote[16]; /* the kernel's: both GIDs */
	u8 local[16];
};

struct urdma_ep;

struct urdma_qp {
	struct ib_qp ib;
	struct urdma_session *session; /* NULL: `gsi` */
	struct urdma_gsi *gsi;
	u32 handle;
	u32 name;
	u8 sgid_index; /* as its program knows it */
	kuid_t uid;    /* whose program made it */
	refcount_t refs;
	struct completion unused;
	struct urdma_ep *ep; /* under cm_lock */
};

struct urdma_pin {
	struct kref ref;
	struct urdma_daemon *daemon;
	struct ib_device *ib; /* whose memory outlives it */
	struct ib_umem *umem;
	u32 number;
};

struct urdma_mr {
	struct ib_mr ib;
	struct urdma_pin *pin;
	u32 handle;
	int access;
};

#define URDMA_OF(name, type)                                                   \
	static inline struct urdma_##name *urdma_##name(struct type *ib)       \
	{                                                                      \
		return container_of(ib, struct urdma_##name, ib);              \
	}
URDMA_OF(dev, ib_device)
URDMA_OF(ucontext, ib_ucontext)
URDMA_OF(pd, ib_pd)
URDMA_OF(cq, ib_cq)
URDMA_OF(srq, ib_srq)
URDMA_OF(ah, ib_ah)
URDMA_OF(mw, ib_mw)
URDMA_OF(qp, ib_qp)
URDMA_OF(mr, ib_mr)

/* Objects of programs only. */
static inline struct urdma_session *urdma_session_of(struct ib_ucontext *ib)
{
	return &urdma_ucontext(ib)->session;
}

static inline struct urdma_session *urdma_session_of_pd(struct ib_pd *pd)
{
	return urdma_session_of(pd->uobject->context);
}

/* daemon.c: /dev/urdma */
int urdma_daemon_init(void);
void urdma_daemon_exit(void);
void urdma_daemon_put(struct urdma_daemon *daemon);

/* call.c: all may be called after the daemon's death: -ENODEV. */
struct urdma_call;
void urdma_call_init(struct urdma_daemon *daemon);
/* 0 and the reply; -EINTR: killed, the message is under way all the same. */
int urdma_ask(struct urdma_session *session, u16 op, const void *request,
	      size_t len, void *reply, size_t reply_len);
/* As that, with the file that comes along. */
int urdma_ask_file(struct urdma_session *session, u16 op, const void *request,
		   size_t len, void *reply, size_t reply_len,
		   struct file **file);
/* For what must not fail: waits for it if that is possible. */
void urdma_finish(struct urdma_session *session, u16 op, const void *request,
		  size_t len, void *reply, size_t reply_len);
/* Does not wait; the answer is nobody's. */
void urdma_tell(struct urdma_session *session, u16 op, const void *request,
		size_t len);
/* Does not wait: `then` is called, with a negative errno or 0 and a reply of
 * reply_len bytes, by the daemon's write() or at its end.  Not called if this
 * fails.
 */
int urdma_ask_then(struct urdma_session *session, u16 op, const void *request,
		   size_t len, size_t reply_len,
		   void (*then)(void *arg, int error, const void *reply),
		   void *arg);
/* Does not wait, at any time; it may be lost. */
void urdma_send_mad(struct urdma_session *session,
		    const struct urdma_kernel_mad *mad);
int urdma_session_open(struct urdma_session *session,
		       struct urdma_daemon *daemon,
		       const struct urdma_kernel_open *open);
void urdma_session_close(struct urdma_session *session);
void urdma_kick(struct urdma_daemon *daemon);
/* The reader's side. */
bool urdma_call_readable(struct urdma_daemon *daemon);
ssize_t urdma_call_read(struct urdma_daemon *daemon, char __user *to,
			size_t room);
int urdma_call_answer(struct urdma_daemon *daemon,
		      const struct urdma_kernel_head *head, const void *body,
		      size_t len);
void urdma_call_end(struct urdma_daemon *daemon);

/* device.c */
int urdma_device_init(void);
void urdma_device_exit(void);
int urdma_device_add(struct urdma_daemon *daemon,
		     const struct urdma_kernel_device *about);
/* The daemon has died: they go, soon. */
void urdma_device_end_all(struct urdma_daemon *daemon);
/* Calls `with` for the daemon's device of this session of rdma_cm. */
int urdma_device_cm_event(struct urdma_daemon *daemon, u32 session,
			  const struct urdma_kernel_cm_event *event);

int urdma_device_mad(struct urdma_daemon *daemon, u32 session,
		     const struct urdma_kernel_mad *mad);

/* event.c: of completion queues and of objects */
void urdma_event_comp(struct urdma_daemon *daemon,
		      const struct urdma_kernel_event *event);
void urdma_event_async(struct urdma_daemon *daemon,
		       const struct urdma_kernel_event *event);

/* context.c */
int urdma_alloc_ucontext(struct ib_ucontext *ib, struct ib_udata *udata);
void urdma_dealloc_ucontext(struct ib_ucontext *ib);
int urdma_mmap(struct ib_ucontext *ib, struct vm_area_struct *vma);
int urdma_alloc_pd(struct ib_pd *ib, struct ib_udata *udata);
int urdma_dealloc_pd(struct ib_pd *ib, struct ib_udata *udata);
/* The memory in which a queue lies can be mapped from now on. */
int urdma_arena_get(struct ib_ucontext *ib, u64 key);
int urdma_respond(struct ib_udata *udata, void *resp, size_t len);

/* cq.c */
int urdma_create_cq(struct ib_cq *ib, const struct ib_cq_init_attr *attr,
		    struct ib_udata *udata);
int urdma_destroy_cq(struct ib_cq *ib, struct ib_udata *udata);
int urdma_resize_cq(struct ib_cq *ib, int cqe, struct ib_udata *udata);
int urdma_modify_cq(struct ib_cq *ib, u16 count, u16 period);

/* kcq.c: of the kernel's own */
int urdma_kcq_create(struct urdma_cq *cq, u32 entries);
void urdma_kcq_destroy(struct urdma_cq *cq);
/* False: it is full. */
bool urdma_kcq_push(struct urdma_cq *cq, const struct ib_wc *wc);
int urdma_poll_cq(struct ib_cq *ib, int count, struct ib_wc *wc);
int urdma_req_notify_cq(struct ib_cq *ib, enum ib_cq_notify_flags flags);

/* gsi.c */
int urdma_gsi_create(struct urdma_qp *qp, const struct ib_qp_init_attr *attr);
void urdma_gsi_destroy(struct urdma_qp *qp);
int urdma_gsi_modify(struct urdma_qp *qp, const struct ib_qp_attr *attr,
		     int mask);
void urdma_gsi_query(struct urdma_qp *qp, struct ib_qp_attr *attr,
		     struct ib_qp_init_attr *init);
int urdma_gsi_send(struct urdma_qp *qp, const struct ib_send_wr *wr,
		   const struct ib_send_wr **bad);
int urdma_gsi_recv(struct urdma_qp *qp, const struct ib_recv_wr *wr,
		   const struct ib_recv_wr **bad);
void urdma_gsi_take(struct urdma_dev *dev, const struct urdma_kernel_mad *mad);

/* ah.c */
/* -EADDRNOTAVAIL: from an address that is not the port's. */
int urdma_path(struct urdma_dev *dev, struct urdma_ah_attr *to,
	       const struct rdma_ah_attr *from);
int urdma_create_ah(struct ib_ah *ib, struct rdma_ah_init_attr *init,
		    struct ib_udata *udata);
int urdma_destroy_ah(struct ib_ah *ib, u32 flags);

/* srq.c */
int urdma_create_srq(struct ib_srq *ib, struct ib_srq_init_attr *attr,
		     struct ib_udata *udata);
int urdma_modify_srq(struct ib_srq *ib, struct ib_srq_attr *attr,
		     enum ib_srq_attr_mask mask, struct ib_udata *udata);
int urdma_query_srq(struct ib_srq *ib, struct ib_srq_attr *attr);
int urdma_destroy_srq(struct ib_srq *ib, struct ib_udata *udata);

/* qp.c */
int urdma_create_qp(struct ib_qp *ib, struct ib_qp_init_attr *attr,
		    struct ib_udata *udata);
int urdma_modify_qp(struct ib_qp *ib, struct ib_qp_attr *attr, int mask,
		    struct ib_udata *udata);
int urdma_query_qp(struct ib_qp *ib, struct ib_qp_attr *attr, int mask,
		   struct ib_qp_init_attr *init);
int urdma_destroy_qp(struct ib_qp *ib, struct ib_udata *udata);
int urdma_post_send(struct ib_qp *ib, const struct ib_send_wr *wr,
		    const struct ib_send_wr **bad);
int urdma_post_recv(struct ib_qp *ib, const struct ib_recv_wr *wr,
		    const struct ib_recv_wr **bad);
int urdma_attach_mcast(struct ib_qp *ib, union ib_gid *gid, u16 lid);
int urdma_detach_mcast(struct ib_qp *ib, union ib_gid *gid, u16 lid);

/* memory.c */
struct ib_mr *urdma_reg_user_mr(struct ib_pd *pd, u64 start, u64 length,
				u64 iova, int access, struct ib_udata *udata);
struct ib_mr *urdma_rereg_user_mr(struct ib_mr *ib, int flags, u64 start,
				  u64 length, u64 iova, int access,
				  struct ib_pd *pd, struct ib_udata *udata);
int urdma_dereg_mr(struct ib_mr *ib, struct ib_udata *udata);
int urdma_alloc_mw(struct ib_mw *ib, struct ib_udata *udata);
int urdma_dealloc_mw(struct ib_mw *ib);
int urdma_pin_mmap(struct urdma_daemon *daemon, struct vm_area_struct *vma);

/* cm.c */
void urdma_cm_watch(struct work_struct *work);
void urdma_iw_add_ref(struct ib_qp *ib);
void urdma_iw_rem_ref(struct ib_qp *ib);
struct ib_qp *urdma_iw_get_qp(struct ib_device *ib, int number);
int urdma_iw_connect(struct iw_cm_id *id, struct iw_cm_conn_param *param);
int urdma_iw_accept(struct iw_cm_id *id, struct iw_cm_conn_param *param);
int urdma_iw_reject(struct iw_cm_id *id, const void *data, u8 len);
void urdma_cm_event(struct urdma_dev *dev,
		    const struct urdma_kernel_cm_event *event);
/*
 * The connection manager wants its connection closed; abrupt: it is over for
 * us, as when the queue pair goes.
 */
void urdma_cm_disconnect(struct urdma_qp *qp, bool abrupt);
/* The daemon has died. */
void urdma_cm_drop_all(struct urdma_dev *dev);

/* listen.c */
int urdma_iw_create_listen(struct iw_cm_id *id, int backlog);
int urdma_iw_destroy_listen(struct iw_cm_id *id);

#endif

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* /dev/urdma: an open file is a daemon. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "urdma.h"

static int daemon_open(struct inode *inode, struct file *file)
{
	struct urdma_daemon *daemon = kzalloc(sizeof(*daemon), GFP_KERNEL);

	if (!daemon)
		return -ENOMEM;
	kref_init(&daemon->ref);
	xa_init_flags(&daemon->pins, XA_FLAGS_ALLOC1);
	xa_init_flags(&daemon->cq_names, XA_FLAGS_ALLOC1);
	xa_init_flags(&daemon->qp_names, XA_FLAGS_ALLOC1);
	xa_init_flags(&daemon->srq_names, XA_FLAGS_ALLOC1);
	urdma_call_init(daemon);
	file->private_data = daemon;
	return nonseekable_open(inode, file);
}

static void daemon_free(struct kref *ref)
{
	struct urdma_daemon *daemon =
		container_of(ref, struct urdma_daemon, ref);

	xa_destroy(&daemon->pins);
	xa_destroy(&daemon->cq_names);
	xa_destroy(&daemon->qp_names);
	xa_destroy(&daemon->srq_names);
	kfree(daemon);
}

void urdma_daemon_put(struct urdma_daemon *daemon)
{
	kref_put(&daemon->ref, daemon_free);
}

static int daemon_release(struct inode *inode, struct file *file)
{
	struct urdma_daemon *daemon = file->private_data;

	urdma_call_end(daemon);
	urdma_device_end_all(daemon);
	urdma_daemon_put(daemon);
	return 0;
}

static ssize_t daemon_read(struct file *file, char __user *to, size_t room,
			   loff_t *at)
{
	struct urdma_daemon *daemon = file->private_data;
	ssize_t ret;

	for (;;) {
		ret = urdma_call_read(daemon, to, room);
		if (ret != -EAGAIN || file->f_flags & O_NONBLOCK)
			return ret;
		if (wait_event_interruptible(daemon->readable,
					     urdma_call_readable(daemon)))
			return -ERESTARTSYS;
	}
}

static __poll_t daemon_poll(struct file *file, poll_table *wait)
{
	struct urdma_daemon *daemon = file->private_data;
	__poll_t ready = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &daemon->readable, wait);
	if (urdma_call_readable(daemon))
		ready |= EPOLLIN | EPOLLRDNORM;
	return ready;
}

/* `body` is aligned, and of `len` bytes. */
static int take_frame(struct urdma_daemon *daemon,
		      const struct urdma_kernel_head *head, const void *body,
		      size_t len)
{
	switch (head->kind) {
	case URDMA_KERNEL_DEVICE:
		if (len != sizeof(struct urdma_kernel_device))
			return -EPROTO;
		return urdma_device_add(daemon, body);
	case URDMA_KERNEL_ANSWER:
		return urdma_call_answer(daemon, head, body, len);
	case URDMA_KERNEL_COMP:
	case URDMA_KERNEL_ASYNC:
		if (len != sizeof(struct urdma_kernel_event))
			return -EINVAL;
		if (head->kind == URDMA_KERNEL_COMP)
			urdma_event_comp(daemon, body);
		else
			urdma_event_async(daemon, body);
		return 0;
	case URDMA_KERNEL_CM:
		if (len != sizeof(struct urdma_kernel_cm_event))
			return -EINVAL;
		return urdma_device_cm_event(daemon, head->session, body);
	case URDMA_KERNEL_MAD:
		if (len != sizeof(struct urdma_kernel_mad))
			return -EINVAL;
		return urdma_device_mad(daemon, head->session, body);
	default:
		return -EINVAL;
	}
}

struct frame {
	struct urdma_kernel_head head;
	u8 body[URDMA_CONTROL_MAX];
};

static ssize_t daemon_write(struct file *file, const char __user *from,
			    size_t len, loff_t *at)
{
	struct frame *frame;
	int ret;

	if (len < sizeof(frame->head) || len > sizeof(*frame))
		return -EINVAL;
	frame = memdup_user(from, len);
	if (IS_ERR(frame))
		return PTR_ERR(frame);
	ret = -EINVAL;
	if (frame->head.length == len)
		ret = take_frame(file->private_data, &frame->head, frame->body,
				 len - sizeof(frame->head));
	kfree(frame);
	return ret < 0 ? ret : len;
}

static int daemon_mmap(struct file *file, struct vm_area_struct *vma)
{
	return urdma_pin_mmap(file->private_data, vma);
}

static const struct file_operations daemon_ops = { .owner = THIS_MODULE,
						   .open = daemon_open,
						   .release = daemon_release,
						   .read = daemon_read,
						   .write = daemon_write,
						   .poll = daemon_poll,
						   .mmap = daemon_mmap,
						   URDMA_LLSEEK };

/* Root's alone, unless udev gives it to the daemon's group. */
static struct miscdevice daemon_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "urdma",
	.fops = &daemon_ops,
	.mode = 0600,
};

int urdma_daemon_init(void)
{
	return misc_register(&daemon_device);
}

void urdma_daemon_exit(void)
{
	misc_deregister(&daemon_device);
}

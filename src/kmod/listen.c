// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Listeners of iWARP: what the kernel's iw_cm asks of them.  The daemon's
 * requests for them are connections' affair (cm.c).
 */
#include "cm.h"

#define URDMA_PATIENCE (10 * HZ)

/* rdma_cm may hold a lock of all its users, who cannot be killed while they
 * wait for that: a daemon that does not answer is not waited for any longer
 * than this, and only once.
 */
static int wait_patiently(struct urdma_ep *ep)
{
	struct urdma_daemon *daemon = ep->dev->daemon;
	long left = READ_ONCE(daemon->stuck) ? 0 : URDMA_PATIENCE;

	left = wait_for_completion_killable_timeout(&ep->answered, left);
	if (left < 0)
		return -EINTR;
	if (left > 0)
		return 0;
	WRITE_ONCE(daemon->stuck, true);
	return -ETIMEDOUT;
}

/* Killed, out of patience, or the daemon died: `made` may still be called. */
static int wait_made(struct urdma_ep *ep)
{
	int error = wait_patiently(ep);

	mutex_lock(&ep->dev->cm_lock);
	if (!error)
		error = ep->error;
	if (error)
		urdma_ep_over(ep);
	mutex_unlock(&ep->dev->cm_lock);
	return error;
}

int urdma_iw_create_listen(struct iw_cm_id *id, int backlog)
{
	struct urdma_dev *dev = urdma_dev(id->device);
	struct urdma_cm_listen_at ask = {
		.backlog = backlog,
		.afonly = id->afonly,
	};
	struct urdma_ep *ep = urdma_ep_make(dev, EP_LISTENING, id);
	int error;

	if (!ep)
		return -ENOMEM;
	urdma_sockaddr_give(&ask.addr, &id->m_local_addr);
	kref_get(&ep->ref);
	id->provider_data = ep;
	error = urdma_ep_ask(ep, URDMA_OP_CM_LISTEN_AT, &ask, sizeof(ask));
	if (error) {
		mutex_lock(&dev->cm_lock);
		urdma_ep_over(ep);
		mutex_unlock(&dev->cm_lock);
	} else {
		error = wait_made(ep);
	}
	if (error)
		id->provider_data = NULL;
	urdma_ep_put(ep);
	return error;
}

int urdma_iw_destroy_listen(struct iw_cm_id *id)
{
	struct urdma_dev *dev = urdma_dev(id->device);
	struct urdma_ep *ep = id->provider_data;

	mutex_lock(&dev->cm_lock);
	id->provider_data = NULL;
	if (ep)
		urdma_ep_over(ep);
	mutex_unlock(&dev->cm_lock);
	return 0;
}

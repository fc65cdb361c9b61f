// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* RoCEv2 as a transport (transport.h): each queue pair has its part in the
 * stack from the start. */
#include "rdma/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "rdma/qp_info.h"
#include "rdma/qp_state.h"
#include "rdma/rdma_ctx.h"
#include "rdma/rv_stack_priv.h"

enum { ECN_MASK = 3, ECN_ECT0 = 2 }; /* RFC 3168 */

static const struct rv_service *const services[] = {
	[QPT_RC] = &rv_rc,
	[QPT_UC] = &rv_uc,
	[QPT_UD] = &rv_ud,
};

static int open(struct rdma_dev *dev)
{
	const struct rdma_config *config = &dev->config;

	gid_table_roce(&dev->gids, config->mac, config->ip4,
		       config->has_ip6 ? config->ip6 : NULL);
	if (config->infiniband)
		gid_table_infiniband(&dev->gids);
	dev->rv = rv_stack_create(dev);
	return dev->rv ? 0 : -ENOMEM;
}

static void close(struct rdma_dev *dev)
{
	rv_stack_destroy(dev->rv);
}

static nsec_t deadline(const struct rdma_dev *dev)
{
	return rv_stack_deadline(dev->rv);
}

static void expire(struct rdma_dev *dev, nsec_t now)
{
	rv_stack_expire(dev->rv, now);
}

static void release(struct rv_qp *rv)
{
	rv_group_leave_all(rv);
	if (rv->service->fini)
		rv->service->fini(rv);
	list_remove(&rv->ready);
	timerq_drop(&rv->stack->timers, &rv->timer);
	free(rv);
}

static int attach(struct rdma_qp *qp)
{
	struct rv_stack *stack = qp->async.ctx->dev->rv;
	const struct rv_service *service = services[qp->type];
	struct rv_qp *rv;

	if (timerq_reserve(&stack->timers, stack->qp_count + 1) < 0)
		return -ENOMEM;
	rv = calloc(1, service->bytes);
	if (!rv)
		return -ENOMEM;
	rv->stack = stack;
	rv->qp = qp;
	rv->service = service;
	list_init(&rv->ready);
	list_init(&rv->groups);
	timer_init(&rv->timer);
	if (service->init && service->init(rv) < 0) {
		release(rv);
		return -ENOMEM;
	}
	stack->qp_count++;
	qp->sq.opcodes = service->opcodes;
	qp->rv = rv;
	return 0;
}

static void stop(struct rdma_qp *qp, bool abrupt, nsec_t now)
{
	struct rv_qp *rv = qp->rv;

	(void)abrupt; /* peers are not told: they learn by timeouts */
	if (rv->service->stop)
		rv->service->stop(rv, now);
	rv->state = QPS_RESET;
	list_remove(&rv->ready);
	timerq_drop(&rv->stack->timers, &rv->timer);
}

static void detach(struct rdma_qp *qp, nsec_t now)
{
	stop(qp, true, now);
	qp->rv->stack->qp_count--;
	release(qp->rv);
	qp->rv = NULL;
}

static void wake(struct rdma_qp *qp, nsec_t now)
{
	(void)now;
	rv_settle(qp->rv);
}

/* What iWARP's connection manager does, from INIT to RTS, these do not. */
static int check(const struct rdma_qp *qp, uint8_t to)
{
	return qp->state == QPS_INIT && to == QPS_RTS ? -EINVAL : 0;
}

static void run(struct rdma_qp *qp, nsec_t now)
{
	struct rv_qp *rv = qp->rv;

	if (rv->service->connected)
		rv_path_init(&rv->path, rv->stack->dev, &qp->attr.ah, qp->num,
			     qp->attr.dest_qp_num);
	if (rv->service->connected && rv->stack->dev->config.dcqcn)
		rv->path.tclass = (rv->path.tclass & ~ECN_MASK) | ECN_ECT0;
	if (qp->state == QPS_RTR && rv->service->connected)
		rv_expect(rv->stack, rv->path.remote);
	if (qp->state == QPS_RTR && rv->state != QPS_RTR && rv->service->start)
		rv->service->start(rv, now);
	if (qp->state == QPS_RTS && rv->state == QPS_RTR)
		rv->service->start_sending(rv, now);
	rv->state = qp->state;
	rv_settle(rv);
}

static int join(struct rdma_qp *qp, const uint8_t gid[16])
{
	return rv_group_join(qp->rv, gid);
}

static int leave(struct rdma_qp *qp, const uint8_t gid[16])
{
	return rv_group_leave(qp->rv, gid);
}

static void expect(struct rdma_dev *dev, const struct urdma_ah_attr *attr)
{
	struct rv_path path;

	rv_path_init(&path, dev, attr, 0, 0);
	rv_expect(dev->rv, path.remote);
}

static void tell(const struct rdma_qp *qp, struct rdma_qp_info *info)
{
	const struct rv_qp *rv = qp->rv;

	info->is_roce = true;
	info->connected = rv->service->connected && rv->state >= QPS_RTR;
	if (rv->service->tell)
		rv->service->tell(rv, info);
	if (!info->connected)
		return;
	info->peer_num = qp->attr.dest_qp_num;
	info->key.local_port = rv->path.src_port;
	info->key.remote_port = ROCE_UDP_PORT;
	memcpy(info->key.local, rv->path.local, FLOW_ADDR_LEN);
	memcpy(info->key.remote, rv->path.remote, FLOW_ADDR_LEN);
}

void rv_fail(struct rv_qp *rv, int type, nsec_t now)
{
	struct rdma_qp *qp = rv->qp;

	if (qp->state == QPS_ERR || qp->state == QPS_RESET)
		return;
	if (type >= 0)
		async_raise(&qp->async, (enum async_event)type);
	stop(qp, false, now);
	qp_enter(qp, QPS_ERR);
}

const struct rdma_transport rv_transport = {
	.qp_types = BIT(QPT_RC) | BIT(QPT_UC) | BIT(QPT_UD),
	.by_number_only = true,
	.overhead = RV_OVERHEAD,
	.open = open,
	.close = close,
	.deadline = deadline,
	.expire = expire,
	.attach = attach,
	.detach = detach,
	.wake = wake,
	.check = check,
	.stop = stop,
	.run = run,
	.expect = expect,
	.tell = tell,
	.join = join,
	.leave = leave,
};

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Queue pairs on iWARP: a stream carries one while it is connected. */
#include <errno.h>

#include "base/bits.h"
#include "rdma/iw_stack_priv.h"
#include "rdma/iw_stream.h"
#include "rdma/qp.h"
#include "rdma/qp_info.h"
#include "rdma/rdma_ctx.h"
#include "rdma/transport.h"

/* No SEND with immediate: RFC 7306 knows immediate data only by itself, and
 * behind a Write. */
#define OPCODES ~BIT(URDMA_WR_SEND_IMM)

static int open(struct rdma_dev *dev)
{
	const struct rdma_config *config = &dev->config;

	gid_table_iwarp(&dev->gids, config->mac, config->ip4,
			config->has_ip6 ? config->ip6 : NULL);
	dev->iw = iw_stack_create(dev);
	return dev->iw ? 0 : -ENOMEM;
}

static void close(struct rdma_dev *dev)
{
	iw_stack_destroy(dev->iw);
}

static nsec_t deadline(const struct rdma_dev *dev)
{
	return iw_stack_deadline(dev->iw);
}

static void expire(struct rdma_dev *dev, nsec_t now)
{
	iw_stack_expire(dev->iw, now);
}

static int attach(struct rdma_qp *qp)
{
	qp->sq.opcodes = OPCODES;
	return iw_bynum_attach(qp);
}

/* With nothing under way there is nothing to abort: a RST could overtake, at a
 * peer that still has to read it, what completed here long ago. */
static void stop(struct rdma_qp *qp, bool abrupt, nsec_t now)
{
	bool idle = qp->sq.taken == 0;

	if (qp->bynum->started)
		iw_bynum_stop(qp, now);
	else if (qp->stream)
		iw_stream_drop_qp(qp->stream, abrupt && !idle, now);
}

static void detach(struct rdma_qp *qp, nsec_t now)
{
	stop(qp, true, now);
	iw_bynum_detach(qp, now);
}

static void wake(struct rdma_qp *qp, nsec_t now)
{
	if (qp->stream)
		iw_stream_wake(qp->stream, now);
	iw_bynum_wake(qp, now);
}

/* A stream makes it RTS, or its program if the stream comes by itself. */
static int check(const struct rdma_qp *qp, uint8_t to)
{
	return to == QPS_RTS && !qp->named && !iw_stream_carries(qp->stream)
		       ? -EINVAL
		       : 0;
}

static void run(struct rdma_qp *qp, nsec_t now)
{
	iw_bynum_run(qp, now);
	if (qp->stream)
		iw_stream_run(qp->stream, now);
}

static void tell(const struct rdma_qp *qp, struct rdma_qp_info *info)
{
	const struct iw_stream *stream = qp->stream;

	if (!stream)
		return;
	info->connected = true;
	info->key = stream->key;
	info->tcp = stream->tcp.counters;
	info->bytes_out = tcp_acked_bytes(&stream->tcp);
	info->srtt = stream->tcp.rto.srtt;
	info->cwnd = stream->tcp.cc.cwnd;
}

const struct rdma_transport iw_transport = {
	.qp_types = BIT(QPT_RC),
	.open = open,
	.close = close,
	.deadline = deadline,
	.expire = expire,
	.attach = attach,
	.detach = detach,
	.wake = wake,
	.check = check,
	.check_peer = iw_bynum_check,
	.stop = stop,
	.run = run,
	.tell = tell,
};

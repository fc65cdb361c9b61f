#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Queue pairs that are connected by number, with pyverbs.

  alone              both ends are of this program
  serve PORT         tells and is told over a socket, then every operation
  call ADDRESS PORT  its peer
  serve-on PORT      ... and then waits until its receive flushes
  call-on ADDR PORT  ... and then waits for ever
  lonely             work for a peer that does not exist fails
"""
import json
import random
import socket
import sys
import time

from pyverbs.addr import AHAttr, GID, GlobalRoute
from pyverbs.cq import CQ
from pyverbs.device import Context
import pyverbs.enums as e
from pyverbs.mr import MR
from pyverbs.pd import PD
from pyverbs.qp import QP, QPAttr, QPCap, QPInitAttr
from pyverbs.wr import RecvWR, SGE, SendWR

SIZE = 100000
RIGHTS = (e.IBV_ACCESS_LOCAL_WRITE | e.IBV_ACCESS_REMOTE_WRITE |
          e.IBV_ACCESS_REMOTE_READ | e.IBV_ACCESS_REMOTE_ATOMIC)
DEADLINE = 30  # seconds


def mapped_gid(context):
    """The index of the IPv4-mapped GID."""
    for i in range(context.query_port(1).gid_tbl_len):
        if str(context.query_gid(1, i)).startswith('0000:0000:0000:0000:0000:ffff'):
            return i
    raise SystemExit('no IPv4-mapped GID')


class End:
    def __init__(self, context):
        self.context = context
        self.pd = PD(context)
        self.cq = CQ(context, 64)
        self.mr = MR(self.pd, SIZE, RIGHTS)
        cap = QPCap(max_send_wr=16, max_recv_wr=16)
        init = QPInitAttr(qp_type=e.IBV_QPT_RC, scq=self.cq, rcq=self.cq,
                          cap=cap, sq_sig_all=1)
        self.qp = QP(self.pd, init, self.attributes())
        self.psn = random.getrandbits(24)
        self.gid = mapped_gid(context)

    @staticmethod
    def attributes():
        attr = QPAttr(port_num=1)
        attr.qp_access_flags = RIGHTS
        return attr

    def card(self):
        return {'qpn': self.qp.qp_num, 'psn': self.psn, 'rkey': self.mr.rkey,
                'addr': self.mr.buf,
                'gid': str(self.context.query_gid(1, self.gid))}

    def join(self, peer):
        route = GlobalRoute(dgid=GID(peer['gid']), sgid_index=self.gid,
                            hop_limit=64)
        attr = self.attributes()
        attr.ah_attr = AHAttr(gr=route, is_global=1, port_num=1)
        attr.dest_qp_num = peer['qpn']
        attr.rq_psn = peer['psn']
        attr.sq_psn = self.psn
        attr.path_mtu = e.IBV_MTU_1024
        attr.max_rd_atomic = attr.max_dest_rd_atomic = 4
        attr.min_rnr_timer = 12
        attr.timeout, attr.retry_cnt, attr.rnr_retry = 14, 7, 7
        self.qp.to_rts(attr)
        self.peer = peer
        told = self.qp.query(e.IBV_QP_DEST_QPN | e.IBV_QP_AV)[0]
        assert told.dest_qp_num == peer['qpn'], told.dest_qp_num
        assert told.qp_state == e.IBV_QPS_RTS, told.qp_state

    def sge(self, offset, length):
        return SGE(self.mr.buf + offset, length, self.mr.lkey)

    def receive(self, offset, length):
        self.qp.post_recv(RecvWR(wr_id=7, sg=[self.sge(offset, length)],
                                 num_sge=1))

    def send(self, opcode, offset, length, remote=0, operands=None):
        wr = SendWR(wr_id=8, sg=[self.sge(offset, length)], num_sge=1,
                    opcode=opcode, send_flags=e.IBV_SEND_SIGNALED)
        where = self.peer['addr'] + remote, self.peer['rkey']
        if operands:
            wr.set_wr_atomic(where[1], where[0], *operands)
        elif opcode != e.IBV_WR_SEND:
            wr.set_wr_rdma(where[1], where[0])
        self.qp.post_send(wr)

    def completion(self):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            count, wcs = self.cq.poll()
            if count:
                return wcs[0]
            time.sleep(0)
        raise SystemExit('no completion')

    def expect(self, wr_id, status=e.IBV_WC_SUCCESS):
        wc = self.completion()
        assert (wc.wr_id, wc.status) == (wr_id, status), (wc.wr_id, wc.status)

    def do(self, *what, **how):
        self.send(*what, **how)
        self.expect(8)


def all_operations(end):
    """Towards a peer whose memory begins with zeros."""
    data = random.randbytes(SIZE // 4)
    quarter = len(data)
    end.mr.write(data, quarter)
    end.do(e.IBV_WR_RDMA_WRITE, 0, quarter, remote=quarter)
    end.do(e.IBV_WR_RDMA_READ, 2 * quarter, quarter, remote=quarter)
    assert end.mr.read(quarter, 2 * quarter) == data
    end.do(e.IBV_WR_ATOMIC_FETCH_AND_ADD, 3 * quarter, 8, operands=(5,))
    end.do(e.IBV_WR_ATOMIC_CMP_AND_SWP, 3 * quarter, 8, operands=(5, 9))
    assert int.from_bytes(end.mr.read(8, 3 * quarter), 'little') == 5
    end.mr.write(data[:1000], 1000)
    end.do(e.IBV_WR_SEND, 0, 1000)


def check_message(end):
    end.expect(7)
    assert int.from_bytes(end.mr.read(8, 0), 'little') == 9
    quarter = SIZE // 4
    written = end.mr.read(quarter, quarter)
    assert end.mr.read(1000, 3 * quarter) == written[:1000]


def alone():
    context = Context(name='urdma0')
    ends = End(context), End(context)
    for one, other in (ends, ends[::-1]):
        one.join(other.card())
    ends[1].receive(3 * SIZE // 4, 1000)
    all_operations(ends[0])
    check_message(ends[1])


def exchange(link, end):
    link.write(json.dumps(end.card()) + '\n')
    link.flush()
    return json.loads(link.readline())


def barrier(link):
    link.write('\n')
    link.flush()
    assert link.readline() == '\n'


def serve(port, on=False):
    with socket.create_server(('', int(port))) as listener:
        connection, _ = listener.accept()
    link = connection.makefile('rw')
    end = End(Context(name='urdma0'))
    end.receive(3 * SIZE // 4, 1000)
    end.join(exchange(link, end))
    check_message(end)
    if on:
        end.receive(0, 1000)
        print('waits', flush=True)
        end.expect(7, e.IBV_WC_WR_FLUSH_ERR)
        print('flushed', flush=True)
    else:
        barrier(link)


def call(address, port, on=False):
    link = socket.create_connection((address, int(port))).makefile('rw')
    end = End(Context(name='urdma0'))
    end.join(exchange(link, end))
    all_operations(end)
    while on:
        time.sleep(1)
    barrier(link)


def lonely():
    context = Context(name='urdma0')
    end = End(context)
    nobody = dict(end.card(), qpn=end.qp.qp_num + 1000)
    end.join(nobody)
    end.send(e.IBV_WR_SEND, 0, 8)
    end.send(e.IBV_WR_SEND, 0, 8)
    end.expect(8, e.IBV_WC_RETRY_EXC_ERR)
    end.expect(8, e.IBV_WC_WR_FLUSH_ERR)
    event = context.get_async_event()
    assert event.event_type == e.IBV_EVENT_QP_FATAL, event.event_type
    event.ack()


def main():
    role, rest = sys.argv[1], sys.argv[2:]
    {'alone': alone, 'lonely': lonely, 'serve': serve, 'call': call,
     'serve-on': lambda port: serve(port, True),
     'call-on': lambda address, port: call(address, port, True)}[role](*rest)


if __name__ == '__main__':
    main()

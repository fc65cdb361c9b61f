# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""SOCKET: what no program of ours would send there, from one seed."""
import array
import os
import random
import socket
import struct
import sys

PATH = sys.argv[1]
RANDOM = random.Random(7)
MAGIC, VERSION = 0x75726431, 1
HELLO, OPS = 1, [*range(0, 40), *range(60, 84), 0xFFFF]


def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(30)
    s.connect(PATH)
    return s


def send(s, data, fds=()):
    """False when the daemon has hung up, which is its right."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
    try:
        s.sendmsg([data], rights if fds else [])
        return True
    except (BrokenPipeError, ConnectionResetError):
        return False


def message(op, body, length=None):
    length = 8 + len(body) if length is None else length
    return struct.pack("=HHI", op, length & 0xFFFF, 0) + body


def hello(kind):
    body = struct.pack("=IIII", MAGIC, VERSION, kind, 0) + bytes(16)
    return message(HELLO, body)


def request(s, data):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        return send(s, data, [theirs.fileno()])


def before_hello():
    for size in (0, 1, 7, 8, 9, 100, 1024, 1025, 60000):
        with connect() as s:
            send(s, RANDOM.randbytes(size))


def wrong_hello():
    for magic, version, kind in ((0, 1, 1), (MAGIC, 99, 1), (MAGIC, 1, 77)):
        with connect() as s:
            body = struct.pack("=IIII", magic, version, kind, 0) + bytes(16)
            request(s, message(HELLO, body))


def random_requests():
    for kind in (1, 2, 3):
        for op in OPS:
            with connect() as s:
                if not request(s, hello(kind)):
                    continue
                for _ in range(20):
                    size = RANDOM.choice((0, 4, 8, 16, 24, 40, 48, 96, 500))
                    body = RANDOM.randbytes(size)
                    if RANDOM.random() < 0.3:
                        body = bytes(size)
                    if not request(s, message(op, body)):
                        break


def wrong_lengths():
    with connect() as s:
        request(s, hello(1))
        for length in (0, 7, 9, 0xFFFF):
            if not request(s, message(21, bytes(8), length)):
                return


def wrong_descriptors():
    null = os.open("/dev/null", os.O_RDWR)
    pipe = os.pipe()
    for fds in ([null], list(pipe), [null] * 30, [null] * 253):
        with connect() as s:
            request(s, hello(1))
            for op in OPS:
                if not send(s, message(op, bytes(8)), fds):
                    break


def many_that_never_speak():
    crowd = []
    for _ in range(200):
        try:
            crowd.append(connect())
        except OSError:
            break
    for s in crowd:
        s.close()


for attack in (
    before_hello,
    wrong_hello,
    random_requests,
    wrong_lengths,
    wrong_descriptors,
    many_that_never_speak,
):
    print(attack.__name__, flush=True)
    attack()

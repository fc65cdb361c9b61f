# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""send|receive ADDRESS: 4 MiB over the kernel's TCP, compared at the end."""
import random
import socket
import sys

PORT = 7000
DATA = random.Random(1).randbytes(4 << 20)


def send(address):
    with socket.create_connection((address, PORT), timeout=30) as s:
        s.sendall(DATA)


def receive(address):
    with socket.create_server((address, PORT)) as listener:
        listener.settimeout(30)
        print("listening", flush=True)
        s, _ = listener.accept()
        s.settimeout(30)
        came = b"".join(iter(lambda: s.recv(1 << 16), b""))
    print("whole and right" if came == DATA else f"wrong: {len(came)} bytes")


{"send": send, "receive": receive}[sys.argv[1]](sys.argv[2])

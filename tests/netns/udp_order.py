# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""send|receive ADDRESS: numbered datagrams; how many came behind a later one."""
import socket
import sys

COUNT, END, PORT = 1000, 0xFFFFFFFF, 7000
SO_RCVBUFFORCE = 33  # all of them fit, should nobody run to read them


def send(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for n in list(range(COUNT)) + [END] * 10:
        s.sendto(n.to_bytes(4, "big"), (address, PORT))


def receive(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    s.bind((address, PORT))
    s.settimeout(30)
    print("bound", flush=True)
    highest = -1
    late = 0
    while (n := int.from_bytes(s.recv(64), "big")) != END:
        late += n < highest
        highest = max(highest, n)
    print("late", late)


{"send": send, "receive": receive}[sys.argv[1]](sys.argv[2])

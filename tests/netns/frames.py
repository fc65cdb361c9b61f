# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""INTERFACE ADDRESS: frames at a host that no honest one would send."""
import random
import socket
import struct
import sys

INTERFACE, ADDRESS = sys.argv[1:]
RANDOM = random.Random(7)
ME = "10.70.0.200"
MY_MAC = bytes.fromhex("020000000099")
BROADCAST = b"\xff" * 6


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip(protocol, payload, total=None, ihl=5, flags=0x4000, ttl=64):
    head = struct.pack(
        ">BBHHHBBH4s4s",
        0x40 | ihl,
        0,
        20 + len(payload) if total is None else total,
        1,
        flags,
        ttl,
        protocol,
        0,
        socket.inet_aton(ME),
        socket.inet_aton(ADDRESS),
    )
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return head + payload


def tcp(flags, payload=b"", offset=5, options=b"", port=7174):
    head = struct.pack(
        ">HHIIBBHHH",
        RANDOM.randrange(1024, 65536),
        port,
        RANDOM.getrandbits(32),
        RANDOM.getrandbits(32),
        offset << 4,
        flags,
        65535,
        0,
        0,
    )
    segment = head + options + payload
    pseudo = (
        socket.inet_aton(ME)
        + socket.inet_aton(ADDRESS)
        + struct.pack(">BBH", 0, 6, len(segment))
    )
    c = checksum(pseudo + segment)
    return segment[:16] + struct.pack(">H", c) + segment[18:]


def arp(operation, sender_ip, target_ip, mac=MY_MAC, sizes=(6, 4)):
    return struct.pack(
        ">HHBBH6s4s6s4s",
        1,
        0x0800,
        *sizes,
        operation,
        mac,
        socket.inet_aton(sender_ip),
        bytes(6),
        socket.inet_aton(target_ip),
    )


wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
wire.bind((INTERFACE, 0))
wire.settimeout(30)


def send(kind, payload, to):
    wire.send(to + MY_MAC + struct.pack(">H", kind) + payload)


def resolve():
    """The host's Ethernet address, and proof that it is awake."""
    send(0x0806, arp(1, ME, ADDRESS), BROADCAST)
    while True:
        frame = wire.recv(2048)
        if frame[28:32] == socket.inet_aton(ADDRESS):
            return frame[22:28]


def attacks():
    for size in range(0, 60):
        yield 0x0800, RANDOM.randbytes(size)
        yield 0x0806, RANDOM.randbytes(size)
    for cut in range(0, 40):
        yield 0x0800, ip(6, tcp(2))[:cut]
    for ihl in range(0, 16):
        yield 0x0800, ip(6, tcp(2), ihl=ihl)
    for offset in range(0, 16):
        yield 0x0800, ip(6, tcp(2, b"x" * 20, offset=offset))
    for flags in range(0, 256):
        yield 0x0800, ip(6, tcp(flags, RANDOM.randbytes(flags % 9)))
    for total in (0, 19, 20, 21, 39, 41, 9000, 65535):
        yield 0x0800, ip(6, tcp(2), total=total)
    for fragment in (0x2000, 0x2001, 0x0001, 0x1FFF):
        yield 0x0800, ip(6, tcp(2), flags=fragment)
    for option in (b"\2\0\0\0", b"\2\1\0\0", b"\5\xff\0\0", b"\3\3\xff\0"):
        yield 0x0800, ip(6, tcp(2, offset=6, options=option))
    for size in (0, 1, 7, 8, 1000, 8000):
        yield 0x0800, ip(1, RANDOM.randbytes(size))
        yield 0x0800, ip(17, RANDOM.randbytes(size))
    yield 0x0806, arp(1, ADDRESS, ADDRESS)
    yield 0x0806, arp(2, "0.0.0.0", ADDRESS, mac=BROADCAST)
    yield 0x0806, arp(7, ME, ADDRESS, sizes=(255, 255))
    for _ in range(500):
        kind = RANDOM.choice((0x0800, 0x0806, 0x86DD, 0x8915, 0x8100, 5))
        yield kind, RANDOM.randbytes(RANDOM.randrange(0, 8900))


host = resolve()
count = 0
for kind, payload in attacks():
    send(kind, payload, host)
    count += 1
print(count, "frames")
if resolve() != host:
    sys.exit("the host has another address now")

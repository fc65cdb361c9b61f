# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""INTERFACE ADDRESS KIND SEED: a hostile host on the wire, with a TCP of its
own: KIND is syn (a flood), garbage (after the handshake) or fpdu (after MPA's
start-up)."""
import itertools
import random
import socket
import struct
import sys
import time

INTERFACE, ADDRESS, KIND, SEED = sys.argv[1:]
RANDOM = random.Random(int(SEED))
ME = "10.70.0.200"
MAC = bytes.fromhex("020000000099")
PORT = 7174
FIN, SYN, RST, ACK = 1, 2, 4, 16
PATIENCE = 5  # seconds, for any answer

wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind((INTERFACE, 0))
wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return ~crc & 0xFFFFFFFF


def frame(to, kind, payload):
    wire.send(to + MAC + struct.pack(">H", kind) + payload)


def arp(to, operation, target_mac, target_ip):
    frame(
        to,
        0x0806,
        struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation)
        + MAC
        + socket.inet_aton(ME)
        + target_mac
        + socket.inet_aton(target_ip),
    )


def receive(until):
    """The next frame for us, or None when it is too late; answers ARP."""
    while True:
        wire.settimeout(max(until - time.monotonic(), 0.001))
        try:
            data = wire.recv(65536)
        except (TimeoutError, socket.timeout):
            return None
        if data[12:14] == b"\x08\x06" and data[38:42] == socket.inet_aton(ME):
            if data[21] == 1:
                arp(data[6:12], 2, data[6:12], ADDRESS)
            return data
        if data[:6] == MAC and data[12:14] == b"\x08\x00":
            return data


def resolve():
    until = time.monotonic() + PATIENCE
    arp(b"\xff" * 6, 1, bytes(6), ADDRESS)
    while True:
        data = receive(until)
        if not data:
            sys.exit("no answer to ARP")
        if data[12:14] == b"\x08\x06" and data[21] == 2:
            return data[6:12]


def segment(source, port, seq, ack, flags, payload=b"", window=65535):
    head = struct.pack(
        ">HHIIBBHHH", port, PORT, seq & 0xFFFFFFFF, ack, 5 << 4, flags, window, 0, 0
    )
    pseudo = (
        socket.inet_aton(source)
        + socket.inet_aton(ADDRESS)
        + struct.pack(">BBH", 0, 6, len(head) + len(payload))
    )
    value = checksum(pseudo + head + payload)
    tcp = head[:16] + struct.pack(">H", value) + head[18:] + payload
    ip = struct.pack(
        ">HHIBBH4s4s",
        0x4500,
        20 + len(tcp),
        0x4000,
        64,
        6,
        0,
        socket.inet_aton(source),
        socket.inet_aton(ADDRESS),
    )
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    frame(TARGET, 0x0800, ip + tcp)


class Connection:
    def __init__(self):
        self.port = RANDOM.randrange(1024, 65536)
        self.seq = RANDOM.getrandbits(32)
        self.ack = 0
        self.over = False
        self.data = b""
        for _ in range(20):  # the listener may be full
            segment(ME, self.port, self.seq, 0, SYN)
            if self.listen(0.5, lambda: self.ack):
                break
        else:
            sys.exit("no handshake")
        self.seq += 1
        self.send(b"")

    def take(self, data):
        if data[12:14] != b"\x08\x00" or data[23] != 6:
            return
        tcp = data[34 : 14 + struct.unpack(">H", data[16:18])[0]]
        source, dest, seq = struct.unpack(">HHI", tcp[:8])
        if (source, dest) != (PORT, self.port):
            return
        flags = tcp[13]
        payload = tcp[(tcp[12] >> 4) * 4 :]
        if flags & RST:
            self.over = True
        elif flags & SYN:
            self.ack = seq + 1 & 0xFFFFFFFF
        elif seq == self.ack and (payload or flags & FIN):
            self.data += payload
            self.ack = seq + len(payload) & 0xFFFFFFFF
            if flags & FIN:
                self.ack = self.ack + 1 & 0xFFFFFFFF
                self.over = True
            self.send(b"")

    def listen(self, seconds, done):
        until = time.monotonic() + seconds
        while not done():
            data = receive(until)
            if not data:
                return False
            self.take(data)
        return True

    def send(self, payload, flags=ACK):
        segment(ME, self.port, self.seq, self.ack, flags, payload)
        self.seq += len(payload)

    def ends(self):
        """It is ended by the other side, or we say so."""
        if not self.listen(PATIENCE, lambda: self.over):
            sys.exit(f"a connection of {KIND} goes on")
        segment(ME, self.port, self.seq, self.ack, RST | ACK)


def syn_flood():
    """Until killed."""
    for i in itertools.count():
        source = f"10.70.0.{RANDOM.randrange(201, 254)}" if i % 8 == 0 else ME
        segment(source, RANDOM.randrange(1024, 65536), RANDOM.getrandbits(32), 0, SYN)
        if i % 100 == 0:
            time.sleep(0.005)


def garbage():
    for i in range(40):
        connection = Connection()
        start = b"MPA ID Req Frame" if i % 2 else b""
        size = RANDOM.randrange(20, 1400)
        connection.send(start + RANDOM.randbytes(size))
        if i % 4 == 3:  # perhaps a good one: then it is for us to end
            connection.send(RANDOM.randbytes(1400))
        connection.send(b"", FIN | ACK)
        connection.seq += 1
        connection.ends()
    print("40 connections of garbage")


def fpdu(ulpdu, good=True):
    body = struct.pack(">H", len(ulpdu)) + ulpdu
    body += bytes(-len(body) % 4)
    crc = crc32c(body) ^ (0 if good else 1 << RANDOM.randrange(32))
    return body + struct.pack("<I", crc)


def tagged(opcode, stag):
    return (
        struct.pack(">BBIQ", 0xC1, 0x40 | opcode, stag, RANDOM.getrandbits(64))
        + RANDOM.randbytes(RANDOM.randrange(1, 100))
    )


def untagged(opcode, queue, msn, offset, payload):
    return (
        struct.pack(">BBIIII", 0x41, 0x40 | opcode, 0, queue, msn, offset) + payload
    )


def bad_fpdus():
    kinds = [
        lambda: fpdu(RANDOM.randbytes(RANDOM.randrange(2, 500)), False),
        lambda: fpdu(RANDOM.randbytes(RANDOM.randrange(18, 500))),
        lambda: fpdu(tagged(0, RANDOM.getrandbits(32))),
        lambda: fpdu(tagged(2, RANDOM.getrandbits(32))),  # nobody asked
        lambda: fpdu(untagged(3, 0, 7, 0, b"x")),  # MSN
        lambda: fpdu(untagged(3, 0, 1, 99, b"x")),  # MO
        lambda: fpdu(untagged(3, 5, 1, 0, b"x")),  # queue
        lambda: fpdu(untagged(1, 1, 1, 0, RANDOM.randbytes(28))),  # READ
        lambda: fpdu(untagged(15, 0, 1, 0, b"x")),  # opcode
        lambda: fpdu(untagged(3, 0, 1, 0, RANDOM.randbytes(1200))),  # too long
    ]
    terminates = 0
    for i in range(30):
        connection = Connection()
        connection.send(b"MPA ID Req Frame" + bytes([0x40, 1, 0, 0]))
        if not connection.listen(PATIENCE, lambda c=connection: len(c.data) >= 20):
            sys.exit("no MPA reply")
        if connection.data[:16] != b"MPA ID Rep Frame":
            sys.exit(f"a MPA reply of {connection.data}")
        connection.data = connection.data[20 + connection.data[19] :]
        # before the first good one a responder must be silent
        connection.send(fpdu(struct.pack(">BBIQ", 0xC1, 0x40, 0, 0)))
        connection.send(kinds[i % len(kinds)]())
        connection.ends()
        # QN 2, RDMAP opcode 7
        if len(connection.data) >= 20 and connection.data[3] & 15 == 7:
            terminates += 1
    print(f"30 connections of bad FPDUs, {terminates} Terminates")
    if terminates < 25:
        sys.exit("too few Terminates")


TARGET = resolve()
{"syn": syn_flood, "garbage": garbage, "fpdu": bad_fpdus}[KIND]()

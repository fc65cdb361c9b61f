# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""INTERFACE: asks all hosts on the link for their groups, in IGMP version 2."""
import socket
import struct
import sys


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", ~total & 0xFFFF)


def query():
    message = struct.pack(">BBHI", 0x11, 1, 0, 0)  # within 0.1 s
    return message[:2] + checksum(message) + message[4:]


def ip(payload):
    head = struct.pack(
        ">BBHHHBBH4s4s4s",
        0x46,
        0xC0,
        24 + len(payload),
        0,
        0,
        1,
        socket.IPPROTO_IGMP,
        0,
        socket.inet_aton("10.70.0.254"),
        socket.inet_aton("224.0.0.1"),
        bytes.fromhex("94040000"),
    )
    return head[:10] + checksum(head) + head[12:] + payload


ETHERNET = bytes.fromhex("01005e000001" "0200000000fe" "0800")
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
    wire.bind((sys.argv[1], 0))
    wire.send(ETHERNET + ip(query()))

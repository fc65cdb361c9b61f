#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Looks at every RoCEv2 frame of a capture (pcap of Ethernet) and computes its
ICRC by itself, from IBA volume 1 section 7.8.1 and annex A17.3.3.

usage: icrc.py CAPTURE; prints {"good": n, "bad": n} and fails if one is bad.
"""
import json
import struct
import sys
import zlib

ROCE_PORT = 4791


def frames(path):
    with open(path, "rb") as capture:
        data = capture.read()
    order = {0xA1B2C3D4: "<", 0xD4C3B2A1: ">"}[struct.unpack("<I", data[:4])[0]]
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        yield data[at + 16:at + 16 + length]
        at += 16 + length


def ip_header(frame):
    """(header with ones in place of what routers change, its payload)."""
    kind = struct.unpack(">H", frame[12:14])[0]
    ip = bytearray(frame[14:])
    if kind == 0x0800:
        header, total = (ip[0] & 15) * 4, struct.unpack(">H", ip[2:4])[0]
        if ip[9] != 17:
            return None
        payload = bytes(ip[header:total])
        ip[1] = ip[8] = ip[10] = ip[11] = 0xFF
        return bytes(ip[:header]), payload
    if kind == 0x86DD:
        total = 40 + struct.unpack(">H", ip[4:6])[0]
        if ip[6] != 17:
            return None
        payload = bytes(ip[40:total])
        ip[0] |= 0x0F
        ip[1] = ip[2] = ip[3] = ip[7] = 0xFF
        return bytes(ip[:40]), payload
    return None


def verdict(frame):
    """None: no RoCE frame."""
    parts = ip_header(frame)
    if not parts or struct.unpack(">H", parts[1][2:4])[0] != ROCE_PORT:
        return None
    header, udp = parts
    udp = bytearray(udp[:struct.unpack(">H", udp[4:6])[0]])
    found = struct.unpack("<I", udp[-4:])[0]
    udp[6] = udp[7] = 0xFF
    udp[8 + 4] = 0xFF
    return zlib.crc32(b"\xff" * 8 + header + bytes(udp[:-4])) == found


def main():
    counts = {True: 0, False: 0}
    for frame in frames(sys.argv[1]):
        good = verdict(frame)
        if good is not None:
            counts[good] += 1
    print(json.dumps({"good": counts[True], "bad": counts[False]}))
    return counts[False] != 0


sys.exit(main())

# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""connect|listen ADDRESS SEND EXPECT close-first|close-last|abort|aborted

The kernel's end of tcp_peer: sends and receives at once, checks every byte."""
import socket
import struct
import sys
import threading

PORT, BLOCK = 7000, 1 << 16
PATTERN = bytes((n * 7 + (n >> 8)) & 0xFF for n in range(BLOCK)) * 2


# The kernel tells of a reset once: to whichever of the two asks first.
def sender(s, count, ending, resets):
    sent = 0
    try:
        while sent < count:
            at = sent % BLOCK
            sent += s.send(PATTERN[at : at + min(BLOCK, count - sent)])
        if ending == "close-first":
            s.shutdown(socket.SHUT_WR)
    except ConnectionResetError:
        resets.append("sender")
    except OSError as error:
        if ending not in ("abort", "aborted"):
            raise error


def receiver(s, expect, ending):
    got = 0
    while True:
        try:
            data = s.recv(BLOCK)
        except ConnectionResetError:
            return got, "reset"
        if not data:
            return got, "closed"
        at = got % BLOCK
        if data != PATTERN[at : at + len(data)]:
            sys.exit(f"wrong bytes from {got} on")
        got += len(data)
        if ending == "abort" and got >= expect // 2:
            return got, "abort"


def open_socket(role, address):
    if role == "connect":
        return socket.create_connection((address, PORT), timeout=100)
    with socket.create_server((address, PORT)) as listener:
        listener.settimeout(100)
        print("listening", flush=True)
        s, _ = listener.accept()
        s.settimeout(100)
        return s


def main(role, address, count, expect, ending):
    s = open_socket(role, address)
    resets = []
    thread = threading.Thread(target=sender, args=(s, count, ending, resets))
    thread.start()
    got, end = receiver(s, expect, ending)
    if end == "abort":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.shutdown(socket.SHUT_RD)
        s.close()
        thread.join()
    else:
        thread.join()
        s.close()
    if resets:
        end = "reset"
    print(f"received {got} of {expect}, {end}")
    if ending == "aborted":
        return end != "reset"
    return ending != "abort" and (got != expect or end != "closed")


sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))

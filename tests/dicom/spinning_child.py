"""A decoder that a file has sent into a loop, or into a crash, as a child process of `DecodingCheck`."""

from __future__ import annotations

import os
import signal
import struct
import sys

from screening.dicom.child_limits import limit_next, limit_process

if __name__ == "__main__":
    limit_process()
    (size,) = struct.unpack("<Q", sys.stdin.buffer.read(8))
    data = sys.stdin.buffer.read(size)
    limit_next(1)
    if data == b"crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if data == b"ended from outside":
        os.kill(os.getpid(), signal.SIGKILL)
    while True:
        size += 1

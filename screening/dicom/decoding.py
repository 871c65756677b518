"""Whether compressed pixels can be decoded, tried in a child process.

The decoders are C libraries. Damaged input may crash one, hang it or make it ask for all memory; none of
that may reach the process that receives patients' images. One child serves many files.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
import warnings
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom import dcmread
from pydicom.pixels import iter_pixels

from screening.dicom.child_limits import limit_next, limit_process
from screening.dicom.elements import READING_ERRORS
from screening.dicom.errors import IngestError
from screening.dicom.pixels import decoding_plugin

# Frames are decoded in order until this is used up; the framing of the rest has been checked already.
BUDGET_S = 4.0
# Computing for one file, whatever a single frame of it asks for; then the system ends the child.
COMPUTING_S = 8
HUNG_S = 60.0
_GOOD, _BAD = b"+", b"-"
# A child that ended so was ended by the file and not from outside: the next would end like it.
_BY_THE_FILE = frozenset(
    -each for each in (signal.SIGXCPU, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)
)


class DecodingCheck:
    """A child process that decodes; safe to use from several threads, one file at a time."""

    module = "screening.dicom.decoding"

    def __init__(self, hung_s: float = HUNG_S) -> None:
        self.hung_s = hung_s
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def check(self, data: bytes) -> None:
        """Raises `IngestError` when the frames of this Part 10 file cannot be decoded.

        A child that dies is replaced, and asked once more when it may have been ended from outside.
        """
        with self._lock:
            for _attempt in range(2):
                answer = self._ask(data)
                if answer == _GOOD:
                    return
                if answer == _BAD:
                    break
                self._end()
        raise IngestError("damaged_pixels", "The compressed image is damaged and cannot be shown.")

    def close(self) -> None:
        """End the child, if it is this process's own."""
        with self._lock:
            self._end()

    def _ask(self, data: bytes) -> bytes:
        child = self._running()
        if child.stdin is None or child.stdout is None:
            return b""
        try:
            child.stdin.write(struct.pack("<Q", len(data)))
            child.stdin.write(data)
            child.stdin.flush()
        except OSError:
            return b""
        answers = select.poll()
        answers.register(child.stdout, select.POLLIN | select.POLLHUP)
        if not answers.poll(self.hung_s * 1000):
            self._end()
            return _BAD
        answer = os.read(child.stdout.fileno(), 1)
        return answer or (_BAD if child.wait() in _BY_THE_FILE else b"")

    def _running(self) -> subprocess.Popen[bytes]:
        # After a fork the pipe would be shared with the parent, and answers would go astray.
        if self._child is None or self._owner != os.getpid() or self._child.poll() is not None:
            self._end()
            root = str(Path(__file__).resolve().parents[2])
            self._child = subprocess.Popen(
                [sys.executable, "-m", self.module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=root,
                env={"PATH": os.defpath, "PYTHONPATH": root, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
            self._owner = os.getpid()
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                continue  # unsent bytes of a dead child


CHECK = DecodingCheck()
atexit.register(CHECK.close)


def decodes(data: bytes, budget_s: float = BUDGET_S) -> bool:
    """Decode the frames of a Part 10 file, in this process. True when all that were tried came out whole."""
    deadline = time.monotonic() + budget_s
    try:
        dataset = dcmread(BytesIO(data))
        plugin = decoding_plugin(dataset.file_meta.TransferSyntaxUID)
        shape = (dataset.Rows, dataset.Columns)
        for frame in iter_pixels(dataset, raw=True, decoding_plugin=plugin):
            if frame.shape[:2] != shape:
                return False
            if time.monotonic() > deadline:
                break
    except READING_ERRORS:
        return False
    return True


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer one byte for each file, until the requests end."""
    while len(head := requests.read(8)) == 8:
        (size,) = struct.unpack("<Q", head)
        data = requests.read(size)
        limit_next(COMPUTING_S)
        answers.write(_GOOD if len(data) == size and decodes(data) else _BAD)
        answers.flush()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    limit_process()
    # The decoders may print; their words must not mix with the answers.
    own_answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    serve(sys.stdin.buffer, own_answers)

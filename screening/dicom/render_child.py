"""The child process that makes pictures: decoders are C libraries, and what they read was sent by strangers."""

from __future__ import annotations

import atexit
import json
import os
import select
import struct
import sys
import time
import warnings
from typing import BinaryIO

from screening.dicom.child_limits import limit_next, limit_process
from screening.dicom.decoding import DecodingCheck
from screening.dicom.pixels import PixelError
from screening.dicom.rendering import Wish, done

HUNG_S = 30.0
# Computing for one picture; a file of a thousand frames can be asked for whole.
COMPUTING_S = 15
MOST_ANSWER = 1 << 30
_HEAD, _ANSWER = struct.Struct("<QQ"), struct.Struct("<?Q")


class Renderer(DecodingCheck):
    """One child of this process; one picture at a time, from whichever thread asks."""

    module = "screening.dicom.render_child"

    def make(self, data: bytes, wish: Wish) -> bytes:
        """What is wished of a Part 10 file. Raises `PixelError`; a child that dies or hangs is replaced."""
        with self._lock:
            answer = self._made(data, json.dumps(wish.as_json()).encode())
            if answer is None:
                self._end()
                raise PixelError("The pixels of the image cannot be decoded.")
        return answer

    def _made(self, data: bytes, wish: bytes) -> bytes | None:
        child = self._running()
        if child.stdin is None or child.stdout is None:
            return None
        until = time.monotonic() + self.hung_s
        try:
            child.stdin.write(_HEAD.pack(len(wish), len(data)) + wish)
            child.stdin.write(data)
            child.stdin.flush()
            head = _read(child.stdout.fileno(), _ANSWER.size, until)
            if head is None:
                return None
            good, length = _ANSWER.unpack(head)
            body = _read(child.stdout.fileno(), length, until) if length <= MOST_ANSWER else None
        except OSError:
            return None
        if body is not None and not good:
            raise PixelError(body.decode("utf-8", "replace"))
        return body


def _read(descriptor: int, length: int, until: float) -> bytes | None:
    """So many bytes, or None when the child ends or is silent for too long."""
    answers = select.poll()
    answers.register(descriptor, select.POLLIN | select.POLLHUP)
    parts = bytearray()
    while len(parts) < length:
        if not answers.poll(max(0.0, until - time.monotonic()) * 1000):
            return None
        data = os.read(descriptor, min(1 << 20, length - len(parts)))
        if not data:
            return None
        parts += data
    return bytes(parts)


RENDERER = Renderer(hung_s=HUNG_S)
atexit.register(RENDERER.close)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer each wish with a picture, or with the sentence that says why there is none, until the requests end."""
    while len(head := requests.read(_HEAD.size)) == _HEAD.size:
        wish_length, length = _HEAD.unpack(head)
        wish = Wish.of(json.loads(requests.read(wish_length)))
        data = requests.read(length)
        limit_next(COMPUTING_S)
        try:
            good, body = True, done(data, wish)
        except PixelError as error:
            good, body = False, str(error).encode()
        except MemoryError:
            good, body = False, b"The image is larger than any image of this kind can be."
        answers.write(_ANSWER.pack(good, len(body)) + body)
        answers.flush()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    limit_process()
    # The decoders may print; their words must not mix with the answers.
    own_answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    serve(sys.stdin.buffer, own_answers)

"""The child process that masks: decoders are C libraries, and what they read was sent by strangers."""

from __future__ import annotations

import atexit
import json
import os
import resource
import struct
import sys
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from pydicom import dcmread
from pydicom.dataset import Dataset

from screening.deidentify.masks import Rectangle, masked_bytes
from screening.dicom.elements import READING_ERRORS
from screening.dicom.pixels import PixelError
from screening.dicom.render_child import Renderer

HUNG_S = 120.0
MEMORY_BYTES = 6 << 30
_HEAD, _ANSWER = struct.Struct("<QQ"), struct.Struct("<?Q")


@dataclass(frozen=True, slots=True)
class Areas:
    """What is asked of the child: rectangles."""

    rectangles: tuple[Rectangle, ...]

    def as_json(self) -> list[list[int]]:
        return [list(each) for each in self.rectangles]


class Masker(Renderer):
    """One child of this process; one image at a time."""

    module = "screening.deidentify.mask_child"

    def masked(self, dataset: Dataset, rectangles: tuple[Rectangle, ...]) -> Dataset:
        """As `masks.masked`, in the child. Raises `PixelError` when it cannot, dies or hangs."""
        out = BytesIO()
        dataset.save_as(out, enforce_file_format=True)
        return dcmread(BytesIO(self.make(out.getvalue(), Areas(rectangles))))  # type: ignore[arg-type]


MASKER = Masker(hung_s=HUNG_S)
atexit.register(MASKER.close)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer each image with its masked file, or with the sentence that says why there is none, until the requests end."""
    while len(head := requests.read(_HEAD.size)) == _HEAD.size:
        asked_length, length = _HEAD.unpack(head)
        rectangles = tuple(tuple(each) for each in json.loads(requests.read(asked_length)))
        data = requests.read(length)
        try:
            good, body = True, masked_bytes(dcmread(BytesIO(data)), rectangles)
        except PixelError as error:
            good, body = False, str(error).encode()
        except READING_ERRORS:
            good, body = False, b"The pixels of the image cannot be decoded."
        except MemoryError:
            good, body = False, b"The image is larger than any image of this kind can be."
        answers.write(_ANSWER.pack(good, len(body)) + body)
        answers.flush()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The decoders may print; their words must not mix with the answers.
    own_answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    serve(sys.stdin.buffer, own_answers)

"""Strangers' pixels are decoded in a child process with limits, and nowhere else."""

from __future__ import annotations

import re
import resource
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from config.env import ROOT
from screening.dicom.decoded import grey_values, modality_values
from screening.dicom.decoding import DecodingCheck
from screening.dicom.errors import IngestError
from screening.dicom.pixels import PixelError, frame_array, grey_array
from screening.dicom.render_child import RENDERER
from screening.dicom.rendering import LARGEST_ENLARGED, Wish
from screening.dicom.structure import Counted
from screening.phantoms.headers import as_bytes
from tests.ingest.images import COMPRESSED, UNCOMPRESSED, ct, encoded

DECODES = re.compile(r"\b(frame_array|grey_array|stored_array|pixel_array|iter_pixels|decompress|convert_pixel_data)\(")
# The child's own code.
# The masks of an export run in a child of their own, with the same limits (screening.deidentify).
INSIDE = {
    "screening/dicom/pixels.py",
    "screening/dicom/rendering.py",
    "screening/dicom/decoding.py",
    "screening/deidentify/masks.py",
}


def test_nothing_outside_the_child_decodes_pixels():
    found = {
        str(path.relative_to(ROOT))
        for app in ("accounts", "config", "screening", "reports")
        for path in (ROOT / app).rglob("*.py")
        if DECODES.search(re.sub(r"gzip\.decompress\(", "", path.read_text("utf-8")))
    }
    assert found == INSIDE, "decode by screening.dicom.decoded or by RENDERER"


@pytest.mark.parametrize("syntax", [*UNCOMPRESSED, *COMPRESSED])
def test_the_childs_numbers_are_the_decoders_own(syntax):
    data = encoded(ct(), syntax)
    assert np.array_equal(modality_values(data), frame_array(dcmread(Counted(data))))
    assert np.array_equal(grey_values(data), grey_array(dcmread(Counted(data))))


def test_what_cannot_be_decoded_is_a_sentence_and_the_next_image_is_read():
    with pytest.raises(PixelError, match="cannot be decoded"):
        modality_values(b"no file")
    with pytest.raises(PixelError, match="no such frame"):
        modality_values(as_bytes(ct()), frame=2)
    assert modality_values(as_bytes(ct())).shape == (32, 32)


def test_a_picture_is_not_enlarged_without_end():
    made = RENDERER.make(as_bytes(ct()), Wish(kind="image/png", size=(8192, 8192)))
    from io import BytesIO

    assert Image.open(BytesIO(made)).size == (LARGEST_ENLARGED, LARGEST_ENLARGED)


class Watched(DecodingCheck):
    module = "tests.dicom.spinning_child"
    started = 0

    def _running(self) -> subprocess.Popen[bytes]:
        before = self._child
        child = super()._running()
        self.started += child is not before
        return child


@pytest.mark.parametrize(("data", "children"), [(b"spin", 1), (b"crash", 1), (b"ended from outside", 2)])
def test_a_file_that_ends_the_child_is_refused_and_only_one_ended_from_outside_is_tried_again(data, children):
    check = Watched()
    try:
        with pytest.raises(IngestError, match="damaged"):
            check.check(data)
    finally:
        check.close()
    assert check.started == children


def test_limits_are_set_and_a_lower_one_stays():
    asks = (
        "import resource; from screening.dicom.child_limits import limit_process, limit_next\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); limit_process(); limit_next(5)\n"
        "print(*(resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_CORE)))\n"
        "print(resource.getrlimit(resource.RLIMIT_CPU)[0])"
    )
    told = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    limits, seconds = told.splitlines()
    assert limits == f"({1 << 30}, {1 << 30}) (0, 0)"
    assert 5 <= int(seconds) <= 10
    assert resource.getrlimit(resource.RLIMIT_CPU)[0] == resource.RLIM_INFINITY  # this process set itself none

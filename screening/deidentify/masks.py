"""Burned-in text of known devices: where it stands, and pixels without it.

A rectangle is taken only from a published list, and only for images of the very size it was given for. An image whose
pixels carry text as a rule and whose device is not in the table is refused by the caller, never guessed at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels import iter_pixels
from pydicom.uid import ExplicitVRLittleEndian

from screening.dicom.pixels import MAX_FRAME_PIXELS, MAX_TOTAL_BYTES, PixelError, decoding_plugin

# RSNA Clinical Trials Processor, library of burned-in annotations (DicomPixelAnonymizer.script, johnperry/CTP at
# 054d505). Where it names no size, the width of its strip is asked for.
CTP = "RSNA CTP DicomPixelAnonymizer.script 054d505"
# Columns to the right, rows down, width, height.
Rectangle = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Device:
    """Images of one device and size. maker, model, kind, series: what Manufacturer, ManufacturerModelName, ImageType
    and SeriesDescription must contain, whatever the case; rows: 0 where the source names none."""

    name: str
    modality: str
    maker: str
    columns: int
    rectangles: tuple[Rectangle, ...]
    rows: int = 0
    model: str = ""
    kind: str = ""
    series: str = ""
    source: str = CTP

    def made(self, dataset: Dataset) -> bool:
        size = int(dataset.get("Rows", 0) or 0), int(dataset.get("Columns", 0) or 0)
        return (
            str(dataset.get("Modality", "")).strip().upper() == self.modality
            and size[1] == self.columns
            and self.rows in (0, size[0])
            and all(
                words.casefold() in _text(dataset, name)
                for name, words in (
                    ("Manufacturer", self.maker),
                    ("ManufacturerModelName", self.model),
                    ("ImageType", self.kind),
                    ("SeriesDescription", self.series),
                )
            )
        )


DEVICES = (
    Device("GE LOGIQ 9", "US", "GE", 640, ((0, 0, 640, 40),), model="LOGIQ9"),
    Device("GE LOGIQ E9", "US", "GE", 960, ((0, 0, 960, 70),), model="LOGIQE9"),
    Device("Philips iU22", "US", "PHILIPS", 640, ((0, 0, 640, 47),), rows=480, model="iU22"),
    Device("Philips iU22", "US", "PHILIPS", 1024, ((0, 0, 1024, 75),), rows=768, model="iU22"),
    Device("Philips iU22", "US", "PHILIPS", 800, ((0, 0, 800, 59),), rows=600, model="iU22"),
    Device("Zonare z.one", "US", "ZONARE", 800, ((0, 0, 800, 65),), model="Z_ONE"),
    Device("ATL HDI 5000", "US", "ATL", 640, ((40, 0, 200, 40), (240, 0, 190, 16)), rows=476, model="HDI 5000"),
    Device(
        "Siemens Antares",
        "US",
        "SIEMENS",
        1024,
        ((0, 0, 1024, 60), (200, 60, 20, 20), (800, 65, 104, 14)),
        rows=768,
        model="ANTARES",
    ),
    Device("Siemens Acuson", "US", "SIEMENS", 800, ((0, 0, 800, 43), (128, 56, 16, 16)), rows=600, model="ACUSON"),
    Device("Acuson Sequoia", "US", "ACUSON", 640, ((0, 0, 640, 30),), rows=480, model="SEQUOIA"),
    Device("Toshiba Aplio 500", "US", "TOSHIBA", 960, ((0, 0, 960, 60),), rows=720, model="A500"),
    Device("SuperSonic Aixplorer", "US", "SuperSonic", 1400, ((0, 0, 1400, 89),), rows=1050, model="Aixplorer"),
    Device("GE dose sheet", "CT", "GE MEDICAL", 512, ((0, 0, 512, 110),), rows=512, series="Dose Report"),
    Device("Siemens dose sheet", "CT", "SIEMENS", 1132, ((0, 0, 1132, 60),), rows=860, kind="SECONDARY"),
    Device("Philips dose sheet", "CT", "PHILIPS", 512, ((0, 0, 512, 135),), rows=512, kind="DOSE"),
    Device(
        "Toshiba Aquilion ONE dose sheet",
        "CT",
        "TOSHIBA",
        512,
        ((0, 0, 410, 240),),
        rows=512,
        model="Aquilion ONE",
        kind="SECONDARY",
    ),
    Device("Canon CXDI", "CR", "CANON", 2208, ((0, 0, 2208, 80), (0, 2512, 2208, 80)), rows=2592, model="CXDI"),
    Device("ADAC", "NM", "ADAC", 1024, ((0, 0, 1024, 60), (0, 762, 1024, 70)), rows=832),
)


def _text(dataset: Dataset, name: str) -> str:
    value = dataset.get(name, "")
    parts = [value] if isinstance(value, str) or value is None else list(value)
    return "\\".join(str(part) for part in parts).casefold()


def device_of(dataset: Dataset) -> Device | None:
    """The device whose text this image carries where the table says; None when the table does not know it."""
    return next((device for device in DEVICES if device.made(dataset)), None)


def masked(dataset: Dataset, rectangles: tuple[Rectangle, ...]) -> Dataset:
    """The image with every pixel of the rectangles in one constant, uncompressed (Explicit VR Little Endian).

    Colour comes out as RGB. The given dataset is changed. Raises `PixelError` for pixels that cannot be read.
    """
    compressed = dataset.file_meta.TransferSyntaxUID.is_encapsulated
    lossy = compressed and str(dataset.file_meta.TransferSyntaxUID) in _LOSSY
    samples = int(dataset.get("SamplesPerPixel", 1) or 1)
    rows, columns, frames = _size(dataset, samples)
    kept = bytearray()
    try:
        for frame in _frames(dataset, rows, columns, samples):
            for x, y, width, height in rectangles:
                frame[y : y + height, x : x + width] = _fill(dataset)
            kept += frame.tobytes()
    except (ValueError, TypeError, AttributeError, RuntimeError, NotImplementedError, KeyError, IndexError) as error:
        raise PixelError("The pixels of the image cannot be decoded.") from error
    wanted = rows * columns * samples * frames * (int(dataset.BitsAllocated) // 8)
    if len(kept) != wanted:
        raise PixelError("The decoded pixels do not have the size the header says.")
    dataset.PixelData = bytes(kept) + bytes(len(kept) % 2)
    dataset["PixelData"].VR = "OB" if int(dataset.BitsAllocated) == 8 else "OW"
    dataset["PixelData"].is_undefined_length = False
    if samples > 1:
        dataset.PhotometricInterpretation, dataset.PlanarConfiguration = "RGB", 0
    if lossy:
        dataset.LossyImageCompression = "01"
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


_LOSSY = (
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.203",
)


def _size(dataset: Dataset, samples: int) -> tuple[int, int, int]:
    rows, columns = int(dataset.get("Rows", 0) or 0), int(dataset.get("Columns", 0) or 0)
    frames = int(dataset.get("NumberOfFrames", 1) or 1)
    if samples not in (1, 3) or int(dataset.get("BitsAllocated", 0) or 0) not in (8, 16) or frames < 1:
        raise PixelError("The image stores its pixels in a way that cannot be read.")
    size = rows * columns * samples * frames * int(dataset.BitsAllocated) // 8
    if not 0 < rows * columns <= MAX_FRAME_PIXELS or size > MAX_TOTAL_BYTES:
        raise PixelError("The image is larger than any image of this kind can be.")
    return rows, columns, frames


def _frames(dataset: Dataset, rows: int, columns: int, samples: int) -> Iterator[np.ndarray]:
    kind = "i" if int(dataset.get("PixelRepresentation", 0) or 0) else "u"
    shape = (rows, columns) if samples == 1 else (rows, columns, samples)
    plugin = decoding_plugin(dataset.file_meta.TransferSyntaxUID)
    for frame in iter_pixels(dataset, decoding_plugin=plugin):
        if frame.shape != shape:
            raise PixelError("The decoded pixels do not have the size the header says.")
        yield np.array(frame, dtype=f"<{kind}{int(dataset.BitsAllocated) // 8}")


def _fill(dataset: Dataset) -> int:
    """Black, as far as a stored value says it: the same in every image of a kind."""
    stored = int(dataset.get("BitsStored", dataset.BitsAllocated))
    signed = bool(int(dataset.get("PixelRepresentation", 0) or 0))
    low, high = (-(1 << stored - 1), (1 << stored - 1) - 1) if signed else (0, (1 << stored) - 1)
    return high if str(dataset.get("PhotometricInterpretation", "")) == "MONOCHROME1" else low


def masked_bytes(dataset: Dataset, rectangles: tuple[Rectangle, ...]) -> bytes:
    """`masked` as a Part 10 file, for the child process that does it."""
    out = BytesIO()
    masked(dataset, rectangles).save_as(out, enforce_file_format=True, implicit_vr=False, little_endian=True)
    return out.getvalue()

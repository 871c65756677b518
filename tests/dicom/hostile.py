"""DICOM files as an attacker, a broken scanner or a bad disk would make them. The same number gives the same file.

Every file names a study of its own, and its patient by `SECRETS`, which no reason, log or error may repeat.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from io import BytesIO

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from screening.dicom.parse import SUPPORTED_SYNTAXES, reading_quietly
from tests.dicom.samples import PLACE, samples

LENGTHS = (0, 1, 7, 0x7F, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
VRS = (
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
) + [b"ZZ", b"\0\0", b"\xff\xff", b"sq", b"S\xc9"]
CHARSETS = (
    "", "\\", "ISO_IR 100", "ISO_IR 999", "ISO 2022 IR 87\\ISO 2022 IR 13", "\\ISO 2022 IR 149", "GB18030", "GBK",
    "ISO_IR 192", "utf-7", "rot13", "idna", "hex", "unicode_escape", "zlib_codec", "../../etc", "\\" * 40,
)  # fmt: skip
NAMES = (b"\x1b$B\x1b(B^\x1b$", b"=\x1b$)C\xb1\xe8=\xff", b"\xff\xfe\xfd^" * 40, b"^" * 200, b"=" * 50, b"\x1b" * 64)
NUMBERS = (
    "0", "-1", "1", "nan", "inf", "-inf", "1e308", "1e400", "-1e400", "1e-400", "0x10", "1_0", "٣", "1,5", "",
    "\\\\\\", "1\\2\\3\\4\\5\\6\\7", "9" * 300, "1" * 4000, "--5", "1e", "True", "None", " ",
)  # fmt: skip
TEXTS = (
    "<script>alert(1)</script>",
    "=cmd|'/c calc'!A0",
    "\u202e\u2066",
    "A" * 70_000,
    "{{7*7}}%s%n",
    "'; DROP TABLE--",
)
SIZES = (0, 1, 2, 3, 255, 256, 4096, 10_000, 20_000, 32_767, 65_535)
KEYWORDS = (
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "PlanarConfiguration", "PhotometricInterpretation", "RescaleSlope", "RescaleIntercept",
    "WindowCenter", "WindowWidth", "VOILUTFunction", "PixelPaddingValue", "PixelPaddingRangeLimit", "PixelSpacing",
    "ImagePositionPatient", "ImageOrientationPatient", "SliceThickness", "InstanceNumber", "SeriesNumber",
    "StudyDate", "StudyTime", "PatientBirthDate", "PatientAge", "PatientSex", "TimezoneOffsetFromUTC", "ImageType",
    "PatientOrientation", "Modality", "BodyPartExamined", "StudyDescription", "SeriesDescription", "GantryDetectorTilt",
    "ConvolutionKernel", "Laterality", "ViewPosition", "AccessionNumber", "RequestedProcedurePriority", "KVP",
)  # fmt: skip
Mutation = Callable[[random.Random, bytes], bytes]


def hostile_file(number: int) -> tuple[str, bytes]:
    """(what was done, the bytes) of the hostile file with this number."""
    rng = random.Random(f"hostile {number}")
    sample_name, sample = rng.choice(samples())
    done = [sample_name]
    data = sample
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        name = rng.choice(list(MUTATIONS))
        done.append(name)
        with reading_quietly():
            data = MUTATIONS[name](rng, data)
    return " + ".join(done), data.replace(PLACE, b"777%07d" % number)


def _elements(data: bytes) -> list[tuple[int, int, bool]]:
    """(where the value begins, its length, explicit VR) of every top-level element that pydicom finds."""
    try:
        dataset = dcmread(BytesIO(data))
    except Exception:  # noqa: BLE001  it may be broken already; then there is nothing to aim at
        return []
    explicit = not dataset.original_encoding[0]
    raw = [dataset.get_item(tag) for tag in list(dataset.keys())]
    return [
        (each.value_tell, each.length, explicit)
        for each in raw
        if isinstance(each, RawDataElement) and each.value_tell and each.value is not None
    ]


def _pixels_at(data: bytes) -> int:
    for mark in (b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10"):
        if (at := data.rfind(mark)) > 0:
            return at
    return len(data)


def _set(data: bytes, at: int, piece: bytes) -> bytes:
    at = max(0, min(at, len(data)))
    return data[:at] + piece + data[at + len(piece) :]


def flip_bits(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    end = len(changed) if rng.random() < 0.5 else max(1, _pixels_at(data))
    for _ in range(rng.choice((1, 2, 8, 64))):
        if changed:
            changed[rng.randrange(min(end, len(changed)))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def flip_pixels(rng: random.Random, data: bytes) -> bytes:
    changed, start = bytearray(data), _pixels_at(data) + 12
    for _ in range(rng.choice((1, 4, 32))):
        if start < len(changed):
            changed[rng.randrange(start, len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def splice(rng: random.Random, data: bytes) -> bytes:
    other = rng.choice(samples())[1]
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other)) :]


def move_bytes(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(132, max(133, len(data)))
    piece = data[start : start + rng.choice((1, 2, 8, 100))]
    kind = rng.randrange(3)
    if kind == 0:
        return data[:start] + data[start + len(piece) :]
    where = rng.randrange(132, max(133, len(data)))
    return data[:where] + piece * rng.choice((1, 2, 50)) + data[where:]


def hostile_length(rng: random.Random, data: bytes) -> bytes:
    elements = _elements(data)
    if not elements:
        return data
    at, length, explicit = rng.choice(elements)
    wrong = rng.choice((*LENGTHS, length + 1, length + 2, max(0, length - 1), length * 2))
    if explicit and data[at - 4 : at - 2].isalpha() and data[at - 4 : at - 2].isupper():
        return _set(data, at - 2, struct.pack("<H", wrong & 0xFFFF))
    return _set(data, at - 4, struct.pack("<I", wrong & 0xFFFFFFFF))


def wrong_vr(rng: random.Random, data: bytes) -> bytes:
    for at, _length, explicit in rng.sample(found := _elements(data), min(len(found), rng.choice((1, 1, 5)))):
        if explicit:
            short = data[at - 4 : at - 2].isalpha()
            data = _set(data, at - (4 if short else 8), rng.choice(VRS))
    return data


def wrong_tag(rng: random.Random, data: bytes) -> bytes:
    elements = _elements(data)
    if not elements:
        return data
    at, _length, explicit = rng.choice(elements)
    back = 8 if not explicit or data[at - 4 : at - 2].isalpha() else 12
    return _set(
        data, at - back, struct.pack("<HH", *(rng.choice((0, 2, 8, 0x28, 0x7FE0, 0xFFFE, 0xFFFF)) for _ in "ab"))
    )


def wrong_syntax(rng: random.Random, data: bytes) -> bytes:
    start = data.find(b"\x02\x00\x10\x00UI")
    if start < 0:
        return data
    length = struct.unpack_from("<H", data, start + 6)[0]
    uid = rng.choice(sorted(SUPPORTED_SYNTAXES) + ["1.2.840.10008.1.2.1.99", "1.2.3", "../../x", "1." * 40]).encode()
    uid += b"\0" * (len(uid) % 2)
    return data[: start + 6] + struct.pack("<H", len(uid)) + uid + data[start + 8 + length :]


def deep_sequences(rng: random.Random, data: bytes) -> bytes:
    """Explicit little endian, put before the pixels; in a file of another kind it is simply rubbish."""
    at, depth = _pixels_at(data), rng.choice((2, 10, 60, 200, 1000, 3000))
    tag = rng.choice((b"\x40\x00\x75\x02", b"\x18\x00\x14\x90", b"\x28\x00\x10\x30", b"\x29\x00\x10\x10"))
    item = b"\xfe\xff\x00\xe0"
    if rng.random() < 0.5:
        nested = tag + b"SQ\0\0\xff\xff\xff\xff" + item + b"\xff\xff\xff\xff"
        closed = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0" if rng.random() < 0.5 else b""
        return data[:at] + nested * depth + closed * depth + data[at:]
    body = b""
    for _ in range(min(depth, 1000)):
        body = tag + b"SQ\0\0" + struct.pack("<I", len(body) + 8) + item + struct.pack("<I", len(body)) + body
    return data[:at] + body + data[at:]


def many_elements(rng: random.Random, data: bytes) -> bytes:
    at, count = _pixels_at(data), rng.choice((100, 300, 1000)) if rng.random() < 0.98 else 130_000
    return (
        data[:at]
        + b"".join(struct.pack("<HH", 0x2811 + 2 * (n >> 16), n & 0xFFFF) + b"LO\0\0" for n in range(count))
        + data[at:]
    )


def _changed(data: bytes, change: Callable[[Dataset], object]) -> bytes:
    try:
        dataset = dcmread(BytesIO(data))
        change(dataset)
        out = BytesIO()
        dataset.save_as(out, enforce_file_format=False)
        return out.getvalue()
    except Exception:  # noqa: BLE001  what pydicom cannot write back, it leaves to the other mutations
        return data


def huge_size(rng: random.Random, data: bytes) -> bytes:
    def change(dataset: Dataset) -> None:
        for keyword in rng.sample(("Rows", "Columns", "SamplesPerPixel", "BitsAllocated"), rng.choice((1, 2, 2))):
            dataset[keyword]._value = rng.choice(SIZES)
        if rng.random() < 0.5:
            frames = rng.choice((0, -1, 2, 1000, 19_999, 20_001, 10**6, 2**31 - 1, 10**9))
            dataset.add_new("NumberOfFrames", "IS", str(frames))

    return _changed(data, change)


def hostile_value(rng: random.Random, data: bytes) -> bytes:
    def change(dataset: Dataset) -> None:
        for keyword in rng.sample(KEYWORDS, rng.choice((1, 1, 3))):
            if rng.random() < 0.15 and keyword in dataset:
                delattr(dataset, keyword)
                continue
            value = rng.choice(NUMBERS if rng.random() < 0.7 else TEXTS)
            # Text where a number belongs: as UT, so that pydicom writes whatever it is given.
            dataset.add_new(keyword, rng.choice(("UT", "LO", "UC")), value)

    return _changed(data, change)


def odd_number(rng: random.Random, data: bytes) -> bytes:
    """A number of the right kind and a wrong worth, or too many of them."""

    def change(dataset: Dataset) -> None:
        keyword = rng.choice(("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
                              "SamplesPerPixel", "PlanarConfiguration", "PixelPaddingValue"))  # fmt: skip
        worth = rng.choice((0, 1, 2, 3, 4, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 64, 255, 65_535))
        dataset.add_new(
            keyword, rng.choice(("US", "US", "UL", "FD", "SS")), rng.choice((worth % 32_768, [worth % 32_768] * 3))
        )

    return _changed(data, change)


def hostile_text(rng: random.Random, data: bytes) -> bytes:
    def change(dataset: Dataset) -> None:
        dataset.add_new("SpecificCharacterSet", "UT", rng.choice(CHARSETS))
        for keyword, vr in (("PatientName", "PN"), ("StudyDescription", "LO"), ("ReferringPhysicianName", "PN")):
            dataset[keyword] = RawDataElement(dataset.data_element(keyword).tag if keyword in dataset else _tag(keyword),
                                              vr, 0, b"ZZSECRETNAME" + rng.choice(NAMES), 0, False, True)  # fmt: skip

    return _changed(data, change)


def _tag(keyword: str):
    from pydicom.datadict import tag_for_keyword
    from pydicom.tag import Tag

    return Tag(tag_for_keyword(keyword))


def broken_tables(rng: random.Random, data: bytes) -> bytes:
    def change(dataset: Dataset) -> None:
        descriptor = [
            rng.choice((0, 1, 2, 255, 65_535)),
            rng.choice((0, 1, 40_000)),
            rng.choice((0, 1, 8, 16, 17, 255)),
        ]
        table = rng.randbytes(rng.choice((0, 1, 2, 512)))
        if "VOILUTSequence" in dataset or rng.random() < 0.3:
            item = Dataset()
            item.add_new("LUTDescriptor", "US", descriptor[: rng.choice((1, 3, 3, 3))])
            item.add_new("LUTData", rng.choice(("OW", "US", "UT")), table if rng.random() < 0.5 else [1, 2, 3])
            setattr(dataset, rng.choice(("VOILUTSequence", "ModalityLUTSequence")), Sequence([item]))
        else:
            dataset.PhotometricInterpretation = rng.choice(
                ("PALETTE COLOR", "YBR_FULL_422", "YBR_ICT", "ARGB", "XYZZY")
            )
            dataset.add_new("RedPaletteColorLookupTableDescriptor", "US", descriptor)
            dataset.add_new("RedPaletteColorLookupTableData", "OW", table)

    return _changed(data, change)


def broken_encapsulation(rng: random.Random, data: bytes) -> bytes:
    def change(dataset: Dataset) -> None:
        if not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            dataset.file_meta.TransferSyntaxUID = rng.choice((RLELossless, JPEG2000Lossless, JPEGLSLossless))
            return
        frames = list(generate_frames(dataset.PixelData, number_of_frames=int(dataset.get("NumberOfFrames") or 1)))
        whole = encapsulate(frames)
        item, end = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0\0\0\0\0"
        dataset.PixelData = rng.choice(
            (
                b"",
                end,
                item + b"\0\0\0\0",
                whole[: rng.randrange(len(whole))],
                whole[8:],
                item + b"\x04\0\0\0" + rng.randbytes(4) + whole[12:],
                item + struct.pack("<I", rng.choice(LENGTHS)) + whole[8:],
                item + b"\0\0\0\0" + (item + b"\0\0\0\0") * rng.choice((1, 100, 50_000)) + whole[8:],
                encapsulate(frames * rng.choice((2, 20))),
                encapsulate([rng.randbytes(len(frames[0]))]),
                encapsulate([frames[0][: rng.randrange(1, len(frames[0]))] + b"\xff\xd9"]),
                item
                + b"\0\0\0\0"
                + b"".join(item + struct.pack("<I", 2) + frames[0][n : n + 2] for n in range(0, 200, 2)),
                whole.replace(item, b"\xfe\xff\x0d\xe0", 1),
            )
        )
        dataset["PixelData"].is_undefined_length = True

    return _changed(data, change)


def false_bitstream(rng: random.Random, data: bytes) -> bytes:
    """Another size, depth or number of components inside the compressed stream than the header says."""
    changed = bytearray(data)
    for marker, width in ((b"\xff\x4f\xff\x51", 40), (b"\xff\xf7", 16), (b"\xff\xc0", 16), (b"\xff\xda", 10)):
        at = data.find(marker, _pixels_at(data))
        if at > 0:
            for _ in range(rng.choice((1, 2, 6))):
                place = at + len(marker) + rng.randrange(width)
                if place < len(changed):
                    changed[place] = rng.choice((0, 1, 2, 3, 8, 16, 64, 127, 128, 255))
    return bytes(changed)


def huge_bitstream(rng: random.Random, data: bytes) -> bytes:
    """A huge size, said alike by the header and by the compressed stream: a decompression bomb of a few bytes."""
    rows, columns = rng.choice(((10_000, 10_000), (20_000, 5000), (4096, 4096), (65_535, 1500), (30_000, 30_000)))

    def change(dataset: Dataset) -> None:
        dataset.Rows, dataset.Columns = rows, columns
        if not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            return
        pixels = bytearray(dataset.PixelData)
        if (at := pixels.find(b"\xff\x4f\xff\x51")) >= 0:
            struct.pack_into(">2I", pixels, at + 8, columns, rows)
            if rng.random() < 0.5:
                struct.pack_into(">2I", pixels, at + 24, columns, rows)
        for marker in (b"\xff\xf7", b"\xff\xc0", b"\xff\xc1", b"\xff\xc3"):
            if (at := pixels.find(marker)) >= 0:
                struct.pack_into(">2H", pixels, at + 5, rows, columns)
                break
        dataset.PixelData = bytes(pixels)

    return _changed(data, change)


MUTATIONS: dict[str, Mutation] = {
    each.__name__: each
    for each in (
        flip_bits, flip_pixels, cut, splice, move_bytes, hostile_length, wrong_vr, wrong_tag, wrong_syntax,
        deep_sequences, many_elements, huge_size, hostile_value, odd_number, hostile_text, broken_tables,
        broken_encapsulation, false_bitstream, huge_bitstream,
    )
}  # fmt: skip

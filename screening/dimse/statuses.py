"""What a sender is told about one object: the DIMSE status of each outcome (PS3.4 table B.2-1, PS3.7 Annex C)."""

from __future__ import annotations

from pydicom.dataset import Dataset

from screening.services.ingest import IngestResult

SUCCESS = 0x0000
PENDING = 0xFF00
CANCELLED = 0xFE00
OUT_OF_RESOURCES = 0xA700
TOO_LARGE = 0xA701
DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000

# ErrorComment is LO: at most 64 characters, and nothing out of the object.
_FAILURES: dict[str, tuple[int, str]] = {
    "storage": (OUT_OF_RESOURCES, "The image could not be kept. Send it again later."),
    "too_large": (TOO_LARGE, "The object is larger than this receiver takes."),
    "mismatch": (DOES_NOT_MATCH, "The object is not the one that the request names."),
    "conflict": (0xA901, "Another image with the same UID is here already."),
    "patient_conflict": (0xA902, "The study is here already, with another patient ID."),
    "truncated": (0xC001, "Part of the object is missing."),
    "damaged_pixels": (0xC002, "The compressed image is damaged."),
    "no_image": (0xC003, "The object holds no image."),
    "unsupported_syntax": (0xC004, "The pixels are stored in a way that is not supported."),
    "missing_uid": (0xC005, "A UID is missing."),
    "bad_uid": (0xC006, "A UID is not valid."),
    "bad_size": (0xC007, "The image size is not usable."),
}
_OTHER = (CANNOT_UNDERSTAND, "The object cannot be read.")


def status_dataset(status: int, comment: str = "") -> Dataset:
    """Status (0000,0900), with ErrorComment (0000,0902) when something went wrong."""
    dataset = Dataset()
    dataset.Status = status
    if comment:
        dataset.ErrorComment = comment[:64]
    return dataset


def status_of(result: IngestResult) -> Dataset:
    """The answer to a C-STORE. What is here already counts as success: the sender need not send it again."""
    if result.result != "rejected":
        return status_dataset(SUCCESS)
    return status_dataset(*_FAILURES.get(result.code, _OTHER))


def later() -> Dataset:
    """The answer while the database or the disk is not to be had."""
    return status_dataset(*_FAILURES["storage"])

"""C-STORE: which objects are negotiated, and one object into a site, its data set as it was received."""

from __future__ import annotations

from io import BytesIO

from pydicom.dataset import RawDataElement
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID
from pynetdicom.presentation import AllStoragePresentationContexts

from accounts.models import Site
from screening.dicom.elements import READING_ERRORS
from screening.dicom.errors import IngestError
from screening.models import Instance
from screening.services.ingest import IngestResult, ingest_instance, reject
from screening.storage import MissingObject, UnreadableObject, storage

SOURCE = "dimse"
_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018
# Classes with pixel data whose names do not say "image".
_ALSO_IMAGES = (
    "Enhanced US Volume Storage",
    "Ophthalmic Optical Coherence Tomography B-scan Volume Analysis Storage",
    "Ophthalmic Thickness Map Storage",
    "Corneal Topography Map Storage",
)


def storage_classes() -> list[str]:
    """SOP class UIDs of everything that carries images; what could only be refused is not negotiated at all."""
    known = (str(context.abstract_syntax) for context in AllStoragePresentationContexts)
    return [uid for uid in known if "Image Storage" in UID(uid).name or UID(uid).name in _ALSO_IMAGES]


def store_object(
    *, data: bytes, dataset: bytes, sop_class_uid: str, sop_uid: str, transfer_syntax_uid: str, site: Site
) -> IngestResult:
    """Take one object. data: it as a file (PS3.10 section 7.1); dataset: the end of that, as received.

    After the return "stored" or "duplicate" means on disk and committed. A data set that the site has already
    under another file meta information (say, uploaded as a file) is a duplicate, not a conflict.
    """
    if not _is_named(dataset, sop_class_uid, sop_uid, UID(transfer_syntax_uid)):
        sentence = "The sender named another object than it sent."
        error = IngestError("mismatch", sentence)
        return reject(error=error, source=SOURCE, site=site, actor=None)
    kept = _kept_file(dataset, sop_uid, transfer_syntax_uid, site)
    return ingest_instance(data=kept or data, source=SOURCE, site=site, actor=None)


def _is_named(dataset: bytes, sop_class_uid: str, sop_uid: str, syntax: UID) -> bool:
    """False when the data set's own UIDs are others. A data set that cannot be read is for the ingest to judge."""
    try:
        head = read_dataset(
            BytesIO(dataset), syntax.is_implicit_VR, syntax.is_little_endian, stop_when=_is_after_instance
        )
        own = {tag: head.get_item(tag) for tag in (_SOP_CLASS, _SOP_INSTANCE) if tag in head}
    except READING_ERRORS:
        return True
    named = {_SOP_CLASS: sop_class_uid, _SOP_INSTANCE: sop_uid}
    return all(_text(element) in ("", named[tag]) for tag, element in own.items())


def _is_after_instance(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return int(tag) > _SOP_INSTANCE


def _text(element: object) -> str:
    """The raw value: a UID as text; "" when there is none."""
    value = element.value if isinstance(element, RawDataElement) else None
    return value.decode("ascii", "replace").strip("\0 ") if isinstance(value, bytes) else ""


def _kept_file(dataset: bytes, sop_uid: str, transfer_syntax_uid: str, site: Site) -> bytes | None:
    """The whole file the site keeps for this UID, when its data set is the one that came now."""
    found = Instance.objects.filter(site=site, sop_uid=sop_uid, transfer_syntax_uid=transfer_syntax_uid)
    known = found.values_list("sha256", "size").first()
    if known is None or known[1] <= len(dataset):
        return None
    try:
        with storage().open_range(known[0]) as stream:
            kept = stream.read()
    except (MissingObject, UnreadableObject):
        return None
    return kept if kept.endswith(dataset) else None

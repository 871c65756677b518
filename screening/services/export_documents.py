"""What goes with a study's images into an export without persons: other apps sign up what they have of it.

Screening knows no reports; reports know screening, and sign up when they are loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from screening.models import Study

Documents = Callable[[Study], Iterable[bytes]]
_SIGNED_UP: dict[str, Documents] = {}


def sign_up_documents(name: str, documents: Documents) -> None:
    """documents: the Part 10 files of a study that are no stored images, empty where there are none."""
    _SIGNED_UP[name] = documents


def documents_of(study: Study) -> list[bytes]:
    return [data for _name, documents in sorted(_SIGNED_UP.items()) for data in documents(study)]

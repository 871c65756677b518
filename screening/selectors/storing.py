"""What is stored, how much of it and how: for the administrators' page."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Sum
from django.db.models.functions import Coalesce

from accounts.models import Site
from screening import storage_places as places
from screening.models import Instance, Study
from screening.storage import LocalStorage, storage
from screening.storage_sealed import key_ids

# So many objects are looked at; folders are named by digests, so any of them stand for all.
LOOKED_AT = 2000
MOST_NAMED = 50


@dataclass(frozen=True, slots=True)
class Encryption:
    """current: the id of the key that new objects are encrypted with, "" where they are not. looked_at: objects; whole: they
    are all there are. encrypted: of these. keys: id → objects, the most used first. given: the ids in STORAGE_KEY."""

    current: str
    given: tuple[str, ...]
    looked_at: int
    whole: bool
    encrypted: int
    keys: Mapping[str, int]

    @property
    def share(self) -> int:
        """Whole percent, rounded down: 100 means all that were looked at."""
        return 100 * self.encrypted // self.looked_at if self.looked_at else 0


@dataclass(frozen=True, slots=True)
class Kept:
    """What a site has of a programme. programme: "" for studies that none reads. oldest: the first receipt."""

    site: Site
    programme: str
    studies: int
    images: int
    size: int
    oldest: datetime


def encryption() -> Encryption:
    """Lists the folders of the store, and reads the headers of at most so many objects."""
    store = storage()
    folders = places.shards(store.root)
    random.Random(len(folders)).shuffle(folders)  # noqa: S311  a sample, no secret
    seen = encrypted = 0
    keys: Counter[str] = Counter()
    whole = True
    for folder in folders:
        if seen >= LOOKED_AT:
            whole = False
            break
        for key, sealed in places.objects_in(folder):
            seen += 1
            if sealed:
                encrypted += 1
                keys.update(_ids(store, key))
    given = tuple(store.ring.ids) if store.ring else ()
    return Encryption(given[0] if given else "", given, seen, whole, encrypted, dict(keys.most_common()))


def _ids(store: LocalStorage, key: str) -> list[str]:
    try:
        with store.sealed_path(key).open("rb", buffering=0) as file:
            return key_ids(file)
    except FileNotFoundError:
        return []  # erased meanwhile


def unreadable() -> dict[str, str]:
    """Key → time (UTC) of every object that could not be read, of all sites, the first time first."""
    return places.faults(storage().root)


def studies_of(keys: Iterable[str], sites: Iterable[Site]) -> list[Study]:
    """The studies of the sites that these objects belong to, at most so many."""
    hit = Instance.objects.filter(sha256__in=list(keys)[:500]).values("series__study")
    return list(Study.objects.filter(pk__in=hit, site__in=list(sites)).select_related("site")[:MOST_NAMED])


def kept_by_site(sites: Iterable[Site]) -> list[Kept]:
    """By site and programme. One query over all images of the sites."""
    by_id = {site.pk: site for site in sites}
    rows = (
        Instance.objects.filter(site__in=by_id)
        .values("site_id", "series__study__programme")
        .annotate(
            studies=Count("series__study", distinct=True),
            images=Count("id"),
            bytes=Coalesce(Sum("size"), 0),
            oldest=Min("received_at"),
        )
    )
    found = [
        Kept(
            by_id[row["site_id"]],
            row["series__study__programme"],
            row["studies"],
            row["images"],
            row["bytes"],
            row["oldest"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.site.name, -one.size, one.programme))

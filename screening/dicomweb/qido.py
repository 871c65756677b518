"""QIDO-RS: a query string to a search, rows to attributes (PS3.18 section 10.6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import User
from screening.dicom.attributes import Attributes
from screening.dicomweb.json_model import instance_attributes, series_attributes, study_attributes
from screening.models import Instance, Series, Study
from screening.selectors.qido import (
    BY_NAME,
    MOST,
    Level,
    QueryError,
    find_instances,
    find_series,
    find_studies,
    images_in,
    modalities_of,
)

# Given out, though nothing can be searched by them.
SHOWN_ONLY = {
    "instanceavailability": "00080056",
    "referringphysicianname": "00080090",
    "retrieveurl": "00081190",
    "studyid": "00200010",
    "numberofstudyrelatedseries": "00201206",
    "numberofstudyrelatedinstances": "00201208",
    "numberofseriesrelatedinstances": "00201209",
    "availabletransfersyntaxuid": "00083002",
    "numberofframes": "00280008",
    "rows": "00280010",
    "columns": "00280011",
    "bitsallocated": "00280100",
}
TAGS = {**{name: key.tag for name, key in BY_NAME.items()}, **SHOWN_ONLY, **{v: v for v in SHOWN_ONLY.values()}}
Address = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Search:
    """A query string, read. values: what each attribute must match. everything, fields: what is shown beside
    what a level shows anyway. warnings: what was asked for and is not done; in English, as a header is ASCII."""

    values: dict[str, str]
    fuzzy: bool
    limit: int
    offset: int
    everything: bool
    fields: frozenset[str]
    site: str
    warnings: tuple[str, ...]


def read_search(query: QueryDict) -> Search:
    """Raises `QueryError`."""
    values: dict[str, str] = {}
    fields: set[str] = set()
    warnings: list[str] = []
    for name, given in query.lists():
        if name == "includefield":
            fields |= {field.strip().casefold() for text in given for field in text.split(",") if field.strip()}
        elif name not in ("fuzzymatching", "limit", "offset", "site", "accept"):
            if len(given) > 1:
                raise QueryError(_("An attribute is given twice."))
            if not given[0].isprintable():
                raise QueryError(_("Control characters cannot be searched for."))
            values[name] = given[0]
    everything = "all" in fields
    fields.discard("all")
    if fields - TAGS.keys():
        warnings.append("Some fields asked for by includefield are not kept and were left out.")
    limit = _number(query, "limit", MOST)
    if limit > MOST:
        warnings.append(f"At most {MOST} results are given at once.")
    return Search(
        values=values,
        fuzzy=query.get("fuzzymatching", "").lower() == "true",
        limit=min(limit, MOST),
        offset=_number(query, "offset", 0),
        everything=everything,
        fields=frozenset(TAGS[field] for field in fields if field in TAGS),
        site=query.get("site", ""),
        warnings=tuple(warnings),
    )


def _number(query: QueryDict, name: str, default: int) -> int:
    text = query.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise QueryError(_("limit and offset are whole numbers."))
    return int(text)


def search(
    user: User, level: Level, asked: Search, address: Address, study: Study | None = None, series_uid: str = ""
) -> list[Attributes]:
    """The attributes of what matches, at most `asked.limit` of them. Raises `QueryError`."""
    part = slice(asked.offset, asked.offset + asked.limit)
    if level == "study":
        return _of_studies(list(find_studies(user, asked.values, fuzzy=asked.fuzzy, site=asked.site)[part]), address)
    if level == "series":
        series = list(find_series(user, asked.values, fuzzy=asked.fuzzy, study=study, site=asked.site)[part])
        above = _of_studies([one.study for one in series], address)
        own = _of_series(series, address)
        return [_joined(asked, study is None, mine, over) for mine, over in zip(own, above, strict=True)]
    found = find_instances(user, asked.values, fuzzy=asked.fuzzy, study=study, series_uid=series_uid, site=asked.site)
    instances = list(found[part])
    above = _of_studies([one.series.study for one in instances], address)
    middle = _of_series([one.series for one in instances], address)
    images = [instance_attributes(one, instance_address(address, one)) for one in instances]
    return [
        _joined(asked, study is None, image, over | series_of)
        for image, series_of, over in zip(images, middle, above, strict=True)
    ]


def _joined(asked: Search, relational: bool, own: Attributes, above: Attributes) -> Attributes:
    """What belongs to a level above is shown when nothing above was named in the address, or it was asked for."""
    shown = above if relational or asked.everything else {tag: above[tag] for tag in asked.fields & above.keys()}
    return dict(sorted({**shown, **own}.items()))


def _of_studies(studies: list[Study], address: Address) -> list[Attributes]:
    modalities = modalities_of(studies)
    made = {
        study.pk: study_attributes(study, modalities.get(study.pk, ()), address("dicomweb-study", study.study_uid))
        for study in studies
    }
    return [made[study.pk] for study in studies]


def _of_series(series: list[Series], address: Address) -> list[Attributes]:
    images = images_in(series)
    made = {
        one.pk: series_attributes(
            one, images.get(one.pk, 0), address("dicomweb-series", one.study.study_uid, one.series_uid)
        )
        for one in series
    }
    return [made[one.pk] for one in series]


def instance_address(address: Address, instance: Instance) -> str:
    """Where an image is retrieved."""
    series = instance.series
    return address("dicomweb-instance", series.study.study_uid, series.series_uid, instance.sop_uid)

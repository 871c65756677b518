"""Attribute matching of queries from other systems (PS3.4 section C.2.2.2), always within one site."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import Site
from screening.models import Instance, Series, Study

Keys = Mapping[str, Sequence[str]]
"""DICOM keyword → values asked for; no key, no value or "*" matches everything."""

MAX_VALUES = 1000
MAX_STARS = 4
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_STUDY = {
    "StudyInstanceUID": "study_uid",
    "AccessionNumber": "accession_number",
    "StudyDescription": "description",
    "PatientID": "patient__patient_id",
    "IssuerOfPatientID": "patient__issuer",
    "PatientSex": "patient__sex",
}
_SERIES = {"SeriesInstanceUID": "series_uid", "Modality": "modality", "SeriesDescription": "description"}
_INSTANCE = {"SOPInstanceUID": "sop_uid", "SOPClassUID": "sop_class_uid"}
_NUMBERS = {"SeriesNumber": "number", "InstanceNumber": "number"}


class BadQuery(Exception):
    """A key whose value cannot be matched; `str(error)` names the keyword only, never the value."""


def matching_studies(*, site: Site, keys: Keys) -> QuerySet[Study]:
    """The site's studies that match, newest first, with `series_count`. Raises `BadQuery`."""
    match = _texts(_STUDY, keys)
    match &= _name("patient__name", keys.get("PatientName", ()))
    match &= _days("PatientBirthDate", "patient__birth_date", keys)
    match &= _moments(keys)
    modalities = _said(keys.get("ModalitiesInStudy", ()))
    if modalities:
        series = Series.objects.filter(_text("modality", "ModalitiesInStudy", modalities), study=OuterRef("pk"))
        match &= Q(Exists(series))
    return (
        Study.objects.filter(match, site=site, erased_at__isnull=True)
        .select_related("patient")
        .prefetch_related("series")
        .annotate(series_count=Count("series", distinct=True))
        .order_by("-received_at", "-id")
    )


def matching_series(*, site: Site, keys: Keys) -> QuerySet[Series]:
    """The series that match, of the studies named by StudyInstanceUID. Raises `BadQuery`."""
    match = _texts(_SERIES, keys) & _number("SeriesNumber", keys)
    match &= Q(study__study_uid__in=_named("StudyInstanceUID", keys))
    found = Series.objects.filter(match, site=site).select_related("study__patient")
    return found.annotate(image_count=Count("instances")).order_by("number", "id")


def matching_instances(*, site: Site, keys: Keys) -> QuerySet[Instance]:
    """The images that match, of the series named by StudyInstanceUID and SeriesInstanceUID. Raises `BadQuery`."""
    match = _texts(_INSTANCE, keys) & _number("InstanceNumber", keys)
    match &= Q(series__study__study_uid__in=_named("StudyInstanceUID", keys))
    match &= Q(series__series_uid__in=_named("SeriesInstanceUID", keys))
    return Instance.objects.filter(match, site=site).select_related("series__study__patient").order_by("number", "id")


def _said(values: Sequence[str]) -> list[str]:
    """The values that narrow the result; empty when all match."""
    if len(values) > MAX_VALUES:
        raise BadQuery("too many values")
    said = [value.strip() for value in values if value.strip()]
    return [] if any(not value.strip("*") for value in said) else said


def _named(keyword: str, keys: Keys) -> list[str]:
    """The UIDs of a unique key above the level asked for; a hierarchical query must name them."""
    uids = _said(keys.get(keyword, ()))
    if not uids or any("*" in uid or "?" in uid for uid in uids):
        raise BadQuery(keyword)
    return uids


def _texts(fields: Mapping[str, str], keys: Keys) -> Q:
    match = Q()
    for keyword, field in fields.items():
        if values := _said(keys.get(keyword, ())):
            match &= _text(field, keyword, values)
    return match


def _text(field: str, keyword: str, values: Sequence[str]) -> Q:
    """Any of the values, as written or by wildcard. UIDs know no wildcards (PS3.4 C.2.2.2.4)."""
    plain = [value for value in values if keyword.endswith("UID") or not re.search(r"[*?]", value)]
    match = Q(**{f"{field}__in": plain}) if plain else Q(pk__in=())
    for value in values:
        if value not in plain:
            match |= Q(**{f"{field}__regex": f"^{_pattern(value, '.')}$"})
    return match


def _pattern(value: str, any_character: str) -> str:
    """A wildcard value as a regular expression that every database reads alike."""
    value = re.sub(r"\*+", "*", value)
    if value.count("*") > MAX_STARS:
        raise BadQuery("too many wildcards")
    words = {"*": f"{any_character}*", "?": any_character}
    return "".join(words.get(char) or (char if char.isalnum() else _escaped(char)) for char in value)


def _escaped(char: str) -> str:
    return f"\\{char}" if char.isascii() else char


def _name(field: str, values: Sequence[str]) -> Q:
    """Person names match regardless of case, in any of their groups (alphabetic, ideographic, phonetic).

    Components left out at the end do not matter: Smith is Smith^^, and Smith* is Smith^John.
    """
    match = Q()
    said = _said(values)
    for value in said:
        groups = [group.rstrip("^ ") for group in value.split("=")]
        if len(groups) == 1:
            pattern = rf"(^|=){_pattern(groups[0], '[^=]')}[\^ ]*(=|$)"
        else:
            pattern = "^" + "=".join(rf"{_pattern(group or '*', '[^=]')}[\^ ]*" for group in groups[:3])
        match |= Q(**{f"{field}__iregex": pattern})
    return match


def _number(keyword: str, keys: Keys) -> Q:
    values = _said(keys.get(keyword, ()))
    try:
        return Q(**{f"{_NUMBERS[keyword]}__in": [int(value) for value in values]}) if values else Q()
    except ValueError as error:
        raise BadQuery(keyword) from error


def _range(keyword: str, keys: Keys) -> tuple[dt.date | None, dt.date | None]:
    """First and last day asked for (PS3.4 C.2.2.2.5); None where open."""
    values = _said(keys.get(keyword, ()))
    if not values:
        return None, None
    first, dash, last = values[0].partition("-")
    low, high = _day(keyword, first), _day(keyword, last if dash else first)
    if len(values) > 1 or (low is None and high is None):
        raise BadQuery(keyword)
    return low, high


def _day(keyword: str, text: str) -> dt.date | None:
    if not text.strip():
        return None
    found = _DATE.fullmatch(text.strip())
    try:
        return dt.date(*map(int, found.groups())) if found else _bad(keyword)
    except ValueError:
        return _bad(keyword)


def _bad(keyword: str) -> dt.date:
    raise BadQuery(keyword)


def _days(keyword: str, field: str, keys: Keys) -> Q:
    low, high = _range(keyword, keys)
    match = Q(**{f"{field}__gte": low}) if low else Q()
    return match & Q(**{f"{field}__lte": high}) if high else match


def _moments(keys: Keys) -> Q:
    """StudyDate against `study_at`, whole days in the installation's time zone, so that an index can serve."""
    low, high = _range("StudyDate", keys)
    zone = timezone.get_default_timezone()
    match = Q()
    try:
        if low:
            match &= Q(study_at__gte=dt.datetime.combine(low, dt.time(), tzinfo=zone))
        if high:
            match &= Q(study_at__lt=dt.datetime.combine(high + dt.timedelta(days=1), dt.time(), tzinfo=zone))
    except OverflowError as error:
        raise BadQuery("StudyDate") from error
    return match

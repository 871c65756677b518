"""Searching studies, series and images by DICOM attributes, within what a user may see (PS3.4 section C.2.2.2)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Action
from screening.models import Instance, Series, Study
from screening.selectors.doors import open_glass, sites_where, visible_studies

Level = Literal["study", "series", "instance"]
LEVELS: tuple[Level, ...] = ("study", "series", "instance")
MOST = 1000
# Each further star multiplies what a hostile pattern costs on a long value.
MOST_STARS = 4
MOST_UIDS = 500
_DAY = re.compile(r"\d{8}")
_CLOCK = re.compile(r"(\d{2})(\d{2})?(\d{2})?(?:\.(\d{1,6}))?")


class QueryError(ValueError):
    """A search that cannot be done; the text is a sentence for who asked, without the words searched for."""


@dataclass(frozen=True, slots=True)
class Key:
    """An attribute that can be searched by. path: from the model of its level; kind: how it is matched."""

    tag: str
    keyword: str
    level: Level
    kind: str
    path: str = ""


KEYS = (
    Key("00080020", "StudyDate", "study", "moment_day", "study_at"),
    Key("00080030", "StudyTime", "study", "moment_time", "study_at"),
    Key("00080050", "AccessionNumber", "study", "text", "accession_number"),
    Key("00080061", "ModalitiesInStudy", "study", "modalities"),
    Key("00081030", "StudyDescription", "study", "text", "description"),
    Key("00100010", "PatientName", "study", "name", "patient__name"),
    Key("00100020", "PatientID", "study", "text", "patient__patient_id"),
    Key("00100021", "IssuerOfPatientID", "study", "text", "patient__issuer"),
    Key("00100030", "PatientBirthDate", "study", "day", "patient__birth_date"),
    Key("00100040", "PatientSex", "study", "codes", "patient__sex"),
    Key("0020000D", "StudyInstanceUID", "study", "uids", "study_uid"),
    Key("00080060", "Modality", "series", "codes", "modality"),
    Key("0008103E", "SeriesDescription", "series", "text", "description"),
    Key("00180015", "BodyPartExamined", "series", "codes", "body_part"),
    Key("0020000E", "SeriesInstanceUID", "series", "uids", "series_uid"),
    Key("00200011", "SeriesNumber", "series", "number", "number"),
    Key("00080016", "SOPClassUID", "instance", "uids", "sop_class_uid"),
    Key("00080018", "SOPInstanceUID", "instance", "uids", "sop_uid"),
    Key("00200013", "InstanceNumber", "instance", "number", "number"),
)
BY_NAME = {name.casefold(): key for key in KEYS for name in (key.tag, key.keyword)}


def key_named(name: str, level: Level) -> Key:
    """The key of a keyword or tag, at `level` or above it. Raises `QueryError`."""
    key = BY_NAME.get(name.casefold())
    if key is None:
        raise QueryError(_("One of the attributes asked for cannot be searched by here."))
    if LEVELS.index(key.level) > LEVELS.index(level):
        raise QueryError(
            _("%(keyword)s belongs to a lower level than the one that is searched.") % {"keyword": key.keyword}
        )
    return key


def find_studies(user: User, values: Mapping[str, str], *, fuzzy: bool, site: str = "") -> QuerySet[Study]:
    """Studies whose images the user may see and that match; newest first."""
    return _studies(user, site).filter(_all(values, "study", fuzzy)).order_by("-id")


def find_series(
    user: User, values: Mapping[str, str], *, fuzzy: bool, study: Study | None = None, site: str = ""
) -> QuerySet[Series]:
    """Series by the same rule, of one study when given."""
    chosen = Q(study=study) if study else Q(study__in=_studies(user, site))
    found = Series.objects.filter(chosen).filter(_all(values, "series", fuzzy))
    return found.select_related("study__patient", "study__site").order_by("study_id", "number", "id")


def find_instances(
    user: User,
    values: Mapping[str, str],
    *,
    fuzzy: bool,
    study: Study | None = None,
    series_uid: str = "",
    site: str = "",
) -> QuerySet[Instance]:
    """Images by the same rule, of one study or one of its series when given."""
    chosen = Q(series__study=study) if study else Q(series__study__in=_studies(user, site))
    if series_uid:
        chosen &= Q(series__series_uid=series_uid)
    found = Instance.objects.filter(chosen).filter(_all(values, "instance", fuzzy))
    related = found.select_related("series__study__patient", "series__study__site")
    return related.order_by("series__study_id", "series__number", "series_id", "number", "id")


def _studies(user: User, site: str) -> QuerySet[Study]:
    by_role = Q(site__in=sites_where(user, Action.VIEW_IMAGES))
    studies = visible_studies(user).filter(by_role | Q(pk__in=open_glass(user).values("study")))
    return studies.filter(site__slug=site) if site else studies


def modalities_of(studies: Iterable[Study]) -> dict[int, list[tuple[str, int]]]:
    """For each study's key, its modalities with the number of their series; one query."""
    found: dict[int, list[tuple[str, int]]] = {}
    rows = Series.objects.filter(study__in=[study.pk for study in studies]).order_by("modality")
    for study, modality, count in rows.values_list("study_id", "modality").annotate(series=Count("pk")):
        found.setdefault(study, []).append((modality, count))
    return found


def images_in(series: Iterable[Series]) -> dict[int, int]:
    """For each series' key, the number of its images; one query."""
    rows = Instance.objects.filter(series__in=[one.pk for one in series]).order_by("series_id")
    return dict(rows.values_list("series_id").annotate(images=Count("pk")))


def _all(values: Mapping[str, str], level: Level, fuzzy: bool) -> Q:
    condition = Q()
    for name, value in values.items():
        key = key_named(name, level)
        # An empty value and a lone star match everything (PS3.4 C.2.2.2.3).
        if value.strip() not in ("", "*"):
            condition &= _condition(key, value.strip(), _way(level, key.level), fuzzy)
    return condition


def _way(level: Level, to: Level) -> str:
    """How a model of `level` reaches the one of `to`, which is not below it."""
    steps = {"instance": "series__", "series": "study__", "study": ""}
    return "".join(steps[one] for one in reversed(LEVELS[LEVELS.index(to) + 1 : LEVELS.index(level) + 1]))


def _condition(key: Key, value: str, way: str, fuzzy: bool) -> Q:
    field = way + key.path
    if key.kind == "uids":
        uids = [uid for uid in re.split(r"[,\\\s]+", value) if uid]
        if len(uids) > MOST_UIDS:
            raise QueryError(_("Too many UIDs at once."))
        return Q(**{f"{field}__in": uids})
    if key.kind == "codes":
        return Q(**{f"{field}__in": _codes(value)})
    if key.kind == "modalities":
        series = Series.objects.filter(study=OuterRef(f"{way}pk"), modality__in=_codes(value))
        return Q(Exists(series))
    if key.kind == "number":
        try:
            return Q(**{field: int(value)}) if abs(int(value)) < 2**31 else Q(pk__in=())
        except ValueError:
            raise QueryError(_("%(keyword)s is a whole number.") % {"keyword": key.keyword}) from None
    if key.kind in ("moment_day", "moment_time", "day"):
        return _range(key, value, field)
    return _text(value, field, fold=key.kind == "name", fuzzy=fuzzy and key.kind == "name")


def _codes(value: str) -> list[str]:
    return [code.strip().upper() for code in re.split(r"[,\\]", value) if code.strip()]


def _text(value: str, field: str, *, fold: bool, fuzzy: bool) -> Q:
    """Single value or wildcard matching (PS3.4 C.2.2.2.1, C.2.2.2.4). Fuzzy: every word occurs somewhere."""
    if fuzzy:
        words = re.sub(r"[\^=,*?]", " ", value).split()
        condition = Q()
        for word in words[:10]:
            condition &= Q(**{f"{field}__icontains": word})
        return condition
    case = "i" if fold else ""
    value = re.sub(r"\*+", "*", value)
    if "?" not in value and "*" not in value:
        return Q(**{f"{field}__{'iexact' if fold else 'exact'}": value})
    if "?" not in value and value.count("*") == 1 and value.endswith("*"):
        return Q(**{f"{field}__{case}startswith": value[:-1]})
    if value.count("*") > MOST_STARS:
        raise QueryError(_("Too many wildcards at once."))
    pattern = "".join({"*": ".*", "?": "."}.get(letter) or re.escape(letter) for letter in value)
    return Q(**{f"{field}__{case}regex": f"^{pattern}$"})


def _range(key: Key, value: str, field: str) -> Q:
    """Range matching (PS3.4 C.2.2.2.5): "a-b", "a-", "-b" or one value."""
    first, dash, last = value.partition("-")
    condition = Q()
    if first:
        condition &= Q(**{f"{field}{_suffix(key)}gte": _point(key, first, end=False)})
    if last or not dash:
        # A day ends before the next one begins; a time ends with the last moment it can mean.
        less = "lt" if key.kind == "moment_day" else "lte"
        condition &= Q(**{f"{field}{_suffix(key)}{less}": _point(key, last or first, end=True)})
    return condition


def _suffix(key: Key) -> str:
    return "__time__" if key.kind == "moment_time" else "__"


def _point(key: Key, text: str, *, end: bool) -> dt.date | dt.datetime | dt.time:
    found: Any = (_CLOCK if key.kind == "moment_time" else _DAY).fullmatch(text.strip())
    try:
        if not found:
            raise ValueError
        if key.kind == "moment_time":
            hour, minute, second, fraction = found.groups()
            rest = ("59", "59", "999999") if end else ("0", "0", "0")
            micro = fraction.ljust(6, "9" if end else "0") if fraction else rest[2]
            return dt.time(int(hour), int(minute or rest[0]), int(second or rest[1]), int(micro))
        day = dt.datetime.strptime(found[0], "%Y%m%d").date()  # noqa: DTZ007  a day has no zone
        if key.kind == "day":
            return day
        day = day + dt.timedelta(days=1) if end else day
        return dt.datetime.combine(day, dt.time(), tzinfo=timezone.get_default_timezone()).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        example = "101500-113000" if key.kind == "moment_time" else "20260101-20260131"
        sentence = _("%(keyword)s is one value or a range, such as %(example)s.")
        raise QueryError(sentence % {"keyword": key.keyword, "example": example}) from None

"""`manage.py score`: read studies from files, without the database.

A study is compared with an earlier one only where both are among the given paths, under one PatientID, issuer,
name and birth date: the earlier one is then read first. What is in the database is never looked at.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pydicom
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from screening.dicom.facts import series_facts
from screening.programmes import PROGRAMMES, Route, SeriesFacts, route
from screening.scoring.priors import PriorExam, prior_exam
from screening.scoring.registry import score_study
from screening.scoring.runtime import choose_device
from screening.scoring.types import InstanceInput, RunContext, ScoreResult, StudyInput

Owner = tuple[str, ...]


class Command(BaseCommand):
    help = "Score the DICOM studies under the given paths and print one line per study. Writes nothing."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--programme", choices=sorted(PROGRAMMES), help="score as this programme, whatever it is")
        parser.add_argument("--json", action="store_true", help="one JSON object per line")

    def handle(self, *args: Any, **options: Any) -> None:
        studies = self._studies(options["paths"])
        if not studies:
            raise CommandError("No DICOM image was found under these paths.")
        context = RunContext(device=choose_device(settings.FIRSTREAD_DEVICE))
        earlier: dict[tuple[Owner, str | None], PriorExam] = {}
        for study in oldest_first(studies):
            chosen = Route(options["programme"], "") if options["programme"] else routed(study)
            owner = owner_of(study)
            prior = earlier.get((owner, chosen.programme)) if owner else None
            result = read(replace(study, prior=prior), chosen, context)
            exam = prior_exam(result.as_json())
            if owner and exam:
                earlier[owner, chosen.programme] = exam
            if options["json"]:
                self.stdout.write(json.dumps(result.as_json()))
            else:
                self.stdout.write(sentence(result))

    def _studies(self, paths: list[Path]) -> list[StudyInput]:
        """The images under `paths` by study, in order of the files' names; other files are named and left out."""
        images: dict[str, list[InstanceInput]] = defaultdict(list)
        for path in files_under(paths):
            try:
                dataset = pydicom.dcmread(path, stop_before_pixels=True)
                uid = str(dataset.StudyInstanceUID)
            except (InvalidDicomError, AttributeError, OSError, ValueError, EOFError):
                self.stderr.write(f"{path}: not a DICOM image, left out.")
                continue
            images[uid].append(InstanceInput(dataset, partial(Path.read_bytes, path)))
        return [StudyInput(uid, tuple(instances)) for uid, instances in images.items()]


def files_under(paths: list[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files.extend(sorted(child for child in path.rglob("*") if child.is_file()))
        elif path.is_file():
            files.append(path)
        else:
            raise CommandError(f"There is no file or folder {path}.")
    return files


def oldest_first(studies: Sequence[StudyInput]) -> list[StudyInput]:
    """The studies as given, but those of one patient together, by date."""
    places: dict[Owner, int] = {}
    order = []
    for place, study in enumerate(studies):
        owner = owner_of(study)
        first = places.setdefault(owner, place) if owner else place
        order.append((first, str(study.instances[0].dataset.get("StudyDate") or ""), place))
    return [studies[place] for _first, _date, place in sorted(order)]


def owner_of(study: StudyInput) -> Owner | None:
    """Whose study it is, by ID, issuer, name and birth date; None without an ID.

    The ID alone would make one patient of all whose files were stripped of theirs in the same words.
    """
    keywords = ("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate")
    found = tuple(str(study.instances[0].dataset.get(keyword) or "").strip() for keyword in keywords)
    return found if found[0] else None


def routed(study: StudyInput) -> Route:
    """The programme the study would be scored in, or the reason for none."""
    by_series: dict[str, list[Dataset]] = defaultdict(list)
    for instance in study.instances:
        by_series[str(instance.dataset.get("SeriesInstanceUID", ""))].append(instance.dataset)
    return route([SeriesFacts(**series_facts(datasets)) for datasets in by_series.values()])


def read(study: StudyInput, chosen: Route, context: RunContext) -> ScoreResult:
    """Score one study in its programme. Any failure of a model is the state "failed", never an exception."""
    programme = chosen.programme
    if programme is None:
        return ScoreResult(study.study_uid, None, "out_of_scope", reason=chosen.reason)
    try:
        return score_study(programme, study, context)
    except Exception as error:  # noqa: BLE001  the edge of the process: any failure of a model is a state
        return ScoreResult(study.study_uid, programme, "failed", reason=f"The model failed ({type(error).__name__}).")


def sentence(result: ScoreResult) -> str:
    said = result.reason or f"score {result.score:.2f}, {len(result.findings)} finding(s), {result.tier}"
    return f"{result.study_uid}  {result.programme or '-'}  {result.state}: {said}"

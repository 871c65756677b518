"""The studies and people of `bench_load`, into the PostgreSQL database that the environment names.

One study of each kind is made by the program itself; the others are its copies, made by the database. Prints one JSON
line: {reader: what their browser sends as cookies, the CSRF token last}.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import timedelta

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import Model  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.crypto import get_random_string  # noqa: E402

from accounts.models import Membership, Site, User  # noqa: E402
from accounts.roles import Role  # noqa: E402
from benchmarks.listed import fill  # noqa: E402
from reports.models import Report, Revision  # noqa: E402
from reports.services import drafting  # noqa: E402
from reports.states import ReportStatus  # noqa: E402
from screening.dicom.parse import parse_instance  # noqa: E402
from screening.models import Finding, Instance, Patient, Reading, ScoreRun, Series, Study  # noqa: E402
from screening.phantoms.chest import chest_ct  # noqa: E402
from screening.phantoms.headers import as_bytes  # noqa: E402
from screening.states import ReadingStatus, StudyStatus  # noqa: E402

PER_PERSON = 2  # studies of one person in the archive
UID = "1.2.826.0.1.3680043.10.11."


def multiply(model: type[Model], template: int, first: int, last: int, **other: str) -> None:
    """Copies number `first` up to `last` of row `template`: SQL in `n` for every column that differs, the id among them."""
    columns = [field.column for field in model._meta.local_concrete_fields]
    values = ", ".join(other.get(name, f't."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} t, generate_series(%s, %s) n WHERE t.id = %s",
            [first, last - 1, template],
        )


def next_numbers(*models: type[Model]) -> None:
    """The rows that the program adds come after ours."""
    with connection.cursor() as cursor:
        for model in models:
            table = model._meta.db_table
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def headers(slices: int) -> list[dict[str, object]]:
    """What is kept of the images of a drawn chest, feet first."""
    datasets = chest_ct(11, [], slices=slices, size=32).datasets
    return [parse_instance(as_bytes(each), max_bytes=1 << 24).header for each in datasets]


def template_of(site: Site, slices: int) -> Study:
    """A scored, drafted lung study with images and two findings."""
    fill(site, 0, 1)
    study = Study.objects.get()
    study.programme, study.instance_count, study.study_at = "lung", slices, study.received_at - timedelta(hours=1)
    study.closed_at = study.received_at
    study.save()
    series = Series.objects.create(site=site, study=study, series_uid=UID + "9", number=2, modality="CT")
    Instance.objects.bulk_create(
        Instance(
            site=site, series=series, sop_uid=f"{UID}8.{number}", sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
            transfer_syntax_uid="1.2.840.10008.1.2.1", number=number, rows=512, columns=512, header=header,
            sha256=f"{number:064x}", size=525_000, received_at=study.received_at, source="dimse",
        )
        for number, header in enumerate(headers(slices), start=1)
    )  # fmt: skip
    report = drafting.request_draft(study=study)
    claim = drafting.claim_draft(report_id=report.pk)
    assert claim is not None
    drafting.record_draft(claim=claim, draft=drafting.fixed_draft(claim.result, ""))
    return study


def copies(template: Study, studies: int, waiting: int, opened: int) -> None:
    """Studies number 1 up to `studies`: `opened` of them due first and with all images, `waiting` on the list."""
    base = 1_000_000
    number = f"{base} + n"
    run, report, series = template.score_runs.get(), Report.objects.get(), template.series.get()
    finding_one, finding_two = run.findings.order_by("number")
    people = max(1, studies // PER_PERSON)
    multiply(
        Patient, template.patient_id, 1, people + 1,
        id=number, patient_id="'L-' || lpad(n::text, 7, '0')", name="'LOAD^N' || n",
    )  # fmt: skip
    own = {
        "id": number, "study_uid": f"'{UID}7.' || n", "patient_id": f"{base} + 1 + n %% {people}", "score": "random()",
    }  # fmt: skip
    due = "t.base_due_at - interval '60 days' + n * interval '1 minute'"
    multiply(Study, template.pk, 1, waiting + 1, **own, due_at=due)
    reported = "t.received_at - interval '30 days' - n * interval '5 minutes'"
    times = dict.fromkeys(("study_at", "received_at", "last_instance_at", "closed_at", "reported_at"), reported)
    multiply(Study, template.pk, waiting + 1, studies + 1, **own, **times, status=f"'{StudyStatus.REPORTED}'")
    multiply(ScoreRun, run.pk, 1, studies + 1, id=number, study_id=number, inputs_sha256="lpad(n::text, 64, '0')")
    multiply(Finding, finding_one.pk, 1, studies + 1, id=f"{base} + 2 * n", run_id=number)
    multiply(Finding, finding_two.pk, 1, studies + 1, id=f"{base} + 2 * n + 1", run_id=number)
    multiply(
        Report,
        report.pk,
        1,
        studies + 1,
        id=number,
        study_id=number,
        status=f"CASE WHEN n > {waiting} THEN '{ReportStatus.SIGNED}' ELSE t.status END",
    )
    multiply(Revision, report.revisions.get().pk, 1, studies + 1, id=number, report_id=number, run_id=number)
    multiply(Series, series.pk, 1, studies + 1, id=number, study_id=number, series_uid=f"'{UID}6.' || n")
    for image in series.instances.all():
        place = {"series_id": number, "sop_uid": f"'{UID}5.' || n || '.{image.number}'"}
        last = studies if image.number == 1 else opened
        multiply(Instance, image.pk, 1, last + 1, id=f"{base} + {image.number} * 1000000 + n", **place)


def read_once(reader: User, template: Study, studies: int, waiting: int) -> None:
    """Who read the archive."""
    reading = Reading.objects.create(
        study=template, reader=reader, status=ReadingStatus.COMPLETED, claimed_at=template.received_at,
        closed_at=template.received_at - timedelta(days=30), instances_seen=template.instance_count,
    )  # fmt: skip
    multiply(Reading, reading.pk, waiting + 1, studies + 1, id="1000000 + n", study_id="1000000 + n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, required=True)
    parser.add_argument("--studies", type=int, required=True)
    parser.add_argument("--waiting", type=int, required=True)
    parser.add_argument("--opened", type=int, required=True)
    parser.add_argument("--slices", type=int, required=True)
    options = parser.parse_args()
    with transaction.atomic():
        site = Site.objects.create(slug="load", name="Load")
        archivist = User.objects.create_user("archivist")
        template = template_of(site, options.slices)
        copies(template, options.studies, options.waiting, options.opened)
        read_once(archivist, template, options.studies, options.waiting)
        # The template itself is nobody's to read.
        Study.objects.filter(pk=template.pk).update(status=StudyStatus.REPORTED, reported_at=timezone.now())
        next_numbers(Patient, Study, ScoreRun, Finding, Report, Revision, Series, Instance, Reading)
        cookies = {}
        for number in range(options.readers):
            reader = User.objects.create_user(f"reader{number:03}")
            Membership.objects.create(user=reader, site=site, role=Role.READER)
            client = Client()
            client.force_login(reader)
            named = {
                settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
                settings.CSRF_COOKIE_NAME: get_random_string(32),
            }
            cookies[reader.username] = "; ".join(f"{name}={value}" for name, value in named.items())
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    sys.stdout.write(json.dumps(cookies) + "\n")


if __name__ == "__main__":
    main()

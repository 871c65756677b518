"""How the worklist page holds up at 10,000 studies: `python -m benchmarks.worklist [--studies N]`.

Builds a throw-away SQLite file, renders the page as a reader sees it, and prints one JSON object with
the median seconds and the number of queries at 100 and at N studies, and the ratio of the processor's seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

HOME = tempfile.TemporaryDirectory(prefix="firstread-benchmark-")
os.environ["FIRSTREAD_HOME"] = HOME.name
os.environ["DATABASE_URL"] = f"sqlite:///{Path(HOME.name) / 'benchmark.sqlite3'}"
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Membership, Site, User  # noqa: E402
from accounts.roles import Role  # noqa: E402
from screening.models import Finding, Patient, ScoreRun, Study, Tier  # noqa: E402
from screening.programmes import PROGRAMMES  # noqa: E402
from screening.states import AiState, RunStatus, StudyStatus  # noqa: E402

ROUNDS = 9
# A result carries its heat maps, a few thousand bytes each; the list has no use for them.
CARRIED = [{"id": f"f{number}", "heat_map": {"box": [0, 0, 9, 9], "png": "A" * 4000}} for number in (1, 2)]
PAGES = {"page": "/worklist/", "rows": "/worklist/rows/", "filtered": "/worklist/rows/?programme=brain&tier=urgent"}


def fill(site: Site, first: int, last: int) -> None:
    """Scored studies number `first` up to `last`, each with a run and two findings."""
    draw = random.Random(first)
    now = timezone.now()
    patients = Patient.objects.bulk_create(
        [
            Patient(site=site, patient_id=f"B-{n:06d}", name=f"BENCH^N{n}", birth_date="1960-01-01", sex="F")
            for n in range(first, last)
        ]
    )
    studies = []
    for patient in patients:
        received = now - timedelta(minutes=draw.randrange(3000))
        base = received + timedelta(hours=72)
        tier = draw.choice(Tier.values)
        studies.append(
            Study(
                site=site,
                patient=patient,
                study_uid=f"1.2.826.0.1.3680043.10.9.{patient.pk}",
                description="CT chest",
                modality="CT",
                programme=draw.choice(list(PROGRAMMES)),
                instance_count=200,
                status=StudyStatus.TO_READ,
                ai_state=AiState.SCORED,
                score=draw.random(),
                tier=tier,
                received_at=received,
                last_instance_at=received,
                base_due_at=base,
                due_at=base - timedelta(minutes=draw.randrange(4000)),
            )
        )
    Study.objects.bulk_create(studies)
    runs = ScoreRun.objects.bulk_create(
        [
            ScoreRun(
                study=study,
                programme=study.programme,
                inputs_sha256=f"{study.pk:064x}",
                model_name="benchmark",
                model_version="1",
                model_sha256="0" * 64,
                status=RunStatus.SUCCEEDED,
                requested_at=now,
                result={"above_threshold": True, "score": study.score, "limitations": [], "findings": CARRIED},
            )
            for study in studies
        ]
    )
    Finding.objects.bulk_create(
        [
            Finding(
                run=run,
                number=number,
                key=f"f{number}",
                type="nodule",
                location="right upper lobe",
                size_mm=8.0,
                probability=0.7,
                series_uid="1.2.3",
                sop_uid="1.2.3.4",
                frame=1,
                box=[1.0, 1.0, 9.0, 9.0],
            )
            for run in runs
            for number in (1, 2)
        ]
    )  # fmt: skip


def measured(client: Client, path: str) -> dict[str, float]:
    """Medians of the seconds on the clock and on the processor, and the queries, of one request."""
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
        asked = len(queries)
    clock, processor = [], []
    for _round in range(ROUNDS):
        began, worked = time.perf_counter(), time.process_time()
        answer = client.get(path)
        clock.append(time.perf_counter() - began)
        processor.append(time.process_time() - worked)
        assert answer.status_code == 200
    return {
        "seconds": round(statistics.median(clock), 4),
        "cpu_seconds": round(statistics.median(processor), 4),
        "queries": asked,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=10_000)
    studies = parser.parse_args().studies
    call_command("migrate", verbosity=0)
    site = Site.objects.create(slug="bench", name="Benchmark")
    reader = User.objects.create_user("reader", password="only for the benchmark")
    Membership.objects.create(user=reader, site=site, role=Role.READER)
    client = Client()
    client.force_login(reader)
    fill(site, 0, 100)
    small = {name: measured(client, path) for name, path in PAGES.items()}
    fill(site, 100, studies)
    large = {name: measured(client, path) for name, path in PAGES.items()}
    told = {
        name: {
            "100": small[name],
            str(studies): large[name],
            "ratio": round(large[name]["cpu_seconds"] / small[name]["cpu_seconds"], 2),
        }
        for name in PAGES
    }
    sys.stdout.write(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()

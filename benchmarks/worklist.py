"""How the worklist page holds up at 10,000 studies: `python -m benchmarks.worklist [--studies N]`.

Builds a throw-away SQLite file, renders the page as a reader sees it, and prints one JSON object with
the median seconds and the number of queries at 100 and at N studies, and the ratio of the processor's seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
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

from accounts.models import Membership, Site, User  # noqa: E402
from accounts.roles import Role  # noqa: E402
from benchmarks.listed import fill  # noqa: E402

ROUNDS = 9
PAGES = {"page": "/worklist/", "rows": "/worklist/rows/", "filtered": "/worklist/rows/?programme=brain&tier=urgent"}


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

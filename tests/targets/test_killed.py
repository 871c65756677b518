"""kill -9 of the worker while it waits for an answer: nothing is lost, and what arrived twice was accepted once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from screening.phantoms.chest import chest_ct
from screening.phantoms.headers import as_bytes
from tests.operation.test_backup import Installation
from tests.targets.servers import HERE, ris

SWEEP = "from reports.services.sending import sweep_deliveries; print('sent', sweep_deliveries())"


def prepare(folder: Path, port: int) -> str:
    """What makes a site, its target, a study and a signed report, in one process."""
    return f"""
from pathlib import Path
from django.utils import timezone
from accounts.models import Site, User
from reports.models import Target
from tests.operation import acts
site = Site.objects.get_or_create(slug="default", defaults={{"name": "Demo"}})[0]
Target.objects.create(
    site=site, name="RIS", kind="mllp", address="mllp://{HERE}:{port}", documents=["hl7"], moments=["preliminary"],
    changed_by=User.objects.create_user("administrator"), changed_at=timezone.now(),
)
acts.take(Path({str(folder)!r}))
acts.sign(1)
"""


def rows(ours: Installation, change: str = "") -> list[tuple[str, int]]:
    with closing(sqlite3.connect(ours.home / "firstread.sqlite3", timeout=20)) as database, database:
        if change:
            database.execute(change)
        return database.execute("SELECT status, attempt FROM reports_delivery").fetchall()


def sweep(ours: Installation) -> str:
    return ours.manage("shell", "-v", "0", "-c", SWEEP)[0].strip().splitlines()[-1]


@pytest.mark.parametrize(
    "taken",
    [pytest.param(False, marks=pytest.mark.soak), True],
    ids=["before the receiver took it", "after it took it"],
)
def test_a_worker_killed_in_mid_send_loses_nothing_and_sends_nothing_twice(tmp_path, taken):
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "1.dcm").write_bytes(as_bytes(chest_ct(3, nodules=None, slices=3, size=64).datasets[0]))
    with ris("silent", "accept") as server:
        ours = Installation(tmp_path / "home", tmp_path / "keys", {"OUTGOING_HOSTS": HERE})
        ours.manage("migrate", "-v", "0")
        ours.manage("shell", "-v", "0", "-c", prepare(folder, server.port))
        assert rows(ours) == [("WAITING", 0)]
        worker = ours.start("manage.py", "shell", "-v", "0", "-c", SWEEP)
        assert server.got.wait(90)
        if taken:
            server.accepted.append(server.came[0])
        worker.kill()
        worker.communicate(timeout=30)
        assert rows(ours) == [("SENDING", 1)], "whoever comes next finds it once its lease is over"
        rows(ours, "UPDATE reports_delivery SET lease_until = '2026-01-01 00:00:00'")
        assert sweep(ours) == "sent 1"
        assert rows(ours) == [("SENT", 2)]
        assert len(server.came) == 2 and len(set(server.came)) == 1 and server.accepted == [server.came[0]]

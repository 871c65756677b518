"""The way of a study through real processes, on each database and broker the program is made for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from screening.phantoms.chest import NoduleSpec, chest_ct
from screening.phantoms.head import BleedSpec, head_ct
from screening.phantoms.headers import PhantomStudy, fictional_patient
from tests.components.places import place
from tests.components.program import SITE, Program

PLACES = ("embedded", "PostgreSQL and Redis", "PostgreSQL and RabbitMQ")


@pytest.fixture(scope="module", params=PLACES)
def program(request, tmp_path_factory) -> Iterator[Program]:
    home = tmp_path_factory.mktemp("home")
    with place(request.param, home) as found, Program(home, found).running() as running:
        yield running


def folder_of(study: PhantomStudy, folder: Path) -> Path:
    folder.mkdir()
    for number, data in enumerate(study.files(), start=1):
        (folder / f"{number:04d}.dcm").write_bytes(data)
    return folder


def ingest(program: Program, study: PhantomStudy, tmp_path: Path) -> list[dict[str, str]]:
    told = program.manage("ingest", str(folder_of(study, tmp_path / "study")), "--site", SITE, "--json")
    return [json.loads(line) for line in told.splitlines()]


def study_row(program: Program, uid: str) -> tuple[str, str, str]:
    [row] = program.rows(f"SELECT status, ai_state, programme FROM screening_study WHERE study_uid = '{uid}'")
    return row


def runs(program: Program, uid: str) -> list[tuple[int, str, int, float]]:
    return program.rows(
        "SELECT r.id, r.status, r.attempt, s.score FROM screening_scorerun r"
        f" JOIN screening_study s ON s.id = r.study_id WHERE s.study_uid = '{uid}'"
    )


def drafts(program: Program, uid: str) -> list[tuple[str, int]]:
    """Each report with the number of its revisions that no person wrote."""
    return program.rows(
        "SELECT r.status, COUNT(v.id) FROM reports_report r JOIN screening_study s ON s.id = r.study_id"
        " JOIN reports_revision v ON v.report_id = r.id AND v.author_id IS NULL"
        f" WHERE s.study_uid = '{uid}' GROUP BY r.id, r.status"
    )


def told_scored(program: Program, uid: str) -> int:
    [(count,)] = program.rows(
        f"SELECT COUNT(*) FROM accounts_auditevent WHERE verb = 'study_scored' AND object_id = '{uid}'"
    )
    return count


def test_a_study_is_closed_scored_and_drafted_with_nothing_done_by_hand(program, tmp_path):
    study = head_ct(801, BleedSpec(volume_ml=34.0), slices=16, patient=fictional_patient(801))
    results = ingest(program, study, tmp_path)
    assert [result["result"] for result in results] == ["stored"] * 16
    program.wait(lambda: drafts(program, study.study_uid), 120, "a draft")
    assert study_row(program, study.study_uid) == ("TO_READ", "scored", "brain")
    [(_run, status, attempt, score)] = runs(program, study.study_uid)
    assert (status, attempt) == ("SUCCEEDED", 1)
    assert 0 < score <= 1
    assert drafts(program, study.study_uid) == [("DRAFT", 1)]
    assert told_scored(program, study.study_uid) == 1


def test_a_study_whose_worker_was_killed_while_it_scored_is_scored_after_restart_once(program, tmp_path):
    nodules = [NoduleSpec(16.0, "solid", "RUL")]
    study = chest_ct(802, nodules, size=256, patient=fictional_patient(802))
    ingest(program, study, tmp_path)
    uid = study.study_uid
    program.wait(lambda: any(run[1] == "RUNNING" for run in runs(program, uid)), 60, "a run that is running")
    program.kill("scoring")
    [(run, status, attempt, _score)] = runs(program, uid)
    assert (status, attempt) == ("RUNNING", 1), "the worker died while it computed"
    assert study_row(program, uid)[0] == "SCORING"

    program.wait(lambda: drafts(program, uid), 180, "a draft after the restart")
    assert study_row(program, uid) == ("TO_READ", "scored", "lung")
    [(same, status, attempt, _score)] = runs(program, uid)
    assert (same, status, attempt) == (run, "SUCCEEDED", 2)
    assert told_scored(program, uid) == 1
    assert drafts(program, uid) == [("DRAFT", 1)]
    [(findings, numbers)] = program.rows(
        f"SELECT COUNT(*), COUNT(DISTINCT number) FROM screening_finding WHERE run_id = {run}"
    )
    assert findings == numbers

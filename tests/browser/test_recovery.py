"""A worker that is killed while it scores: nothing is lost, nothing is done twice, nobody has to help."""

from __future__ import annotations

import json

import pytest

from screening.phantoms.chest import NoduleSpec, chest_ct
from screening.phantoms.headers import fictional_patient
from tests.browser.studies import COARSE, zipped

pytestmark = pytest.mark.browser

RUN = "SELECT r.id, r.status, r.attempt, r.result FROM screening_scorerun r JOIN screening_study s ON s.id = r.study_id"


def test_a_study_is_scored_once_although_its_worker_was_killed(sit_down, server, tmp_path):
    nodules = [NoduleSpec(16.0, "solid", "RUL")]
    study = chest_ct(221, nodules, size=COARSE, patient=fictional_patient(221))
    runs = lambda: server.rows(f"{RUN} WHERE s.study_uid = ?", study.study_uid)  # noqa: E731
    reader, technologist = sit_down("reader"), sit_down("technologist")
    technologist.upload(zipped(tmp_path / "study.zip", study.datasets))
    server.wait(lambda: any(run[1] == "RUNNING" for run in runs()), 60, "a run that is running")
    server.kill("scoring")
    [(run, status, attempt, _result)] = runs()
    assert (status, attempt) == ("RUNNING", 1), "the worker died while it computed"

    reader.row_shows(study.study_uid, "scored", seconds=150)
    [(same, status, attempt, result)] = runs()
    assert (same, status, attempt) == (run, "SUCCEEDED", 2)
    [(findings,)] = server.rows("SELECT COUNT(*) FROM screening_finding WHERE run_id = ?", run)
    assert findings == len(json.loads(result)["findings"])
    told = "SELECT COUNT(*) FROM accounts_auditevent WHERE verb = 'study_scored' AND object_id = ?"
    assert server.rows(told, study.study_uid) == [(1,)]
    drafts = "SELECT COUNT(*) FROM reports_report r JOIN screening_study s ON s.id = r.study_id WHERE s.study_uid = ?"
    assert server.rows(drafts, study.study_uid) == [(1,)]
    assert reader.complaints == []

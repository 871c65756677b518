"""The drafting task of the scoring worker, with the shipped drafter."""

from __future__ import annotations

import subprocess
import sys

from config.data import ROOT
from reports.sections import sentences_of
from reports.services import drafting
from reports.states import ReportStatus


def test_the_task_drafts_what_was_asked_for_and_leaves_the_rest_alone(scored_study):
    from reports.gpu_tasks import draft_report

    report = drafting.request_draft(study=scored_study)
    draft_report(report.pk)
    draft_report(report.pk)
    draft_report(report.pk + 1)
    report.refresh_from_db()
    revision = report.revisions.get()
    assert report.status == ReportStatus.DRAFT
    found = [each for each in sentences_of(revision.sections) if each["evidence"] == ["f1"]]
    assert found and "8.2 mm" in found[0]["text"]


def test_no_web_process_loads_what_only_the_scoring_worker_needs():
    code = (
        "import django, sys; django.setup(); import reports.views.reading_room, reports.views.signing, reports.api, "
        "reports.tasks, reports.receivers; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, cwd=ROOT, timeout=120).returncode == 0

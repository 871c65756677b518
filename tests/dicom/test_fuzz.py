"""Hostile files through parse, ingest, web and worker: no crash, no hang, and every outcome stored or a reason."""

from __future__ import annotations

import json
import os
import re
import select
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from config.env import ROOT
from tests.dicom.fuzz_world import ANSWERED, REFUSED
from tests.dicom.samples import SECRETS

# Of computing; a machine that runs other tests makes the clock on the wall say anything, so that one is asked
# only whether it answers at all.
HANG_S, SILENT_S = 10.0, 90.0
START_S = 240.0
SENTENCE = re.compile(r"[A-Z][^\n<>]{8,200}[.]")


class Child:
    """One fuzzing process with a home of its own; `tell` has one hostile file taken in."""

    def __init__(self, home: Path) -> None:
        self.log = home / "log"
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "FIRSTREAD_DATA") if name in os.environ}
        env = {"DJANGO_SETTINGS_MODULE": "config.settings.test", "FIRSTREAD_HOME": str(home), "PYTHONPATH": str(ROOT)}
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.dicom.fuzz_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env={**kept, **env, **threads},
            )
        assert self._line(START_S) == "ready", self.last_words()

    def tell(self, number: int) -> dict:
        assert self.process.stdin is not None
        self.process.stdin.write(struct.pack("<Q", number))
        self.process.stdin.flush()
        told = self._line(SILENT_S)
        assert told is not None, f"file {number}: hung or dead ({self.process.poll()}).\n{self.last_words()}"
        assert told["computed_s"] < HANG_S, f"file {number} ({told['kinds']}) took {told['computed_s']} s."
        return told

    def last_words(self) -> str:
        return self.log.read_text("utf-8", "replace")[-3000:]

    def _line(self, within: float):
        out = self.process.stdout
        assert out is not None
        answers = select.poll()
        answers.register(out, select.POLLIN | select.POLLHUP)
        if not answers.poll(within * 1000):
            return None
        line = out.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def child(tmp_path):
    child = Child(tmp_path)
    yield child
    child.close()


def check(told: dict) -> None:
    """Is this a clean outcome? Fails with the number by which the file can be made again."""
    assert "crash" not in told, f"{told['number']} ({told['kinds']}):\n{told['crash']}"
    if told["result"] == "rejected":
        assert told["code"] and SENTENCE.fullmatch(told["reason"]), told
    else:
        assert told["result"] == "stored", told
    for _address, status, said in told.get("web", []):
        assert status in ANSWERED + REFUSED, told
        assert status in ANSWERED or said, told
    for said in told.get("worker", {}).values():
        assert said == "" or SENTENCE.fullmatch(said), told
    refused = json.dumps([told["reason"], [said for *_head, said in told.get("web", [])], told.get("worker")])
    assert not any(secret in refused for secret in SECRETS), told


def run(child: Child, numbers: range) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for number in numbers:
        told = child.tell(number)
        check(told)
        outcomes[told["code"] or told["result"]] += 1
    log = child.log.read_text("utf-8", "replace")
    assert not any(secret in log for secret in SECRETS)
    return outcomes


def test_two_thousand_hostile_files_are_stored_or_refused_with_a_reason(child):
    outcomes = run(child, range(2000))
    assert outcomes.total() == 2000
    # A fuzzer whose files all die at the door would prove nothing of what stands behind it.
    assert outcomes["stored"] > 500 and len(outcomes) > 6, outcomes


@pytest.mark.soak
@pytest.mark.parametrize("part", range(10))
def test_two_thousand_more_of_the_twenty_thousand(child, part):
    outcomes = run(child, range(2000 + part * 1800, 2000 + (part + 1) * 1800))
    assert outcomes.total() == 1800
    assert outcomes["stored"] > 400, outcomes

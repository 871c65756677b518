"""Set-up that cannot go on says why in a sentence, shows the tool's own last words, and does not count as done."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from config.env import ROOT

# A Python whose `-m venv` makes an environment whose pip answers as FAKE_PIP says.
PYTHON = """#!/bin/bash
if [ "$1 $2" = "-m venv" ]; then
  [ -n "$FAKE_VENV" ] && { echo "$FAKE_VENV"; exit 1; }
  mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
elif [ "$1 $2" = "-m pip" ]; then
  [ -d .venv ] || exit 1
  case "$*" in *--version*) exit 0 ;; esac
  echo "$FAKE_PIP" >&2
  exit 1
fi
"""
OFFLINE = "WARNING: Retrying: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution"
DISK_FULL = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"


@pytest.fixture
def project(tmp_path) -> Path:
    """A project folder, with a space in its name, that holds what the first step reads."""
    folder = tmp_path / "my project"
    for name in ("docker/setup.sh", "pyproject.toml", "constraints/pinned.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    python = folder / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return folder


def setup(project: Path, **fake: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "docker/setup.sh"],
        cwd=project,
        env={**os.environ, "PYTHON": str(project / "python"), "FAKE_VENV": "", "FAKE_PIP": "", **fake},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_network_the_sentence_says_so(project):
    ended = setup(project, FAKE_PIP=OFFLINE)
    assert ended.returncode != 0
    assert "The Python packages could not be installed." in ended.stdout
    assert "check the network" in ended.stdout
    assert OFFLINE in ended.stdout


def test_the_tools_own_words_are_shown_and_the_network_is_not_blamed_for_them(project):
    ended = setup(project, FAKE_PIP=DISK_FULL)
    assert DISK_FULL in ended.stdout
    assert "network" not in ended.stdout


def test_a_failed_step_is_tried_again_by_the_next_set_up(project):
    for _ in range(2):
        assert "The Python packages could not be installed." in setup(project, FAKE_PIP=DISK_FULL).stdout
    assert not (project / ".venv" / "stamps").exists()


def test_an_environment_that_cannot_be_made_is_said(project):
    ended = setup(project, FAKE_VENV="ensurepip is not available")
    assert ended.returncode != 0
    assert "python3.11-venv" in ended.stdout
    assert "ensurepip is not available" in ended.stdout

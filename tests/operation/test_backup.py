"""The drill: backed up while images come and reports are signed, destroyed, brought back, everything verified.

Once from an encrypted store to one with another key, once from a plain store to a plain one."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from config.env import ROOT
from screening.phantoms.chest import chest_ct
from screening.phantoms.headers import as_bytes
from screening.services import backup
from screening.storage_keys import new_key
from tests.components.places import postgresql

IMAGES = 60


class Installation:
    """One installation's folder and database; commands run in processes of their own, as an administrator's do."""

    def __init__(self, home: Path, keys: Path, database: dict[str, str]) -> None:
        self.home = home
        ours = ("DATABASE_URL", "CELERY_BROKER_URL", "PYTHONWARNINGS")
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in ours},
            "FIRSTREAD_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "BACKUP_KEY": str(keys / "backup.key"),
            **database,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, fails: bool = False) -> tuple[str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        assert (process.returncode != 0) is fails, err[-2000:]
        return out, err

    def manage(self, *arguments: str, fails: bool = False) -> tuple[str, str]:
        return self.run("manage.py", *arguments, fails=fails)

    def counts(self) -> dict[str, int]:
        """Rows of the models that tell."""
        models = ("screening.Instance", "reports.Signature", "accounts.AuditEvent")
        say = f"from django.apps import apps; print({{m: apps.get_model(m).objects.count() for m in {models}}})"
        return dict(ast.literal_eval(self.manage("shell", "-v", "0", "-c", say)[0].strip().splitlines()[-1]))


@pytest.fixture
def images(tmp_path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for number, dataset in enumerate(chest_ct(3, nodules=None, slices=IMAGES, size=64).datasets):
        (folder / f"{number:03}.dcm").write_bytes(as_bytes(dataset))
    return folder


@pytest.fixture(params=["embedded", "PostgreSQL"])
def databases(request) -> Iterator[list[dict[str, str]]]:
    """Two empty databases: the one that is lost, and the one it comes back to."""
    if request.param == "embedded":
        with nullcontext():
            yield [{}, {}]
        return
    with postgresql() as lost, postgresql() as fresh:
        yield [lost.env, fresh.env]


def test_what_was_backed_up_under_load_comes_back_whole_after_all_is_lost(tmp_path, images, databases):
    vault, away = tmp_path / "vault", tmp_path / "keys"
    ours = Installation(tmp_path / "lost", away, {**databases[0], "STORAGE_KEY": new_key()})
    ours.manage("migrate", "-v", "0")
    ours.manage("ensure_site", "default", "Demo")

    taking = ours.start("-m", "tests.operation.acts", "take", str(images))
    assert taking.stdout is not None
    assert taking.stdout.readline() == "000.dcm\n"
    signing = ours.start("-m", "tests.operation.acts", "sign", "30")
    first = json.loads(ours.manage("backup", str(vault), "--new-key")[0])
    for process in (taking, signing):
        _out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err[-2000:]
    second = json.loads(ours.manage("backup", str(vault))[0])
    assert second["objects"] >= IMAGES
    assert second["added"] == second["objects"] - first["objects"], "what was there is not written again"
    stored = {path.suffix for path in (ours.home / "objects").rglob("*") if len(path.stem) == 64}
    assert stored == {".enc"}
    before = ours.counts()
    assert (before["screening.Instance"], before["reports.Signature"]) == (IMAGES, 30)
    shutil.rmtree(ours.home)

    # The key of the lost store is lost as well.
    back = Installation(tmp_path / "back", away, {**databases[1], "STORAGE_KEY": new_key()})
    out, err = back.manage("restore", str(vault))
    told = json.loads(out)
    assert (told["damaged"], told["faulty"]) == ([], []), err
    assert told["objects"] == IMAGES
    assert back.counts() == before
    assert "Everything holds." in err
    assert {path.suffix for path in (back.home / "objects").rglob("*") if len(path.stem) == 64} == {".enc"}
    # And it goes on: the next image, the next seal, the next signature.
    back.run("-m", "tests.operation.acts", "sign", "1")
    back.manage("backup", str(vault))
    assert "Everything holds." in back.manage("verify_audit")[0]
    assert back.counts()["reports.Signature"] == 31
    _out, err = back.manage("restore", str(vault), fails=True)
    assert "restore into an empty database" in err


def test_the_snapshot_made_in_the_middle_comes_back_as_it_was_then(tmp_path, images):
    vault, away = tmp_path / "vault", tmp_path / "keys"
    ours = Installation(tmp_path / "lost", away, {})
    ours.manage("migrate", "-v", "0")
    ours.manage("ensure_site", "default", "Demo")
    taking = ours.start("-m", "tests.operation.acts", "take", str(images))
    assert taking.stdout is not None
    assert taking.stdout.readline() == "000.dcm\n"
    made = json.loads(ours.manage("backup", str(vault), "--new-key")[0])
    _out, err = taking.communicate(timeout=240)
    assert taking.returncode == 0, err[-2000:]

    damaged = sorted((vault / "objects").rglob("*.enc"))[0]
    kept = damaged.read_bytes()
    damaged.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    back = Installation(tmp_path / "back", away, {})
    _out, err = back.manage("restore", str(vault), fails=True)
    assert "is not what was written" in err
    damaged.write_bytes(kept)
    told = json.loads(back.manage("restore", str(vault), "--snapshot", made["snapshot"])[0])
    assert (told["damaged"], told["faulty"]) == ([], [])
    assert 1 <= back.counts()["screening.Instance"] <= told["objects"] <= IMAGES


@pytest.fixture
def made(settings, tmp_path, transactional_db) -> Path:
    """A backup of this test's own empty database. (SQLite copies none in the middle of its own transaction.)"""
    for name in ("AUDIT_KEY", "AUDIT_HEAD", "SIGNATURE_HEADS", "BACKUP_KEY", "BUNDLES_ROOT"):
        setattr(settings, name, tmp_path / "ours" / name.lower())
    backup.new_key(settings.BACKUP_KEY)
    backup.back_up(tmp_path / "vault")
    return tmp_path / "vault"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda vault, key: key.unlink(), "There is no key"),
        (lambda vault, key: key.write_bytes(b"short"), "has 32 bytes"),
        (lambda vault, key: key.write_bytes(b"x" * 32), "key is another"),
        (lambda vault, key: shutil.rmtree(vault / "snapshots"), "no complete snapshot"),
        (lambda vault, key: next((vault / "snapshots").iterdir()).joinpath("database").unlink(), "missing"),
        (lambda vault, key: next((vault / "snapshots").iterdir()).joinpath("about").write_bytes(b"{}"), "not a file"),
    ],
    ids=["no key", "half a key", "another key", "no snapshot", "half a snapshot", "something else"],
)
def test_what_cannot_be_brought_back_is_said_in_a_sentence(made, settings, spoil, words):
    spoil(made, settings.BACKUP_KEY)
    with pytest.raises(backup.BackupFailed, match=words):
        backup.bring_back(made)


def test_a_snapshot_that_is_not_there_and_a_key_that_is_there_are_said(made, settings):
    with pytest.raises(backup.BackupFailed, match="no such snapshot"):
        backup.bring_back(made, "20200101T000000Z")
    with pytest.raises(backup.BackupFailed, match="not overwritten"):
        backup.new_key(settings.BACKUP_KEY)


def test_a_database_in_use_is_not_written_over(made, reader):
    with pytest.raises(backup.BackupFailed, match="empty database"):
        backup.bring_back(made)


def test_an_object_missing_from_the_storage_stops_the_backup_and_leaves_no_snapshot(made, north, make_study):
    make_study(north, images=1)
    with pytest.raises(backup.BackupFailed, match="is not in the storage"):
        backup.back_up(made)
    assert len(backup.snapshots(made)) == 1

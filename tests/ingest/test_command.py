from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Site
from config.data import data_folder
from screening.models import Instance, Study
from screening.phantoms.headers import as_bytes
from tests.ingest.images import ct, ct_series

pytestmark = pytest.mark.django_db
FIELDS = {"path", "result", "reason", "study_uid", "sop_uid"}


@pytest.fixture
def default(db) -> Site:
    return Site.objects.create(slug="default", name="Default")


def run(*arguments: object) -> tuple[int, list[dict[str, str]]]:
    out = io.StringIO()
    code = 0
    try:
        call_command("ingest", *map(str, arguments), "--json", stdout=out)
    except SystemExit as stop:
        code = int(stop.code)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_folder_is_searched_to_the_bottom_in_the_order_of_names(default, tmp_path):
    for number, dataset in enumerate(ct_series(3)):
        folder = tmp_path / f"s{2 - number}" / "deep"
        folder.mkdir(parents=True)
        (folder / "image").write_bytes(as_bytes(dataset))
    code, lines = run(tmp_path)
    assert code == 0
    assert [line["result"] for line in lines] == ["stored"] * 3
    assert [line["path"] for line in lines] == sorted(line["path"] for line in lines)
    assert all(set(line) == FIELDS and line["reason"] is None for line in lines)
    assert run(tmp_path)[1][0]["result"] == "duplicate"


def test_one_rejection_makes_the_exit_code_1_and_stops_nothing(default, tmp_path):
    (tmp_path / "a.txt").write_text("no image")
    (tmp_path / "b.dcm").write_bytes(as_bytes(ct()))
    code, lines = run(tmp_path)
    assert code == 1
    assert [line["result"] for line in lines] == ["rejected", "stored"]
    assert lines[0]["reason"] == "This is not a DICOM file."
    assert lines[0]["study_uid"] is None


def test_an_archive_gives_a_line_for_each_file_inside(default, tmp_path):
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, dataset in enumerate(ct_series(2)):
            archive.writestr(f"x/{number}", as_bytes(dataset))
    code, lines = run(path)
    assert (code, [line["path"] for line in lines]) == (0, [f"{path}/x/0", f"{path}/x/1"])


def test_paths_that_are_not_there_or_no_files_are_rejected(default, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    code, lines = run(tmp_path, tmp_path / "missing")
    assert code == 1
    assert [line["result"] for line in lines] == ["rejected"] * 3


def test_a_name_in_no_encoding_is_still_reported(default, tmp_path):
    name = os.path.join(os.fsencode(tmp_path), b"\xff\xfe.dcm")
    Path(os.fsdecode(name)).write_bytes(as_bytes(ct()))
    code, lines = run(tmp_path)
    assert (code, lines[0]["result"]) == (0, "stored")


def test_the_site_is_chosen_by_its_slug_and_an_unknown_one_is_an_error(default, north, tmp_path):
    path = tmp_path / "a.dcm"
    path.write_bytes(as_bytes(ct()))
    run(path, "--site", "north")
    assert Study.objects.get().site == north
    with pytest.raises(CommandError, match="nowhere"):
        run(path, "--site", "nowhere")


def test_without_json_the_counts_are_told(default, tmp_path):
    (tmp_path / "a.dcm").write_bytes(as_bytes(ct()))
    out = io.StringIO()
    call_command("ingest", str(tmp_path), stdout=out)
    assert out.getvalue().strip() == "1 stored, 0 duplicate, 0 rejected"


@pytest.mark.data
def test_the_real_images_are_stored_once_and_make_three_studies(default):
    folder = data_folder() / "dicom"
    if not folder.is_dir():
        pytest.skip("FIRSTREAD_DATA has no dicom folder here")
    for expected in ("stored", "duplicate"):
        code, lines = run(folder)
        assert code == 0
        assert [line["result"] for line in lines] == [expected] * 172
    assert (Study.objects.count(), Instance.objects.count()) == (3, 172)

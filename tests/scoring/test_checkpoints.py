"""Training that is stopped and taken up again; scores kept for the figures."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from training.checkpoints import Checkpoints, digest_of_files
from training.out_of_fold import read_out_of_fold, write_out_of_fold


def test_what_was_saved_comes_back_and_is_done(tmp_path):
    kept = Checkpoints(tmp_path, {"epochs": 9, "seed": 0})
    assert kept.load("fold-0") is None
    kept.save("fold-0", {"weight": torch.arange(6.0).reshape(2, 3).T}, {"auc": 0.5})
    again = Checkpoints(tmp_path, {"seed": 0, "epochs": 9})
    found = again.load("fold-0")
    assert found.done and again.done("fold-0")
    assert torch.equal(found.tensors["weight"], torch.arange(6.0).reshape(2, 3).T)
    assert found.state == {"auc": 0.5}


def test_other_settings_never_take_up_the_work(tmp_path):
    Checkpoints(tmp_path, {"epochs": 9}).save("fold-0", {"weight": torch.zeros(1)})
    assert Checkpoints(tmp_path, {"epochs": 10}).load("fold-0") is None
    assert Checkpoints(tmp_path, {"epochs": 9}).done("fold-0")


def test_half_done_work_says_how_far_it_came(tmp_path):
    kept = Checkpoints(tmp_path, {})
    for epoch in range(3):
        kept.save("fold-0", {"weight": torch.full((2,), float(epoch))}, {"epoch": epoch}, done=False)
    found = kept.load("fold-0")
    assert not found.done and not kept.done("fold-0")
    assert found.state["epoch"] == 2
    assert len(list(kept.folder.glob("*.safetensors"))) == 1


def test_a_stop_between_tensors_and_state_leaves_the_older_pair(tmp_path, monkeypatch):
    kept = Checkpoints(tmp_path, {})
    kept.save("fold-0", {"weight": torch.zeros(2)}, {"epoch": 0}, done=False)

    def stopped(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("training.checkpoints.json.dumps", stopped)
    with pytest.raises(KeyboardInterrupt):
        kept.save("fold-0", {"weight": torch.ones(2)}, {"epoch": 1}, done=False)
    monkeypatch.undo()
    found = kept.load("fold-0")
    assert found.state["epoch"] == 0
    assert torch.equal(found.tensors["weight"], torch.zeros(2))


@pytest.mark.parametrize("harm", ["flipped", "cut", "gone", "state"])
def test_damaged_work_is_done_again(tmp_path, harm):
    kept = Checkpoints(tmp_path, {})
    kept.save("fold-0", {"weight": torch.zeros(64)})
    (file,) = kept.folder.glob("fold-0.*.safetensors")
    data = file.read_bytes()
    if harm == "flipped":
        file.write_bytes(data[:-1] + b"\x01")
    elif harm == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif harm == "gone":
        file.unlink()
    else:
        state = kept.folder / "fold-0.json"
        state.write_text(state.read_text()[:20])
    assert kept.load("fold-0") is None


def test_the_digest_of_the_data_follows_names_and_bytes(tmp_path):
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    digest = digest_of_files([second, first])
    assert digest == digest_of_files([first, second])
    second.write_bytes(b"3")
    assert digest != digest_of_files([first, second])


def test_scores_come_back_as_they_were_written(tmp_path):
    columns = {
        "patient": ["049", "050", "050"],
        "case": ["049", "050-1", "050-2"],
        "label": [1, 0, None],
        "score": np.array([1.23456789, -2e-7, math.nan]),
        "fold": np.array([0, 1, 1]),
    }
    write_out_of_fold(tmp_path, columns)
    text = (tmp_path / "out_of_fold.csv").read_text()
    assert text.splitlines()[1] == "049,049,1,1.23457,0"
    found = read_out_of_fold(tmp_path)
    assert found["patient"].tolist() == ["049", "050", "050"]
    assert found["label"].tolist() == [1, 0, -1]
    assert np.isnan(found["score"][2])
    write_out_of_fold(tmp_path, found | {"label": [1, 0, None]})
    assert (tmp_path / "out_of_fold.csv").read_text() == text


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"patient": ["a"], "score": [1.0]}, "need the columns"),
        ({"patient": ["a", "a"], "fold": [0, 1]}, "several folds"),
        ({"patient": ["a", "a"], "fold": [0]}, "differ in length"),
    ],
)
def test_scores_that_cannot_be_honest_are_refused(tmp_path, columns, words):
    with pytest.raises(ValueError, match=words):
        write_out_of_fold(tmp_path, columns)


def test_one_name_in_two_sources_is_two_patients(tmp_path):
    write_out_of_fold(tmp_path, {"source": ["mias", "cbis"], "patient": ["1", "1"], "fold": [0, 1]})
    assert read_out_of_fold(tmp_path)["source"].tolist() == ["mias", "cbis"]


def test_states_are_plain_json(tmp_path):
    kept = Checkpoints(tmp_path, {"epochs": 9})
    kept.save("fold-0", {"weight": torch.zeros(1)}, {"auc": 0.75})
    assert json.loads((kept.folder / "fold-0.json").read_text())["state"] == {"auc": 0.75}
    assert json.loads((kept.folder / "config.json").read_text()) == {"epochs": 9}

"""Weights against the network they are for, in processes of their own: the real thing, a few times."""

from __future__ import annotations

import json
import os
import pickle
import shutil

import pytest
import torch

from screening.scoring.bundle import BUNDLES, load_bundle, load_folder
from screening.scoring.network_trial import bare_environment, network_faults
from screening.scoring.networks import build_network
from screening.scoring.networks.trial import expected, misfits
from screening.scoring.runtime import Engine
from screening.scoring.safetensors_header import TensorFacts
from screening.services.registry import BundleRefused, install_folder
from tests.registry import bundles
from training import convert_child
from training.convert_child import converted, state_dict_of
from training.convert_state_dict import NotConverted, convert, main

NETWORK = {"name": "lung-nodule-net", "arguments": {"width": 4, "slices": 3}}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A published state_dict as trainers leave it, with model.json and card beside it."""
    folder = tmp_path_factory.mktemp("published")
    torch.manual_seed(0)
    state = build_network(NETWORK["name"], **NETWORK["arguments"]).state_dict()
    torch.save(
        {"epoch": 3, "state_dict": {f"module.{name}": value for name, value in state.items()}}, folder / "net.pth"
    )
    told = bundles.description(b"", network=NETWORK, sha256=None)
    (folder / "model.json").write_text(json.dumps(told))
    (folder / "CARD.md").write_text(bundles.CARD)
    return folder, state


def run(folder, weights, out):
    return convert(weights, folder / "model.json", folder / "CARD.md", out)


def test_a_published_state_dict_becomes_a_bundle_that_gives_the_same_numbers(published, tmp_path):
    folder, state = published
    out = run(folder, folder / "net.pth", tmp_path / "out" / "bundle")
    assert sorted(path.name for path in out.iterdir()) == ["CARD.md", "model.json", "weights.safetensors"]
    assert [path.name for path in out.parent.iterdir()] == ["bundle"]
    network = build_network(NETWORK["name"], **NETWORK["arguments"]).eval()
    network.load_state_dict(state)
    patches = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        wanted = network(patches)["nodule"].numpy()
    assert abs(Engine(load_folder(out), "cpu", plain=True)(patches.numpy())["nodule"] - wanted).max() < 1e-5


class Evil:
    """Unpickled without care, it would run a command."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_a_pickle_that_would_run_something_is_refused_and_nothing_runs(published, tmp_path, capsys):
    folder, state = published
    proof, weights, out = tmp_path / "proof", tmp_path / "net.pth", tmp_path / "out"
    torch.save({**state, "x": Evil(proof)}, weights)
    files = ["--model", str(folder / "model.json"), "--card", str(folder / "CARD.md")]
    assert main([str(weights), *files, "--out", str(out)]) == 1
    assert "nothing of it was run" in capsys.readouterr().err
    weights.write_bytes(pickle.dumps(Evil(proof), protocol=2))
    assert "nothing of it was run" in converted(weights, NETWORK, out)[0]
    assert [path.name for path in tmp_path.iterdir()] == ["net.pth"]


def test_weights_of_other_shapes_are_refused_by_name(published, tmp_path):
    folder, _state = published
    torch.save(build_network(NETWORK["name"], width=6, slices=3).state_dict(), tmp_path / "net.pth")
    with pytest.raises(NotConverted, match=r"has the shape \[.*\]; the network needs \["):
        run(folder, tmp_path / "net.pth", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_no_state_dict_is_refused(published, tmp_path):
    _folder, state = published
    target = tmp_path / "w"
    for name, content in {"other": {"first": torch.zeros(2)}, "list": [1, 2], "numbers": {"a": 1}}.items():
        torch.save(content, tmp_path / name)
        assert converted(tmp_path / name, NETWORK, target)
    (tmp_path / "text").write_text("not weights")
    assert converted(tmp_path / "text", NETWORK, target)
    spoiled = {
        name: torch.full_like(value, torch.nan) if value.is_floating_point() else value for name, value in state.items()
    }
    torch.save(spoiled, tmp_path / "nan")
    assert converted(tmp_path / "nan", NETWORK, target) == ["Some weights are not finite numbers."]
    assert not target.exists()


def test_a_description_without_a_licence_is_refused_before_the_weights_are_opened(published, tmp_path, monkeypatch):
    folder, _state = published
    monkeypatch.setattr("training.convert_state_dict.CHILD", "no.such.module")
    told = json.loads((folder / "model.json").read_text())
    del told["licence"]
    (tmp_path / "model.json").write_text(json.dumps(told))
    with pytest.raises(NotConverted, match="lacks licence"):
        convert(folder / "net.pth", tmp_path / "model.json", folder / "CARD.md", tmp_path / "out")


def test_a_process_that_dies_is_a_refusal_and_not_a_crash(published, tmp_path, monkeypatch):
    folder, _state = published
    monkeypatch.setattr("training.convert_state_dict.CHILD", "no.such.module")
    with pytest.raises(NotConverted, match="more time or memory"):
        run(folder, folder / "net.pth", tmp_path / "out")
    monkeypatch.setattr("screening.scoring.network_trial.TRIAL", "no.such.module")
    assert "could not be tried" in network_faults(BUNDLES / "lung-nodule")[0]


def test_wrappings_of_a_state_dict_are_taken_off():
    tensor = torch.zeros(1)
    assert set(state_dict_of({"model": {"_orig_mod.a.b": tensor}})) == {"a.b"}
    assert set(state_dict_of({"a": tensor, "module.b": tensor})) == {"a", "module.b"}
    assert convert_child.INSIDE[0] == "state_dict"


def test_the_process_sees_nothing_secret_of_its_surroundings(monkeypatch):
    for name in ("SECRET_KEY", "DATABASE_URL", "https_proxy", "FIRSTREAD_HOME"):
        monkeypatch.setenv(name, "secret")
    assert "secret" not in bare_environment().values()


def test_what_does_not_fit_is_named():
    one = TensorFacts("F32", (2, 3))
    assert misfits({"a": one}, {"a": one}) == []
    assert misfits({"a": one}, {"a": TensorFacts("BF16", (2, 3))}) == []
    [lacks, foreign] = misfits(dict.fromkeys("abcde", one), {"z": one})
    assert (lacks, foreign) == ("The weights lack a, b, c and 2 more.", "The network has no place for z.")
    assert "whole numbers" in misfits({"a": one}, {"a": TensorFacts("I64", (2, 3))})[0]
    with pytest.raises(ValueError, match="cannot be built"):
        expected("lung-nodule-net", {"no_such_argument": 1})
    with pytest.raises(ValueError, match="cannot be built"):
        expected("no-such-net", {})


@pytest.mark.django_db
def test_a_copy_of_a_shipped_bundle_can_be_installed_and_one_with_foreign_weights_cannot(tmp_path):
    told = load_bundle("lung-nodule").metadata
    copy = tmp_path / "copy"
    shutil.copytree(BUNDLES / "lung-nodule", copy)
    (copy / "model.json").write_text(json.dumps({**told, "version": "9.1.0"}))
    assert install_folder(folder=copy, actor=None).version == "9.1.0"
    foreign = bundles.write(tmp_path / "foreign", network=told["network"], version="9.2.0")
    with pytest.raises(BundleRefused, match="no place for first"):
        install_folder(folder=foreign, actor=None)

"""A bundle is checked to the last byte without torch, and every fault is a sentence."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from screening.scoring.bundle import BUNDLES, BundleError, load_folder
from screening.scoring.bundle_schema import TRIAGE_BAR, folder_faults, has_earned_triage, intervals
from screening.scoring.network_table import NETWORKS
from screening.scoring.networks import build_network
from screening.scoring.safetensors_header import HeaderError, read_header
from tests.registry import bundles
from training import rights

GOOD = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def test_a_good_bundle_has_no_fault(tmp_path):
    files = {"seen.json": b"[]", "curve.csv": b"a,b\n1,2\n", "r.svg": b"<svg></svg>", "r.png": b"\x89PNG\r\n\x1a\n0"}
    assert folder_faults(bundles.write(tmp_path / "b", files=files)) == []


@pytest.mark.parametrize("path", sorted(BUNDLES.glob("*/model.json")), ids=lambda path: path.parent.name)
def test_a_shipped_bundle_is_as_complete_as_an_installed_one_must_be(path):
    """When this fails after training: python -m training.bundle_facts adds what a writer left out."""
    assert folder_faults(path.parent, installing=False) == []


CHANGES = {
    "no licence": ({"licence": None}, "lacks licence"),
    "no inputs": ({"inputs": []}, "inputs"),
    "a name with a path in it": ({"name": "../evil"}, "name"),
    "a version with a path in it": ({"version": "1.0.0/.."}, "version"),
    "a version of two numbers": ({"version": "1.0"}, "version"),
    "an unknown programme": ({"programme": "heart"}, "programme"),
    "a network that is not of the list": ({"network": {"name": "os.system"}}, "network"),
    "a network of another programme": ({"network": {"name": "brain-haemorrhage-net"}}, "does not belong"),
    "a huge argument": ({"network": {"name": "lung-nodule-net", "arguments": {"width": 10**9}}}, "arguments"),
    "an argument that is an object": ({"network": {"name": "lung-nodule-net", "arguments": {"w": {}}}}, "arguments"),
    "training data unnamed": ({"training": {"epochs": 3}}, "training data"),
    "other weights": ({"sha256": "0" * 64}, "SHA-256 differs"),
    "a digest that is none": ({"sha256": "sha"}, "sha256"),
    "a right that is a word": ({"triage": "yes"}, "true or false"),
    "a right its figures have not earned": (
        {"triage": True, "figures": {"study_auc": 0.8, "ci": {"study_auc": [0.69, 0.9]}}},
        "claims the triage right",
    ),
    "a right by another figure": (
        {"triage": True, "figures": {"slice_auc": 0.9, "ci": {"slice_auc": [0.88, 0.92]}}},
        "claims the triage right",
    ),
    "a right by phantoms": (
        {"triage": True, "figures": {"phantoms": {"study_auc": 1.0, "ci": {"study_auc": [0.98, 1.0]}}}},
        "claims the triage right",
    ),
    "a right by bounds that are none": (
        {"triage": True, "figures": {"study_auc": 0.6, "ci": {"study_auc": [0.75, 7.0]}}},
        "claims the triage right",
    ),
    "a right by a number without end": (
        {"triage": True, "figures": {"study_auc": 10**400, "ci": {"study_auc": [0.75, 10**400]}}},
        "claims the triage right",
    ),
    "the drafter's network": ({"programme": "report drafting", "network": {"name": "t5"}}, "programme"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_fault_of_the_description_is_said(tmp_path, name):
    changes, words = CHANGES[name]
    faults = folder_faults(bundles.write(tmp_path / "b", **changes))
    assert faults and any(words in fault for fault in faults)
    assert all(fault.endswith(".") for fault in faults)


FILES = {
    "no card": ({"CARD.md": b""}, "CARD.md is missing"),
    "no weights": ({"weights.safetensors": b""}, "weights.safetensors is missing"),
    "a pickle": ({"weights.pt": b"\x80\x04."}, "no place"),
    "a script": ({"model.py": b"import os"}, "no place"),
    "a hidden file": ({".secret.json": b"{}"}, "no place"),
    "a large file": ({"seen.json": b'"' + b"a" * (8 << 20) + b'"'}, "larger"),
    "a picture that is none": ({"r.png": b"GIF89a"}, "not what its name says"),
    "a table that is no text": ({"t.csv": b"\xff\xfe\x00"}, "not what its name says"),
    "a list that is no JSON": ({"seen.json": b"[1,"}, "not what its name says"),
    "a drawing with a script": ({"r.svg": b"<svg><script>x</script></svg>"}, "not what its name says"),
    "a drawing with a handler": ({"r.svg": b"<svg onload='x()'></svg>"}, "not what its name says"),
    "a drawing with entities": ({"r.svg": b"<!DOCTYPE svg><svg></svg>"}, "not what its name says"),
    "a drawing from elsewhere": ({"r.svg": b"<svg><image href='http://x'/></svg>"}, "not what its name says"),
    "a description with NaN": ({"model.json": b'{"a": NaN}'}, "not valid JSON"),
    "a description with a key twice": ({"model.json": b'{"a": 1, "a": 2}'}, "not valid JSON"),
    "a description nested without end": ({"model.json": b"[" * 50_000}, "not valid JSON"),
    "a description with a number beyond all": ({"model.json": b'{"a": 1e999}'}, "not valid JSON"),
    "a description with half a letter": ({"model.json": b'{"a": "\\ud800"}'}, "not valid JSON"),
    "a description with NUL": ({"model.json": b'{"a": ["\\u0000"]}'}, "not valid JSON"),
    "a description that is a list": ({"model.json": b"[]"}, "no JSON object"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_fault_of_the_files_is_said(tmp_path, name):
    files, words = FILES[name]
    faults = folder_faults(bundles.write(tmp_path / "b", files=files))
    assert any(words in fault for fault in faults), faults


def test_a_link_and_a_folder_are_no_files_of_a_bundle(tmp_path):
    folder = bundles.write(tmp_path / "b")
    (folder / "seen.json").symlink_to("/etc/passwd")
    (folder / "more").mkdir()
    assert sum("plain file" in fault for fault in folder_faults(folder)) == 2


HEADERS = {
    "nothing": (b"", "no possible length"),
    "a header longer than the file": (b"\xff" * 8 + b"{}", "no possible length"),
    "a pickle": (b"\x80\x04\x95" + bytes(40), "no possible length"),
    "no JSON": (bundles.safetensors(header=b"{nonsense"), "not valid JSON"),
    "no tensor": (bundles.safetensors(header={}, data=b""), "no tensor"),
    "a tensor twice": (bundles.safetensors(header=b'{"a":1,"a":2}'), "not valid JSON"),
    "an unknown type": (bundles.safetensors(header={"a": {**GOOD, "dtype": "PICKLE"}}), "number type"),
    "a negative axis": (bundles.safetensors(header={"a": {**GOOD, "shape": [-2]}}), "impossible shape"),
    "a place before the file": (
        bundles.safetensors(header={"a": {**GOOD, "data_offsets": [-8, 0]}}),
        "impossible place",
    ),
    "fewer bytes than its shape": (bundles.safetensors(header={"a": {**GOOD, "shape": [9]}}), "as many bytes"),
    "more keys than three": (bundles.safetensors(header={"a": {**GOOD, "code": "x"}}), "alone"),
    "two tensors in one place": (bundles.safetensors(header={"a": GOOD, "b": GOOD}, data=bytes(8)), "lies over"),
    "a gap": (bundles.safetensors(header={"a": {**GOOD, "data_offsets": [4, 12]}}, data=bytes(12)), "gap"),
    "a byte too many": (bundles.safetensors(header={"a": GOOD}, data=bytes(9)), "length"),
    "a byte too few": (bundles.safetensors(header={"a": GOOD}, data=bytes(7)), "length"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_weights_whose_header_does_not_fit_are_refused(tmp_path, name):
    raw, words = HEADERS[name]
    path = tmp_path / "weights.safetensors"
    path.write_bytes(raw)
    with pytest.raises(HeaderError, match=words):
        read_header(path)


def test_a_header_gives_every_tensor_with_its_shape(tmp_path):
    path = tmp_path / "w"
    path.write_bytes(bundles.safetensors({"a": (2, 3), "b": ()}))
    assert {name: facts.shape for name, facts in read_header(path).items()} == {"a": (2, 3), "b": ()}


def test_figures_with_an_interval_are_found_at_any_depth():
    figures = {
        "n": 3,
        "x": {"dice": 0.8, "ci": {"dice": [0.7, 0.9], "gone": [0, 1]}},
        "auc": 0.9,
        "ci": {"auc": [0.8, 1]},
    }
    assert intervals({"figures": figures}) == [("auc", 0.9, 0.8, 1.0), ("dice", 0.8, 0.7, 0.9)]


def test_the_bar_is_the_one_that_training_knows():
    assert TRIAGE_BAR == rights.TRIAGE_BAR
    for low in (0.69, 0.70, 0.71):
        figures = {"study_auc": 0.8, "ci": {"study_auc": [low, 0.9]}}
        assert has_earned_triage({"figures": figures}) == rights.earned_rights(figures)["triage"]


def test_every_network_of_the_list_can_be_built_and_belongs_to_a_programme():
    for path in BUNDLES.glob("*/model.json"):
        network = json.loads(path.read_text(encoding="utf-8"))["network"]
        if network["name"] in NETWORKS:
            assert build_network(network["name"], **network.get("arguments", {}))


def test_checking_a_bundle_loads_no_model_library():
    code = (
        "import sys, pathlib; from screening.scoring.bundle_schema import folder_faults;"
        "from screening.scoring import bundle_archive, network_trial;"
        "print(folder_faults(pathlib.Path('bundles/lung-nodule'), installing=False),"
        "{'torch', 'safetensors', 'django'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[] set()"


def test_a_checked_bundle_is_read_again_when_its_files_change(tmp_path):
    folder = bundles.write(tmp_path / "b")
    assert load_folder(folder).model.version == "9.0.0"
    bundles.write(folder, version="9.0.10")
    assert load_folder(folder).model.version == "9.0.10"
    (folder / "weights.safetensors").unlink()
    with pytest.raises(BundleError, match="no weights"):
        load_folder(folder)

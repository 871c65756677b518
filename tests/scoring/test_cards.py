"""Cards are rewritten from stored scores, to the letter, and twice gives the same."""

from __future__ import annotations

import json
from importlib import import_module
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from screening.scoring.bundle import BUNDLES
from screening.scoring.bundle_schema import folder_faults
from training import make_cards
from training.figures import (
    CardParts,
    calibration_text,
    empty_section,
    rewrite_figures,
    study_figures,
    study_section,
)
from training.make_cards import PROGRAMMES, bundle_folders, card_parts, make_card
from training.out_of_fold import read_out_of_fold, write_out_of_fold
from training.reliability import reliability_svg

SVG = "{http://www.w3.org/2000/svg}"
CARD = f"# A card\n\nWords.\n\n{empty_section('study')}\n\nMore words.\n\n{empty_section('phantoms')}\nEnd.\n"


def scored(count=120, seed=0):
    rng = np.random.default_rng(seed)
    odds = rng.normal(-0.3, 1.5, count)
    chance = 1.0 / (1.0 + np.exp(-odds))
    labels = (rng.random(count) < chance).astype(int)
    patients = [f"p{index // 2}" for index in range(count)]
    return {
        "patient": patients,
        "label": labels,
        "score": odds,
        "probability": chance,
        "fold": np.arange(count) // 2 % 5,
    }


def parts_of(folder):
    kept = read_out_of_fold(folder)
    study = study_figures(
        kept["label"], kept["probability"], kept["patient"], kept["fold"], prevalence=0.1, scores=kept["score"]
    )
    return CardParts(
        sections={"study": study_section(study, "a bleed"), "phantoms": "None."},
        files={"reliability.svg": reliability_svg(kept["label"], kept["probability"], "Study score")},
        figures=study,
    )


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "a-bundle"
    folder.mkdir()
    (folder / "CARD.md").write_text(CARD)
    (folder / "model.json").write_text(
        json.dumps({"programme": "brain", "figures": {}, "triage": True}, indent=1) + "\n"
    )
    write_out_of_fold(folder, scored())
    return folder


def test_only_what_stands_between_the_markers_changes():
    card = rewrite_figures(CARD, {"study": "AUC 0.8\n", "phantoms": "None."})
    begin, end = "<!-- figures:begin study -->\n", "\n<!-- figures:end -->"
    assert f"Words.\n\n{begin}AUC 0.8{end}\n\nMore words." in card
    assert rewrite_figures(card, {"study": "", "phantoms": ""}).replace("-->\n\n<!--", "-->\n<!--") == CARD


def test_rewriting_twice_changes_nothing():
    sections = {"study": "a\n\nb", "phantoms": "c \\1 \\g<name>"}
    once = rewrite_figures(CARD, sections)
    assert rewrite_figures(once, sections) == once
    assert "c \\1 \\g<name>" in once


@pytest.mark.parametrize(
    ("card", "sections", "words"),
    [
        (CARD, {"study": "a"}, r"without figures: \['phantoms'\]"),
        (CARD, {"study": "a", "phantoms": "b", "density": "c"}, r"lacks: \['density'\]"),
        (CARD.replace("figures:end", "figures:edn", 1), {"study": "a", "phantoms": "b"}, "broken"),
        (CARD + empty_section("study") + "\n", {"study": "a", "phantoms": "b"}, "twice"),
        (CARD, {"study": "a", "phantoms": empty_section("x")}, "marker itself"),
    ],
    ids=["left over", "lacking", "broken", "twice", "nested"],
)
def test_a_figure_that_nobody_computes_never_stays(card, sections, words):
    with pytest.raises(ValueError, match=words):
        rewrite_figures(card, sections)


def test_a_card_is_made_once_and_then_left_alone(bundle):
    assert sorted(make_card(bundle, parts_of(bundle))) == ["CARD.md", "model.json", "reliability.svg"]
    before = {path.name: path.read_bytes() for path in bundle.iterdir()}
    assert make_card(bundle, parts_of(bundle)) == []
    assert {path.name: path.read_bytes() for path in bundle.iterdir()} == before
    described = json.loads(before["model.json"])
    auc, interval = described["figures"]["study_auc"], described["figures"]["ci"]["study_auc"]
    assert f"{auc:.3f} ({interval[0]:.3f}–{interval[1]:.3f})" in before["CARD.md"].decode()
    assert described["triage"] is (interval[0] >= 0.7)
    assert before["model.json"].startswith(b'{\n "programme"')


def test_what_is_written_has_a_place_in_a_bundle(bundle):
    make_card(bundle, parts_of(bundle))
    (bundle / "weights.safetensors").write_bytes(b"")
    faults = folder_faults(bundle)
    assert not [
        fault for fault in faults if any(name in fault for name in ("reliability", "out_of_fold", "CARD", "triage"))
    ]
    (bundle / "reliability.svg").write_text("<svg><script/></svg>")
    assert any("reliability.svg" in fault for fault in folder_faults(bundle))


def test_looking_writes_nothing_and_tells_what_is_stale(bundle, monkeypatch, capsys):
    monkeypatch.setattr(make_cards, "card_parts", lambda _programme, folder: parts_of(folder))
    arguments = ["--bundles", str(bundle.parent)]
    before = (bundle / "CARD.md").read_text()
    assert make_cards.main([*arguments, "--check"]) == 1
    assert (bundle / "CARD.md").read_text() == before
    assert make_cards.main(arguments) == 0
    assert make_cards.main([*arguments, "--check"]) == 0
    assert "nothing changed" in capsys.readouterr().err


def test_other_scores_make_another_card(bundle):
    make_card(bundle, parts_of(bundle))
    write_out_of_fold(bundle, scored(seed=1))
    assert make_card(bundle, parts_of(bundle), check=True) == ["CARD.md", "model.json", "reliability.svg"]


def test_cases_without_a_label_are_left_out():
    kept = scored()
    known = kept["label"].copy()
    known[:20] = -1
    some = study_figures(known, kept["probability"], kept["patient"], kept["fold"], 0.1)
    same = study_figures(
        *(np.asarray(kept[name])[20:] for name in ("label", "probability", "patient", "fold")), prevalence=0.1
    )
    assert some == same
    assert some["n"] == 100


@pytest.mark.parametrize(
    ("slope", "intercept", "words"),
    [
        (True, True, "contain 1 and 0"),
        (False, True, "slope does not"),
        (True, False, "not contain 0"),
        (False, False, "Neither"),
    ],
)
def test_the_card_says_plainly_when_calibration_fails(slope, intercept, words):
    study = study_figures(*(scored()[name] for name in ("label", "probability", "patient", "fold")), prevalence=0.1)
    told = calibration_text(
        {**study["calibration"], "slope_ci_contains_1": slope, "intercept_ci_contains_0": intercept, "ece": 0.9}
    )
    assert words in told
    assert "larger than chance" in told


def test_a_diagram_shows_every_bin_and_tells_it_in_words():
    labels, probabilities = np.array([0, 0, 1, 1, 1]), np.array([0.05, 0.1, 0.3, 0.9, 1.0])
    root = ElementTree.fromstring(reliability_svg(labels, probabilities, 'Study <score> & "more"'))
    assert root.find(f"{SVG}title").text == 'Study <score> & "more"'
    told = root.find(f"{SVG}desc").text
    assert told.startswith("5 cases, 3 positive.")
    assert "2 said 0.07 on average, 0.00 observed" in told or "2 said 0.08 on average, 0.00 observed" in told
    assert len(root.findall(f"{SVG}circle")) == 3
    assert root.attrib["aria-labelledby"].split() == [
        root.find(f"{SVG}{name}").attrib["id"] for name in ("title", "desc")
    ]
    assert reliability_svg(labels, probabilities, "a") == reliability_svg(labels, probabilities, "a")


@pytest.mark.parametrize("measure", make_cards.PHANTOMS)
def test_every_measurement_on_phantoms_can_be_called(measure):
    assert callable(import_module(measure).main)


def test_phantoms_are_measured_again_only_when_asked_for(bundle, monkeypatch):
    called = []
    fake = SimpleNamespace(main=lambda arguments: called.append(arguments))
    monkeypatch.setattr(make_cards, "import_module", lambda _name: fake)
    monkeypatch.setattr(make_cards, "card_parts", lambda _programme, folder: parts_of(folder))
    make_cards.main(["--bundles", str(bundle.parent)])
    assert called == []
    make_cards.main(["--bundles", str(bundle.parent), "--phantoms"])
    assert called == [[] for _measure in make_cards.PHANTOMS]


def test_a_card_without_marked_sections_is_left_alone(bundle, capsys):
    (bundle / "CARD.md").write_text("# A card in words alone\n")
    assert make_cards.main(["--bundles", str(bundle.parent)]) == 0
    assert (bundle / "CARD.md").read_text() == "# A card in words alone\n"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("programme", PROGRAMMES)
def test_the_committed_card_is_what_its_committed_scores_give(programme):
    folders = bundle_folders(BUNDLES)
    if programme not in folders:
        pytest.skip(f"The card of the {programme} bundle has no marked sections.")
    assert make_card(folders[programme], card_parts(programme, folders[programme]), check=True) == []

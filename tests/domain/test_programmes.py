"""Routing on tags as they really come: missing, odd, wrong."""

from __future__ import annotations

import pytest

from screening.programmes import PROGRAMMES, SeriesFacts, due_window, route


def ct(body_part="", *descriptions, images=60, primary=None, **geometry):
    return SeriesFacts("CT", body_part, descriptions, images, images if primary is None else primary, **geometry)


CASES = {
    "a screening chest by its body part": ([ct("CHEST")], "lung"),
    "a chest by its study description alone": ([ct("", "LDCT chest, screening")], "lung"),
    "a chest described in Chinese": ([ct("", "胸部低剂量")], "lung"),
    "a chest without a word, by its geometry": ([ct(in_plane_mm=350.0, extent_mm=300.0)], "lung"),
    "a head by its body part": ([ct("HEAD", images=28)], "brain"),
    "a head by its description": ([ct("", "CT Head wo", images=28)], "brain"),
    "a head without a word, by its geometry": ([ct(in_plane_mm=240.0, extent_mm=150.0, images=30)], "brain"),
    "a head beside its localiser": ([ct("HEAD", images=2, primary=0), ct("HEAD", images=30)], "brain"),
    "a mammogram without a body part": ([SeriesFacts("MG", "", (), 4, 4)], "breast"),
    "a mammogram of one view": ([SeriesFacts("MG", "BREAST", (), 1, 1)], "breast"),
    "a chest marked as head in one word": ([ct("CHEST", "scout head first, chest", images=140)], "lung"),
    "a localiser alone": ([ct("CHEST", images=2, primary=0)], None),
    "an MR of the head": ([SeriesFacts("MR", "BRAIN", ("T1 brain",), 120, 120)], None),
    "a CT angiography of the head": ([ct("HEAD", "CTA head and neck")], None),
    "a CT of the abdomen": ([ct("ABDOMEN", "CT abdomen")], None),
    "a plain film of the chest": ([SeriesFacts("DX", "CHEST", ("chest pa",), 1, 1)], None),
    "a CT with nothing known at all": ([ct()], None),
    "three slices of a chest": ([ct("CHEST", images=3)], None),
    "a specimen radiograph": ([SeriesFacts("MG", "BREAST", ("specimen",), 2, 2)], None),
    "an MG of another body part": ([SeriesFacts("MG", "HAND", (), 1, 1)], None),
    "nothing": ([], None),
}


@pytest.mark.parametrize("name", CASES)
def test_a_study_goes_to_its_programme(name):
    series, programme = CASES[name]
    assert route(series).programme == programme


@pytest.mark.parametrize("name", [name for name, (_, programme) in CASES.items() if programme is None])
def test_what_is_out_of_scope_says_why(name):
    assert route(CASES[name][0]).reason.endswith(".")


def test_mr_is_named_in_the_reason():
    assert route([SeriesFacts("MR", "BRAIN", (), 20, 20)]).reason == "No model reads MR yet."


def test_a_hostile_modality_does_not_reach_the_reason():
    assert "<" not in route([SeriesFacts("<SCRIPT>", "", (), 3, 3)]).reason


@pytest.mark.parametrize("programme", PROGRAMMES)
def test_a_more_urgent_tier_has_the_shorter_window(programme):
    windows = [due_window(programme, tier) for tier in ("critical", "urgent", "soon", "routine")]
    assert windows == sorted(windows) and len(set(windows)) == 4

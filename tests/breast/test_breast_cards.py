import json
import shutil

import pytest

from screening.phantoms.breast import MassSpec, mammogram
from screening.scoring.bundle import BUNDLES
from training import phantoms_breast


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "breast-film"
    shutil.copytree(BUNDLES / "breast-film", folder)
    return folder


def test_a_finding_hits_only_in_the_view_and_box_of_the_drawn_mass(with_mass, with_mass_result):
    found = phantoms_breast.hits(with_mass_result, with_mass)
    assert found
    assert {finding.attributes["side"] for finding in found} == {"left"}
    assert phantoms_breast.hits(with_mass_result, mammogram(3)) == []


def test_measuring_drawings_writes_them_apart_and_into_the_card(bundle, monkeypatch):
    monkeypatch.setattr(phantoms_breast, "DENSITIES", "b")
    monkeypatch.setattr(phantoms_breast, "MASSES", (MassSpec(side="R", diameter_mm=20.0),))
    before = json.loads((bundle / "model.json").read_text())["figures"]
    assert phantoms_breast.main(["--seeds", "1", "--bundle", str(bundle)]) == 0
    measured = json.loads((bundle / "phantoms.json").read_text())
    assert measured["normal"]["b"]["n"] == 1
    assert measured["mass"]["20 mm spiculated"]["marked"] <= 1
    assert "| 20 mm spiculated | 1 |" in (bundle / "CARD.md").read_text()
    assert json.loads((bundle / "model.json").read_text())["figures"] == before

import json

import numpy as np
import pytest

from config.data import data_folder
from screening.phantoms.head import BleedSpec, head_ct
from screening.scoring.brain import BUNDLE
from screening.scoring.brain_slices import CHANNELS, prepare_study, window_grey
from screening.scoring.brain_stack import study_logit
from screening.scoring.bundle import load_bundle
from screening.scoring.networks import build_network
from tests.brain.cast import head


def test_the_bundle_carries_figures_that_beat_chance_and_keep_their_intervals():
    figures = load_bundle(BUNDLE).metadata["figures"]
    for name in ("study_auc", "slice_auc"):
        low, high = figures["ci"][name]
        assert 0.5 < low < figures[name] < high <= 1.0
    assert figures["n_patients"] == 60
    assert 0.6 < figures["slice_auc_of_depth_alone"] < 0.9


def test_the_triage_right_follows_from_the_study_figure():
    bundle = load_bundle(BUNDLE)
    assert bundle.metadata["triage"] == (bundle.metadata["figures"]["ci"]["study_auc"][0] >= 0.7)


def test_the_card_quotes_the_figures_and_the_control():
    bundle = load_bundle(BUNDLE)
    card = (bundle.folder / "CARD.md").read_text(encoding="utf-8")
    figures = bundle.metadata["figures"]
    for name in ("study_auc", "slice_auc", "slice_auc_of_depth_alone"):
        assert f"{figures[name]:.3f}" in card


def test_the_network_is_small():
    spec = load_bundle(BUNDLE).metadata["network"]
    network = build_network(spec["name"], **spec["arguments"])
    assert sum(value.numel() for value in network.parameters()) < 1_500_000


def test_the_seen_list_holds_one_digest_a_picture():
    bundle = load_bundle(BUNDLE)
    seen = json.loads((bundle.folder / "seen.json").read_text(encoding="utf-8"))["image_sha256"]
    assert len(set(seen)) == len(seen) == bundle.metadata["training"]["slices"]


def test_the_window_maps_minus_twenty_to_black_and_a_hundred_to_white():
    assert window_grey(np.array([-1000, -20, 40, 100, 900])).tolist() == [0.0, 0.0, 127.5, 255.0, 255.0]


def test_a_study_counts_its_three_strongest_slices():
    assert study_logit(np.array([0.0, 5.0, 1.0, 3.0, -2.0])) == pytest.approx(3.0)


def test_preparation_turns_the_head_upright_and_leaves_no_bone():
    greys = [window_grey(item.pixel_array - 1024.0) for item in head("normal").datasets[14:22]]
    prepared = prepare_study(greys, 250 / 512)
    assert prepared.inputs.shape == (8, len(CHANNELS), 160, 160)
    assert abs(prepared.angle_deg) < 9
    assert float(prepared.inputs[:, 0].max()) <= 4.0
    brain = prepared.inputs[0, CHANNELS.index("brain")] > 0
    assert 0.2 < brain.mean() < 0.8


def test_pictures_without_a_head_cannot_be_prepared():
    with pytest.raises(ValueError, match="No slice shows brain"):
        prepare_study([np.zeros((200, 200), np.float32)] * 12)


def test_a_drawn_head_follows_from_its_seed_and_tells_where_its_bleed_is():
    spec = BleedSpec("subdural", "left", 60.0)
    positions = [0.0, 20.0, 40.0]
    first, second = (head_ct(5, spec, positions_mm=positions, slice_mm=20.0) for _ in range(2))
    assert [item.PixelData for item in first.datasets] == [item.PixelData for item in second.datasets]
    truth = first.truth["bleed"]
    assert truth["side"] == "left"
    assert truth["box"][0] > 256
    assert 0.5 * 60 < truth["volume_ml"] < 1.5 * 60


@pytest.mark.data
@pytest.mark.skipif(not (data_folder() / "head_ct" / "slices.csv").is_file(), reason="FIRSTREAD_DATA is absent")
def test_evaluation_knows_the_patients_it_was_trained_on(tmp_path):
    from training.evaluate_brain import evaluate

    source = data_folder() / "head_ct"
    lines = (source / "slices.csv").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines[1:] if line.split(",")[1] in ("54", "66")]
    (tmp_path / "slices.csv").write_text("\n".join([lines[0], *kept]) + "\n", encoding="utf-8")
    (tmp_path / "images").symlink_to(source / "images")
    figures = evaluate(tmp_path)
    assert figures["n_patients"] == figures["seen_in_training"] == 2
    assert 0.0 <= figures["slice_auc"] <= 1.0
    assert set(figures["ci"]) >= {"study_auc", "slice_auc", "specificity_at_95_sensitivity"}

import numpy as np
import pytest
import torch

from screening.scoring.brain_stack import TERMS, stack_logits, study_logit
from screening.scoring.networks.brain import HaemorrhageMember
from training.datasets_brain import BrainStudy, folder_of, kept_studies
from training.figures_brain import main_figures, specificity_at_sensitivity
from training.fit_brain import Recipe, augment, outputs_of, train_cycle
from training.stack_brain import Stacks, cross_fitted, fit_stack, shipped_points
from training.train_brain import folds_of


def study(patient, labels, size=16, bright=0.0):
    count = len(labels)
    inputs = np.random.default_rng(len(patient) + count).normal(0, 0.2, (count, 5, size, size)).astype(np.float16)
    inputs[:, 4] = 1.0
    for index, label in enumerate(labels):
        inputs[index, 0, 4:10, 4:10] += np.float16(bright * label)
    types = np.zeros((count, 5), int)
    types[:, 3] = labels
    return BrainStudy(
        patient, inputs, np.array(labels), np.arange(count), np.full(count, 9000.0), ("x",) * count, types
    )


def stacks(count=40, seed=0, gain=3.0):
    """Stacks of 12 slices; in every second one slices 5 to 8 bleed, and logits say so with noise."""
    random = np.random.default_rng(seed)
    labels = [np.array([int(i % 2 and 5 <= place <= 8) for place in range(12)]) for i in range(count)]
    return Stacks(
        [f"p{i}" for i in range(count)],
        [gain * label + random.normal(size=12) for label in labels],
        [5.0 * np.arange(12)[::-1]] * count,
        labels,
        np.arange(count) // 2 % 5,
    )


def test_every_fold_gets_its_share_of_bloody_and_clean_patients():
    studies = [study(f"p{i}", [0, 1, 0] if i < 10 else [0, 0]) for i in range(30)]
    fold = folds_of(studies)
    for number in range(5):
        assert sum(where == number for where in fold[:10]) == 2
        assert sum(where == number for where in fold[10:]) == 4


def test_augmentation_keeps_the_form_and_follows_from_its_seed():
    inputs = torch.rand(6, 5, 32, 32)
    first, second = (augment(inputs.clone(), torch.Generator().manual_seed(3)) for _ in range(2))
    assert first.shape == inputs.shape
    assert torch.equal(first, second)
    assert not torch.equal(first, inputs)


def test_a_member_learns_bright_spots_and_the_same_seed_gives_the_same_member():
    studies = [study(f"p{i}", [0, 1, 0, 1, 0, 0], size=64, bright=3.0) for i in range(8)]
    recipe = Recipe(width=8, epochs=3, batch=8, averaging=(0.8, 0.8))

    def trained():
        return train_cycle(studies, recipe, 1, seed=1, start=train_cycle(studies, recipe, 0, seed=1))

    first, second = trained(), trained()
    for one, other in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    unseen = study("unseen", [0, 1, 0, 1, 0, 0], size=64, bright=3.0)
    logits, evidence = outputs_of([first], unseen.inputs)
    assert logits.shape == (6, 6)
    assert evidence.shape == (6, 16, 16)
    assert logits[unseen.labels == 1, 0].min() > logits[unseen.labels == 0, 0].max()


def test_what_is_darker_than_its_mirror_image_is_withheld_from_the_network():
    member = HaemorrhageMember(width=8).eval()
    inputs = torch.rand(1, 5, 32, 32)
    inputs[:, 1] = -inputs[:, 1]
    darker = inputs.clone()
    darker[:, 1] *= 3.0
    with torch.inference_mode():
        assert torch.equal(member(inputs)[0], member(darker)[0])
        darker[:, 1] = 2.0
        assert not torch.equal(member(inputs)[0], member(darker)[0])


def test_the_weights_of_a_stack_find_that_neighbours_and_depth_count():
    given = stacks(gain=1.5)
    weights = fit_stack(given, np.ones(40, bool))
    assert set(weights) == set(TERMS)
    assert weights["own"] > 0
    assert weights["neighbours"] > 0
    assert weights["depth_squared"] < 0


def test_a_held_out_study_does_not_decide_how_it_is_judged():
    given = stacks()
    first = cross_fitted(given)
    held = given.fold == 2
    changed = [1 - label if held[i] else label for i, label in enumerate(given.labels)]
    second = cross_fitted(Stacks(given.patients, given.logits, given.depths, changed, given.fold))
    assert second.probabilities[held] == pytest.approx(first.probabilities[held])
    assert second.probabilities[~held] != pytest.approx(first.probabilities[~held])


def test_shipped_points_are_in_order_and_score_a_bloody_stack_above_a_clean_one():
    given = stacks()
    points = shipped_points(given)
    assert 0.0 < points["flag"] <= points["confident"] < 1.0
    clean, bloody = (study_logit(stack_logits(given.logits[i], given.depths[i], points["stack"])) for i in (0, 1))
    assert bloody > clean


def test_specificity_is_read_where_the_wanted_share_of_positives_is_found():
    labels = np.array([1] * 20 + [0] * 4)
    scores = np.concatenate([np.linspace(0.1, 0.9, 20), [0.05, 0.12, 0.2, 0.95]])
    assert specificity_at_sensitivity(labels, scores) == pytest.approx(0.5)
    assert np.isnan(specificity_at_sensitivity(np.ones(3), np.ones(3)))


def test_perfect_scores_give_perfect_figures():
    labels = [np.array([0, 1, 1, 1]) if i % 2 else np.zeros(4, int) for i in range(12)]
    logits = [np.where(label == 1, 4.0, -4.0) for label in labels]
    figures = main_figures([str(i) for i in range(12)], labels, logits, {"slope": 1.0, "intercept": 0.0}, 0.5)
    for name in ("study_auc", "slice_auc", "specificity_at_95_sensitivity", "sensitivity", "specificity"):
        assert figures[name] == 1.0
        assert figures["ci"][name] == [1.0, 1.0]
    assert figures["n_patients"] == 12


def test_prepared_studies_come_back_from_the_work_folder_as_they_were(tmp_path, monkeypatch):
    given = [study("052", [0, 1, 0]), study("060", [0, 0])]
    monkeypatch.setattr("training.datasets_brain.load_studies", lambda _data: given)
    first = kept_studies(tmp_path, tmp_path / "kept.npz")
    monkeypatch.delattr("training.datasets_brain.load_studies")
    second = kept_studies(tmp_path, tmp_path / "kept.npz")
    for one, other, known in zip(first, second, given, strict=True):
        assert one.patient == other.patient == known.patient
        assert one.digests == other.digests == known.digests
        for name in ("inputs", "labels", "numbers", "areas", "types"):
            assert np.array_equal(getattr(one, name), getattr(known, name))
            assert np.array_equal(getattr(other, name), getattr(known, name))


def test_a_folder_without_slices_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="slices.csv"):
        folder_of(tmp_path)

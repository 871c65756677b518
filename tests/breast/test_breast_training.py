import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

from screening.dicom.pixels import grey_array
from screening.phantoms.breast import MassSpec, mammogram
from screening.scoring.breast_film import Film
from screening.scoring.breast_reading import FilmReading, Mark, calibrated, film_suspicion, graded, study_suspicion
from screening.scoring.bundle import BUNDLES, load_bundle
from screening.scoring.networks.breast import DensityGrader
from training.checkpoints import Checkpoints
from training.datasets_breast import CBIS, MIAS, Case, Lesion, folder_kind, folds_by_woman, load_folder
from training.evaluate_breast import evaluate
from training.figures_breast import Films, Froc, balanced_accuracy, beside_the_other, card_parts, joined_by_breast
from training.fit_breast_detector import train_detector
from training.fit_breast_grader import train_grader
from training.out_of_fold import read_out_of_fold
from training.stack_breast import fit_grades, fit_logistic, hits_of, stack
from training.train_breast import _network, _packed, _unpacked

NUMBERS = 171


def picture(folder, name, seed, spec, width):
    phantom = mammogram(seed, spec, views=("LMLO",))
    grey = Image.fromarray((grey_array(phantom.datasets[0]) * 255).astype(np.uint8))
    scale = width / grey.width
    grey.resize((width, round(grey.height * scale))).save(folder / "images" / name, quality=95)
    return phantom.truth["masses"], scale


def mias_like(folder):
    (folder / "images").mkdir(parents=True)
    rows = []
    for n in range(1, 7):
        spec = MassSpec() if n % 3 == 0 else None
        masses, scale = picture(folder, f"m{n}.jpg", n, spec, 840)
        row = {"file": f"m{n}.jpg", "woman": (n + 1) // 2, "side": "L", "view": "MLO", "tissue": "FGD"[n % 3]}
        row |= {"abnormality": "SPIC" if masses else "NORM", "severity": "M" if masses else "", "x_offset": 0}
        if masses:
            x0, y0, x1, y1 = (value * scale for value in masses[0]["boxes"]["LMLO"])
            row |= {"x": round((x0 + x1) / 2), "y": round((y0 + y1) / 2), "radius": round((x1 - x0) / 2)}
        rows.append(row)
    columns = ["file", "woman", "side", "view", "tissue", "abnormality", "severity", "x", "y", "radius", "x_offset"]
    with (folder / "images.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    return folder


def cbis_like(folder):
    (folder / "images").mkdir(parents=True)
    with (folder / "images.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ["image", "patient", "side", "view", "density", "pathology", "assessment", "shape", "margins", "boxes"]
        )
        for n in range(1, 5):
            margin = "spiculated" if n % 2 else "circumscribed"
            masses, scale = picture(folder, f"c{n}.jpg", n, MassSpec(margin=margin), 560)
            boxes = [[round(value * scale, 1) for value in masses[0]["boxes"]["LMLO"]]]
            pathology = "malignant" if n % 2 else "benign"
            writer.writerow([f"c{n}.jpg", f"{n:05d}", "L", "MLO", n, pathology, 4, "", "", json.dumps(boxes)])
    return folder


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    root = tmp_path_factory.mktemp("films")
    mias_like(root / MIAS)
    cbis_like(root / CBIS)
    return root


def case(lesions=(), woman="1", source=CBIS, malignant=1, name="x.jpg", density=0):
    film = Film(
        np.zeros((2, 480, 288), np.float32),
        np.ones((480, 288), bool),
        (1, 1),
        (0, 0),
        False,
        288,
        0.5,
        np.zeros((600, 360), np.float16),
    )
    known = (density, -1, -1) if source == CBIS else (-1, density % 3, malignant)
    masses = tuple(Lesion(box, malignant) for box in lesions)
    return Case(source, woman, name, "0", film, *known, malignant, masses)


def reading(*marks, numbers=None):
    made = tuple(
        Mark((x - 5, y - 5, x + 5, y + 5), heat, np.zeros(NUMBERS) if numbers is None else numbers, heat, 0.5)
        for x, y, heat in marks
    )
    return FilmReading(made, np.zeros(58), np.zeros((60, 36)))


def test_the_two_layouts_are_told_apart_by_their_columns(both, tmp_path):
    assert folder_kind(both / MIAS) == MIAS
    assert folder_kind(both / CBIS) == CBIS
    assert folder_kind(tmp_path) is None


def test_reference_boxes_land_on_the_mass_of_the_prepared_film(both):
    for one in load_folder(both / CBIS):
        x0, y0, x1, y1 = (int(value) for value in one.lesions[0].box)
        inside = one.film.image[0, y0:y1, x0:x1].mean()
        around = one.film.image[0, y0 - 25 : y1 + 25, x0 - 25 : x1 + 25].mean()
        assert inside > around + 0.05


def test_the_bundle_is_evaluated_on_one_folder_or_on_both_by_name(both):
    masses = evaluate(both / CBIS)
    assert masses["n_patients"] == 4
    assert masses["seen_in_training"] == 0
    for name in ("malignant_auc", "mass_sensitivity", "density_balanced_accuracy"):
        assert 0.0 <= masses[name] <= 1.0
        assert len(masses["ci"][name]) == 2
    assert "ece" in masses["calibration"]
    together = evaluate(both)
    assert together[CBIS] == masses
    assert 0.0 <= together[MIAS]["abnormal_auc"] <= 1.0
    assert together[MIAS]["n_patients"] == 3


def test_a_folder_without_mammograms_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="images.csv"):
        evaluate(tmp_path)


def test_no_woman_is_in_two_folds_and_sources_do_not_share_women():
    cases = [case(woman=str(n // 3), source=source) for source in (MIAS, CBIS) for n in range(60)]
    folds = folds_by_woman(cases, 5, 1)
    for source in (MIAS, CBIS):
        for woman in {one.woman for one in cases}:
            own = {int(f) for one, f in zip(cases, folds, strict=True) if (one.source, one.woman) == (source, woman)}
            assert len(own) == 1
    assert set(np.bincount(folds)) <= {21, 24, 27}


def test_a_second_mark_on_the_same_mass_is_neither_hit_nor_false():
    cases = [case([(90, 90, 120, 120)]), case([(10, 10, 40, 40)])]
    froc = Froc.of(cases, [reading((100, 100, 0.9), (110, 110, 0.8), (200, 200, 0.7)), reading((25, 25, 0.2))])
    assert froc.sensitivity(0.0, np.arange(2)) == 0.5
    assert froc.sensitivity(0.5, np.arange(2)) == 1.0


def test_sensitivity_counts_a_film_drawn_twice_twice():
    cases = [case([(90, 90, 120, 120)]), case([(10, 10, 40, 40)])]
    froc = Froc.of(cases, [reading((100, 100, 0.9)), reading((200, 200, 0.8))])
    assert froc.sensitivity(1.0, np.array([0, 0])) == 1.0
    assert froc.sensitivity(1.0, np.array([0, 0, 1])) == pytest.approx(2 / 3)


def test_a_mark_on_calcifications_counts_neither_way():
    films = case([(90, 90, 120, 120)])
    calcified = Case(
        **{**{n: getattr(films, n) for n in films.__dataclass_fields__}, "lesions": (Lesion((0, 0, 50, 50), 1, True),)}
    )
    assert hits_of(calcified, reading((20, 20, 0.9), (200, 200, 0.5))) == [(1, False, -1)]


def test_balanced_accuracy_weighs_classes_evenly_and_leaves_out_the_unknown():
    said, truth = np.array([0, 0, 0, 1, 2]), np.array([0, 0, 0, 2, -1])
    assert balanced_accuracy(said, truth) == 0.5


def test_the_logistic_fit_recovers_probabilities_of_a_known_law():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(6000, 2)) * [2.0, 0.5] + [1.0, -3.0]
    truth = 1.0 / (1.0 + np.exp(-(0.8 * features[:, 0] - 1.0 * features[:, 1] - 4.0)))
    fitted = fit_logistic(features, (rng.random(6000) < truth).astype(float), ridge=0.1)
    assert np.abs(calibrated(features, fitted) - truth).mean() < 0.03


def test_a_feature_that_is_not_allowed_gets_no_weight():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(500, 2))
    fitted = fit_logistic(features, (features[:, 0] > 0).astype(float), 1.0, np.array([0.0, 1.0]))
    assert fitted["weights"][0] == 0.0


def test_grades_weigh_a_rare_class_as_much_as_a_common_one():
    rng = np.random.default_rng(2)
    labels = np.repeat([0, 1, 2], [900, 60, 40])
    features = rng.normal(0.0, 0.6, (1000, 2)) + np.array([[0, 0], [2, 0], [0, 2]])[labels]
    said = graded(features, fit_grades(features, labels, 3, 1.0))
    assert said.sum(axis=1) == pytest.approx(np.ones(1000))
    assert balanced_accuracy(said.argmax(axis=1), labels) > 0.9


def test_the_more_suspicious_breast_decides_the_study():
    low, high = float(film_suspicion(0.1, 0.2)), float(film_suspicion(0.7, 0.6))
    assert study_suspicion([[low, low], [high, low]]) == pytest.approx((high + low) / 2)
    assert study_suspicion([[], [low]]) == low


def films(source, women, breasts, scores):
    count = len(women)
    unknown = np.full(count, -1)
    return Films(source, women, breasts, np.zeros(count, int), np.array(scores), unknown, unknown, None)


def test_views_of_one_breast_share_a_joined_score():
    joined = joined_by_breast(films(CBIS, ["1", "1", "1"], ["1 L", "1 L", "1 R"], [0.2, 0.8, 0.7]))
    assert joined[0] == joined[1] == pytest.approx(0.0, abs=1e-9)
    assert joined[2] > 0.8


def test_what_both_breasts_show_counts_half_beside_the_other():
    alike, alone = (films(MIAS, ["1", "1"], ["1 a", "1 b"], scores) for scores in ([0.8, 0.8], [0.8, 0.5]))
    assert beside_the_other(alike)[0] == pytest.approx(beside_the_other(alone)[0] / 2)


def drawn_films(rng, count=48):
    """Films whose one mass looks bright to the mark models, and malignant when a second number says so."""
    cases, readings, truths = [], [], []
    for n in range(count):
        source, malignant, density = (CBIS, MIAS)[n % 2], int(n % 4 < 2), n % 4
        found = case(
            [(90, 90, 120, 120)] if source == CBIS or malignant else (),
            f"{n // 4}",
            source,
            malignant,
            f"{n}.jpg",
            density,
        )
        hit, miss = np.zeros((2, NUMBERS))
        hit[5:8] = 3.0, 4.0 * malignant - 2.0, rng.normal()
        miss[5:8] = -3.0, 0.0, rng.normal()
        place = (105, 105) if found.lesions else (200, 200)
        marks = [(*place, 0.4, hit if found.lesions else miss), (240, 300, 0.6, miss)]
        made = tuple(Mark((x - 5, y - 5, x + 5, y + 5), heat, look) for x, y, heat, look in marks)
        grades = np.r_[rng.normal(size=58)]
        grades[0] = 4.0 * density
        cases.append(found)
        readings.append(FilmReading(made, grades, np.zeros((60, 36))))
        truths.append(np.array([hit[4:] for _ in found.lesions]))
    return cases, readings, truths


def test_marks_and_films_are_judged_by_models_of_the_other_folds():
    cases, readings, truths = drawn_films(np.random.default_rng(3))
    fold_of = folds_by_woman(cases, 4, 1)
    stacked = stack(cases, readings, fold_of, truths)
    said: dict[int, list[float]] = {0: [], 1: []}
    for one, read in zip(cases, stacked.readings, strict=True):
        if one.lesions:
            assert read.marks[0].centre == (105, 105)
            said[one.malignant].append(read.marks[0].malignancy)
    assert np.mean(said[1]) > np.mean(said[0]) + 0.1
    # a film whose numbers lie says so only of itself: its own label never reached the models that judged it
    lied = [place for place, one in enumerate(cases) if one.source == CBIS][0]
    readings[lied] = FilmReading(
        tuple(Mark(m.box, m.heat, -m.numbers) for m in readings[lied].marks), readings[lied].grades, readings[lied].heat
    )
    again = stack(cases, readings, fold_of, truths)
    own = fold_of == fold_of[lied]
    own[lied] = False
    assert again.scores["malignant"][own] == pytest.approx(stacked.scores["malignant"][own], abs=1e-9)


def test_the_stored_scores_give_the_figures_that_the_card_and_model_json_tell():
    folder = BUNDLES / "breast-film"
    parts, metadata = card_parts(folder), load_bundle("breast-film").metadata
    assert parts.figures is not None
    for source in (CBIS, MIAS):
        for name, value in metadata["figures"][source].items():
            if name.endswith(("auc", "sensitivity", "accuracy", "joined")):
                assert parts.figures[source][name] == value
    text = (folder / "CARD.md").read_text(encoding="utf-8")
    assert all(section.strip() in text for section in parts.sections.values())
    assert text.splitlines()[2].startswith("**Not for diagnosis")


def test_a_figure_that_mixes_the_sources_stands_beside_its_control():
    kept = read_out_of_fold(BUNDLES / "breast-film")
    for target in ("mixed", "background"):
        assert set(kept["source"][kept["target"] == target].tolist()) == {CBIS, MIAS}
    controls = load_bundle("breast-film").metadata["figures"]["controls"]
    assert {"mixed_auc", "background_auc"} <= set(controls)
    assert "background" in card_parts(BUNDLES / "breast-film").sections["controls"]


def test_training_twice_from_one_seed_gives_the_same_network_and_a_finished_one_is_taken_up(both, tmp_path):
    cases = load_folder(both / CBIS) + load_folder(both / MIAS)
    one, same = (train_detector(cases, 2, 5, lambda _text: None).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    kept, told = Checkpoints(tmp_path, {"seed": 5}), []
    grader = _network(kept, "grader", DensityGrader(), lambda _say: train_grader(cases, 2, 5, told.append), told.append)
    again = _network(kept, "grader", DensityGrader(), lambda _say: pytest.fail("trained again"), told.append)
    assert told[-1] == "grader was there"
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in grader.state_dict().items())


def test_kept_readings_are_the_readings_that_were_kept(tmp_path):
    readings = [reading((100, 100, 0.9), (30, 40, 0.2)), reading(), reading((7, 8, 0.5))]
    back = _unpacked(_packed(readings))
    assert [[(m.box, m.heat) for m in one.marks] for one in back] == [
        [(m.box, m.heat) for m in one.marks] for one in readings
    ]
    assert np.array_equal(back[2].grades, readings[2].grades)

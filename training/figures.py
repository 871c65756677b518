"""How a card gets its figures: marked sections of CARD.md, rewritten in place from stored scores.

A card is words by a person with sections between markers, each on a line of its own:

    ## Study score
    <!-- figures:begin study -->
    ... replaced by whatever the programme's builder says of "study" ...
    <!-- figures:end -->

`training/figures_<programme>.py` has the builder, `card_parts(folder: Path) -> CardParts`. It reads what the bundle
stores (out_of_fold.csv, phantoms.json …), fits nothing on what it judges, and runs in seconds; `training.make_cards`
writes what it returns. A builder whose study score has the usual columns is short:

    def card_parts(folder: Path) -> CardParts:
        kept = read_out_of_fold(folder)
        study = study_figures(
            kept["label"], kept["probability"], kept["patient"], kept["fold"], prevalence=0.10, scores=kept["score"]
        )
        return CardParts(
            sections={"study": study_section(study, "haemorrhage in the study"), "phantoms": phantoms_table(folder)},
            files={"reliability.svg": reliability_svg(kept["label"], kept["probability"], "Brain, study score")},
            figures={**study, "slice_auc": ...},
        )

`figures`, where given, becomes model.json's `figures`, and the right to triage follows from it (`training.rights`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from training.calibration import calibration_figures
from training.operating_points import markdown_table, operating_point, operating_points_table, with_interval
from training.statistics import auc, auc_interval

SECTION = re.compile(
    r"^<!-- figures:begin (?P<name>[a-z0-9-]+) -->\n(?P<text>.*?)^<!-- figures:end -->$", re.MULTILINE | re.DOTALL
)
MARK = re.compile(r"<!--\s*figures:")


@dataclass(frozen=True)
class CardParts:
    """What a builder makes of a bundle's stored scores: sections of CARD.md by name, files of the bundle's folder by
    name (text), and, unless None, model.json's figures, with `study_auc` and its `ci` where patients were scored."""

    sections: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    figures: dict[str, Any] | None = None


def empty_section(name: str) -> str:
    """The markers of a section that has still to be written."""
    return f"<!-- figures:begin {name} -->\n<!-- figures:end -->"


def rewrite_figures(card_text: str, sections: Mapping[str, str]) -> str:
    """The card with the text of every marked section replaced; everything else stays to the letter.

    ValueError when a marker is broken, a section stands twice, the card lacks a section that is given, or has one that
    is not given: a figure that nobody computes any more must not stay.
    """
    names = [match["name"] for match in SECTION.finditer(card_text)]
    if len(names) != len(set(names)):
        raise ValueError("A section of figures stands twice in the card.")
    if len(MARK.findall(card_text)) != 2 * len(names):
        raise ValueError("A marker of a section of figures is broken.")
    if set(names) != set(sections):
        absent, left = sorted(set(sections) - set(names)), sorted(set(names) - set(sections))
        raise ValueError(f"Sections the card lacks: {absent}; sections without figures: {left}.")

    def replaced(match: re.Match[str]) -> str:
        name, text = match["name"], sections[match["name"]].strip("\n")
        if MARK.search(text):
            raise ValueError(f"The section {name} holds a marker itself.")
        return f"<!-- figures:begin {name} -->\n{text}\n<!-- figures:end -->"

    return SECTION.sub(replaced, card_text)


def study_figures(
    labels: np.ndarray,
    probabilities: np.ndarray,
    patients: Sequence[Any],
    folds: np.ndarray,
    prevalence: float,
    scores: np.ndarray | None = None,
    sensitivities: Sequence[float] = (0.95, 0.9, 0.8),
    name: str = "study",
) -> dict[str, Any]:
    """Everything said of one score of held-out cases: <name>_auc (of `scores`, or of the probabilities), `ci`,
    specificity_at_95_sensitivity where 0.95 is among the sensitivities, n, n_positive, n_patients, calibration,
    operating_points (on probabilities, cross-fitted; flags per 100 at `prevalence`).

    probabilities must come from a line that was fitted on other folds. Cases with label −1 are left out.
    """
    known = np.asarray(labels) >= 0
    labels, probabilities, folds = np.asarray(labels)[known], np.asarray(probabilities)[known], np.asarray(folds)[known]
    owners = np.asarray(patients)[known].tolist()
    ranked = probabilities if scores is None else np.asarray(scores)[known]
    points = [operating_point(labels, probabilities, owners, folds, aim, prevalence) for aim in sensitivities]
    figures: dict[str, Any] = {
        f"{name}_auc": round(auc(labels, ranked), 4),
        "ci": {f"{name}_auc": auc_interval(labels, ranked, owners)},
        "n": len(labels),
        "n_positive": int((labels == 1).sum()),
        "n_patients": len(set(owners)),
        "calibration": calibration_figures(labels, probabilities, owners),
        "operating_points": points,
    }
    for point in points:
        if point["target_sensitivity"] == 0.95:
            figures["specificity_at_95_sensitivity"] = point["specificity"]
            figures["ci"]["specificity_at_95_sensitivity"] = point["ci"]["specificity"]
    return figures


def study_section(figures: Mapping[str, Any], what: str, name: str = "study", diagram: str = "reliability.svg") -> str:
    """Markdown of `study_figures`: AUC, operating points, calibration, and the diagram. what: what is positive."""
    held = figures["calibration"]
    head = (
        f"Positive: {what}. {figures['n']} cases of {figures['n_patients']} patients, {figures['n_positive']} positive, "
        "each scored by a model that never saw the patient. Intervals are 95 %, bootstrapped over patients."
    )
    return "\n\n".join(
        [
            head,
            f"**AUC {with_interval(figures[f'{name}_auc'], figures['ci'][f'{name}_auc'])}.**",
            operating_points_table(figures["operating_points"]),
            "Each fold was judged by the thresholds of the other folds, so the sensitivity that is reached differs from "
            "the one aimed at. The threshold shown is the one of all folds. Flags per 100 studies and predictive value "
            "are computed for the prevalence in the last column, not for the share of positives in these data.",
            calibration_text(held),
            f"![Reliability diagram]({diagram})",
        ]
    )


def calibration_text(figures: Mapping[str, Any]) -> str:
    """A table of `calibration_figures` and one sentence that says plainly whether it holds."""
    ci, perfect = figures["ci"], figures["ece_if_perfect"]
    rows = [
        ["calibration slope (1 when calibrated)", with_interval(figures["slope"], ci["slope"])],
        ["calibration intercept (0 when calibrated)", with_interval(figures["intercept"], ci["intercept"])],
        ["calibration in the large (0 when calibrated)", with_interval(figures["in_the_large"], ci["in_the_large"])],
        [f"expected calibration error, {figures['n_bins']} bins", f"{figures['ece']:.3f}"],
        [
            "the same of a perfectly calibrated model with as many cases",
            f"{perfect['mean']:.3f} on average, {perfect['p95']:.3f} at the 95th percentile",
        ],
        ["Brier score (of the bare prevalence)", f"{figures['brier']:.3f} ({figures['brier_of_prevalence']:.3f})"],
    ]
    return markdown_table(["calibration", "value (95 % interval)"], rows) + "\n\n" + _verdict(figures)


def _verdict(figures: Mapping[str, Any]) -> str:
    slope, intercept = figures["slope_ci_contains_1"], figures["intercept_ci_contains_0"]
    said = {
        (True, True): "The intervals of slope and intercept contain 1 and 0.",
        (True, False): "The interval of the slope contains 1; **that of the intercept does not contain 0**.",
        (False, True): "**The interval of the slope does not contain 1**; that of the intercept contains 0.",
        (False, False): "**Neither interval contains its target**: the probabilities are not calibrated.",
    }[bool(slope), bool(intercept)]
    if figures["ece"] > figures["ece_if_perfect"]["p95"]:
        return said + " The calibration error is larger than chance explains."
    return said + " The calibration error is no larger than chance explains."

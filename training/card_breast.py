"""The breast bundle's card: its words, and the sections that its figures fill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.datasets_breast import CBIS, MIAS
from training.figures import calibration_text, empty_section
from training.operating_points import markdown_table, with_interval

TEXT = """# {name} {version}

**Not for diagnosis, not for ruling cancer out, not on digital mammograms without a study of your own: made from
digitised film of the 1980s and 1990s, blind to microcalcifications, and weak.**

{members} pairs of small networks ({parameters:.2f} million parameters together), each pair trained without one part of the women,
averaged. A detector looks for masses at 1 mm, a grader at density at 2 mm. What surrounds each suspected place is
described by 167 numbers at 0.4 mm (rim, spicules, brightness by distance), from which logistic models say how likely it
is a mass, and a malignant one. The films of a study are combined by rule.

**Intended use.** {intended_use}

**Not for** diagnosis, calcifications, implants, tomosynthesis, magnification or spot views, male breasts, or images
*for processing*. It gives no BI-RADS category.

## Data
- {cbis_films} films of {cbis_women} women from CBIS-DDSM, every one with a biopsied mass (CC BY 3.0; Lee 2017, Scientific Data
  4:170177). Narrowed copies of about 0.3 mm; spacing assumed.
- {mias_films} films of {mias_women} women from mini-MIAS (**research use only**; Suckling 1994). The only normal films.

No answer is trained to tell one source from the other: each label's loss is taken within the source that carries it.

## Figures
{folds} folds grouped by woman; each film read by networks that had not seen her, and judged by models fitted on the other
folds. Every figure below can be computed again from out_of_fold.csv by `make evaluate`. The shipped bundle averages
the networks of all folds and was not tested on women none of them saw.

### Films
{films}

### Marks
{marks}

### Study score
{study}

### Controls
{controls}

### Drawn mammograms
{phantoms}

## Limits
- No digital mammogram was used in training or in any figure. On digital images nothing has been measured.
- *malignant_auc* is between biopsied masses, all of which a radiologist found worth a biopsy; the radiologists' own
  assessment reaches 0.84 on the same films. *abnormal_auc* counts calcifications, which this bundle is not made to see.
- Bands 1–10 are tenths of the out-of-fold scores of {mias_women} mini-MIAS women, not of a screening population.
- Number of training steps, ridge penalties, features and the rules of marks were settled while looking at out-of-fold readings, so
  every figure is slightly flattering. A detector of 700 steps a fold came first (mass sensitivity 0.677, study AUC 0.683, the rest
  alike); 2,000 were kept for the masses they find, although the study AUC came out lower (0.654), within chance.
- Masses below about 6 mm are at the limit of what it sees. Microcalcifications are invisible to it.
- Age, ethnicity and maker are not recorded in the data; performance by subgroup is unknown.
- Density a–d comes from single readers of the 1990s; neighbours are often swapped. Its numbers keep the film's exposure,
  which on digital images means something else.

Trained {detector_steps} steps of 12 crops (detector) and {grader_steps} of 32 reduced films (grader) a fold on one CPU
thread by `python -m training.train_breast` (seeds fixed). Weights sha256 `{sha256}`.
"""


def card_text(metadata: Mapping[str, Any]) -> str:
    """CARD.md (Mitchell 2019, "Model Cards") with empty sections, from model.json's content."""
    training = metadata["training"]
    return TEXT.format(
        name=metadata["name"],
        version=metadata["version"],
        intended_use=metadata["intended_use"],
        members=_word(metadata["network"]["arguments"]["members"]),
        folds=_word(metadata["network"]["arguments"]["members"]),
        parameters=training["parameters"] / 1e6,
        cbis_films=training["sources"][CBIS]["films"],
        cbis_women=training["sources"][CBIS]["women"],
        mias_films=training["sources"][MIAS]["films"],
        mias_women=training["sources"][MIAS]["women"],
        detector_steps=training["steps"][0],
        grader_steps=training["steps"][1],
        sha256=metadata["sha256"],
        **{name: empty_section(name) for name in ("films", "marks", "study", "controls", "phantoms")},
    )


def films_section(measured: Mapping[str, Any]) -> str:
    """Each source's figures with intervals, and how far its films' probabilities can be taken at their word."""
    rows = [
        [f"{source} ({part['n_patients']} women, {part['n_films']} films)", name, with_interval(part[name], interval)]
        for source, part in ((CBIS, measured[CBIS]), (MIAS, measured[MIAS]))
        for name, interval in part["ci"].items()
    ]
    parts = [
        markdown_table(["on", "figure", "value (95 % interval)"], rows),
        "Each film by itself, but for the figures called joined: *malignant_auc_joined* averages the log odds of a breast's "
        "CC and MLO, *abnormal_auc_joined* sets each film beside the woman's other breast.",
    ]
    for source, what in ((CBIS, "malignant, of films with a mass"), (MIAS, "abnormal film")):
        parts += [f"Calibration on {source} ({what}):", calibration_text(measured[source]["calibration"])]
    return "\n\n".join(parts)


def marks_section(measured: Mapping[str, Any]) -> str:
    """The free-response figures and what the shown marks cost."""
    at, shown = measured[CBIS]["mass_sensitivity_at"], measured["shown_marks"]
    values = ", ".join(f"{value:.3f}" for value in at.values())
    rows = [[name.replace("_", " "), with_interval(shown[name], interval)] for name, interval in shown["ci"].items()]
    return "\n\n".join(
        [
            "*mass_sensitivity* is the share of masses with a mark whose centre lies in the reference box, at one false mark "
            f"a film. At {', '.join(at)} false marks: {values}. Every one of those films has a mass. With the breast's other view "
            f"heard: {measured[CBIS]['mass_sensitivity_joined']:.3f} at one.",
            "Marks are shown from the threshold of half a false mark a CBIS-DDSM film; here each fold is judged by the "
            "threshold of the others. What lies within 12 mm of the nipple, at the skin or, in one view only, in the pectoral muscle is "
            "left out of a result and still counted here:",
            markdown_table(["shown marks", "value (95 % interval)"], rows),
        ]
    )


def controls_section(measured: Mapping[str, Any]) -> str:
    """The figure that mixes the sources, beside what the background alone reaches."""
    found = measured["controls"]
    mixed, background = (with_interval(found[f"{n}_auc"], found["ci"][f"{n}_auc"]) for n in ("mixed", "background"))
    return (
        f"Films with a mass (CBIS-DDSM) against normal films (mini-MIAS): AUC {mixed} by the film's suspicion. **This figure mixes "
        f"two sources and must not be quoted**: grey levels of the background and the outermost rows and columns alone, where "
        f"there is no tissue, tell the same films apart with an AUC of {background}."
    )


def phantoms_section(measured: Mapping[str, Any]) -> str:
    """What the bundle says of drawings with known truth: not a clinical figure."""
    if not measured:
        return "Not measured: `python -m training.phantoms_breast` does."
    normal = [
        [
            f"no mass, density {density}",
            f"{row['n']}",
            f"{row['marks_a_view']:.2f}",
            f"{row['seen_in_both_views']}",
            f"{row['above_threshold']}",
            f"{row['median_score']:.2f}",
            row["density_said"],
        ]
        for density, row in measured["normal"].items()
    ]
    masses = [
        [
            name,
            f"{row['n']}",
            f"{row['marked']}",
            f"{row['marked_in_both_views']}",
            f"{row['matched']}",
            f"{row['above_threshold']}",
            f"{row['median_score']:.2f}",
            "–" if row["size_error_mm"] is None else f"{row['size_error_mm']:+.1f}",
        ]
        for name, row in measured["mass"].items()
    ]
    return "\n\n".join(
        [
            "Drawn four-view studies with known truth (`screening/phantoms/breast.py`), never used in training. **They say how the "
            "program behaves on drawings, not on women.**",
            markdown_table(
                ["drawn", "studies", "false marks a view", "false pairs", "recalled", "median score", "density said"],
                normal,
            ),
            markdown_table(
                [
                    "drawn mass",
                    "studies",
                    "marked",
                    "in both views",
                    "matched",
                    "recalled",
                    "median score",
                    "long axis less diameter, mm",
                ],
                masses,
            ),
        ]
    )


def _word(count: int) -> str:
    return {3: "Three", 4: "Four", 5: "Five"}.get(count, str(count))

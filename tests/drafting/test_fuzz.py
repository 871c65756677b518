"""Whatever JSON comes in: a report the guard agrees with, or one plain refusal. Template sentences only, for speed."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.drafting.assemble import as_json, assemble
from reports.drafting.facts import study_facts
from reports.drafting.guard import check_report
from reports.drafting.language import looks_negative
from reports.drafting.types import DraftInputError

WORDS = st.sampled_from(
    ["left", "right upper lobe", "no nodule", "normal", "<size>", "breast, upper", "8 mm", "Lung-RADS 1", "category 4B", "", "\x00",
     "slices are uneven", "midline", "ground_glass_nodule", "mass", "haemorrhage", "MLO", "f1", "scored", "lung", "2"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | WORDS
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("side", "slice", "slices", "volume_ml", "volume_mm3", "long_axis_mm", "short_axis_mm", "solid_mm", "prior_size_mm", "view"), SCALARS),
)  # fmt: skip
FINDING = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["f1", "f2", "f3", "", None, 3]) | st.text(max_size=4),
        "type": SCALARS,
        "location": SCALARS | st.lists(WORDS, max_size=4).map(" ".join),
        "size_mm": SCALARS | st.floats(0.1, 90),
        "attributes": ATTRIBUTES | JUNK,
    },
)
RESULT = st.fixed_dictionaries(
    {
        "programme": st.sampled_from(["lung", "breast", "brain", "heart", None]),
        "state": st.sampled_from(
            ["scored", "scored", "scored", "refused", "failed", "pending", "out_of_scope", None, "x"]
        ),
    },
    optional={
        "reason": SCALARS,
        "limitations": st.lists(WORDS, max_size=3) | JUNK,
        "above_threshold": st.booleans() | st.none(),
        "category": st.sampled_from(["0", "1", "2", "3", "4A", "4B", "4X", None, 2, 4]) | JUNK,
        "category_rule": SCALARS,
        "band": SCALARS | st.integers(1, 10),
        "attributes": st.fixed_dictionaries({}, optional={"density": st.sampled_from("abcde")}) | JUNK,
        "findings": st.lists(FINDING, max_size=4),
        "prior": st.fixed_dictionaries({}, optional={"study_date": SCALARS, "findings": st.lists(FINDING, max_size=2)})
        | JUNK,
    },
)


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(RESULT)
def test_any_result_gets_a_consistent_report_that_is_negative_only_when_it_may_be(result: dict[str, Any]):
    study = study_facts(result, result.get("prior"))
    sections, verdict = assemble(study, [None] * len(study.findings))
    draft = as_json(sections)
    text = "\n".join(str(sentence["text"]) for section in draft.values() for sentence in section)
    judged = check_report({"sections": draft}, result)
    assert judged.passed, judged.reasons
    assert set(verdict.reasons) == set(study.problems)
    if result["state"] != "scored" or result.get("limitations"):
        for quote in study.quotes:
            text = text.replace(quote, "")
        assert not looks_negative(text)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(JUNK | st.dictionaries(st.sampled_from(["state", "programme", "findings", "limitations", "prior"]), JUNK))
def test_any_json_is_drafted_or_refused_in_one_sentence(value: Any):
    try:
        study = study_facts(value, value.get("prior") if isinstance(value, dict) else None)
    except DraftInputError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
    else:
        assemble(study, [None] * len(study.findings))

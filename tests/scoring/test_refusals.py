"""What the models must refuse, and what they must not."""

from __future__ import annotations

import pytest

from screening.scoring import brain, breast, lung
from screening.scoring.registry import score_study
from screening.scoring.types import RunContext, StudyInput
from tests.scoring import right_inputs, wrong_inputs
from tests.scoring.right_inputs import RightInput
from tests.scoring.studies import DATA, chest, films, head, study_of
from tests.scoring.wrong_inputs import WrongInput

NO_DATA = pytest.mark.skipif(not (DATA / "dicom").is_dir(), reason="FIRSTREAD_DATA is absent")


class NetworkReached(Exception):
    """The doors are passed: what follows is reading, not refusing."""


@pytest.fixture
def until_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop every scorer where its network would begin."""

    def reached(*_arguments: object, **_named: object) -> None:
        raise NetworkReached

    for scorer in (lung, brain, breast):
        monkeypatch.setattr(scorer, "engine_for", reached)


def reason_of(programme: str, study: StudyInput) -> str | None:
    """Why the model refuses the study, None when it reads it."""
    try:
        result = score_study(programme, study, RunContext())
    except NetworkReached:
        return None
    return result.reason if result.state == "refused" else None


def cases(table: list[WrongInput] | list[RightInput]) -> list:
    return [
        pytest.param(case, id=f"{case.programme}: {case.name}", marks=[pytest.mark.data, NO_DATA] if case.real else [])
        for case in table
    ]


@pytest.mark.usefixtures("until_the_network")
@pytest.mark.parametrize("case", cases(wrong_inputs.CASES))
@pytest.mark.filterwarnings("ignore:The value length")
def test_a_wrong_input_is_refused_in_one_plain_sentence(case: WrongInput) -> None:
    reason = reason_of(case.programme, case.make())
    assert reason is not None
    assert case.words in reason
    assert reason.endswith(".")
    assert ". " not in reason
    assert not reason[0].islower()


@pytest.mark.usefixtures("until_the_network")
@pytest.mark.parametrize("case", cases(right_inputs.CASES))
@pytest.mark.filterwarnings("ignore:The value length")
def test_a_right_input_is_read(case: RightInput) -> None:
    assert reason_of(case.programme, case.make()) is None


def test_at_least_forty_wrong_and_twenty_right_inputs_need_no_real_data() -> None:
    assert len({(case.programme, case.name) for case in wrong_inputs.CASES if not case.real}) >= 40
    assert len({(case.programme, case.name) for case in right_inputs.CASES if not case.real}) >= 20


@pytest.mark.parametrize(("programme", "images"), [("lung", chest), ("brain", head), ("breast", films)])
def test_a_right_input_is_scored_to_the_end(programme: str, images) -> None:
    result = score_study(programme, study_of(images()), RunContext())
    assert (result.state, result.reason) == ("scored", None)
    assert 0.0 <= result.score <= 1.0


def test_a_refused_study_has_no_score_no_finding_and_names_its_model() -> None:
    result = score_study("brain", study_of(films()), RunContext())
    assert (result.state, result.score, result.findings, result.tier) == ("refused", None, (), "routine")
    assert result.model is not None

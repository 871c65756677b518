"""The long versions, run by `make soak`: ten thousand of what the suite tries a hundred times."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from reports.drafting.generator import draft_report
from reports.drafting.guard import check_report
from screening.dicom.errors import IngestError
from screening.dicom.parse import parse_instance
from tests.drafting.test_generator import numbers_in, numbers_of, random_result, text_of
from tests.ingest.images import COMPRESSED, UNCOMPRESSED, ct, encoded

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("part", range(10))
def test_a_thousand_random_drafts_pass_the_guard_and_invent_no_number(part):
    replaced = 0
    for seed in range(10_000 + part * 1000, 11_000 + part * 1000):
        given = random_result(seed)
        draft = draft_report(given)
        assert check_report(draft, given).passed, seed
        findings = [text for section in draft["sections"].values() for text in section if text["evidence"]]
        assert len(findings) >= len(given["findings"]), seed
        for sentence in findings:
            if sentence["origin"].startswith("model:"):
                known = next(each for each in given["findings"] if [each["id"]] == sentence["evidence"])
                assert numbers_in(sentence["text"]) <= numbers_of(known), seed
        replaced += not draft["guard"]["passed"]
        assert text_of(draft)
    assert replaced <= 50  # one in twenty: more would mean that the drafter, not the guard, is at fault


@pytest.mark.parametrize("syntax", [*UNCOMPRESSED, *COMPRESSED])
def test_two_thousand_damaged_files_end_in_a_parsed_image_or_a_reason(syntax):
    rng = random.Random(4711)
    sample = encoded(ct(), syntax)
    outcomes: Counter[str] = Counter()
    for _ in range(2000):
        data = bytearray(sample)
        for _ in range(rng.choice((1, 3, 30, 300))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        try:
            parse_instance(bytes(data), max_bytes=1 << 20)
            outcomes["parsed"] += 1
        except IngestError as error:
            assert str(error)
            outcomes[error.code] += 1
    assert outcomes.total() == 2000
    assert len(outcomes) > 3

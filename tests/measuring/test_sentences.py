"""What people are told of points that are no measurement can be said in their language."""

from __future__ import annotations

import re

from config.env import ROOT
from reports.finding_strings import MEASURING_SENTENCES


def test_every_sentence_of_the_measuring_code_is_listed_for_translation():
    files = ("screening/dicom/measuring.py", "screening/dicom/stack.py", "screening/services/measuring.py")
    said = {
        sentence
        for file in files
        for sentence in re.findall(r'MeasuringError\("([^"]+)"\)', (ROOT / file).read_text(encoding="utf-8"))
    }
    assert len(said) > 5
    assert said == {str(sentence) for sentence in MEASURING_SENTENCES}

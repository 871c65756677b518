"""`manage.py draft`: the offline contract."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from reports.management.commands.draft import Command
from tests.drafting.cast import result


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(Command(), *arguments, stdout=out)
    return out.getvalue()


def test_a_line_of_score_becomes_a_drafted_report(tmp_path):
    path = tmp_path / "line.json"
    path.write_text(json.dumps(result()) + "\n", encoding="utf-8")
    draft = json.loads(run("--findings", str(path), "--json"))
    assert set(draft) == {"sections", "model", "guard"}
    assert set(draft["model"]) == {"name", "version", "sha256"}
    assert draft["guard"] == {"passed": True, "reasons": []}
    (sentence,) = draft["sections"]["nodules"]
    assert set(sentence) == {"text", "origin", "evidence"} and sentence["evidence"] == ["f1"]


def test_a_draft_can_be_asked_for_in_chinese_and_terse(tmp_path):
    path = tmp_path / "line.json"
    path.write_text(json.dumps(result()), encoding="utf-8")
    draft = json.loads(run("--findings", str(path), "--json", "--language", "zh", "--register", "terse"))
    (sentence,) = draft["sections"]["nodules"]
    assert "右肺上叶" in sentence["text"] and "8.1 mm" in sentence["text"]
    assert draft["sections"]["assessment"][0]["text"] == "Lung-RADS 4A类，依测量值按规则得出。"


def test_a_dash_reads_standard_input(monkeypatch):
    class Stdin:
        buffer = io.BytesIO(
            json.dumps(result(state="refused", reason="the series is a scout view", findings=[])).encode()
        )

    monkeypatch.setattr("sys.stdin", Stdin())
    assert "The AI did not read this study: the series is a scout view." in run("--findings", "-", "--json")


def test_without_json_the_report_is_plain_text_under_its_titles(tmp_path):
    path = tmp_path / "line.json"
    path.write_text(json.dumps(result()), encoding="utf-8")
    text = run("--findings", str(path))
    assert "Recommendation: Low-dose CT in 3 months" in text and "8.1 mm" in text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not one JSON value"),
        (b"{", "not one JSON value"),
        (b"{}\n{}", "not one JSON value"),
        (b"\xff\xfe", "not one JSON value"),
        (b"[" * 100_000, "not one JSON value"),
        (b"[]", "not a JSON object"),
        (b'{"findings": 3}', "not a list"),
        (b" " * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
    ],
    ids=["empty", "cut", "two", "bytes", "deep", "list", "findings", "large"],
)
def test_what_cannot_be_drafted_from_ends_with_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "line.json"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=sentence):
        run("--findings", str(path), "--json")


def test_a_missing_file_ends_with_one_sentence(tmp_path):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        run("--findings", str(tmp_path / "none.json"))

"""The chain is verified to the flipped byte, also by the script that runs alone."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from reports.models import Revision, Signature
from reports.services.signing import sign_report
from reports.verify import verify_reports as chain
from reports.verify.verify_reports import Link, canonical_text, chain_hash, first_difference, sha256_hex, verify
from tests.conftest import PASSWORD


def make_chain(texts: list[str]) -> list[Link]:
    links: list[Link] = []
    previous = ""
    for sequence, text in enumerate(texts, start=1):
        canonical = canonical_text({"sequence": sequence, "previous_sha256": previous, "text": text})
        content = sha256_hex(canonical)
        links.append(Link(sequence, canonical, content, previous, chain_hash(previous, content)))
        previous = links[-1].chain_sha256
    return links


CHAIN = make_chain(["Clear.", "右肺结节 8 mm", "Łukasz"])


def test_a_chain_as_it_was_made_has_no_fault():
    assert verify(CHAIN) == []
    assert verify(reversed(CHAIN)) == []
    assert verify([]) == []


@pytest.mark.parametrize("at", range(len(CHAIN[1].canonical)))
def test_any_flipped_byte_of_the_signed_text_is_found(at):
    text = CHAIN[1].canonical
    flipped = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
    faults = verify([CHAIN[0], replace(CHAIN[1], canonical=flipped), CHAIN[2]])
    assert 2 in {fault.sequence for fault in faults}


@pytest.mark.parametrize("field", ["content_sha256", "previous_sha256", "chain_sha256"])
def test_any_changed_hash_is_found(field):
    changed = replace(CHAIN[1], **{field: "0" * 64})
    assert verify([CHAIN[0], changed, CHAIN[2]])


def test_text_changed_together_with_its_own_hashes_breaks_the_next_link():
    canonical = CHAIN[1].canonical.replace("8 mm", "3 mm")
    content = sha256_hex(canonical)
    forged = replace(
        CHAIN[1],
        canonical=canonical,
        content_sha256=content,
        chain_sha256=chain_hash(CHAIN[1].previous_sha256, content),
    )
    assert [fault.sequence for fault in verify([CHAIN[0], forged, CHAIN[2]])] == [3]


def test_a_missing_signature_is_found():
    reasons = [fault.reason for fault in verify([CHAIN[0], CHAIN[2]])]
    assert "Signature 2 is missing." in reasons


def test_two_signatures_that_changed_places_are_found():
    swapped = [CHAIN[0], replace(CHAIN[2], sequence=2), replace(CHAIN[1], sequence=3)]
    assert verify(swapped)


@pytest.mark.parametrize("canonical", ["", "[]", "\ud800", "[" * 100_000])
def test_bytes_that_are_no_report_are_a_fault_not_a_crash(canonical):
    assert verify([replace(CHAIN[0], canonical=canonical)])


def test_the_first_wrong_byte_is_named():
    assert first_difference("abc", "abc") is None
    assert first_difference("é1", "é2") == 2
    assert first_difference("abc", "ab") == 2


def test_one_content_has_one_spelling():
    assert canonical_text({"b": 1, "a": "é"}) == '{"a":"é","b":1}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_text({"a": float("nan")})


@pytest.fixture
def signed(ready, reader, request_by) -> Signature:
    return sign_report(
        report=ready, signer=reader, revision=1, meaning="final", password=PASSWORD, request=request_by(reader)
    )


def tamper(table: str, column: str, value: str) -> None:
    """Change a row as somebody with the database file and no scruples would."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {table}_no_update")
        cursor.execute(f"UPDATE {table} SET {column} = %s", [value])


def verified() -> tuple[int, list[dict]]:
    out = StringIO()
    try:
        call_command("verify_reports", "--json", stdout=out)
    except SystemExit as stopped:
        return int(stopped.code), [json.loads(line) for line in out.getvalue().splitlines()]
    return 0, [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_command_finds_no_fault_in_what_was_signed(signed):
    code, [site] = verified()
    assert code == 0
    assert (site["site"], site["signatures"], site["faults"]) == ("north", 1, [])
    assert site["last_sha256"] == signed.chain_sha256


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the triggers are named for SQLite here")
def test_the_command_names_the_byte_at_which_a_stored_report_was_changed(signed):
    revision = Revision.objects.get(number=1)
    changed = json.dumps(revision.sections, ensure_ascii=False).replace("8.2 mm", "3.2 mm")
    tamper("reports_revision", "sections", changed)
    code, [site] = verified()
    assert code == 1
    [fault] = site["faults"]
    assert signed.canonical.encode()[fault["byte"] :].startswith(b"8.2 mm")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the triggers are named for SQLite here")
@pytest.mark.parametrize(
    ("column", "value"), [("canonical", "{}"), ("signer_name", "Somebody else"), ("chain_sha256", "0" * 64)]
)
def test_the_command_finds_any_change_of_a_signature(signed, column, value):
    tamper("reports_signature", column, value)
    code, [site] = verified()
    assert code == 1
    assert site["faults"]


def test_the_command_knows_only_real_sites(db):
    with pytest.raises(CommandError):
        call_command("verify_reports", "--site", "nowhere")


def test_an_export_is_verified_by_the_script_alone(signed, tmp_path):
    exported = tmp_path / "signatures.jsonl"
    call_command("verify_reports", "--export", str(exported), stdout=StringIO())
    script = [sys.executable, "-I", "-W", "error", chain.__file__, str(exported)]
    assert subprocess.run(script, capture_output=True, timeout=60).returncode == 0
    text = exported.read_text("utf-8")
    exported.write_text(text.replace("8.2 mm", "8.3 mm"), "utf-8")
    told = subprocess.run(script, capture_output=True, timeout=60, text=True)
    assert told.returncode == 1
    assert "not those that were signed" in told.stdout


def test_the_script_says_what_is_not_an_export(tmp_path, capsys):
    other = tmp_path / "other.txt"
    other.write_text("hello", "utf-8")
    assert chain.main([str(other)]) == 2
    assert chain.main([str(tmp_path / "missing")]) == 2
    assert "not an export" in capsys.readouterr().err

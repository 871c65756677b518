"""An export of 200 signed reports: given the head, the script that runs alone names every change of it."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Site, User
from reports.models import Addendum, Meaning, Report, Revision, Signature
from reports.services.addenda import addendum_body
from reports.services.cosigning import cosigned_body
from reports.services.erasing import erase_report
from reports.services.heads import noted_head
from reports.services.signing import FORMAT, append_signature, reference, signed_sections
from reports.verify import verify_reports
from reports.verify.verify_reports import (
    NO_HEAD,
    Head,
    Link,
    canonical_text,
    chain_hash,
    exported_line,
    head_line,
    judge,
    latest_head,
    sha256_hex,
    verify_export,
)
from screening.models import Study

SIGNATURES = 200
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def a_chain(bodies: list[dict]) -> list[Link]:
    links: list[Link] = []
    previous = ""
    for sequence, body in enumerate(bodies, start=1):
        frame = {"site": "north", "sequence": sequence, "previous_sha256": previous}
        canonical = canonical_text({**frame, **body})
        content = sha256_hex(canonical)
        links.append(Link(sequence, canonical, content, previous, chain_hash(previous, content)))
        previous = links[-1].chain_sha256
    return links


def text_of(links: list[Link]) -> bytes:
    return "".join(exported_line("north", link) for link in links).encode()


def head_of(links: list[Link]) -> Head:
    return Head(links[-1].sequence, links[-1].chain_sha256)


@pytest.fixture
def signed_site(
    north: Site, reader: User, second_reader: User, administrator: User, make_study, django_capture_on_commit_callbacks
) -> Site:
    """The site's chain of 200: reports and, spread between them, addenda, amendments, co-signatures and erasures."""
    with django_capture_on_commit_callbacks(execute=True):
        left = SIGNATURES
        for number in itertools.count():
            report, text = a_report(number, make_study(north, images=1, status="REPORTED", programme="lung"), reader)
            left -= 1
            if number % 9 == 4 and left > 2:
                left -= 1
                words = {"number": 1, "reason": "A second look", "text": "No change.", "adds_to": text}
                added = append_signature(report, reader, text.revision, Meaning.ADDENDUM, addendum_body(**words))
                Addendum.objects.create(report=report, signature=added, **words)
            if number % 9 == 5 and left > 2:
                left -= 2
                amended = an_amendment(report, text, second_reader, f"Amended nodule of {number} mm.")
                append_signature(report, reader, amended.revision, Meaning.COSIGNED, cosigned_body(amended, []))
            if number % 40 == 20 and left > 2:
                left -= 1
                erase_report(report=report, actor=administrator, reason="Asked for in writing")
            if left == 0:
                return north


def a_report(number: int, study: Study, reader: User) -> tuple[Report, Signature]:
    report = Report.objects.create(study=study, programme="lung", status="SIGNED", created_at=NOW)
    said = {"id": "h1", "text": f"Nodule of {number} mm, 右肺.", "origin": "human", "evidence": [], "state": "human"}
    revision = a_revision(report, 1, said, reader)
    body = {"format": FORMAT, "sections": signed_sections(revision), "ai_state": "scored", "model": None}
    return report, append_signature(report, reader, revision, Meaning.FINAL, body)


def a_revision(report: Report, number: int, said: dict, author: User) -> Revision:
    return Revision.objects.create(
        report=report, number=number, sections={"nodules": [said]}, author=author, created_at=NOW
    )


def an_amendment(report: Report, text: Signature, signer: User, words: str) -> Signature:
    said = {"id": "h2", "text": words, "origin": "human", "evidence": [], "state": "human"}
    revision = a_revision(report, 2, said, signer)
    body = {"sections": signed_sections(revision), "reason": "A slip", "amends": reference(text)}
    return append_signature(report, signer, revision, Meaning.AMENDED, body)


@pytest.fixture
def exported(signed_site: Site, tmp_path) -> bytes:
    path = tmp_path / "north.jsonl"
    call_command("verify_reports", "--site", "north", "--export", str(path), stdout=StringIO())
    return path.read_bytes()


@pytest.fixture
def alone(tmp_path):
    """Run the shipped script as somebody with nothing but Python would: isolated, from another folder."""

    def run(data: bytes, *arguments: str) -> tuple[int, str]:
        path = tmp_path / "tried.jsonl"
        path.write_bytes(data)
        command = [sys.executable, "-I", "-W", "error", verify_reports.__file__, str(path), *arguments]
        told = subprocess.run(command, capture_output=True, timeout=60, text=True, cwd=tmp_path, env={})
        assert told.stderr == ""
        return told.returncode, told.stdout

    return run


def test_an_export_of_200_holds_and_every_change_of_it_is_named(exported, alone):
    last = Signature.objects.order_by("sequence").reverse()[0]
    head = Head(last.sequence, last.chain_sha256)
    given = ("--head", f"{head.number}:{head.digest}")
    lines = exported.splitlines(keepends=True)
    assert len(lines) == SIGNATURES
    code, told = alone(exported, *given)
    gone = [sequence for sequence in range(1, SIGNATURES + 1) if b'"canonical":null' in lines[sequence - 1]]
    assert (code, told.splitlines()[:-1]) == (0, [f"north {sequence}: erased" for sequence in gone])
    assert told.endswith(f"north: {SIGNATURES} signatures, 0 faults\n")

    for meaning in (b"addendum", b"amended", b"cosigned", b"erased"):
        held = [number for number, line in enumerate(lines) if b'\\"meaning\\":\\"%s\\"' % meaning in line]
        assert len(held) > 2, meaning
        dropped = b"".join(lines[: held[1]] + lines[held[1] + 1 :])
        code, told = alone(dropped, *given)
        assert (code, f"north {held[1] + 1}: Signature {held[1] + 1} is missing." in told) == (1, True), meaning

    swapped = b"".join([*lines[:49], lines[90], *lines[50:90], lines[49], *lines[91:]])
    code, told = alone(swapped, *given)
    assert (code, "north 91: It stands on line 50." in told, "north 50: It stands on line 91." in told) == (
        1,
        True,
        True,
    )

    code, told = alone(b"".join(lines[:-3]), *given)
    assert code == 1
    assert "north 198: The tail is cut: the head names signature 200, the last one here is 197." in told

    # A version put where its successor stood, and content taken out without a record, or put back after it.
    amended = next(number for number, line in enumerate(lines) if b'\\"amends\\"' in line)
    code, told = alone(
        b"".join([*lines[: amended - 1], lines[amended], lines[amended - 1], *lines[amended + 1 :]]), *given
    )
    assert (code, f"north {amended + 1}: It stands on line {amended}." in told) == (1, True)
    emptied = json.loads(lines[9]) | {"canonical": None}
    code, told = alone(b"".join([*lines[:9], (canonical_text(emptied) + "\n").encode(), *lines[10:]]), *given)
    assert (code, "north 10: Its content is gone, and nothing says that it was erased." in told) == (1, True)
    restored = json.loads(lines[gone[0] - 1]) | {"canonical": "{}"}
    at = gone[0]
    code, told = alone(b"".join([*lines[: at - 1], (canonical_text(restored) + "\n").encode(), *lines[at:]]), *given)
    assert (code, f"north {at}: It was erased, and its content is here all the same." in told) == (1, True)

    code, told = alone(exported.replace(b"Nodule of 77 mm", b"Nodule of 17 mm"), *given)
    sequence = next(number for number, line in enumerate(lines, start=1) if b"Nodule of 77 mm" in line)
    assert (code, f"north {sequence}: The signed bytes are not those that were signed." in told) == (1, True)

    draw = random.Random(20260302)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for at in draw.sample(range(len(exported)), 150):
        changed = bytearray(exported)
        changed[at] ^= 1 << draw.randrange(8)
        hit = next(number for number, start in enumerate(starts) if start > at)
        faults = verify_export(bytes(changed), head).faults
        assert {fault.sequence for fault in faults} & {hit, hit + 1}, at
    for cut in (1, 2, 50, 199):
        assert any("tail is cut" in fault.reason for fault in verify_export(b"".join(lines[:-cut]), head).faults)


def test_without_the_head_it_says_that_a_cut_tail_cannot_be_excluded(alone):
    links = a_chain([{"text": str(number)} for number in range(5)])
    code, told = alone(text_of(links[:3]))
    assert code == 0
    assert NO_HEAD in told


SHORT = a_chain([{"text": "Clear."}, {"text": "右肺 8 mm"}, {"text": "More."}])


@pytest.mark.parametrize("bit", range(8))
def test_no_bit_of_an_export_is_free(bit):
    data = text_of(SHORT)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << bit
        assert verify_export(bytes(changed), head_of(SHORT)).faults, at


@pytest.mark.parametrize("spoilt", [b" ", b"\n", b"{}\n", b"[" * 5000 + b"\n", b"\xff\n"])
def test_what_stands_between_or_after_the_lines_is_named(spoilt):
    first, *others = text_of(SHORT).splitlines(keepends=True)
    for data in (first + spoilt + b"".join(others), text_of(SHORT) + spoilt):
        assert verify_export(data, head_of(SHORT)).faults


def test_a_chain_that_was_forged_to_its_end_is_told_by_the_head():
    forged = a_chain([{"text": "Clear."}, {"text": "右肺 3 mm"}, {"text": "More."}])
    assert verify_export(text_of(forged)).faults == []
    reasons = [fault.reason for fault in verify_export(text_of(forged), head_of(SHORT)).faults]
    assert reasons == ["It is not the signature that the head names."]


def test_signatures_newer_than_the_head_are_no_fault_but_are_said():
    verdict = verify_export(text_of(SHORT), Head(1, SHORT[0].chain_sha256))
    assert verdict.faults == []
    assert "newer than the head" in verdict.notes[0]


def test_a_line_of_another_site_is_named():
    other = exported_line("south", SHORT[1]).encode()
    assert any(
        "another site" in fault.reason for fault in verify_export(text_of(SHORT[:1]) + other, head_of(SHORT)).faults
    )


def erased(links: list[Link], sequence: int) -> list[Link]:
    return [
        Link(link.sequence, None, link.content_sha256, link.previous_sha256, link.chain_sha256)
        if link.sequence == sequence
        else link
        for link in links
    ]


def test_content_erased_by_right_reads_erased_and_not_broken(alone):
    plain = a_chain([{"text": "One"}, {"text": "Two"}])
    erases = [{"sequence": 1, "content_sha256": plain[0].content_sha256}]
    links = a_chain([{"text": "One"}, {"text": "Two"}, {"format": "firstread-erasure-1", "erases": erases}])
    head = head_of(links)
    code, told = alone(text_of(erased(links, 1)), "--head", f"{head.number}:{head.digest}")
    assert (code, told.splitlines()) == (0, ["north 1: erased", "north: 3 signatures, 0 faults"])
    assert [fault.reason for fault in judge(links, head).faults] == [
        "It was erased, and its content is here all the same."
    ]
    gone = {fault.reason for fault in judge(erased(links, 2), head).faults if fault.sequence == 2}
    assert gone == {"Its content is gone, and nothing says that it was erased."}


def test_each_signature_leaves_its_head_outside_the_database(exported, signed_site, settings):
    last = Signature.objects.order_by("sequence").reverse()[0]
    assert noted_head("north") == Head(SIGNATURES, last.chain_sha256)
    assert noted_head("south") is None
    kept = settings.SIGNATURE_HEADS.read_text("utf-8").splitlines()
    assert [line.split(" ")[2].split(":")[0] for line in kept] == [str(n) for n in range(1, SIGNATURES + 1)]


def verdict_of(*arguments: str) -> tuple[int, dict]:
    out = StringIO()
    try:
        call_command("verify_reports", "--json", *arguments, stdout=out)
    except SystemExit as stopped:
        return int(stopped.code), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def test_the_command_compares_with_the_head_it_is_given_or_the_last_one_noted(signed_site, settings):
    assert verdict_of()[0] == 0
    code, told = verdict_of("--head", f"{SIGNATURES + 1}:{'a' * 64}")
    assert (code, told["faults"][0]["reason"][:15]) == (1, "The tail is cut")
    with settings.SIGNATURE_HEADS.open("a") as heads:
        heads.write(head_line("north", Head(SIGNATURES + 2, "b" * 64), NOW.isoformat()))
    assert verdict_of()[0] == 1
    settings.SIGNATURE_HEADS.unlink()
    code, told = verdict_of()
    assert (code, told["notes"]) == (0, [NO_HEAD])


@pytest.mark.parametrize("head", ["", "7", "0:" + "a" * 64, "7:" + "A" * 64, "7:" + "a" * 63])
def test_a_head_is_a_number_and_a_digest(head, north):
    with pytest.raises(ValueError, match="NUMBER:DIGEST"):
        Head.parse(head)
    if head:
        with pytest.raises(CommandError):
            call_command("verify_reports", "--site", "north", "--head", head)


def test_a_head_or_an_export_of_several_sites_is_refused(north, south):
    with pytest.raises(CommandError, match="--site"):
        call_command("verify_reports", "--head", "1:" + "a" * 64)


def test_a_head_that_was_cut_while_it_was_written_is_passed_over():
    whole = head_line("north", Head(7, "a" * 64), NOW.isoformat())
    assert latest_head(whole + whole[:-20] + "\n\x00\n", "north") == Head(7, "a" * 64)
    assert latest_head("", "north") is None


def test_a_file_of_heads_that_cannot_be_written_stops_no_signature(
    ready, reader, request_by, settings, tmp_path, django_capture_on_commit_callbacks
):
    (tmp_path / "file").touch()
    settings.SIGNATURE_HEADS = tmp_path / "file" / "heads.log"
    with django_capture_on_commit_callbacks(execute=True):
        revision = ready.revisions.get(number=1)
        append_signature(ready, reader, revision, Meaning.FINAL, {"format": FORMAT})
    assert Signature.objects.count() == 1


SAME, OTHER = {"report": 1}, {"report": 2}


def test_what_names_a_signature_must_name_an_earlier_one_of_the_same_report():
    first = a_chain([{**SAME, "text": "One"}])[0]
    named = {"sequence": 1, "content_sha256": first.content_sha256}
    for key, words in (("adds_to", "adds to"), ("amends", "amends"), ("cosigns", "agrees with"), ("erases", "erases")):

        def reasons(more: dict) -> list[str]:
            return [fault.reason for fault in judge(a_chain([{**SAME, "text": "One"}, more])).faults]

        assert [each for each in reasons({**SAME, key: named}) if "It was erased" not in each] == []
        assert f"It {words} a signature of another report." in reasons({**OTHER, key: named})
        for wrong in (
            {**named, "sequence": 2},
            {**named, "content_sha256": "0" * 64},
            "1",
            [named, 7],
            {"sequence": []},
        ):
            assert f"It {words} a signature that is not before it." in reasons({**SAME, key: wrong}), wrong

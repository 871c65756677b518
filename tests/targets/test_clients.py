"""The clients against other systems that behave and misbehave: MLLP, C-STORE, STOW-RS, FHIR, webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

import pytest
from pynetdicom.sop_class import ComprehensiveSRStorage, Verification

from reports.export.dicom_sr import comprehensive_sr
from reports.export.encapsulated_pdf import encapsulated_pdf
from reports.export.fhir import bundle_json
from reports.export.hl7 import control_id, oru_r01
from reports.targets import cstore, fhir, mllp, stow, webhook
from reports.targets.address import parsed
from reports.targets.objects import DicomObject
from reports.targets.results import NotSent
from tests.reports.exports import ct_headers, read, report
from tests.targets.servers import HERE, ack, pacs, reach, ris, web
from tests.targets.test_reach import certificate

HEADERS = ct_headers()
MADE = report(HEADERS)
MESSAGE, CONTROL = oru_r01(MADE), control_id(MADE)
SR, PDF = comprehensive_sr(MADE, HEADERS), encapsulated_pdf(MADE, b"%PDF-1.4", HEADERS)
OBJECTS = [DicomObject(str(read(data).SOPInstanceUID), data) for data in (SR, PDF)]
UIDS = [each.uid for each in OBJECTS]


def why(act) -> NotSent:
    with pytest.raises(NotSent) as caught:
        act()
    return caught.value


def to_ris(server, **options):
    address = parsed("mllp", f"mllp://{HERE}:{server.port}")
    return mllp.send(reach(HERE, **options), address, MESSAGE, CONTROL)


def test_a_message_is_framed_parsed_and_acknowledged():
    with ris() as server:
        assert to_ris(server).note == "AA"
        assert server.accepted == [CONTROL]
        assert server.messages[0].msh.msh_9.to_er7() == "ORU^R01^ORU_R01"


@pytest.mark.parametrize("code", ["CA", "AA"])
def test_a_commit_acknowledgement_counts_too(code):
    with ris(code) as server:
        assert to_ris(server).note == code


@pytest.mark.parametrize(
    ("act", "code", "detail", "final", "unreachable"),
    [
        ("AE", "refused", "AE", False, False),
        ("AR", "refused", "AR", False, False),
        ("CE", "refused", "CE", False, False),
        ("CR", "refused", "CR", False, False),
        ("AE 207", "refused", "AE 207", False, False),
        ("AE 101", "refused", "AE 101", True, False),
        ("AR 203", "refused", "AR 203", True, False),
        ("XX", "no_acknowledgement", "", False, True),
        ("no msa", "no_acknowledgement", "", False, True),
        ("garbage", "no_frame", "", False, True),
        ("no end", "cut_off", "", False, True),
        ("close", "no_answer", "", False, True),
        ("endless", "answer_too_long", "", False, True),
        ("other", "other_message", "AA", False, False),
    ],
)
def test_what_is_no_acceptance_of_this_message_is_none(act, code, detail, final, unreachable):
    with ris(act) as server:
        error = why(lambda: to_ris(server))
        assert (error.code, error.detail, error.final, error.unreachable) == (code, detail, final, unreachable)


@pytest.mark.parametrize("act", ["silent", "slow"])
def test_no_answer_in_time_is_tried_again(act):
    with ris(act) as server:
        before = time.monotonic()
        error = why(lambda: to_ris(server, total_s=0.5))
        assert error.unreachable and not error.final
        assert time.monotonic() - before < 3


def test_bytes_before_the_frame_are_passed_over():
    with ris("noise first") as server:
        assert to_ris(server).note == "AA"


def test_separators_of_their_own_are_read():
    frame = ack(CONTROL)[1:-2].replace(b"|", b"$")
    assert mllp.acknowledged(frame, CONTROL).note == "AA"


def test_a_message_that_would_end_its_own_frame_is_never_sent():
    assert why(lambda: mllp.send(reach(HERE), parsed("mllp", f"mllp://{HERE}"), b"MSH\x1c\rMSH", "1")).final


def test_mllp_under_tls_is_verified(tmp_path):
    files = certificate(tmp_path, "localhost")
    with web(tls=files, raw=lambda line: (line.recv(65536), line.sendall(ack(CONTROL)))) as server:
        address = parsed("mllp", f"mllps://localhost:{server.port}")
        assert mllp.send(reach("127.0.0.1", "::1", ca_file=files[0]), address, MESSAGE, CONTROL).note == "AA"
        assert why(lambda: mllp.send(reach("127.0.0.1", "::1"), address, MESSAGE, CONTROL)).code == "bad_certificate"


def to_pacs(server, act=None, title: str = "ARCHIVE", **options):
    address = parsed("cstore", f"dicom://{title}@{HERE}:{server.port}")
    ours = reach(HERE, **options)
    return act(ours, address) if act else cstore.store(ours, address, OBJECTS)


def test_objects_are_stored_and_read_back():
    with pacs() as server:
        assert to_pacs(server).note == "0000"
        assert list(server.stored) == UIDS
        assert server.stored[UIDS[0]].VerificationFlag == "VERIFIED"


def test_an_echo_stores_nothing():
    with pacs() as server:
        assert to_pacs(server, cstore.echo).note == "0000"
        assert not server.came


@pytest.mark.parametrize("status", [0xB000, 0x0111])
def test_a_warning_and_a_duplicate_count_as_stored(status):
    with pacs(status) as server:
        assert to_pacs(server).note == "0000"


@pytest.mark.parametrize(
    ("status", "final"), [(0xA700, False), (0x0110, False), (0xA900, True), (0xC001, True), (0x0122, True)]
)
def test_a_failure_says_whether_trying_again_can_help(status, final):
    with pacs(status) as server:
        error = why(lambda: to_pacs(server))
        assert (error.code, error.detail, error.final) == ("dicom_status", f"{status:04X}", final)
        assert error.stored == ()


def test_of_two_objects_the_one_that_was_taken_is_known():
    with pacs(0x0000, 0xA700) as server:
        assert why(lambda: to_pacs(server)).stored == (UIDS[0],)


def test_a_class_that_is_not_taken_is_final_and_the_rest_is_stored():
    with pacs(classes=[ComprehensiveSRStorage]) as server:
        error = why(lambda: to_pacs(server))
        assert (error.detail, error.final, error.stored) == ("0122", True, (UIDS[0],))
    with pacs(classes=[Verification]) as server:
        assert why(lambda: to_pacs(server)).final


def test_a_peer_that_rejects_us_is_asked_again_later():
    with pacs() as server:
        error = why(lambda: to_pacs(server, title="OTHER"))
        assert (error.code, error.unreachable, error.final) == ("association_rejected", True, False)


def half_a_pdu(line):
    line.sendall(b"\x02\x00\x00\x00\x10\x00half")
    time.sleep(3)


@pytest.mark.parametrize(
    "raw", [lambda line: time.sleep(3), half_a_pdu, lambda line: line.sendall(b"\x02\x00\xff\xff\xff\xff" * 9)]
)
def test_a_peer_that_is_none_is_tried_again_in_time(raw):
    with web(raw=raw) as server:
        before = time.monotonic()
        assert why(lambda: to_pacs(server, total_s=0.5)).unreachable
        assert time.monotonic() - before < 3


def test_dicom_under_tls_is_verified(tmp_path):
    files = certificate(tmp_path, "localhost")
    with pacs(tls=files) as server:
        address = parsed("cstore", f"dicoms://ARCHIVE@localhost:{server.port}")
        assert cstore.store(reach("127.0.0.1", "::1", ca_file=files[0]), address, OBJECTS).note == "0000"
        assert why(lambda: cstore.store(reach("127.0.0.1", "::1"), address, OBJECTS)).unreachable
        assert server.came == UIDS


def test_a_peer_outside_the_list_is_never_called():
    with pacs() as server:
        address = parsed("cstore", f"dicom://ARCHIVE@{HERE}:{server.port}")
        for act in (cstore.echo, lambda ours, there: cstore.store(ours, there, OBJECTS)):
            assert why(lambda act=act: act(reach("10.0.0.0/8"), address)).code == "not_allowed"
        assert not server.came


JSON = {"Content-Type": "application/dicom+json"}


def answer(stored=(), failed=()) -> bytes:
    """failed: (UID, reason)."""
    said = {}
    if stored:
        said["00081199"] = {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": [uid]}} for uid in stored]}
    if failed:
        items = [
            {"00081155": {"vr": "UI", "Value": [uid]}, "00081197": {"vr": "US", "Value": [reason]}}
            for uid, reason in failed
        ]
        said["00081198"] = {"vr": "SQ", "Value": items}
    return json.dumps(said).encode()


def to_web(server, act):
    return act(reach(), parsed("stow", f"{server.url}/dicom-web"))


def stored(server):
    return to_web(server, lambda ours, there: stow.store(ours, there, OBJECTS, "s3cret"))


def test_both_objects_go_in_one_request_as_they_are():
    with web((200, JSON, answer(UIDS))) as server:
        stored(server)
        (said,) = server.said
        assert said.path == "/dicom-web/studies" and said.headers["authorization"] == "Bearer s3cret"
        kind, _, boundary = said.headers["content-type"].rpartition("boundary=")
        assert kind.startswith('multipart/related; type="application/dicom"')
        parts = said.body.split(f"--{boundary}".encode())
        assert [part.split(b"\r\n\r\n", 1)[1][:-2] for part in parts[1:-1]] == [SR, PDF]


def test_user_and_password_are_sent_as_such():
    with web((200, {}, b"")) as server:
        to_web(server, lambda ours, there: stow.store(ours, there, OBJECTS, "user:word"))
        assert server.said[0].headers["authorization"] == "Basic dXNlcjp3b3Jk"


@pytest.mark.parametrize(
    ("status", "body", "taken", "detail", "final"),
    [
        (202, answer(UIDS[:1], [(UIDS[1], 0xA700)]), (UIDS[0],), "A700", False),
        (202, answer(UIDS[:1], [(UIDS[1], 0x0122)]), (UIDS[0],), "0122", True),
        (202, answer(UIDS[:1]), (UIDS[0],), "0000", False),
        (409, answer((), [(UIDS[0], 0xC000), (UIDS[1], 0xA700)]), (), "C000", False),
        (202, b"<NativeDicomModel/>", (), "202", False),
        (409, b"[[[", (), "409", False),
        (202, b'{"00081198": {"Value": "x"}, "00081199": 7}', (), "0000", False),
    ],
)
def test_what_was_not_taken_is_known_one_by_one(status, body, taken, detail, final):
    with web((status, JSON, body)) as server:
        error = why(lambda: stored(server))
        assert (error.stored, error.detail, error.final) == (taken, detail, final)


@pytest.mark.parametrize(
    "said",
    [
        (200, JSON, answer(UIDS)),
        (200, {}, b""),
        (202, JSON, answer(UIDS)),
        (202, JSON, answer(UIDS[:1], [(UIDS[1], 0x0111)])),
        (409, JSON, answer((), [(uid, 0x0111) for uid in UIDS])),
        (200, JSON, b"[" + answer(UIDS) + b"]"),
    ],
)
def test_what_is_there_is_stored(said):
    with web(said) as server:
        assert stored(server)


@pytest.mark.parametrize(
    ("status", "final", "unreachable"),
    [(400, True, False), (401, False, True), (404, True, False), (415, True, False), (429, False, True)]
    + [(500, False, False), (503, False, True)],
)
def test_a_status_says_whether_trying_again_can_help(status, final, unreachable):
    with web((status, {"Retry-After": "120"}, b"Osei Ama was not found")) as server:
        error = why(lambda: stored(server))
        assert (error.detail, error.final, error.unreachable, error.after_s) == (str(status), final, unreachable, 120)
        assert "Osei" not in str(error)


def test_probes_store_nothing():
    with web((204, {}, b"")) as server:
        to_web(server, stow.probe)
        assert server.said[0].method == "GET" and server.said[0].path.startswith("/dicom-web/studies?")
    with web((200, {}, b'{"resourceType": "CapabilityStatement"}')) as server:
        to_web(server, fhir.probe)
        assert (server.said[0].method, server.said[0].path) == ("GET", "/dicom-web/metadata")
    with web((200, {}, b"<html>")) as server:
        assert why(lambda: to_web(server, fhir.probe)).code == "no_fhir"


class FhirServer:
    """A server that keeps one bundle for one identifier, as conditional create asks."""

    def __init__(self):
        self.kept = {}

    def __call__(self, said):
        assert said.path == "/dicom-web/Bundle" and said.headers["content-type"] == "application/fhir+json"
        condition = said.headers["if-none-exist"]
        there = condition in self.kept
        self.kept[condition] = json.loads(said.body)
        return (200 if there else 201, {}, b"")


def test_a_bundle_that_is_sent_twice_is_there_once():
    there = FhirServer()
    with web(there) as server:
        notes = [to_web(server, lambda ours, at: fhir.create(ours, at, bundle_json(MADE))).note for _turn in range(2)]
    assert notes == ["201", "200"] and len(there.kept) == 1


def test_a_webhook_is_signed_and_named():
    with web((204, {}, b"")) as server:
        address = parsed("webhook", f"{server.url}/hook")
        webhook.post(reach(), address, {"event": "x", "n": 1}, "key-1", "shared")
        (said,) = server.said
        wanted = "sha256=" + hmac.new(b"shared", said.body, hashlib.sha256).hexdigest()
        assert said.headers["x-firstread-signature"] == wanted and "authorization" not in said.headers
        assert (said.path, said.headers["idempotency-key"]) == ("/hook", "key-1")


def test_no_client_speaks_without_the_list():
    nobody = reach("10.9.9.9")
    there = parsed("stow", "https://10.1.1.1")
    acts = [
        lambda: stow.store(nobody, there, OBJECTS),
        lambda: fhir.create(nobody, there, bundle_json(MADE)),
        lambda: webhook.post(nobody, there, {}, "k"),
        lambda: mllp.send(nobody, parsed("mllp", "mllp://10.1.1.1"), MESSAGE, CONTROL),
    ]
    assert [why(act).code for act in acts] == ["not_allowed"] * 4

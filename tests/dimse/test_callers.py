from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from screening.dimse.server import is_loopback
from tests.dimse.conftest import all_ended, calling


def test_without_a_list_anybody_on_this_machine_may_call(receive):
    with calling(receive(), title="WHOEVER") as association:
        assert association.is_established


@pytest.mark.parametrize(
    ("allow", "title", "admitted"),
    [
        (["CT1"], "CT1", True),
        (["CT1"], "CT2", False),
        (["CT1"], "ct1", False),
        (["CT1@127.0.0.1"], "CT1", True),
        (["CT1@192.0.2.9"], "CT1", False),
        (["CT1@192.0.2.9", "CT2"], "CT2", True),
    ],
)
def test_with_a_list_only_those_on_it_may_call(receive, allow, title, admitted):
    with calling(receive(allow=allow), title=title) as association:
        assert association.is_established is admitted
        assert association.is_rejected is not admitted


def test_a_caller_that_names_another_receiver_is_rejected(receive):
    with calling(receive(), called="ELSEWHERE") as association:
        assert association.is_rejected


def test_a_site_taken_out_of_service_receives_nothing(receive, north):
    receiver = receive()
    north.is_active = False
    north.save()
    with calling(receiver) as association:
        assert association.is_rejected


def test_more_associations_than_allowed_are_rejected_and_room_comes_back(receive):
    receiver = receive(max_associations=1)
    with calling(receiver) as first:
        assert first.is_established
        with calling(receiver) as second:
            assert second.is_rejected
    all_ended(receiver)
    with calling(receiver) as third:
        assert third.is_established


def test_a_silent_caller_is_let_go(receive):
    receiver = receive(idle=0.3)
    with calling(receiver) as association:
        association.join(10)
        assert association.is_aborted
    all_ended(receiver)
    assert not receiver._talks


def test_a_connection_that_promises_too_much_is_closed_before_it_can_send_it(receive):
    with socket.create_connection(("127.0.0.1", receive().port), timeout=10) as peer:
        peer.sendall(b"\x01\x00" + (1 << 31).to_bytes(4, "big"))
        with contextlib.suppress(ConnectionResetError):
            assert peer.recv(64)[:1] in (b"", b"\x07")


def test_a_stopped_receiver_ends_its_associations_and_frees_its_port(receive, monkeypatch):
    monkeypatch.setattr("screening.dimse.server._GRACE_S", 0.1)
    receiver = receive()
    with calling(receiver) as association:
        port = receiver.port
        receiver.stop()
        association.join(10)
        assert not association.is_established
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--site", "nowhere"], "no active site"),
        (["--host", "0.0.0.0"], "--allow"),
        (["--aet", "FAR TOO LONG A TITLE"], "AE title"),
        (["--allow", "@10.0.0.1"], "AE title"),
        (["--max-pdu", "1"], "--max-pdu"),
        (["--idle", "0"], "greater than 0"),
    ],
)
def test_the_command_refuses_options_that_cannot_work(north, options, words):
    with pytest.raises(CommandError, match=words):
        call_command("dicom_receiver", "--site", "north", "--port", "0", *options)


@pytest.mark.parametrize(
    ("address", "own"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("localhost", True)]
    + [("10.0.0.1", False), ("0.0.0.0", False), ("::", False), ("", False), ("host", False)],
)
def test_only_this_machines_own_addresses_count_as_local(address, own):
    assert is_loopback(address) is own


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_listens_until_it_is_told_to_stop(number, tmp_path):
    """The real process, on a home of its own."""
    own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "CELERY_BROKER_URL")}
    env = {**own, "FIRSTREAD_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings.local"}
    root = Path(__file__).resolve().parents[2]

    def manage(*arguments):
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    with manage("migrate", "-v", "0") as migrated:
        assert migrated.wait() == 0, migrated.stdout.read()
    code = "from accounts.models import Site; Site.objects.get_or_create(slug='default', defaults={'name': 'Default'})"
    with manage("shell", "-v", "0", "-c", code) as made:
        assert made.wait() == 0, made.stdout.read()
    with manage("dicom_receiver", "--port", "0") as process:
        for line in process.stdout:
            if "listens at" in line:
                break
        else:
            pytest.fail("it did not start")
        process.send_signal(number)
        rest = process.stdout.read()
        assert process.wait() == 0, rest
        assert "dimse_stopped" in rest

"""`manage.py dicom_receiver`: take images from scanners and archives by C-STORE, and answer C-ECHO and C-FIND."""

from __future__ import annotations

import re
import signal
import threading
import warnings
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Site
from screening.dimse.server import Caller, Limits, Receiver, is_loopback
from screening.dimse.transport import MAX_PDU

_TITLE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")


class Command(BaseCommand):
    help = "Receive DICOM objects (C-ECHO, C-STORE, C-FIND study root) until SIGTERM or Ctrl+C."

    def add_arguments(self, parser: CommandParser) -> None:
        default = Limits()
        parser.add_argument("--port", type=int, default=11112, help="port to listen at, 0 for any (11112)")
        parser.add_argument(
            "--aet", default="FIRSTREAD", metavar="TITLE", help="AE title callers must name (FIRSTREAD)"
        )
        parser.add_argument("--site", default="default", metavar="SLUG", help="the site the images belong to (default)")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen at (127.0.0.1)")
        parser.add_argument(
            "--allow",
            nargs="+",
            action="extend",
            default=[],
            metavar="AET[@ADDRESS]",
            help="who may call; without it anybody on this machine and nobody else",
        )
        parser.add_argument("--max-pdu", type=int, default=default.max_pdu, metavar="BYTES")
        parser.add_argument("--max-associations", type=int, default=default.associations, metavar="N")
        parser.add_argument(
            "--idle", type=float, default=default.idle_s, metavar="SECONDS", help="silence until an abort"
        )
        parser.add_argument(
            "--max-matches", type=int, default=default.matches, metavar="N", help="answers to one C-FIND"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        # Warnings about odd values quote them on standard error.
        warnings.simplefilter("ignore", UserWarning)
        receiver = receiver_from(options)
        over = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: over.set())
        receiver.start()
        self.stdout.write(f"{options['aet']} listens at {options['host']} port {receiver.port}.")
        self.stdout.flush()
        over.wait()
        receiver.stop()


def receiver_from(options: dict[str, Any]) -> Receiver:
    """The receiver the options ask for, bound to its port and not yet started. Raises `CommandError`."""
    site = Site.objects.filter(slug=options["site"], is_active=True).first()
    if site is None:
        raise CommandError(f"There is no active site {options['site']}.")
    callers = [_caller(text) for text in options["allow"]]
    if not callers and not is_loopback(options["host"]):
        raise CommandError("Name the callers with --allow when others than this machine can reach the port.")
    if not 4096 <= options["max_pdu"] <= MAX_PDU:
        raise CommandError(f"--max-pdu must be between 4096 and {MAX_PDU}.")
    if min(options["max_associations"], options["max_matches"]) < 1 or options["idle"] <= 0:
        raise CommandError("Limits must be greater than 0.")
    limits = Limits(options["max_pdu"], options["max_associations"], options["idle"], options["max_matches"])
    try:
        return Receiver(
            title=_title(options["aet"]),
            site=site,
            address=(options["host"], options["port"]),
            callers=callers,
            limits=limits,
        )
    except (OSError, OverflowError) as error:
        raise CommandError(f"Cannot listen at {options['host']} port {options['port']}: {error}") from error


def _caller(text: str) -> Caller:
    title, _, address = text.partition("@")
    return Caller(_title(title), address)


def _title(text: str) -> str:
    if not _TITLE.fullmatch(text) or not text.strip():
        raise CommandError("An AE title has 1 to 16 characters of ASCII, and no backslash.")
    return text.strip()

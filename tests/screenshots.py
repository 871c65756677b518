"""`python -m tests.screenshots [folder] [WIDTHxHEIGHT]`: the pictures of docs/images, from synthetic studies only.

Starts the whole program on a throw-away data folder and looks at it as the people of the demo do.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from config.env import ROOT
from screening.phantoms.chest import NoduleSpec, chest_ct
from screening.phantoms.headers import as_bytes, fictional_patient
from tests.browser.people import Person
from tests.browser.server import Server
from tests.browser.studies import zipped
from tests.chromium import launch

PASSWORD = "firstread-demo"
STUDIES = 8
BYTES = 400_000


def save(person: Person, path: Path) -> None:
    """The picture as it is, or, where that is large, in 256 colours chosen so that rare ones stay."""
    person.page.wait_for_timeout(400)
    picture = Image.open(io.BytesIO(person.page.screenshot())).convert("RGB")
    for candidate in (picture, picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)):
        out = io.BytesIO()
        candidate.save(out, "PNG", optimize=True)
        if out.tell() <= BYTES:
            break
    path.write_bytes(out.getvalue())
    sys.stdout.write(f"  {path.name}: {len(out.getvalue()) // 1024} KiB\n")
    sys.stdout.flush()


class Camera:
    def __init__(self, browser: Browser, server: Server, folder: Path, size: tuple[int, int]) -> None:
        self.browser, self.server, self.folder = browser, server, folder
        self.size = {"width": size[0], "height": size[1]}

    def sit_down(self, username: str) -> Person:
        person = Person(self.browser.new_context(viewport=self.size).new_page(), self.server.url)
        if username:
            person.sign_in(username, PASSWORD)
        return person

    def take(self, person: Person, name: str) -> None:
        save(person, self.folder / f"{name}.png")

    def worklist(self) -> None:
        reader = self.sit_down("reader")
        rows = reader.page.locator("tr[data-uid]")
        states = ("pending", "hidden")
        reader.until(
            lambda: rows.count() == STUDIES and all(row.get_attribute("data-ai") not in states for row in rows.all()),
            240,
            "a scored list",
        )
        reader.press("Home")
        self.take(reader, "worklist")

    def room(self, programme: str, name: str) -> None:
        """The room of the programme's most suspicious study, claimed, with its draft."""
        question = "SELECT study_uid FROM screening_study WHERE programme = ? ORDER BY score DESC LIMIT 1"
        [(uid,)] = self.server.rows(question, programme)
        reader = self.sit_down("reader")
        reader.open_by_keyboard(uid)
        reader.images_are_ready()
        reader.until(lambda: reader.page.locator("[data-part=sections] .s").count(), 60, "a draft")
        self.take(reader, name)

    def upload(self, folder: Path) -> None:
        """Good files, and one that is none."""
        technologist = self.sit_down("technologist")
        chest = chest_ct(43, [NoduleSpec(8.0)], slices=24, size=128, patient=fictional_patient(43))
        archive = zipped(folder / "chest.zip", chest.datasets)
        letter = folder / "referral letter.docx"
        letter.write_bytes(b"PK no image")
        cut = folder / "IM0012.dcm"
        cut.write_bytes(as_bytes(chest.datasets[5])[:9000])
        technologist.upload(archive, letter, cut)
        self.take(technologist, "upload")

    def pages(self) -> None:
        stranger = self.sit_down("")
        stranger.goto("/accounts/login/")
        self.take(stranger, "sign-in")
        administrator = self.sit_down("administrator")
        administrator.page.get_by_role("link", name="Users").click()
        self.take(administrator, "users")
        administrator.page.get_by_role("link", name=re.compile("Mara")).click()
        self.take(administrator, "user")
        administrator.page.get_by_role("link", name="Models").click()
        self.take(administrator, "models")
        auditor = self.sit_down("auditor")
        auditor.page.get_by_role("link", name="Audit", exact=True).click()
        self.take(auditor, "audit")

    def all(self, scratch: Path) -> None:
        self.worklist()
        self.room("lung", "reading-room")
        self.room("breast", "reading-room-breast")
        self.room("brain", "reading-room-brain")
        self.upload(scratch)
        self.pages()


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    width, height = (int(n) for n in (sys.argv[2] if len(sys.argv) > 2 else "1440x900").split("x"))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        home = Path(scratch) / "home"
        server = Server(home, FIRSTREAD_DATA=str(Path(scratch) / "no real studies"))
        with server.running("manage.py", "seed_demo"):
            browser = launch(playwright.chromium)
            Camera(browser, server, folder, (width, height)).all(Path(scratch))
            browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

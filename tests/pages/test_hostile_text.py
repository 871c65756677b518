"""Names, descriptions and overlay text that are HTML, scripts or 10,000 characters change nothing in any page."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.db.models import CharField, Model, TextField

from accounts.models import Site, User
from screening.models import Finding, Patient, ScoreRun, Series, Study
from tests.pages.conftest import World
from tests.pages.table import PAGES

ATTACK = (
    "\"'><script>window.attacked=1</script><img src=x onerror=window.attacked=1><svg/onload=window.attacked=1>"
    "</title></textarea></script></style><!--<b style=position:fixed>{{7*7}}{% now %}${7*7}&lt;\\u003cscript\\u003e"
    "<a href=javascript:window.attacked=1>王芳\u202e\u2066"
)
LONG = "W" * 10_000
# What comes from files, models and other people, by the field it is kept in.
TEXTS: dict[type[Model], tuple[str, ...]] = {
    Patient: ("name", "patient_id"),
    Study: ("description", "ai_reason", "accession_number"),
    Series: ("description",),
    Finding: ("location",),
    ScoreRun: ("reason", "model_name"),
    Site: ("name",),
    User: ("first_name", "last_name"),
}


def spoil(text: str) -> None:
    """Put the text into every such field, as long as the field may be; rows are changed past every check."""
    for model, names in TEXTS.items():
        for name in names:
            field = model._meta.get_field(name)
            assert isinstance(field, (CharField, TextField)), name
            for row in model._default_manager.all():
                # Unique fields keep a number of their own.
                value = f"{row.pk} {text}"[: field.max_length or 20_000]
                model._default_manager.filter(pk=row.pk).update(**{name: value})


class Skeleton(HTMLParser):
    """Elements with the names of their attributes, and where links lead; no text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.bones: list[Any] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        leads = tuple(value for name, value in attrs if name in ("href", "src", "action") and value)
        self.bones.append((tag, tuple(name for name, _value in attrs), len(leads)))
        assert not any(str(value).strip().lower().startswith("javascript:") for value in leads)

    def handle_endtag(self, tag: str) -> None:
        self.bones.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data[:40]}")


def skeleton(html: str) -> list[Any]:
    reader = Skeleton()
    reader.feed(html)
    reader.close()
    return reader.bones


@pytest.mark.parametrize("name", sorted(PAGES))
def test_hostile_text_leaves_the_skeleton_of_a_page_as_it_was(world: World, name):
    # Looking at the audit trail adds a row to it: there, no element of a new kind may come.
    form = (lambda bones: set(map(str, bones))) if name == "audit" else list
    spoil("plain")
    # Recovery codes are shown once: what is compared is the page after that.
    if name == "mfa_view_recovery_codes":
        world.answer(name)
    before = form(skeleton(world.answer(name).content.decode()))
    for text in (ATTACK, LONG):
        spoil(text)
        answer = world.answer(name)
        assert answer.status_code == PAGES[name].status
        assert form(skeleton(answer.content.decode())) == before
        assert "<script>window" not in answer.content.decode()


def test_a_skeleton_changes_when_text_becomes_markup():
    assert skeleton("<p>a &lt;b&gt;</p>") == skeleton("<p>other</p>") != skeleton("<p>a <b></p>")


SEEN = ("worklist", "reading-room", "reading-room, signed", "report-print", "users", "audit", "claimed by another")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", SEEN)
def test_hostile_text_runs_nothing_and_widens_nothing_in_a_browser(look_at, world: World, name):
    """Scripts draw parts of these pages; what they draw is text as well."""
    spoil(ATTACK + LONG)
    room = look_at(name)
    told: dict[str, Any] = room.page.evaluate("""() => ({
      attacked: window.attacked ?? null,
      pictures: [...document.images].filter((image) => image.getAttribute('src') === 'x').length,
      wider: document.documentElement.scrollWidth - innerWidth,
    })""")
    assert told["attacked"] is None
    assert told["pictures"] == 0
    assert told["wider"] <= 0
    assert [line for line in room.complaints if "policy" in line or "Error" in line] == []

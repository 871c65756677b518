"""The table of keys: what it promises by itself, and what a person may make of it."""

from __future__ import annotations

import re

import pytest
from django.utils.translation import override

from accounts.keymap import (
    ACTS,
    BY_NAME,
    PAGES,
    canonical,
    collision,
    effective,
    own_keys,
    page_keymap,
)
from accounts.keymap import KeymapError as Refused
from config.env import ROOT

FOLDERS = ("lib", "reading-room", "report", "viewer", "worklist")


def test_every_act_has_a_name_of_its_own_and_no_two_of_one_page_a_key():
    assert len(BY_NAME) == len(ACTS)
    assert collision({act.name: act.keys for act in ACTS}) is None


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
def test_a_row_writes_its_keys_as_everybody_does_and_belongs_to_a_page(act):
    assert [canonical(key) for key in act.keys] == list(act.keys)
    assert any(act.scope in page for page in PAGES)
    assert str(act.words)


def test_every_act_is_done_by_a_script():
    scripts = [path for folder in FOLDERS for path in (ROOT / "frontend" / "src" / folder).glob("*.js")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in scripts)
    done = {first or second for first, second in re.findall(r"(?:'([\w-]+)'|\b([a-z]+)): ", code)}
    assert {act.name for act in ACTS if not act.name.startswith("window-")} - done == set()


def test_keys_are_written_one_way_however_they_are_typed():
    typed = ["ctrl+enter", "shift+m", "i", "arrowup", " [ ", "Ctrl++", "é", "space"]
    assert [canonical(key) for key in typed] == ["Ctrl+Enter", "Shift+M", "I", "ArrowUp", "[", "Ctrl++", "É", "Space"]


@pytest.mark.parametrize(
    "key", ["", " ", "Escape", "Tab", "F5", "Ctrl+", "AB", "\x07", "Shift+[", "Control+S", "I" * 90]
)
def test_what_is_no_key_is_refused(key):
    with pytest.raises(Refused, match="not a key"):
        canonical(key)


@pytest.mark.parametrize("key", ["Ctrl+W", "ctrl+t", "Ctrl+C", "Ctrl+V"])
def test_keys_of_the_browser_and_of_writing_are_refused(key):
    with pytest.raises(Refused, match="belongs to the browser"):
        canonical(key)


def test_two_acts_of_one_page_cannot_have_one_key_and_both_are_named():
    with pytest.raises(Refused, match="I is wanted by “Invert the grey scale” and by “Normal text"):
        own_keys({"normal": ["i"]})
    with pytest.raises(Refused, match=r"\? is wanted"):
        own_keys({"list-open": ["?"]})


def test_two_acts_of_different_pages_may_have_one_key():
    assert own_keys({"list-open": ["I"]}) == {"list-open": ["I"]}


def test_two_acts_can_exchange_their_keys():
    assert own_keys({"invert": ["N"], "normal": ["I"]}) == {"invert": ["N"], "normal": ["I"]}


def test_only_what_differs_is_kept():
    whole = {act.name: list(act.keys) for act in ACTS}
    assert own_keys(whole) == {}
    assert own_keys(whole | {"invert": ["f9", "F9", "F2"], "heat": []}) == {"invert": ["F9", "F2"], "heat": []}


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ([], "not a map"),
        ({"unheard": ["I"]}, "“unheard” is not an act"),
        ({"invert": "I"}, "not a list of keys"),
        ({"invert": [1]}, "not a list of keys"),
        ({"invert": ["1", "2", "3", "4"]}, "more than 3 keys"),
        ({"show-keys": []}, "needs a key"),
    ],
)
def test_a_map_that_is_none_is_refused_with_a_sentence(wanted, sentence):
    with pytest.raises(Refused, match=sentence):
        own_keys(wanted)


def test_a_key_that_a_person_chose_stays_theirs_when_we_add_an_act_on_it():
    keys = effective({"invert": ["N"], "an act of yesterday": ["Z"]})
    assert keys["invert"] == ("N",)
    assert keys["normal"] == ()
    assert keys["list-open"] == ("Enter",)
    assert collision(keys) is None


def test_a_page_gets_the_table_in_the_language_of_its_reader():
    with override("zh-hans"):
        table = page_keymap({"invert": ["X"]})
    rows = {row["name"]: row for row in table["acts"]}
    assert rows["invert"]["keys"] == ["X"]
    assert rows["invert"]["words"] != "Invert the grey scale"
    assert rows["next-slice"]["repeats"] is True
    assert table["words"]["Space"]

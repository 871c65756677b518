"""The table of pages is complete: what answers with a page and stands in the URL table stands in it."""

from __future__ import annotations

import pytest

from tests.pages.table import EXCEPTIONS, PAGES, url_of
from tests.test_permissions import OK, TABLE, ask, url_names
from tests.test_permissions import world as everything  # noqa: F401  its fixture

LISTED = {url_of(name) for name in PAGES}
ASKED = sorted(name for name, row in TABLE.items() if row.method == "get" and not row.api and name not in LISTED)


def test_the_table_and_its_exceptions_name_only_addresses_that_exist():
    assert LISTED - url_names() == set()
    assert set(EXCEPTIONS) - url_names() == set()
    assert set(EXCEPTIONS) & LISTED == set()
    assert all(EXCEPTIONS.values())


@pytest.mark.parametrize("name", ASKED)
def test_an_address_outside_the_table_answers_with_no_page(everything, name):  # noqa: F811
    """Or it is an exception, with its reason."""
    who = next(role for role, status in TABLE[name].allowed.items() if role != "inactive" and status == max(OK, status))
    answer = ask(everything, name, who)
    is_page = answer.get("Content-Type", "").startswith("text/html") and answer.status_code not in (301, 302)
    assert not is_page or name in EXCEPTIONS


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_of_the_table_answers_as_its_row_says(world, name):
    answer = world.answer(name)
    assert answer.status_code == PAGES[name].status
    assert answer["Content-Type"].startswith("text/html")
    assert "Content-Security-Policy" in answer

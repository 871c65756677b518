"""One running program for the tests of a worker, and people who sit down at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.browser.people import Person
from tests.browser.server import Server

SIZE = {"width": 1440, "height": 900}


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("firstread")).running() as server:
        yield server


@pytest.fixture
def seed(request) -> Callable[[int], int]:
    """`seed(204)`: 204, and another number at the second try of a test, which would else meet its own first study."""
    return lambda number: number + 1000 * (getattr(request.node, "execution_count", 1) - 1)


@pytest.fixture
def sit_down(browser, server, request) -> Iterator[Callable[..., Person]]:
    """`sit_down("reader")`: that person, signed in, in a browser of their own."""
    contexts = []

    def sit(username: str = "", **more: str) -> Person:
        context = browser.new_context(viewport=SIZE, accept_downloads=True)
        contexts.append(context)
        person = Person(context.new_page(), server.url)
        if username:
            person.sign_in(username, **more)
        return person

    yield sit
    for context in contexts:
        context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the last words of every process."""
    report = yield
    if report.when == "call" and report.failed and "server" in getattr(item, "funcargs", {}):
        report.sections.append(("server", item.funcargs["server"].logs()))
    return report

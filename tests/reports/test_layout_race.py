"""Two windows of one reader that keep or choose a layout at the same moment: one after the other, and neither fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import DatabaseError, connections

from reports.layouts import department_protocol
from reports.models import UserHangingProtocol
from reports.services import layouts


@pytest.fixture
def at_once(monkeypatch) -> Callable[..., list[str]]:
    """Run acts in threads that meet after their writes and before they are committed, if nothing holds one back."""
    meeting = threading.Barrier(2)
    told = layouts._told

    def slowly(*given: object) -> None:
        with suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=1)
        told(*given)

    def run(*acts: Callable[[], None]) -> list[str]:
        faults: list[str] = []

        def one(act: Callable[[], None]) -> None:
            try:
                act()
            except DatabaseError as error:
                faults.append(type(error).__name__)
            finally:
                connections.close_all()

        monkeypatch.setattr(layouts, "_told", slowly)
        threads = [threading.Thread(target=one, args=[act]) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return faults

    return run


@pytest.mark.django_db(transaction=True)
def test_two_windows_that_choose_at_once_leave_one_chosen(reader, at_once):
    made = [
        layouts.new_layout(user=reader, kind="lung", name=name, protocol=department_protocol("lung"))
        for name in ("One", "Other")
    ]
    assert at_once(*(lambda row=row: layouts.choose_layout(layout=row) for row in made)) == []
    assert UserHangingProtocol.objects.filter(chosen=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_windows_that_save_the_first_layout_at_once_make_one(reader, at_once):
    def save() -> None:
        layouts.save_protocol(user=reader, kind="lung", protocol=department_protocol("lung"))

    assert at_once(save, save) == []
    assert UserHangingProtocol.objects.filter(chosen=True).count() == UserHangingProtocol.objects.count() == 1

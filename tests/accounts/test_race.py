"""Two administrators who remove each other at the same moment leave one."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from django.db import connections

from accounts import services
from accounts.models import Membership, User
from accounts.roles import Role
from accounts.selectors import answers_for
from accounts.services import users


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_deactivate_each_other_leave_one(monkeypatch, north, administrator, make_user):
    other = make_user("other", Role.ADMINISTRATOR, north)
    meeting = threading.Barrier(2)
    outcomes: list[str] = []

    def slowly(actor: User, user: User) -> bool:
        # Between the check and the write: both come here at once, if nothing holds one of them back.
        with suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=1)
        return answers_for(actor, user)

    def deactivate(actor: User, user: User) -> None:
        try:
            services.set_active(actor=actor, user=user, active=False)
            outcomes.append("done")
        except services.LastAdministrator:
            outcomes.append("refused")
        finally:
            connections.close_all()

    monkeypatch.setattr(users, "answers_for", slowly)
    threads = [
        threading.Thread(target=deactivate, args=pair) for pair in ((administrator, other), (other, administrator))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]
    assert Membership.objects.filter(site=north, role=Role.ADMINISTRATOR, user__is_active=True).count() == 1

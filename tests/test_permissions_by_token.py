"""The matrix of permissions once more, asked by API token: every URL × role × own or other site, a cell a test.

A page takes no token, so who sends one there is nobody. The REST interface and DICOMweb are asked with three tokens of
each person: of every scope, of the one scope that the address needs, and of every scope but that one. The world is
made once; what a cell changes in it is taken back.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services.tokens import make_token
from accounts.tokens import Scope, new_token
from tests import conftest, test_permissions
from tests.test_permissions import CAST, TABLE, expected

# What an address of the interface needs of a token: a scope, ANY, or SESSION, which no token is.
ANY, SESSION = "any", "session"
NEEDS: dict[str, str] = {
    **{name: Scope.DICOMWEB_READ for name in TABLE if name.startswith("dicomweb-")},
    "dicomweb-store": Scope.DICOMWEB_STORE,
    "dicomweb-study-store": Scope.DICOMWEB_STORE,
    "schema": ANY,
    "metrics": SESSION,
    "api-studies": Scope.STUDIES_READ,
    "api-worklist": Scope.STUDIES_READ,
    "api-study": Scope.STUDIES_READ,
    "api-findings": Scope.RESULTS_READ,
    "api-instances": Scope.DICOMWEB_STORE,
    "api-instance-file": Scope.DICOMWEB_READ,
    "api-report": Scope.REPORTS_READ,
    "api-report-sign": SESSION,
}
KINDS = ("every scope", "the scope it needs", "every other scope")


def test_every_address_of_the_interface_says_which_scope_it_needs():
    assert set(NEEDS) == {name for name, row in TABLE.items() if row.api}


def made_once(fixture: object, made: dict[str, object]) -> object:
    """What a fixture of this suite gives, together with those it asks for, without the life of one test."""
    function = inspect.unwrap(fixture)
    for name in inspect.signature(function).parameters:
        if name not in made:
            source = vars(conftest).get(name) or vars(test_permissions).get(name)
            made[name] = made_once(source, made) if source is not None else None
    return function(*(made[name] for name in inspect.signature(function).parameters))


def scopes_of(kind: str, need: str) -> list[str]:
    if kind == "every scope":
        return list(Scope.values)
    return [need] if kind == "the scope it needs" else [scope for scope in Scope.values if scope != need]


@pytest.fixture(scope="module")
def house(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[dict]:
    """The world of the matrix, and in `tokens` each person's, by its scopes."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("house")
        patch.setattr("django.conf.settings.STORAGE_ROOT", folder)
        with transaction.atomic():
            world: dict = made_once(test_permissions.world, {})
            world["folder"] = folder
            world["tokens"] = {}
            end = timezone.now() + timedelta(days=1)
            for who, person in world["people"].items():
                User.objects.filter(pk=person.pk).update(is_active=True)
                wanted = {tuple(scopes_of(kind, scope)) for kind in KINDS for scope in Scope.values}
                for number, scopes in enumerate(sorted(wanted)):
                    made = make_token(user=person, name=f"token {number}", scopes=scopes, expires_at=end)
                    world["tokens"][who, frozenset(scopes)] = made[1]
                User.objects.filter(pk=person.pk).update(is_active=person.is_active)
            yield world
            transaction.set_rollback(True)


@pytest.fixture
def _django_db_helper(house, django_db_blocker) -> Iterator[None]:
    """In place of pytest-django's, which would begin and end the connection with each test: a savepoint in the house."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def world(house, settings, own_storage) -> dict:
    settings.STORAGE_ROOT = house["folder"]
    cache.clear()
    return house


def by_token(name: str, who: str, kind: str) -> set[int]:
    row, need = TABLE[name], NEEDS.get(name)
    if not row.api or name == "metrics":
        return expected(name, "anonymous")
    if who in ("anonymous", "inactive"):
        return {401}
    by_session = expected(name, who)
    refused = need == SESSION or (need != ANY and kind == "every other scope")
    if refused and by_session == {404} and who == "stranger":
        # Where the scope is asked for before the object is looked for, nothing is told of it either.
        return {403, 404}
    return {403} if refused and by_session & {*range(200, 400), 400, 409, 415, 422} else by_session


CELLS = [
    (name, who, kind)
    for name in sorted(TABLE)
    for who in CAST
    for kind in (KINDS if NEEDS.get(name) in Scope.values else KINDS[:1])
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "who", "kind"), CELLS, ids=[f"{name}-{who}-{kind.replace(' ', '_')}" for name, who, kind in CELLS]
)
def test_a_cell_of_the_matrix_by_token(world, name, who, kind):
    scopes = frozenset(scopes_of(kind, NEEDS.get(name, "")))
    token = new_token() if who == "anonymous" else world["tokens"][who, scopes]
    program = Client(raise_request_exception=False, enforce_csrf_checks=TABLE[name].api)
    program.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    answer = test_permissions.asked(program, world, name)
    assert answer.status_code in by_token(name, who, kind)
    if answer.status_code == 401:
        assert answer["WWW-Authenticate"] == 'Bearer realm="firstread", error="invalid_token"'
    if TABLE[name].api:
        assert not answer.cookies

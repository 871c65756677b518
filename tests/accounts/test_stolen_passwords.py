"""A list of stolen passwords, where the operator gives one."""

from __future__ import annotations

import hashlib
import re

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.passwords import is_listed

STOLEN = [f"stolen secret {number}" for number in range(200)]


def digest(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def as_digests(passwords: list[str], end: str = "\n", lower: bool = False) -> bytes:
    lines = sorted(f"{digest(each)}:{len(each) * 7 % 1000}" for each in passwords)
    text = end.join(lines) + end
    return (text.lower() if lower else text).encode()


@pytest.mark.parametrize(
    "data",
    [
        as_digests(STOLEN),
        as_digests(STOLEN, end="\r\n"),
        as_digests(STOLEN, lower=True),
        re.sub(rb":\d+", b"", as_digests(STOLEN)).rstrip(b"\n"),
        "\n".join(STOLEN).encode(),
        "\r\n".join([*STOLEN, ""]).encode(),
    ],
    ids=["digests", "digests of a Windows file", "small letters", "digests alone", "plain", "plain of Windows"],
)
def test_every_stolen_password_is_found_and_no_other(tmp_path, data):
    file = tmp_path / "list"
    file.write_bytes(data)
    assert [each for each in STOLEN if not is_listed(file, each)] == []
    assert [each for each in (f"own secret {number}" for number in range(200)) if is_listed(file, each)] == []


@given(st.sets(st.text(min_size=1, max_size=5), min_size=1, max_size=12), st.text(min_size=1, max_size=5))
def test_halving_finds_what_is_there_and_nothing_else(tmp_path_factory, passwords, other):
    file = tmp_path_factory.mktemp("list") / "list"
    file.write_bytes(as_digests(sorted(passwords)))
    for password in {*passwords, other}:
        assert is_listed(file, password) is (password in passwords)


def test_a_stolen_password_cannot_be_chosen(db, settings, tmp_path):
    validate_password(STOLEN[3])
    file = tmp_path / "list"
    file.write_bytes(as_digests(STOLEN))
    settings.BREACHED_PASSWORDS = str(file)
    with pytest.raises(ValidationError, match="list of stolen ones"):
        validate_password(STOLEN[3])
    validate_password("nobody had this one")


def test_a_list_that_is_not_there_is_not_passed_over(db, settings, tmp_path):
    settings.BREACHED_PASSWORDS = str(tmp_path / "none")
    with pytest.raises(OSError, match="none"):
        validate_password("nobody had this one")

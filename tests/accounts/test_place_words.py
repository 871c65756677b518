"""Passwords that are refused although they are long: words of the place, stolen ones."""

from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.place_words import is_made_of


def codes(password: str) -> set[str]:
    try:
        validate_password(password)
    except ValidationError as error:
        return {each.code for each in error.error_list}
    return set()


@pytest.mark.parametrize("password", ["Firstread-2026!", "radiologyreader1", "LungScreening99", "MAMMO mammo 42"])
def test_words_of_the_place_are_no_password(db, password):
    assert "place_words" in codes(password)


def test_the_name_of_a_site_is_no_password(north):
    word = north.name.split()[0]
    assert "place_words" in codes(f"{word}-{word}-2026")


@pytest.mark.parametrize("password", ["firstread umbrella kite", "Lungfish-Concerto-7", "四月的橡树和一张旧船票"])
def test_other_words_beside_them_make_one(db, password):
    assert codes(password) == set()


@pytest.mark.parametrize("password", ["x" * 40 + "Yz9-river-oak" * 2, "ж" * 20 + " и снег " + "q" * 60])
def test_a_long_password_is_taken(db, password):
    assert len(password) >= 64
    assert codes(password) == set()


def test_telling_words_apart_takes_no_combinations():
    words = {"a" * length for length in range(1, 40)}
    assert is_made_of("a" * 2000, words)
    assert not is_made_of("a" * 2000 + "b", words)

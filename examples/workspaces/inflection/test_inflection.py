"""Tests of inflection 0.5.1, written for this example after the docstrings of its functions."""

import pytest

from inflection import ordinalize, parameterize, pluralize, singularize, titleize, underscore


@pytest.mark.parametrize("title, slug", [("Donald E. Knuth", "donald-e-knuth"), ("  spaced -- out ", "spaced-out")])
def test_a_title_becomes_part_of_an_address(title, slug):
    assert parameterize(title) == slug


def test_the_separator_can_be_left_out():
    assert parameterize("Donald E. Knuth", separator="") == "donaldeknuth"


def test_plural_and_singular_are_inverse():
    for singular, plural in [("post", "posts"), ("octopus", "octopi"), ("sheep", "sheep")]:
        assert pluralize(singular) == plural
        assert singularize(plural) == singular


def test_ordinals_end_as_they_are_spoken():
    assert [ordinalize(number) for number in (1, 2, 1003, 11)] == ["1st", "2nd", "1003rd", "11th"]


def test_camel_case_is_taken_apart():
    assert underscore("DeviceType") == "device_type"
    assert titleize("TheManWithoutAPast") == "The Man Without A Past"

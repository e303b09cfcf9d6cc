"""Tests of boltons.mathutils 26.2.0, written for this example after the docstrings of its functions."""

import pytest

from mathutils import Bits, ceil, clamp, floor


def test_a_value_is_limited_from_both_sides():
    assert clamp(1.0, 0, 5) == 1.0
    assert clamp(-1.0, 0, 5) == 0
    assert clamp(101.0, 0, 5) == 5


def test_a_range_of_one_value_is_a_range():
    assert clamp(7, 3, 3) == 3


def test_bounds_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError):
        clamp(1, lower=5, upper=0)


def test_the_ceiling_is_the_smallest_option_not_below():
    assert ceil(3.5, options=[1.5, 2.5, 4, 6, 10]) == 4
    assert ceil(4, options=[1.5, 2.5, 4, 6, 10]) == 4


def test_the_floor_is_the_largest_option_not_above():
    assert floor(3.5, options=[1.5, 2.5, 4, 6, 10]) == 2.5


def test_bits_read_back_as_what_they_were_made_from():
    assert Bits("1010").as_list() == [True, False, True, False]
    assert Bits("1010").as_int() == 10

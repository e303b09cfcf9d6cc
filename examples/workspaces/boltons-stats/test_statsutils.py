"""Tests of boltons.statsutils 26.2.0, written for this example after the docstrings of its functions."""

import pytest

from statsutils import Stats, iqr, mean, median, mode, std_dev, trimean


def test_the_mean_of_a_range_is_its_middle():
    assert mean(range(97)) == 48.0


def test_the_median_of_an_even_count_lies_between_two_values():
    assert median([2, 1, 4, 3]) == 2.5


def test_the_median_ignores_outliers():
    assert median(list(range(96)) + [1066]) == 48


def test_quantiles_interpolate():
    stats = Stats(range(100))
    assert stats.get_quantile(0.5) == 49.5
    assert stats.get_quantile(0.0) == 0
    assert stats.get_quantile(1.0) == 99


def test_the_interquartile_range_spans_the_middle_half():
    assert iqr([1, 2, 3, 4, 5]) == 2
    assert iqr(range(1001)) == 500


def test_the_trimean_weighs_the_median_twice():
    assert trimean([2, 1, 3]) == 2.0
    assert trimean(range(97)) == 48.0


def test_the_most_frequent_value_is_the_mode():
    assert mode([2, 1, 3, 1]) == 1


def test_the_standard_deviation_is_the_root_of_the_variance():
    assert std_dev(range(97)) == pytest.approx(28.0)

"""Tests of docopt 0.6.2, written for this example."""

import pytest

from docopt import DocoptExit, docopt

USAGE = """Naval Fate.

Usage:
  naval_fate ship new <name>...
  naval_fate ship <name> move <x> <y> [--speed=<kn>]

Options:
  --speed=<kn>  Speed in knots [default: 10].
"""


def test_commands_and_positional_arguments_are_read():
    arguments = docopt(USAGE, ["ship", "new", "Titanic", "Olympic"])
    assert arguments["ship"] and arguments["new"]
    assert arguments["<name>"] == ["Titanic", "Olympic"]


def test_an_option_has_the_default_of_its_description():
    assert docopt(USAGE, ["ship", "Titanic", "move", "1", "2"])["--speed"] == "10"
    assert docopt(USAGE, ["ship", "Titanic", "move", "1", "2", "--speed=15"])["--speed"] == "15"


def test_what_the_usage_does_not_allow_ends_the_program():
    with pytest.raises(DocoptExit):
        docopt(USAGE, ["submarine"])

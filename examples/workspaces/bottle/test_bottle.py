"""Tests of the header dictionaries of bottle 0.13.4, written for this example."""

import pytest

from bottle import HeaderDict, WSGIHeaderDict


ENVIRON = {"HTTP_ACCEPT_LANGUAGE": "de", "CONTENT_TYPE": "text/plain", "wsgi.version": (1, 0)}


def test_a_wsgi_header_is_found_under_any_spelling_of_its_name():
    headers = WSGIHeaderDict(ENVIRON)
    assert headers["Accept-Language"] == headers["accept_language"] == "de"
    assert headers.raw("ACCEPT-LANGUAGE") == "de"


def test_the_two_headers_without_prefix_are_found_too():
    headers = WSGIHeaderDict(ENVIRON)
    assert headers["Content-Type"] == "text/plain"
    assert "Content-Length" not in headers


def test_only_headers_are_listed():
    assert sorted(WSGIHeaderDict(ENVIRON)) == ["Accept-Language", "Content-Type"]


def test_header_names_are_title_cased_and_values_kept_in_order():
    headers = HeaderDict()
    headers.append("x-forwarded_for", "a")
    headers.append("X-Forwarded-For", "b")
    assert headers.getall("X-FORWARDED-FOR") == ["a", "b"]


def test_control_characters_in_a_header_are_refused():
    with pytest.raises(ValueError):
        HeaderDict()["X-Name"] = "a\r\nSet-Cookie: b"

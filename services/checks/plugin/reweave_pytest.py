"""Reports a pytest run to the service that started it.

A test run counts only by this report, written when pytest finishes its session. It repeats a nonce that was in the
report's file at the start and is taken out of it before any test is imported. A process that ends in another way leaves
no report.

Asked for coverage, it also reports which lines of the workspace failing and passing tests ran through.
"""

import json
import os
import sys
import threading

import pytest

_REPORT = os.environ.pop("REWEAVE_REPORT", "")
_COVERAGE = os.environ.pop("REWEAVE_COVERAGE", "") == "1"
_ROOT = os.path.realpath(os.getcwd())
# The project is importable from its own folder, as it is under `python -m pytest`.
sys.path.insert(0, os.getcwd())

_ID_CHARACTERS_MAX = 500
_MESSAGE_CHARACTERS_MAX = 500
_FINDINGS_MAX = 1000
_CAUSES_MAX = 10


def pytest_configure(config):
    # Workers of a distributed run have no report to write: their controller sees every result.
    if _REPORT:
        config.pluginmanager.register(_Reporter(_take_nonce()), "reweave-reporter")


def _take_nonce():
    with open(_REPORT, "r+", encoding="utf-8") as file:
        nonce = file.read()
        file.truncate(0)
    return nonce


class _Reporter:
    def __init__(self, nonce):
        self.nonce = nonce
        self.outcomes = {}
        self.errors = set()
        self.findings = []
        self.places = set()
        self.lines = {}
        self.tracer = _tracer() if _COVERAGE else None

    def pytest_collectreport(self, report):
        if report.failed:
            self.errors.add(_identifier(report.nodeid))

    def pytest_runtest_logreport(self, report):
        identifier = _identifier(report.nodeid)
        known = self.outcomes.get(identifier)
        if report.failed:
            self.outcomes[identifier] = "failed"
        elif report.skipped and known is None:
            self.outcomes[identifier] = "skipped"
        elif report.when == "call" and report.passed and known is None:
            self.outcomes[identifier] = "passed"

    def pytest_exception_interact(self, node, call, report):
        for error in _causes(call.excinfo.value):
            for path, line in _places(error):
                self._find(path, line, type(error).__name__, str(error))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        if self.tracer is None:
            yield
            return
        self.tracer.start()
        try:
            yield
        finally:
            column = 0 if self.outcomes.get(_identifier(item.nodeid)) == "failed" else 1
            for path, lines in self.tracer.stop().items():
                counts = self.lines.setdefault(path, {})
                for line in lines:
                    counts.setdefault(line, [0, 0])[column] += 1

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session):
        yield
        report = {
            "nonce": self.nonce,
            "exit_status": int(session.exitstatus),
            "outcomes": self.outcomes,
            "errors": sorted(self.errors),
            "findings": self.findings,
            "coverage": self.lines,
        }
        # Truncating keeps the file, which is all that may be written here; it cannot be replaced.
        with open(_REPORT, "w", encoding="utf-8") as file:
            json.dump(report, file)

    def _find(self, path, line, code, message):
        path = _inside(path)
        if path is None or (path, line, code) in self.places or len(self.findings) >= _FINDINGS_MAX:
            return
        self.places.add((path, line, code))
        message = message[:_MESSAGE_CHARACTERS_MAX]
        self.findings.append({"path": path, "line": line, "code": code, "message": message})


def _identifier(nodeid):
    # Lone surrogates, which a parameter of a test may hold, are not JSON that others read.
    return nodeid[:_ID_CHARACTERS_MAX].encode("utf-8", "backslashreplace").decode("utf-8")


def _causes(error):
    seen = []
    while error is not None and error not in seen and len(seen) < _CAUSES_MAX:
        seen.append(error)
        error = error.__cause__ or error.__context__
    return seen


def _places(error):
    """The innermost place first."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        yield error.filename, error.lineno
    places = []
    step = error.__traceback__
    while step is not None:
        places.append((step.tb_frame.f_code.co_filename, step.tb_lineno))
        step = step.tb_next
    yield from reversed(places)


def _inside(path):
    """The path below the workspace, or None for what is not the project's own."""
    path = os.path.relpath(os.path.realpath(path), _ROOT)
    parts = path.split(os.sep)
    if parts[0] == os.pardir or "site-packages" in parts or ".venv" in parts or path.startswith("<"):
        return None
    return "/".join(parts).encode("utf-8", "backslashreplace").decode("utf-8")


def _tracer():
    return _Monitoring() if hasattr(sys, "monitoring") else _Tracing()


class _Lines:
    """Lines seen since the start, of files inside the workspace."""

    def __init__(self):
        self.seen = {}
        self.names = {}

    def of(self, filename):
        if filename not in self.names:
            self.names[filename] = _inside(filename) if os.path.isabs(filename) else None
        path = self.names[filename]
        return None if path is None else self.seen.setdefault(path, set())

    def take(self):
        seen, self.seen = self.seen, {}
        return {path: lines for path, lines in seen.items() if lines}


class _Tracing:
    """Python before 3.12."""

    def __init__(self):
        self.lines = _Lines()
        self.before = None

    def start(self):
        self.before = sys.gettrace()
        threading.settrace(self._enter)
        sys.settrace(self._enter)

    def stop(self):
        sys.settrace(self.before)
        threading.settrace(self.before)
        return self.lines.take()

    def _enter(self, frame, event, argument):
        return self._step if self.lines.of(frame.f_code.co_filename) is not None else None

    def _step(self, frame, event, argument):
        if event == "line":
            # Looked up each time: a frame may outlive the test it began in.
            self.lines.of(frame.f_code.co_filename).add(frame.f_lineno)
        return self._step


class _Monitoring:
    """Python 3.12 and later, where lines outside the workspace cost nothing after the first time."""

    _TOOL = 4

    def __init__(self):
        self.lines = _Lines()
        sys.monitoring.use_tool_id(self._TOOL, "reweave")
        sys.monitoring.register_callback(self._TOOL, sys.monitoring.events.LINE, self._line)

    def start(self):
        sys.monitoring.set_events(self._TOOL, sys.monitoring.events.LINE)

    def stop(self):
        sys.monitoring.set_events(self._TOOL, 0)
        return self.lines.take()

    def _line(self, code, line):
        lines = self.lines.of(code.co_filename)
        if lines is None:
            return sys.monitoring.DISABLE
        lines.add(line)
        return None

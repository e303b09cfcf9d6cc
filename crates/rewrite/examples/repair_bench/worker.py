"""Runs repair candidates, each in a process of its own; one JSON request a line in, one JSON answer a line out.

Requests: {"program": text, "test": text, "trace": bool}. Answers: {"passed": bool} and, with trace, the lines of the
program that passing and failing statements of the test ran through, the error, and the strings of the failing statement.
"""

import ast
import json
import os
import resource
import select
import signal
import sys

LIMIT_SECONDS = 1.0
MEMORY_BYTES = 1 << 30


def lower_limits():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def run(program, test):
    """Whether the program passes; an exit of its own accord is no pass."""
    try:
        scope = {"__name__": "candidate"}
        exec(compile(program, "program", "exec"), scope)
        exec(compile(test, "test", "exec"), scope)
        return {"passed": True}
    except BaseException:
        return {"passed": False}


class Trace:
    """Lines of the program by statement of the test; the last statement is the one that failed."""

    def __init__(self):
        self.groups = [set()]
        self.test_line = 0

    def __call__(self, frame, event, _arg):
        name = frame.f_code.co_filename
        if name == "program" and event == "line":
            self.groups[-1].add(frame.f_lineno)
        elif name == "test" and event == "line" and frame.f_code.co_name == "check":
            self.test_line = frame.f_lineno
            self.groups.append(set())
        return self if name in ("program", "test") else None


def trace(program, test):
    scope = {"__name__": "candidate"}
    tracer = Trace()
    answer = {"passed": True, "error": None}

    def out_of_time(*_):
        raise TimeoutError("the run passed its time limit")

    signal.signal(signal.SIGALRM, out_of_time)
    try:
        exec(compile(program, "program", "exec"), scope)
        code = compile(test, "test", "exec")
        signal.setitimer(signal.ITIMER_REAL, LIMIT_SECONDS * 0.8)
        sys.settrace(tracer)
        exec(code, scope)
        sys.settrace(None)
    except BaseException as error:
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_REAL, 0)
        answer["passed"] = False
        answer["error"] = place(error)
    failing = tracer.groups.pop()
    passing = {}
    for group in tracer.groups:
        for line in group:
            passing[line] = passing.get(line, 0) + 1
    lines = sorted(failing | set(passing))
    answer["coverage"] = [[line, int(line in failing), passing.get(line, 0)] for line in lines]
    answer["words"] = words(test, tracer.test_line)
    return answer


def place(error):
    """The innermost line of the program that the error passed through, unless a test merely said no."""
    if isinstance(error, (AssertionError, TimeoutError)):
        return None
    line, at = 0, error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == "program":
            line = at.tb_lineno
        at = at.tb_next
    return {"line": line, "code": type(error).__name__, "message": str(error)[:200]} if line else None


def words(test, line):
    """String constants of the test's statement at that line."""
    found = []
    for statement in ast.walk(ast.parse(test)):
        if isinstance(statement, ast.stmt) and statement.lineno <= line <= statement.end_lineno:
            if not isinstance(statement, ast.FunctionDef):
                inside = ast.walk(statement)
                found += [node.value for node in inside if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return sorted(set(found))


def in_child(request):
    """Runs the request in a forked process and reads its answer; no answer in time is a failure."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        lower_limits()
        answer = (trace if request["trace"] else run)(request["program"], request["test"])
        with os.fdopen(write, "w") as stream:
            json.dump(answer, stream)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as stream:
        ready, _, _ = select.select([stream], [], [], LIMIT_SECONDS)
        text = stream.read() if ready else ""
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        return json.loads(text)
    except ValueError:
        return {"passed": False}


def main():
    for line in sys.stdin:
        print(json.dumps(in_child(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()

"""Reads Python as CPython's own compiler does.

Standard input holds texts, each behind its length in four bytes, the highest first; standard output gets one line of
JSON for each: how many errors there are, and the first of them.
"""

import json
import struct
import sys
import warnings

TEXT_BYTES_MAX = 64 << 20


def main():
    warnings.simplefilter("ignore")
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while True:
        head = source.read(4)
        if len(head) < 4:
            return
        (length,) = struct.unpack(">I", head)
        if length > TEXT_BYTES_MAX:
            return
        text = source.read(length)
        if len(text) < length:
            return
        sink.write(json.dumps(judge(text)).encode() + b"\n")
        sink.flush()


def judge(text):
    try:
        compile(text, "<text>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return refused(offset(text, error), error.msg)
    except ValueError as error:
        return refused(0, str(error))
    except (MemoryError, RecursionError) as error:
        return {"failed": f"{type(error).__name__}: {error}"}
    return {"count": 0, "errors": []}


def refused(at, message):
    return {"count": 1, "errors": [{"offset": at, "message": message}]}


def offset(text, error):
    """The byte of a place given as a line and a column in characters, both from 1."""
    lines = text.split(b"\n")
    before = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
    line = lines[before].decode(errors="replace")
    column = max((error.offset or 1) - 1, 0)
    return min(sum(len(line) + 1 for line in lines[:before]) + len(line[:column].encode()), len(text))


if __name__ == "__main__":
    main()

"""Compares the gates' verdicts with CPython's parser, and prints what came out.

Reads the JSON lines of the example `infilling` from standard input. Exits 1 when a middle as it stands was refused, or a
cut one accepted that CPython refuses.
"""

import ast
import collections
import json
import sys
import warnings

warnings.simplefilter("ignore")


def parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def main() -> int:
    counts, wrong = collections.Counter(), []
    for line in sys.stdin:
        trial = json.loads(line)
        valid, accepted = parses(trial["text"]), trial["accepted"]
        what = "as it stands" if trial["cut"] is None else "cut short"
        where = "aligned with a node" if trial["aligned"] else "not aligned"
        says = "CPython parses it" if valid else "CPython refuses it"
        counts[what, where, says, "accepted" if accepted else "refused"] += 1
        if (trial["cut"] is None and not accepted) or (accepted and not valid):
            wrong.append((trial["task"], trial["cut"]))
    for key, count in sorted(counts.items()):
        print(f"{count:7}  {', '.join(key)}")
    for task, cut in wrong[:20]:
        print(f"wrong: {task}, kept {cut} bytes", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

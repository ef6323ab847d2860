"""Pre-flight on the command line: `python -m kit.preflight [--details] [--aws]`; 1 if there is a problem."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import chain

from helpers.preflight import GOOD, NOTE, PROBLEM, Finding, findings

_SIGNS = {GOOD: "✓", NOTE: "·", PROBLEM: "✗"}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Look for what would go wrong, before it does.")
    parser.add_argument("--details", action="store_true", help="all findings, not only what is worth knowing")
    parser.add_argument("--aws", action="store_true", help="ask the AWS account, too, for what the lessons need")
    parser.add_argument("--learners", type=int, default=1, metavar="N", help="with --aws: so many at the same time")
    options = parser.parse_args(arguments)
    problems = 0
    for finding in chain(findings(), _of_aws(options.learners) if options.aws else ()):
        problems += finding.level == PROBLEM
        if options.details or finding.level != GOOD:
            print(f"  {_SIGNS[finding.level]} {finding.what}: {finding.text}", flush=True)
    print(f"  {problems} problem(s) found" if problems else "  Pre-flight: all is ready")
    return 1 if problems else 0


def _of_aws(learners: int) -> Iterator[Finding]:
    from helpers.workshop import connect
    from kit import preflight_aws

    try:
        ws = connect(quiet=True)
    except RuntimeError as error:
        yield Finding(PROBLEM, "Account", str(error))
        return
    yield from preflight_aws.findings(ws, learners)


if __name__ == "__main__":
    sys.exit(main())

"""Pre-flight on the command line: `python -m kit.preflight [--details]`; 1 if there is a problem."""

from __future__ import annotations

import argparse
import sys

from helpers.preflight import GOOD, NOTE, PROBLEM, findings

_SIGNS = {GOOD: "✓", NOTE: "·", PROBLEM: "✗"}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Look for what would go wrong, before it does.")
    parser.add_argument("--details", action="store_true", help="all findings, not only what is worth knowing")
    options = parser.parse_args(arguments)
    results = findings()
    for finding in results:
        if options.details or finding.level != GOOD:
            print(f"  {_SIGNS[finding.level]} {finding.what}: {finding.text}")
    problems = sum(finding.level == PROBLEM for finding in results)
    print(f"  {problems} problem(s) found" if problems else "  Pre-flight: all is ready")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

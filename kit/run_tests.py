"""Lint, types and tests: `python3 course.py test [--quick | --changed] [-- arguments for pytest]`.

Everything is the whole truth; `--quick` leaves out what needs an image's environment or executes a lesson; `--changed`
takes the tests of what the working tree touches (`kit/changed_tests.py` says how they are found).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

import pytest

from kit import changed_tests

CHECKS = (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"])
# A test waits more than it works: for a stop, a poll, a process. So two at a time, a file's tests one after the other,
# in the order in which they are found: the lessons are first and take longest.
SIDE_BY_SIDE = ("--numprocesses=2", "--dist=loadfile", "--no-loadscope-reorder")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python3 course.py test", usage="%(prog)s [options] [-- arguments for pytest]")
    some = parser.add_mutually_exclusive_group()
    some.add_argument("--quick", action="store_true", help="no test that needs an image or executes a lesson")
    some.add_argument("--changed", action="store_true", help="the tests of what the working tree touches")
    parser.add_argument("for_pytest", nargs="*", metavar="ARGUMENT", help="what pytest gets, after --")
    options = parser.parse_args(arguments)
    failed = [" ".join(check) for check in CHECKS if not _passes(check)]
    print(f"== {'FAILED: ' + ', '.join(failed) if failed else 'style and types are fine'}; now pytest", flush=True)
    chosen = ["--durations=10", *SIDE_BY_SIDE]
    if options.quick:
        chosen += ["-m", "not image", "--numprocesses=3"]  # no job computes here, so one more fits
    if options.changed:
        tests = changed_tests.chosen()
        if not tests:
            print("Nothing that a test looks at has changed.")
            return int(bool(failed))
        print(f"== the tests of what has changed: {' '.join(tests)}", flush=True)
        chosen += tests
    code = int(pytest.main([*chosen, *options.for_pytest]))
    return code or int(bool(failed))


def _passes(check: list[str]) -> bool:
    began = time.monotonic()
    print(f"== {' '.join(check)}", flush=True)
    good = subprocess.run([sys.executable, "-m", *check], check=False).returncode == 0
    print(f"   {time.monotonic() - began:.0f} s", flush=True)
    return good


if __name__ == "__main__":
    sys.exit(main())

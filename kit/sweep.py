"""After an event: find what all learners have left, say what it costs an hour, delete it, and look again.

`python -m kit.sweep` looks and deletes nothing; with `--delete` it asks for the number of things first. The kinds, and
how each is found and deleted, are those of lesson 12 (`helpers/cleanup`), with what only a host can have left. On AWS
Studio's apps are among them. Its spaces are kept and counted, for their volumes hold the learners' files; `--spaces`
takes them, too. Exit code: 0 when nothing else is left, 1 when something is.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterable

from botocore.exceptions import BotoCoreError, ClientError

from helpers.cleanup import shared, studio
from helpers.cleanup.left import COURSE, Everyone, Finder, Left, tagged
from helpers.cleanup.leftovers import FINDERS, delete, look, why
from helpers.money.costs import dollars
from helpers.studio import on_aws
from helpers.workshop import Workshop, connect

# In the order of deletion: what starts something first, then what others write to.
KINDS: dict[str, Finder] = {
    **FINDERS,
    "bucket notifications": shared.announcements,
    "Athena workgroups and queries": shared.queries,
}
_LEARNER = re.compile(rf"(?:dsaws[-_]|{COURSE}/)([a-z0-9]+)")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--delete", action="store_true", help="delete what is found")
    parser.add_argument("--yes", action="store_true", help="with --delete: do not ask for the number first")
    parser.add_argument("--spaces", action="store_true", help="Studio's spaces, too: with all files in them")
    options = parser.parse_args(arguments)
    kinds = _kinds(options.spaces)
    ws = connect(quiet=True)
    print(f"Looking on {ws.place}, region {ws.region}, for all that learners have left:")
    print(f"names that begin with dsaws-, the tag course={COURSE}, objects in {ws.bucket}.")
    everyone = _everyone(ws)
    found, problems = _look(everyone, kinds)
    if on_aws() and not options.spaces:
        _tell_of_spaces(everyone)
    if not found:
        return _end(found, problems)
    if not options.delete:
        print("Nothing was deleted: python3 course.py sweep --delete does that.")
        return 1
    if not options.yes and not _sure(len(found)):
        print("Nothing was deleted.")
        return 1
    for _ in range(2):  # logs, and what was being made, may come late
        _delete(everyone, kinds)
        print("Looking again:")
        found, problems = _look(everyone, kinds)
        if not found:
            break
    return _end(found, problems)


def _kinds(spaces: bool) -> dict[str, Finder]:
    """What is looked for; the local AWS has no Studio."""
    of_studio = {"Studio apps": studio.apps, **({"Studio spaces": studio.spaces} if spaces else {})}
    return {**(of_studio if on_aws() else {}), **KINDS}


def _tell_of_spaces(ws: Everyone) -> None:
    found, problem = look(studio.spaces, ws)
    kept = f"{len(found)} kept, {_an_hour(map(_hourly, found))}: they hold files; --spaces, or the stack, deletes them"
    print(f"· Studio spaces: {f'could not ask: {problem}' if problem else kept}")


def _everyone(ws: Workshop) -> Everyone:
    try:
        return Everyone.of(ws, tagged())
    except (ClientError, BotoCoreError) as error:
        print(f"⚠️ by tag: could not ask, {why(error)}; what has another name is not found.")
        return Everyone.of(ws)


def _look(ws: Everyone, every_kind: dict[str, Finder]) -> tuple[list[Left], int]:
    """All that is left, with a line for each kind and each thing; and how many kinds could not be looked at whole."""
    every: dict[Left, float] = {}
    problems = 0
    for kinds, find in every_kind.items():
        found, problem = look(find, ws)
        costs = {left: _hourly(left) for left in found}
        line = f"{len(found)} of {_learners(found)}, {_an_hour(costs.values())}" if found else "none"
        could_not = f"; could not ask on: {problem}" if problem else ""
        print(f"{'⚠️' if problem else '·'} {kinds}: {line}{could_not}", flush=True)
        for left, usd in costs.items():
            print("    " + " · ".join(filter(None, [left.kind, left.name, left.state, _an_hour([usd])])))
        every |= costs
        problems += bool(problem)
    if every:
        print(f"{len(every)} things of {_learners(every)}: {_an_hour(every.values())}.")
    return list(every), problems


def _hourly(left: Left) -> float:
    try:
        return left.hourly()
    except (ClientError, BotoCoreError):  # it is gone meanwhile, or its machine cannot be asked for
        return math.nan


def _an_hour(costs: Iterable[float]) -> str:
    costs = list(costs)
    known = sum(usd for usd in costs if not math.isnan(usd))
    unknown = " and what has no price" if any(map(math.isnan, costs)) else ""
    return f"{dollars(known)} an hour{unknown}"


def _learners(found: Iterable[Left]) -> str:
    names = {match[1] for left in found if (match := _LEARNER.search(left.name))}
    return f"{len(names)} learner{'' if len(names) == 1 else 's'}"


def _sure(number: int) -> bool:
    if not sys.stdin.isatty():
        print("Nobody is here to ask. (Without a question: python3 course.py sweep --delete --yes)")
        return False
    return input(f"Type {number} to delete them all: ").strip() == str(number)


def _delete(ws: Everyone, every_kind: dict[str, Finder]) -> None:
    """Delete kind by kind, each looked for anew: what was deleted before leaves logs and versions. A line for each."""
    done = 0
    try:
        for kinds, find in every_kind.items():
            found, _ = look(find, ws)
            kept = []
            for left in found:
                problem = delete(left)
                kept += [problem] if problem else []
                done += not problem
            if found:
                line = f"{len(found) - len(kept)} of {len(found)} deleted"
                print(f"{'⚠️' if kept else '·'} {kinds}: {line}", *kept, sep="\n    ", flush=True)
    except KeyboardInterrupt:
        print(f"\nStopped: {done} things are deleted. The same command goes on from there.")
        raise


def _end(left: list[Left], problems: int) -> int:
    if left or problems:
        print(f"NOT CLEAN: {len(left)} things left, {problems} kinds that could not be looked at whole.")
        return 1
    print("Nothing is left.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

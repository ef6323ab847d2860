"""How far the learner has come: `python3 course.py progress [--export FOLDER | --room FOLDER]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from helpers.learner import exported, progress
from helpers.learner.progress import page
from helpers.workshop import connect

PAGE = "room.html"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python3 course.py progress", description="How far you have come, by lesson.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--export", type=Path, metavar="FOLDER", nargs="?", const=exported.OUT, help="write one file")
    what.add_argument("--room", type=Path, metavar="FOLDER", help="one page of all the files that lie in a folder")
    options = parser.parse_args(arguments)
    if options.room:
        return write_room(options.room)
    ws = connect(quiet=True)
    print(progress(ws).to_string(index=False))
    if options.export:
        print(f"\nFor your instructor: {exported.export(ws, options.export)}")
    return 0


def write_room(folder: Path) -> int:
    """Write the page of a folder of files beside them; 1 where there are none, or one is of something else."""
    files = sorted(folder.glob("*.json"))
    if not files:
        print(f"There is no .json file in {folder}. Each learner writes one: python3 course.py progress --export")
        return 1
    try:
        learners = exported.read(files)
    except ValueError as error:
        print(error)
        return 1
    (folder / PAGE).write_text(page(learners.items()), encoding="utf-8")
    print(f"{len(learners)} learners: {folder / PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

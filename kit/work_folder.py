"""The learner's own copies of lessons and labs, in `work/`, so that an evening's work changes no tracked file.

A copy that is there is never overwritten. When its original has changed since it was copied, `fill` says so; who
deletes or renames a copy gets the new one. Standard library only: `course.py` uses it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

COPIED = ("notebooks", "labs", "solutions")
LINKED = ("jobs", "benchmarks", "GLOSSARY.md")  # lessons read these as `../jobs/…` and never write there
RECORD = ".copied.json"  # copy -> the hash of its original when it was copied


def fill(root: Path) -> list[str]:
    """Copy into `root/work` the notebooks that are not there yet, and return what to tell the learner.

    Raises:
        OSError: a file cannot be written; what was copied before is complete and recorded.
    """
    work = root / "work"
    work.mkdir(exist_ok=True)
    for name in LINKED:
        if not (work / name).exists() and (root / name).exists():
            (work / name).unlink(missing_ok=True)  # a link that leads nowhere: the project was moved
            (work / name).symlink_to(Path("..", name), target_is_directory=True)
    record = _read(work / RECORD)
    new, changed = [], []
    try:
        for original in _originals(root):
            name, digest = original.relative_to(root).as_posix(), _digest(original)
            if not (work / name).exists():
                _copy(original, work / name)
                record[name] = digest
                new.append(name)
            elif name not in record and _digest(work / name) == digest:
                record[name] = digest
            elif record.get(name) != digest:
                changed.append(name)
    finally:
        _replace(work / RECORD, json.dumps(record, indent=1).encode())
    return list(_news(new, changed))


def _originals(root: Path) -> Iterator[Path]:
    for folder in COPIED:
        yield from sorted((root / folder).glob("[0-9][0-9]_*.ipynb"))


def _news(new: list[str], changed: list[str]) -> Iterator[str]:
    if new:
        what = new[0] if len(new) == 1 else f"{len(new)} notebooks"
        yield f"Your own copy of {what} is in work/; the originals stay as they are."
    for name in changed:
        yield f"{name} has a newer version. Yours, work/{name}, stays; rename it to get the new one at the next start."


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _copy(original: Path, copy: Path) -> None:
    copy.parent.mkdir(exist_ok=True)
    _replace(copy, original.read_bytes())
    shutil.copymode(original, copy)


def _replace(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)

"""A small archive with the layout of the published one."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path


def make_archive(path: Path, *, urls: bool = True, per_folder: int = 30, extra: dict[str, bytes] | None = None) -> Path:
    """An archive with the official layout; `extra` maps further member names to their bytes."""
    members = {"aclImdb/README": b"about"} | {f"aclImdb/train/unsup/{n}_0.txt": b"no label" for n in range(3)}
    for split in ("train", "test"):
        for side, rating in (("neg", 2), ("pos", 9)):
            for number in range(per_folder):
                text = f"A {side} {split} review, number {number}: café. " + hashlib.sha256(bytes([number])).hexdigest()
                members[f"aclImdb/{split}/{side}/{number}_{rating}.txt"] = text.encode()
            lines = "".join(f"http://www.imdb.com/title/tt9{n // 3:07d}/usercomments\n" for n in range(per_folder))
            if urls:
                members[f"aclImdb/{split}/urls_{side}.txt"] = lines.encode()
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (members | (extra or {})).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path

"""Which files a read of S3 paths means."""

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# How many tasks read the files, and how they are listed: the rows are the same.
NO_EFFECT = {"groupFiles", "groupSize", "useS3ListImplementation"}
KNOWN = {"path", "paths", "recurse", "exclusions"} | NO_EFFECT


def paths_of(options: dict[str, Any]) -> list[str]:
    """The paths of connection_options: `paths`, a list, or `path`."""
    given = options.get("paths", options.get("path"))
    paths = [given] if isinstance(given, str) else list(given or [])
    if not paths:
        raise ValueError("connection_options needs paths=['s3://bucket/folder/']")
    return paths


def without(spark: "SparkSession", paths: list[str], exclusions: Any, recurse: bool) -> list[str]:
    """The files below the paths that match no exclusion.

    exclusions: a JSON list of Unix-style globs, as Glue has it; `**` crosses folders, `*` does not.
    """
    patterns = json.loads(exclusions) if isinstance(exclusions, str) else exclusions
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        raise ValueError(f"exclusions must be a JSON list of globs, for example '[\"**.pdf\"]', not {exclusions!r}")
    wanted = []
    for path in paths:
        root = path.rstrip("/") + "/"
        for file in list_files(spark, path):
            below = file.removeprefix(root)
            hidden = any(part.startswith(("_", ".")) and "=" not in part for part in below.split("/"))
            direct = recurse or "/" not in below or all("=" in part for part in below.split("/")[:-1])
            if direct and not hidden and not any(matches(pattern, file) for pattern in patterns):
                wanted.append(file)
    if not wanted:
        raise ValueError(f"No file is left below {', '.join(paths)}: the exclusions are {patterns}")
    return wanted


def matches(pattern: str, address: str) -> bool:
    """Whether a glob means this s3:// address: the whole of it, or its key."""
    key = address.partition("://")[2].partition("/")[2]
    return any(re.fullmatch(_regex(pattern), text, re.DOTALL) for text in (address, key))


def _regex(glob: str) -> str:
    simple = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}
    parts, depth = [], 0
    for token in re.findall(r"\*\*|\\.|\[[^\]]+\]|.", glob, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token, 0)
        if token == "," and depth > 0:
            parts.append("|")
        elif token.startswith("[") and len(token) > 2:
            parts.append(re.sub(r"^\[!", "[^", token))
        else:
            parts.append(simple.get(token) or re.escape(token[-1]))
    return "".join(parts)


def list_files(spark: "SparkSession", path: str) -> dict[str, int]:
    """All files below an S3 path: address -> time of the last change in milliseconds. Empty if nothing is there."""
    jvm = spark.sparkContext._jvm
    root = jvm.org.apache.hadoop.fs.Path(path)
    system = root.getFileSystem(spark._jsc.hadoopConfiguration())
    if not system.exists(root):
        return {}
    found = {}
    files = system.listFiles(root, True)
    while files.hasNext():
        status = files.next()
        found[status.getPath().toString()] = int(status.getModificationTime())
    return found

"""What the unattended run of the lessons needs of IAM: `python -m kit.permissions RECORD` stores it for the proof.

`LOCALCLOUD_RECORD=RECORD python3 course.py run --strict` writes the record: a line for each call of a role. Stored are
its distinct needs (role, action, resource, condition keys), with placeholders for whose they are, as `infra/policies`
has them; a test holds the policies against them.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kit.environment import ROOT

STORED = ROOT / "tests" / "infra" / "calls.jsonl"
Need = dict[str, Any]
_KEYS = {  # the condition keys that a policy of ours may ask for
    *("aws:RequestTag/learner", "cloudwatch:namespace", "events:TargetArn", "iam:PassedToService"),
    *("s3:prefix", "sagemaker:InstanceTypes"),
}
_ROLE = re.compile(r"dsaws-([a-z0-9]+)-(notebook|jobs|events|reader)")
_ACCOUNT = re.compile(r"(?<=[:/-])\d{12}(?=[:/]|$)")
_BUCKET = re.compile(r"sagemaker-[a-z0-9-]+-\$\{account\}")
_REGION = re.compile(r"(?<=:)[a-z]{2}-[a-z]+-\d(?=:)")
_ID = re.compile(
    r"(?<=/execution/)[a-z0-9]{12}|(?<=-)[a-z0-9]{12}(?:-[a-z0-9]{10})?(?=/|:|$)"  # of a pipeline's run, and its steps
    r"|(?<![a-z])(?=[0-9a-z-]*\d)[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|\d{3,}|(?<=jr_)\w+"
)


def needs(lines: Iterable[str]) -> list[Need]:
    """The distinct needs of a record, in order; those of calls that were denied are none."""
    found = {}
    for line in lines:
        call = json.loads(line)
        role = _ROLE.fullmatch(call["role"])
        if role is None or "denied" in call:
            continue
        for action, resource, keys in call["needs"]:
            kept = {name: _general(value, role[1]) for name, value in sorted(keys.items()) if name in _KEYS}
            need = {"role": role[2], "action": action, "resource": _general(resource, role[1]), "keys": kept}
            found[json.dumps(need)] = need
    return [found[text] for text in sorted(found)]


def _general(value: Any, learner: str) -> Any:
    """A text of a call with placeholders for whose it is, and `*` for what only this run has."""
    if isinstance(value, list):
        return sorted({_general(item, learner) for item in value})
    text = _BUCKET.sub("${bucket}", _REGION.sub("${region}", _ACCOUNT.sub("${account}", str(value))))
    if text == learner:
        return "${learner}"
    own = re.search(rf"(?<=dsaws[-_]){learner}(?=[-_/]|$)|(?<=data-science-on-aws/){learner}(?=/|$)", text)
    if own is None:
        return _ID.sub("*", text)
    head, tail = text[: own.start()], text[own.end() :]
    if "data-science-on-aws/" in head or "s3:::" in head:  # keys, of which there are many: theirs, whatever follows
        tail = re.sub("(?<=^.).+", "*", tail)
    return f"{head}${{learner}}{_ID.sub('*', tail)}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kit.permissions", description=__doc__.splitlines()[0])
    parser.add_argument("record", type=Path)
    parser.add_argument("--add", action="store_true", help="keep what is stored: the record is of some labs or lessons")
    given = parser.parse_args()
    found = needs(given.record.read_text(encoding="utf-8").splitlines())
    if given.add:
        kept = STORED.read_text(encoding="utf-8").splitlines()
        found = [json.loads(line) for line in sorted({*kept, *map(json.dumps, found)})]
    STORED.write_text("".join(json.dumps(need) + "\n" for need in found), encoding="utf-8")
    print(f"{len(found)} distinct needs, in {STORED.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

"""What passes the door, as a table: read from the registrations of our services and from what the engine gets."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from localcloud.engine.ministack import PARTS
from localcloud.engine.refused import REFUSED, WITHOUT_EFFECT
from localcloud.protocol import botocore_name
from localcloud.services import AWAITED, OPERATIONS, glue_arguments, invoke, members

BEGIN, END = "<!-- python -m localcloud operations --write -->", "<!-- end of the operations -->"
BEGIN_IDLE, END_IDLE = "<!-- members without effect -->", "<!-- end of the members without effect -->"
BEGIN_REFUSED, END_REFUSED = "<!-- refused members -->", "<!-- end of the refused members -->"
README = Path(__file__).parents[1] / "README.md"


def rows() -> list[tuple[str, str, str]]:
    """Service (boto3's name), operations, and what executes them: the engine, or a module of ours; in Markdown."""
    offered: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (service, operation), handler in {**OPERATIONS, **AWAITED}.items():
        offered[botocore_name(service), _file(handler.__module__)].append(operation)
    offered["sagemaker-runtime", _file(invoke.__name__)].append("InvokeEndpoint")
    for service, operations in PARTS.items():
        offered[botocore_name(service), "engine"] += operations
    return [
        (f"`{service}`", ", ".join(sorted(names, key=_resource)), where)
        for (service, where), names in sorted(offered.items())
    ]


def refusals() -> list[tuple[str, str, str]]:
    """Operation, member and reason of each member that is refused; members of one reason side by side."""
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (service, operation), refused in REFUSED.items():
        for member, refusal in refused.items():
            taken = f" (taken: {', '.join(refusal.taken)})" if refusal.taken else ""
            grouped[f"`{botocore_name(service)}` {operation}", refusal.reason + taken].append(member)
    return [(operation, ", ".join(members), reason) for (operation, reason), members in sorted(grouped.items())]


def _file(module: str) -> str:
    return "/".join(module.split(".")[1:]) + ".py"


def _resource(operation: str) -> tuple[str, str]:
    """Sorts the operations of one resource together: the name without its verb, in the singular."""
    noun = re.sub(r"^(Batch)?[A-Z][a-z]+", "", operation)
    return noun.removesuffix("s"), operation


def markdown() -> Iterator[str]:
    """The lines of the table that stands in `localcloud/README.md`."""
    yield "| service | operations | executed by |"
    yield "|---|---|---|"
    for service, operations, where in rows():
        yield f"| {service} | {operations} | `{where}` |"


def without_effect() -> list[tuple[str, str, str]]:
    """Operation, members and reason of what is taken, shown again where AWS shows it, and acts on nothing."""
    arguments: dict[str, list[str]] = defaultdict(list)
    for name, reason in glue_arguments.NO_EFFECT.items():
        arguments[reason].append(f"`{name}`")
    jobs = [("arguments of a Glue job", ", ".join(names), reason) for reason, names in arguments.items()]
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (service, operation), entries in WITHOUT_EFFECT.items():
        for member, reason in entries.items():
            grouped[f"`{botocore_name(service)}` {operation}", reason].append(member)
    engine = [(operation, ", ".join(names), reason) for (operation, reason), names in grouped.items()]
    return sorted(members.without_effect() + engine) + jobs


def _table(rows: list[tuple[str, str, str]]) -> list[str]:
    return ["| operation | members | reason |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]


def in_text(text: str) -> str:
    """The text with today's tables between their marks; a table whose marks it lacks is left out."""
    text = _between(text, BEGIN, END, list(markdown()))
    text = _between(text, BEGIN_IDLE, END_IDLE, _table(without_effect()))
    return _between(text, BEGIN_REFUSED, END_REFUSED, _table(sorted(refusals() + members.refusals())))


def _between(text: str, begin: str, end: str, lines: list[str]) -> str:
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    return before + found + "\n" + "\n".join(lines) + "\n" + closed + after if found and closed else text

"""RegexSerDe: a line that matches the whole pattern gives its groups, another one a row of NULLs."""

from __future__ import annotations

import re
from collections.abc import Callable

from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.readers.definition import Format

# What Java's regular expressions have and Python's lack or take for something else.
_OTHER = {
    r"\\[pP]\{": r"\p{…} classes",
    r"\\[hHvVRXGQEKzZ]": "an escape of Java's",
    r"&&": "class intersections (&&)",
    r"\[[^\]]*\[": "nested classes",
    r"\(\?[a-zA-Z]*[xdU]": "inline flags",
    r"\(\?P": "named groups in Python's spelling",
}


def parser(form: Format) -> Callable[[str], list[str | None]]:
    """A function from a line to one text per field.

    Raises:
        QueryError: there is no pattern, or it is none.
        NotOffered: a pattern that Java and Python read differently.
    """
    pattern = form.get("input.regex")
    if not pattern:
        raise QueryError("HIVE_CURSOR_ERROR", 'This table does not have serde property "input.regex"!')
    for mark, what in _OTHER.items():
        if re.search(mark, re.sub(r"\\\\", "", pattern)):
            raise NotOffered(f"the RegexSerDe's pattern {pattern!r}, which has {what}")
    flags = re.DOTALL | (re.IGNORECASE if form.flag("input.regex.case.insensitive") else 0)
    java = re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", pattern)
    try:
        compiled = re.compile(java, flags | re.ASCII)
    except (re.error, RecursionError) as error:
        raise QueryError("HIVE_CURSOR_ERROR", f"The pattern {pattern!r} is not valid: {error}") from error
    wanted = [field.position + 1 for field in form.fields]

    def parse(line: str) -> list[str | None]:
        found = compiled.fullmatch(line)
        return [found[n] if found and n <= compiled.groups else None for n in wanted]

    return parse

"""Java's regular expressions (Joni, as Trino has it) by Python's `re`: what both mean alike, else refused by name."""

from __future__ import annotations

import functools
import re

from localcloud.sql.model import NotOffered, QueryError

__all__ = [
    *("py_regexp_count", "py_regexp_extract", "py_regexp_extract_all", "py_regexp_groups", "py_regexp_like"),
    *("py_regexp_pieces", "py_regexp_position", "py_regexp_replace", "py_regexp_split"),
]
_SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_ESCAPES = {"e": r"\x1b", "z": r"\Z", "Z": r"(?=\n?\Z)", "A": r"\A"}


def translated(pattern: str) -> str:
    """The pattern for Python's `re`.

    Raises:
        NotOffered: it uses what Python lacks or means otherwise.
    """
    out, at, inside, multiline = "", 0, False, bool(re.match(r"\(\?[a-z]*m", pattern))
    while at < len(pattern):
        rest = pattern[at:]
        if rest[0] == "\\":
            taken, made = _escape(rest, inside, pattern)
        elif inside:
            taken, made = 1, rest[0]
            if rest[0] == "]":
                inside = False
            elif rest[0] == "[" or rest.startswith("&&"):
                raise NotOffered(f"a class within a class in a regular expression: {pattern}")
        elif rest[0] == "[":
            inside, taken = True, 2 if rest.startswith("[^") else 1
            made = rest[:taken]
        elif rest.startswith("(?"):
            found = re.match(r"\(\?(?::|=|!|<=|<!|>|<([A-Za-z][A-Za-z0-9]*)>|[imsx]+(?:-[imsx]+)?:|[imsx]+\))", rest)
            if not found or (found[0].endswith(")") and at):
                raise NotOffered(f"{rest[:4]} in a regular expression: {pattern}")
            taken, made = found.end(), f"(?P<{found[1]}>" if found[1] else found[0]
        elif rest[0] == "^" and multiline:
            taken, made = 1, r"(?:\A|^(?!\Z))"
        else:
            taken, made = 1, rest[0]
        out, at = out + made, at + taken
    return out


def _escape(rest: str, inside: bool, pattern: str) -> tuple[int, str]:
    letter = rest[1:2]
    if letter == "Q" and not inside:
        end = rest.find("\\E")
        text = rest[2 : end if end > 0 else len(rest)]
        return (end + 2 if end > 0 else len(rest)), re.escape(text)
    if letter == "s":
        return 2, _SPACE if inside else f"[{_SPACE}]"
    if letter == "S" and not inside:
        return 2, f"[^{_SPACE}]"
    if found := re.match(r"\\x\{([0-9A-Fa-f]+)\}", rest):
        return found.end(), re.escape(chr(int(found[1], 16)))
    if found := re.match(r"\\k<([A-Za-z][A-Za-z0-9]*)>", rest):
        return found.end(), f"(?P={found[1]})"
    if re.match(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})", rest):
        taken = 4 if letter == "x" else 6
        return taken, rest[:taken]
    if letter in _ESCAPES and not (inside and letter != "e"):
        return 2, _ESCAPES[letter]
    if (
        letter in tuple("dDwWtnrf")
        or (letter in tuple("bB123456789") and not inside)
        or (letter and not letter.isalnum())
    ):
        return 2, rest[:2]
    raise NotOffered(f"\\{letter} in a regular expression: {pattern}")


@functools.lru_cache(128)
def compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(translated(pattern))
    except (re.error, RecursionError) as error:
        raise QueryError("INVALID_FUNCTION_ARGUMENT", f"{error}: {pattern}") from None


def py_regexp_like(text: str, pattern: str) -> bool:
    return compiled(pattern).search(text) is not None


def _group(found: re.Pattern[str], group: int) -> None:
    if not 0 <= group <= found.groups:
        message = f"Pattern has {found.groups} groups. Cannot access group {group}"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message)


def py_regexp_extract(text: str, pattern: str, group: int) -> str | None:
    regex = compiled(pattern)
    _group(regex, group)
    found = regex.search(text)
    return found[group] if found else None


def py_regexp_extract_all(text: str, pattern: str, group: int) -> list[str | None]:
    regex = compiled(pattern)
    _group(regex, group)
    return [found[group] for found in regex.finditer(text)]


def py_regexp_replace(text: str, pattern: str, replacement: str) -> str:
    regex = compiled(pattern)
    parts = _replacement(regex, replacement)
    return regex.sub(lambda found: "".join(p if isinstance(p, str) else found[p] or "" for p in parts), text)


@functools.lru_cache(128)
def _replacement(regex: re.Pattern[str], replacement: str) -> tuple[str | int, ...]:
    """`$1`, `${name}` and `\\$`: literal texts and numbers of groups."""
    parts, at = list[str | int](), 0
    while at < len(replacement):
        rest = replacement[at:]
        if rest[0] == "\\" and len(rest) > 1:
            parts.append(rest[1])
            at += 2
        elif found := re.match(r"\$\{([A-Za-z][A-Za-z0-9]*)\}", rest):
            if found[1] not in regex.groupindex:
                raise QueryError("INVALID_FUNCTION_ARGUMENT", f"No group with name {{{found[1]}}}")
            parts.append(regex.groupindex[found[1]])
            at += found.end()
        elif found := re.match(r"\$(\d+)", rest):
            digits = found[1]
            while len(digits) > 1 and int(digits) > regex.groups:
                digits = digits[:-1]
            _group(regex, int(digits))
            parts.append(int(digits))
            at += 1 + len(digits)
        elif rest[0] in "$\\":
            raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Illegal replacement sequence: {replacement}")
        else:
            parts.append(rest[0])
            at += 1
    return tuple(parts)


def py_regexp_split(text: str, pattern: str) -> list[str]:
    return py_regexp_pieces(text, pattern)


def py_regexp_pieces(text: str, pattern: str) -> list[str]:
    pieces, at = list[str](), 0
    for found in compiled(pattern).finditer(text):
        pieces.append(text[at : found.start()])
        at = found.end()
    return [*pieces, text[at:]]


def py_regexp_groups(text: str, pattern: str) -> list[list[str | None]]:
    return [list(found.groups()) for found in compiled(pattern).finditer(text)]


def py_regexp_count(text: str, pattern: str) -> int:
    return sum(1 for _ in compiled(pattern).finditer(text))


def py_regexp_position(text: str, pattern: str, start: int, occurrence: int) -> int:
    if start < 1:
        raise ValueError("start position cannot be smaller than 1")
    if occurrence < 1:
        raise ValueError("occurrence cannot be smaller than 1")
    for count, found in enumerate(compiled(pattern).finditer(text, start - 1), 1):
        if count == occurrence:
            return found.start() + 1
    return -1

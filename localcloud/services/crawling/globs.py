"""The glob patterns of a target's Exclusions, matched against a key relative to the include path.

Source: https://docs.aws.amazon.com/glue/latest/dg/define-crawler.html, "Include and exclude patterns"
"""

from __future__ import annotations

import re


def compile_glob(pattern: str) -> re.Pattern[str]:
    r"""`*` and `?` stay within a folder, `**` crosses folders; `[a-z]`, `[!a-z]`, `{a,b}`, and `\` escapes.

    Raises:
        ValueError: a bracket or brace that is not closed, braces in braces, or a backslash at the end.
    """
    out: list[str] = []
    position, in_braces = 0, False
    while position < len(pattern):
        sign = pattern[position]
        position += 1
        if sign == "*":
            crossing = pattern.startswith("*", position)
            position += crossing
            out.append(".*" if crossing else "[^/]*")
        elif sign == "?":
            out.append("[^/]")
        elif sign == "\\":
            if position == len(pattern):
                raise ValueError("it ends in a backslash")
            out.append(re.escape(pattern[position]))
            position += 1
        elif sign == "[":
            end = pattern.find("]", position + 1)
            if end < 0:
                raise ValueError("a [ is not closed")
            out.append(_bracket(pattern[position:end]))
            position = end + 1
        elif sign == "{":
            if in_braces:
                raise ValueError("groups in braces cannot be nested")
            in_braces = True
            out.append("(?:")
        elif sign == "}" and in_braces:
            in_braces = False
            out.append(")")
        elif sign == "," and in_braces:
            out.append("|")
        else:
            out.append(re.escape(sign))
    if in_braces:
        raise ValueError("a { is not closed")
    return re.compile("".join(out), re.DOTALL)


def _bracket(inside: str) -> str:
    """One character out of a set; it is never a slash. Within, `*`, `?` and the backslash stand for themselves."""
    negated = inside.startswith("!")
    inside = inside.removeprefix("!")
    parts: list[str] = []
    position = 0
    while position < len(inside):
        first = inside[position]
        if inside[position + 1 : position + 2] == "-" and position + 2 < len(inside):
            last = inside[position + 2]
            if first > last:
                raise ValueError(f"the range {first}-{last} is empty")
            parts.append(f"{re.escape(first)}-{re.escape(last)}")
            position += 3
        else:
            parts.append(re.escape(first))
            position += 1
    return f"(?!/)[{'^' if negated else ''}{''.join(parts)}]"

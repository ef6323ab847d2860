"""OpenCSVSerde: one record a line, fields in quotes where they need it, its parser's ways with the rest.

Source: Hive's OpenCSVSerde, as Trino's Hive formats keep it; Athena's "Open CSV SerDe for processing CSV".
"""

from __future__ import annotations

import re
from collections.abc import Callable

from localcloud.sql.model import QueryError
from localcloud.sql.readers.definition import Format

Row = list[str | None]


def parser(form: Format, width: int) -> Callable[[str], Row]:
    """A function from a line to `width` fields, None where the line has too few; more are left out.

    Raises:
        QueryError: separator, quote and escape are not three different characters.
    """
    separator, quote, escape = (
        _character(form, name, default)
        for name, default in (("separatorChar", ","), ("quoteChar", '"'), ("escapeChar", "\\"))
    )
    if len({separator, quote, escape}) < 3:
        raise QueryError("HIVE_INVALID_METADATA", "The separator, quote, and escape characters must be different!")
    return Parser(separator, quote, escape, width).parse


def _character(form: Format, name: str, default: str) -> str:
    """Hive takes the first character of the property."""
    return (form.get(name) or default)[0]


class Parser:
    """Lines to fields, by the characters that mean something and the number of fields wanted."""

    def __init__(self, separator: str, quote: str, escape: str, width: int) -> None:
        self.separator, self.quote, self.escape, self.width = separator, quote, escape, width
        self._between = quote + separator + quote
        s, q, e = map(re.escape, (separator, quote, escape))
        plain = f"[^{q}{e}]*+"
        quoted = f"{q}({plain}(?:(?:{q}{q}|{e}[\\s\\S]){plain})*+){q}"
        self._field = re.compile(f"(?:{quoted}|([^{q}{e}{s}]*+))({s}|\\Z)")
        self._escaped = re.compile(f"{q}{q}|{e}([\\s\\S])")

    def parse(self, line: str) -> Row:
        if not line:
            return [None] * self.width
        if self.quote not in line and self.escape not in line:
            return self._fitted(line.split(self.separator))
        if line[0] == line[-1] == self.quote and self.escape not in line:
            fields = line[1:-1].split(self._between)
            if line.count(self.quote) == 2 * len(fields):  # every field in quotes, none inside
                return self._fitted(fields)
        return self._well_formed(line) or self.by_character(line)

    def _fitted(self, fields: list[str]) -> Row:
        missing: Row = [None] * (self.width - len(fields))
        return [*fields[: self.width], *missing]

    def _well_formed(self, line: str) -> Row | None:
        """The fast way for lines whose fields are wholly in quotes or have none; None for other lines."""
        fields, position = list[str](), 0
        while True:
            found = self._field.match(line, position)
            if found is None:
                return None
            inside = found[1]
            if inside is None:
                fields.append(found[2])
            elif self.escape in inside or self.quote in inside:
                fields.append(self._escaped.sub(lambda escaped: escaped[1] or self.quote, inside))
            else:
                fields.append(inside)
            position = found.end()
            if not found[3]:
                return self._fitted(fields)
            if len(fields) >= self.width:
                return self._fitted(fields)

    def by_character(self, line: str) -> Row:
        """Character by character, for quotes and escapes in odd places; an open quote at the end loses the field."""
        fields: Row = []
        buffer: list[str] = []
        in_quotes = in_field = False
        position, end = 0, len(line)
        while position < end and len(fields) < self.width:
            character = line[position]
            following = line[position + 1] if position + 1 < end else ""
            if character == self.escape:
                if (in_quotes or in_field) and following and following in (self.quote, self.escape):
                    buffer.append(following)
                    position += 1
            elif character == self.quote:
                if (in_quotes or in_field) and following == self.quote:
                    buffer.append(following)
                    position += 1
                else:
                    if position > 2 and line[position - 1] != self.separator and following not in ("", self.separator):
                        if buffer and not "".join(buffer).strip():
                            buffer.clear()
                        else:
                            buffer.append(character)
                    in_quotes = not in_quotes
                in_field = not in_field
            elif character == self.separator and not in_quotes:
                fields.append("".join(buffer))
                buffer.clear()
                in_field = False
            else:
                buffer.append(character)
                in_field = True
            position += 1
        if len(fields) < self.width and not in_quotes:
            fields.append("".join(buffer))
        return fields + [None] * (self.width - len(fields))

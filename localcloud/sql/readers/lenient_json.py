"""JSON with the liberties that the OpenX SerDe's parser takes: names and texts without quotes or in single ones,
`=` and `=>` for `:`, `;` for `,`, comments, missing values in arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_ENDS = "{}[]/\\:,=;# \t\f\r\n"
_ESCAPES = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", "'": "'", '"': '"', "\\": "\\", "/": "/"}


def read(text: str, make: Callable[[list[tuple[str, Any]]], Any], bare: Callable[[str], Any]) -> Any:
    """The first value of a text: objects through `make`, words and numbers without quotes through `bare`.

    Raises:
        ValueError: it does not read as JSON even so.
    """
    return _Reader(text, make, bare).value()


class _Reader:
    def __init__(self, text: str, make: Callable[[list[tuple[str, Any]]], Any], bare: Callable[[str], Any]) -> None:
        self.text, self.make, self.bare = text, make, bare
        self.at = 0

    def fail(self, what: str) -> ValueError:
        return ValueError(f"{what} at {self.at + 1} [character {self.at + 1} line 1]")

    def next_clean(self) -> str:
        """The next character that is neither blank nor in a comment; "" at the end."""
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if character in " \t\r\n":
                continue
            rest = self.text[self.at : self.at + 1]
            if character == "#" or (character == "/" and rest == "/"):
                self.at = len(self.text)
            elif character == "/" and rest == "*":
                end = self.text.find("*/", self.at + 1)
                if end < 0:
                    raise self.fail("Unterminated comment")
                self.at = end + 2
            else:
                return character
        return ""

    def value(self) -> Any:
        character = self.next_clean()
        if not character:
            raise self.fail("End of input")
        if character == "{":
            return self.object()
        if character == "[":
            return self.array()
        if character in "'\"":
            return self.quoted(character)
        self.at -= 1
        word = self.word()
        if not word:
            raise self.fail("Expected literal value")
        known = {"null": None, "true": True, "false": False}
        return known[word.lower()] if word.lower() in known else self.bare(word)

    def word(self) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in _ENDS:
            self.at += 1
        return self.text[start : self.at]

    def quoted(self, quote: str) -> str:
        found: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if character == quote:
                return "".join(found)
            if character != "\\":
                found.append(character)
                continue
            escaped = self.text[self.at : self.at + 1]
            self.at += 1
            if escaped == "u":
                digits = self.text[self.at : self.at + 4]
                if len(digits) < 4 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
                    raise self.fail("Invalid escape sequence")
                found.append(chr(int(digits, 16)))
                self.at += 4
            else:
                found.append(_ESCAPES.get(escaped, escaped))
        raise self.fail("Unterminated string")

    def object(self) -> Any:
        pairs: list[tuple[str, Any]] = []
        first = self.next_clean()
        if first == "}":
            return self.make(pairs)
        self.at -= bool(first)
        while True:
            name = self.value()
            if name is None or isinstance(name, (dict, list)):
                raise self.fail("Names must be strings")
            separator = self.next_clean()
            if separator not in (":", "="):
                raise self.fail("Expected ':' after a key")
            if separator == "=" and self.text[self.at : self.at + 1] == ">":
                self.at += 1
            pairs.append(({True: "true", False: "false"}.get(name, name), self.value()))
            match self.next_clean():
                case "}":
                    return self.make(pairs)
                case "," | ";":
                    continue
                case _:
                    raise self.fail("A JSONObject text must end with '}'")

    def array(self) -> list[Any]:
        items: list[Any] = []
        comma = False
        while True:
            match self.next_clean():
                case "":
                    raise self.fail("Unterminated array")
                case "]":
                    return [*items, None] if comma else items
                case "," | ";":
                    items.append(None)
                    comma = True
                    continue
            self.at -= 1
            items.append(self.value())
            match self.next_clean():
                case "]":
                    return items
                case "," | ";":
                    comma = True
                case _:
                    raise self.fail("Unterminated array")

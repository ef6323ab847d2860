"""Words, names, texts and signs of a statement, and a cursor over them: for statements that are no queries.

Athena reads its DDL by Hive's rules (`backticks`, backslashes in texts) and everything else by Trino's ("quotes", no
backslashes), so a statement is cut into tokens by one or the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from localcloud.sql.model import QueryError

_BLANK = r"(?P<blank>\s+|--[^\n]*|/\*.*?\*/)"
_REST = r"(?P<number>\d+(?:\.\d+)?)|(?P<word>[^\W\d][\w$@]*)|(?P<sign><=|>=|<>|!=|->|=>|\|\||.)"
_TRINO = r"(?P<string>'(?:[^']|'')*')|(?P<quoted>\"(?:[^\"]|\"\")*\")|(?P<backtick>`[^`]*`)"
_HIVE = r"(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<backtick>`(?:[^`]|``)*`)"
_LEXERS = {hive: re.compile(f"{_BLANK}|{_HIVE if hive else _TRINO}|{_REST}", re.DOTALL) for hive in (False, True)}
_ESCAPES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-3][0-7]{2}|.)", re.DOTALL)


@dataclass(frozen=True)
class Token:
    """`kind` is word, quoted ("…" or `…`), string, number, sign or end; `text` is without quotes and escapes."""

    kind: str
    text: str
    start: int
    end: int


def tokens(statement: str, *, hive: bool = False) -> list[Token]:
    """All tokens of a text without blanks and comments; the last one is of kind `end`."""
    found: list[Token] = []
    for match in _LEXERS[hive].finditer(statement):
        kind, text = str(match.lastgroup), match.group()
        if kind == "blank":
            continue
        if kind == "string":
            text = _unescaped(text[1:-1]) if hive else text[1:-1].replace("''", "'")
        elif kind == "quoted":
            text = text[1:-1].replace('""', '"')
        elif kind == "backtick":
            kind, text = "quoted", text[1:-1].replace("``", "`")
        found.append(Token(kind, text, match.start(), match.end()))
    return [*found, Token("end", "<EOF>", len(statement), len(statement))]


def _unescaped(text: str) -> str:
    """Hive's texts: a backslash and a letter, three octal digits, or `u` and four hexadecimal ones."""

    def plain(match: re.Match[str]) -> str:
        code = match.group(1)
        if len(code) == 5:
            return chr(int(code[1:], 16))
        if len(code) == 3:
            return chr(int(code, 8))
        return _ESCAPES.get(code, code)

    return _ESCAPE.sub(plain, text)


def position(statement: str, offset: int) -> str:
    """`line 2:8`, as Athena counts: lines from 1, columns from 1."""
    before = statement[:offset]
    return f"line {before.count(chr(10)) + 1}:{offset - (before.rfind(chr(10)) + 1) + 1}"


def from_here(statement: str, start: int, end: int | None = None) -> str:
    """A part of a statement with blanks for what stands before it, so that errors name the right line and column."""
    return re.sub(r"[^\n]", " ", statement[:start]) + statement[start:end]


class Cursor:
    """Goes over a statement's tokens; what does not fit raises Athena's error of a statement that cannot be read."""

    def __init__(self, statement: str, *, hive: bool = False) -> None:
        self.statement = statement
        self._tokens = tokens(statement, hive=hive)
        if self._tokens[-2:-1] and self._tokens[-2].text == ";" and self._tokens[-2].kind == "sign":
            del self._tokens[-2]
        self._at = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._at]

    def sees(self, *words: str) -> bool:
        """Whether the next tokens are these words or signs, in any case of letters."""
        ahead = self._tokens[self._at : self._at + len(words)]
        return len(ahead) == len(words) and all(
            token.kind in ("word", "sign") and token.text.upper() == word
            for token, word in zip(ahead, words, strict=True)
        )

    def take(self, *words: str) -> bool:
        """Go over these words when they come next; else stay. Returns whether they came."""
        found = self.sees(*words)
        if found:
            self._at += len(words)
        return found

    def need(self, *words: str) -> None:
        for word in words:
            if not self.take(word):
                raise self.unexpected(word if word.isalpha() else f"'{word}'")

    def next(self) -> Token:
        token = self.token
        if token.kind == "end":
            raise self.unexpected()
        self._at += 1
        return token

    def word(self) -> str:
        """Any unquoted word, in capitals."""
        if self.token.kind != "word":
            raise self.unexpected("a word")
        return self.next().text.upper()

    def name(self) -> str:
        """A name, in lower case as the catalog has it."""
        if self.token.kind not in ("word", "quoted"):
            raise self.unexpected("a name")
        return self.next().text.lower()

    def path(self) -> list[str]:
        """Names with dots between them."""
        parts = [self.name()]
        while self.take("."):
            parts.append(self.name())
        return parts

    def string(self) -> str:
        if self.token.kind != "string":
            raise self.unexpected("a text in quotes")
        text = self.next().text
        while self.token.kind == "string":  # Hive joins texts that stand side by side
            text += self.next().text
        return text

    def if_exists(self, *, no: bool = False) -> bool:
        """`IF EXISTS`, or `IF NOT EXISTS`."""
        return self.take("IF", "NOT", "EXISTS") if no else self.take("IF", "EXISTS")

    def properties(self) -> dict[str, str]:
        """`('key'='value', …)`."""
        found: dict[str, str] = {}
        self.need("(")
        while True:
            key = self.string()
            self.need("=")
            found[key] = self.string()
            if not self.take(","):
                break
        self.need(")")
        return found

    def end(self) -> None:
        if self.token.kind != "end":
            raise self.unexpected("<EOF>")

    def unexpected(self, wanted: str = "") -> QueryError:
        """The error of a token that does not fit here."""
        expecting = f". Expecting: {wanted}" if wanted else ""
        where = position(self.statement, self.token.start)
        shown = self.statement[self.token.start : self.token.end] or "<EOF>"
        return QueryError("", f"{where}: mismatched input '{shown}'{expecting}")

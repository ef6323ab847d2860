"""A place among the tokens of a statement: what may come next, and the error when something else does."""

from __future__ import annotations

from typing import NoReturn

from localcloud.sql.lexer import RESERVED, Token, tokens
from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.tree import Name
from localcloud.sql.types import INTERVAL_DAY, INTERVAL_YEAR, Type, array, map_of, row
from localcloud.sql.types import parse as parse_type

SIMPLE_TYPES = frozenset(
    """boolean tinyint smallint int integer bigint real double date varchar varbinary json uuid ipaddress unknown
    decimal char time timestamp""".split()  # noqa: SIM905 (words are easier to read as text)
)
INTERVAL_FIELDS = ("year", "month", "day", "hour", "minute", "second")


class Cursor:
    """Reads tokens; remembers what it looked for in vain, for the error at this place."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.tokens = tokens(sql)
        self.index = 0
        self.expected: list[str] = []

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def ahead(self, count: int = 1) -> Token:
        return self.tokens[min(self.index + count, len(self.tokens) - 1)]

    def advance(self) -> Token:
        token = self.token
        self.index += 1
        self.expected = []
        return token

    def fail(self, *expected: str) -> NoReturn:
        """Raise SYNTAX_ERROR at this token: what stands there and what may."""
        wanted = ", ".join(dict.fromkeys((*self.expected, *expected)))
        raise QueryError(
            "SYNTAX_ERROR", f"{self.token.position}: mismatched input '{self.token.text}'. Expecting: {wanted}"
        )

    def at(self, *words: str) -> bool:
        """Whether these key words or operators come next."""
        for count, word in enumerate(words):
            token = self.ahead(count)
            if token.kind not in ("word", "operator") or token.value != word.lower():
                self.expected.append(f"'{words[0]}'")
                return False
        return True

    def accept(self, *words: str) -> bool:
        if not self.at(*words):
            return False
        for _ in words:
            self.advance()
        return True

    def one_of(self, *words: str) -> str | None:
        """Read the word of these that comes next."""
        return next((word for word in words if self.accept(word)), None)

    def need(self, *words: str) -> Token:
        token = self.token
        for word in words:
            if not self.accept(word):
                self.fail(f"'{word}'")
        return token

    def text(self) -> str:
        """Read a string."""
        if self.token.kind not in ("string", "unicode"):
            self.fail("<string>")
        token = self.advance()
        return token.value if token.kind == "string" else self._unicode(token)

    def _unicode(self, token: Token) -> str:
        escape = self.text() if self.accept("UESCAPE") else "\\"
        out, rest = "", token.value
        while rest:
            head, rest = rest[0], rest[1:]
            if head != escape:
                out += head
            elif rest.startswith(escape):
                out, rest = out + escape, rest[1:]
            else:
                digits, rest = (rest[1:7], rest[7:]) if rest.startswith("+") else (rest[:4], rest[4:])
                try:
                    out += chr(int(digits, 16))
                except ValueError:
                    raise QueryError("SYNTAX_ERROR", f"{token.position}: Invalid hexadecimal digit: {digits}") from None
        return out

    def integer(self) -> int:
        if self.token.kind != "integer":
            self.fail("<integer>")
        return int(self.advance().text)

    def is_name(self, token: Token | None = None) -> bool:
        token = token or self.token
        return token.kind == "quoted" or (token.kind == "word" and token.value not in RESERVED)

    def name(self) -> Name:
        """Read an identifier."""
        if not self.is_name():
            self.fail("<identifier>")
        token = self.advance()
        if not token.value.isprintable():
            raise QueryError("SYNTAX_ERROR", f"{token.position}: an identifier with a control character")
        return Name(token.value.lower(), token.value if token.kind == "quoted" else token.text, position=token.position)

    def names(self) -> tuple[Name, ...]:
        """`(a, b)`."""
        self.need("(")
        found = [self.name()]
        while self.accept(","):
            found.append(self.name())
        self.need(")")
        return tuple(found)

    def type(self) -> Type:
        """Read a type of Trino."""
        start = self.token
        if self.token.kind not in ("word", "quoted"):
            self.fail("<type>")
        name = self.advance().value.lower()
        kind = self._type(name, start)
        while self.accept("ARRAY"):
            kind = array(kind)
        return kind

    def _type(self, name: str, start: Token) -> Type:
        if name == "row":
            self.need("(")
            fields = [self._row_field()]
            while self.accept(","):
                fields.append(self._row_field())
            self.need(")")
            return row(*fields)
        if name in ("array", "map"):
            close = {"(": ")", "<": ">"}[self.need("(").text if self.at("(") else self.need("<").text]
            items = [self.type()]
            if name == "map":
                self.need(",")
                items.append(self.type())
            self.need(close)
            return array(items[0]) if name == "array" else map_of(*items)
        if name == "interval":
            first = self.one_of(*(field.upper() for field in INTERVAL_FIELDS)) or self.fail("<interval field>")
            if self.accept("TO"):
                self.one_of(*(field.upper() for field in INTERVAL_FIELDS)) or self.fail("<interval field>")
            return INTERVAL_YEAR if first in ("YEAR", "MONTH") else INTERVAL_DAY
        if name == "double":
            self.accept("PRECISION")
        if name not in SIMPLE_TYPES:
            raise QueryError("TYPE_NOT_FOUND", f"{start.position}: Unknown type: {start.text}")
        parameters: list[int] = []
        if name in ("varchar", "char", "decimal", "time", "timestamp") and self.accept("("):
            parameters.append(self.integer())
            if name == "decimal" and self.accept(","):
                parameters.append(self.integer())
            self.need(")")
        zone = ""
        if name in ("time", "timestamp"):
            if self.accept("WITH", "TIME", "ZONE"):
                zone = " with time zone"
            else:
                self.accept("WITHOUT", "TIME", "ZONE")
        return _checked(name, parameters, zone, start.position)

    def _row_field(self) -> tuple[str, Type]:
        """`x bigint`, or a type alone."""
        following = self.ahead()
        alone = following.value in (",", ")", "(", "<") or (self.token.value, following.value) in (
            ("double", "precision"),
            ("timestamp", "with"),
            ("time", "with"),
        )
        if alone and not (self.token.kind == "quoted" and following.value == "("):
            return "", self.type()
        return self.name().key, self.type()


def _checked(name: str, parameters: list[int], zone: str, position: str) -> Type:
    if not parameters:
        return parse_type(name + zone)
    if name == "decimal":
        precision, scale = (*parameters, 0)[:2]
        if not 1 <= precision <= 38:
            message = f"{position}: DECIMAL precision must be in range [1, 38]: {precision}"
            raise QueryError("INVALID_FUNCTION_ARGUMENT", message)
        if scale > precision:
            message = f"{position}: DECIMAL scale must be in range [0, precision ({precision})]: {scale}"
            raise QueryError("INVALID_FUNCTION_ARGUMENT", message)
        return Type("decimal", (precision, scale))
    if name in ("time", "timestamp"):
        if parameters[0] > 6:
            raise NotOffered(f"{name}({parameters[0]}){zone}; use a precision of at most 6")
        return Type(name + zone, (parameters[0],))
    if name == "char" and parameters[0] > 65536:
        raise QueryError(
            "INVALID_FUNCTION_ARGUMENT", f"{position}: CHAR length must be in range [0, 65536], got {parameters[0]}"
        )
    return Type(name, (parameters[0],))

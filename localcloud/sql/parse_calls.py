"""Calls of functions, their windows, and the functions that have a grammar of their own."""

from __future__ import annotations

from localcloud.sql.cursor import Cursor
from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.tree import Frame, FunctionCall, Name, Node, SortItem, String, Window

EXTRACTED = frozenset(
    """year quarter month week day day_of_month day_of_week dow day_of_year doy year_of_week yow hour minute second
    timezone_hour timezone_minute""".split()  # noqa: SIM905 (a list of words is easier to read as text)
)


class Calls(Cursor):
    """Reads calls; the expressions inside them are read by the subclass."""

    def call(self) -> FunctionCall:
        name = self.name()
        self.need("(")
        star = self.accept("*")
        distinct = False
        arguments: tuple[Node, ...] = ()
        order_by: tuple[SortItem, ...] = ()
        if not star:
            distinct = self.one_of("DISTINCT", "ALL") == "DISTINCT" if self._quantified() else False
            if not self.at(")"):
                arguments = self.expressions()
            if self.accept("ORDER", "BY"):
                order_by = self.sort_items()
        self.need(")")
        return self._after(name, arguments, distinct, star, order_by)

    def _quantified(self) -> bool:
        """`all` may be a column's name too: `f(all, x)`."""
        return self.at("DISTINCT") or (self.at("ALL") and self.ahead().value not in (",", ")", "."))

    def _after(
        self, name: Name, arguments: tuple[Node, ...], distinct: bool, star: bool, order_by: tuple[SortItem, ...]
    ) -> FunctionCall:
        condition = None
        if self.token.value == "filter" and self.ahead().value == "(":
            self.need("FILTER", "(", "WHERE")
            condition = self.expression()
            self.need(")")
        nulls = "IGNORE" if self.accept("IGNORE", "NULLS") else self.accept("RESPECT", "NULLS") and "RESPECT"
        over = None
        if self.token.value == "over":
            self.advance()
            over = self.window() if self.at("(") else Window(self.name(), (), (), None)
        elif nulls:
            self.fail("'OVER'")
        return FunctionCall(
            name.key, arguments, distinct, star, order_by, condition, nulls == "IGNORE", over, position=name.position
        )

    def special_call(self, word: str) -> Node | None:
        """`extract(year FROM x)` and its like, as the call of the function that does the same."""
        position = self.token.position
        read = {
            "extract": self._extract,
            "position": self._position,
            "trim": self._trim,
            "substring": self._substring,
            "normalize": self._normalize,
            "listagg": self._listagg,
        }.get(word)
        if read is None:
            return None
        start = self.index
        self.advance()
        self.need("(")
        found = read(position)
        if found is None:  # an ordinary call: substring(x, 2), position(a, b)
            self.index = start
            return self.call()
        return found

    def _extract(self, position: str) -> Node:
        field = self.name()
        self.need("FROM")
        operand = self.value()
        self.need(")")
        names = {"dow": "day_of_week", "doy": "day_of_year", "yow": "year_of_week", "day_of_month": "day"}
        if field.key not in EXTRACTED:
            raise QueryError("SYNTAX_ERROR", f"{position}: Invalid EXTRACT field: {field.text}")
        return FunctionCall(names.get(field.key, field.key), (operand,), position=position)

    def _position(self, position: str) -> Node | None:
        needle = self.value()
        if not self.accept("IN"):
            return None
        hay = self.value()
        self.need(")")
        return FunctionCall("strpos", (hay, needle), position=position)

    def _trim(self, position: str) -> Node:
        side = self.one_of("LEADING", "TRAILING", "BOTH")
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(side or "", "trim")
        characters: tuple[Node, ...] = ()
        if side and self.accept("FROM"):
            operand = self.value()
        else:
            operand = self.value()
            if self.accept("FROM"):
                characters = (operand,)
                operand = self.value()
            elif side:
                self.fail()
            elif self.accept(","):
                characters = (self.value(),)
        self.need(")")
        return FunctionCall(name, (operand, *characters), position=position)

    def _substring(self, position: str) -> Node | None:
        arguments = [self.value()]
        if not self.accept("FROM"):
            return None
        arguments.append(self.value())
        if self.accept("FOR"):
            arguments.append(self.value())
        self.need(")")
        return FunctionCall("substring", tuple(arguments), position=position)

    def _normalize(self, position: str) -> Node:
        operand = self.value()
        form = "NFC"
        if self.accept(","):
            form = self.one_of("NFD", "NFC", "NFKD", "NFKC") or self.fail()
        self.need(")")
        return FunctionCall("normalize", (operand, String(form, position=position)), position=position)

    def _listagg(self, position: str) -> Node:
        distinct = self.one_of("DISTINCT", "ALL") == "DISTINCT"
        operand = self.expression()
        separator = self.text() if self.accept(",") else ""
        if self.accept("ON", "OVERFLOW") and not self.accept("ERROR"):
            raise NotOffered(f"{position}: LISTAGG with ON OVERFLOW TRUNCATE")
        self.need(")")
        self.need("WITHIN", "GROUP", "(", "ORDER", "BY")
        order_by = self.sort_items()
        self.need(")")
        name = Name("listagg", "listagg", position=position)
        return self._after(name, (operand, String(separator, position=position)), distinct, False, order_by)

    def window(self) -> Window:
        """`(PARTITION BY … ORDER BY … ROWS …)`."""
        position = self.need("(").position
        base = None
        if self.is_name() and self.token.value not in ("partition", "range", "rows", "groups"):
            base = self.name()
        partition_by = self.expressions() if self.accept("PARTITION", "BY") else ()
        order_by = self.sort_items() if self.accept("ORDER", "BY") else ()
        frame = None
        if unit := self.one_of("RANGE", "ROWS", "GROUPS"):
            if self.accept("BETWEEN"):
                start = self._bound()
                self.need("AND")
                frame = Frame(unit, start, self._bound())
            else:
                frame = Frame(unit, self._bound(), ("CURRENT ROW", None))
        self.need(")")
        return Window(base, partition_by, order_by, frame, position=position)

    def _bound(self) -> tuple[str, Node | None]:
        if self.accept("UNBOUNDED"):
            return f"UNBOUNDED {self.one_of('PRECEDING', 'FOLLOWING') or self.fail()}", None
        if self.accept("CURRENT", "ROW"):
            return "CURRENT ROW", None
        offset = self.expression()
        return self.one_of("PRECEDING", "FOLLOWING") or self.fail(), offset

    def sort_items(self) -> tuple[SortItem, ...]:
        found = [self._sort_item()]
        while self.accept(","):
            found.append(self._sort_item())
        return tuple(found)

    def _sort_item(self) -> SortItem:
        operand = self.expression()
        descending = self.one_of("ASC", "DESC") == "DESC"
        first = self.accept("NULLS") and (self.one_of("FIRST", "LAST") or self.fail()) == "FIRST"
        return SortItem(operand, descending, first, position=operand.position)

    def expression(self) -> Node:
        raise NotImplementedError

    def expressions(self) -> tuple[Node, ...]:
        raise NotImplementedError

    def value(self) -> Node:
        raise NotImplementedError

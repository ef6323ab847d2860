"""Trino's expressions, from tokens to a tree: its grammar and nothing beside it.

Source: `valueExpression`, `predicate` and `primaryExpression` of Trino's grammar, SqlBase.g4.
"""

from __future__ import annotations

from localcloud.sql.cursor import INTERVAL_FIELDS
from localcloud.sql.model import NotOffered, QueryError
from localcloud.sql.parse_calls import Calls
from localcloud.sql.tree import (
    Arithmetic,
    Array,
    AtTimeZone,
    Between,
    Binary,
    Boolean,
    Case,
    Cast,
    Comparison,
    Dereference,
    Exists,
    FunctionCall,
    Grouping,
    InList,
    InQuery,
    Interval,
    IsNull,
    LambdaExpression,
    Like,
    Logical,
    Negative,
    Node,
    Not,
    Null,
    Number,
    Parameter,
    Quantified,
    Query,
    Reference,
    Row,
    String,
    Subquery,
    Subscript,
    TypedLiteral,
)

COMPARISONS = ("=", "<>", "!=", "<=", ">=", "<", ">")
NOW = ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp")
SESSION = ("current_user", "current_catalog", "current_schema", "current_path", "current_role")
JSON_FORMS = ("json_exists", "json_value", "json_query", "json_object", "json_array", "json_table")


class Expressions(Calls):
    """Reads expressions; queries inside them are read by the subclass."""

    parameters = 0

    def expression(self) -> Node:
        terms = [self._conjunction()]
        position = self.token.position
        while self.accept("OR"):
            terms.append(self._conjunction())
        return terms[0] if len(terms) == 1 else Logical("OR", tuple(terms), position=position)

    def _conjunction(self) -> Node:
        terms = [self._negation()]
        position = self.token.position
        while self.accept("AND"):
            terms.append(self._negation())
        return terms[0] if len(terms) == 1 else Logical("AND", tuple(terms), position=position)

    def _negation(self) -> Node:
        position = self.token.position
        if self.accept("NOT"):
            return Not(self._negation(), position=position)
        return self._predicate(self.value())

    def _predicate(self, left: Node) -> Node:
        position = self.token.position
        if operator := self.one_of(*COMPARISONS):
            return self._comparison("<>" if operator == "!=" else operator, left, position)
        if self.accept("IS"):
            negated = self.accept("NOT")
            if self.accept("NULL"):
                found: Node = IsNull(left, position=position)
                return Not(found, position=position) if negated else found
            self.need("DISTINCT", "FROM")
            found = Comparison("IS DISTINCT FROM", left, self.value(), position=position)
            return Not(found, position=position) if negated else found
        negated = self.accept("NOT")
        if self.accept("BETWEEN"):
            low = self.value()
            self.need("AND")
            found = Between(left, low, self.value(), position=position)
        elif self.accept("IN"):
            found = self._membership(left, position)
        elif self.accept("LIKE"):
            pattern = self.value()
            found = Like(left, pattern, self.value() if self.accept("ESCAPE") else None, position=position)
        elif negated:
            self.fail()
        else:
            return left
        return Not(found, position=position) if negated else found

    def _comparison(self, operator: str, left: Node, position: str) -> Node:
        quantifier = self.token.value
        if quantifier in ("all", "some", "any") and self.ahead().value == "(":
            self.advance()
            self.need("(")
            query = self.query()
            self.need(")")
            return Quantified(operator, left, quantifier == "all", query, position=position)
        return Comparison(operator, left, self.value(), position=position)

    def _membership(self, left: Node, position: str) -> Node:
        self.need("(")
        if self.at_query():
            found: Node = InQuery(left, self.query(), position=position)
        else:
            found = InList(left, self.expressions(), position=position)
        self.need(")")
        return found

    def expressions(self) -> tuple[Node, ...]:
        """One or more, with commas between them."""
        found = [self.expression()]
        while self.accept(","):
            found.append(self.expression())
        return tuple(found)

    def value(self) -> Node:
        """`||` binds least, then + and -, then * / and %, then the signs, then AT TIME ZONE."""
        return self._binary((("||",), ("+", "-"), ("*", "/", "%")))

    def _binary(self, levels: tuple[tuple[str, ...], ...]) -> Node:
        if not levels:
            return self._signed()
        left = self._binary(levels[1:])
        while True:
            position = self.token.position
            operator = self.one_of(*levels[0])
            if operator is None:
                return left
            left = Arithmetic(operator, left, self._binary(levels[1:]), position=position)

    def _signed(self) -> Node:
        position = self.token.position
        if self.accept("-"):
            if self.token.kind in ("integer", "decimal", "double") and self.ahead().value not in ("[", "."):
                number = self.advance()
                return self._zoned(Number(number.kind, f"-{number.text}", position=position))
            return Negative(self._signed(), position=position)
        if self.accept("+"):
            return self._signed()
        return self._zoned(self.primary())

    def _zoned(self, operand: Node) -> Node:
        while self.token.value == "at" and self.ahead().value == "time":
            position = self.token.position
            self.need("AT", "TIME", "ZONE")
            zone: Node
            if self.at("INTERVAL"):
                zone = self._interval()
            else:
                zone = String(self.text(), position=position)
            operand = AtTimeZone(operand, zone, position=position)
        return operand

    def primary(self) -> Node:
        found = self._primary()
        while True:
            position = self.token.position
            if self.accept("["):
                found = Subscript(found, self.value(), position=position)
                self.need("]")
            elif self.token.value == "." and self.ahead().value != "*" and self.accept("."):
                found = Dereference(found, self.name(), position=found.position)
            else:
                return found

    def _primary(self) -> Node:
        token = self.token
        position = token.position
        if token.kind in ("integer", "decimal", "double"):
            self.advance()
            return Number(token.kind, token.text, position=position)
        if token.kind in ("string", "unicode"):
            return String(self.text(), position=position)
        if token.kind == "binary":
            return self._bytes()
        if self.accept("?"):
            self.parameters += 1
            return Parameter(self.parameters - 1, position=position)
        if self.at("("):
            return self._bracket()
        if token.kind == "word":
            found = self._word(token.value)
            if found is not None:
                return found
        if not self.is_name():
            self.fail("<expression>")
        return self._named()

    def _word(self, word: str) -> Node | None:
        """What begins with a key word; None where it is an identifier all the same."""
        position, following = self.token.position, self.ahead()
        if word in ("null", "true", "false"):
            self.advance()
            return Null(position=position) if word == "null" else Boolean(word == "true", position=position)
        if word == "interval" and (following.kind == "string" or following.value in ("+", "-")):
            return self._interval()
        if word == "case":
            return self._case()
        if word in NOW:
            self.advance()
            arguments: tuple[Node, ...] = ()
            if self.accept("("):
                arguments = (Number("integer", str(self.integer()), position=position),)
                self.need(")")
            return FunctionCall(word, arguments, position=position)
        if word in SESSION or word in JSON_FORMS:
            raise NotOffered(
                f"{position}: {word.upper()}; the functions json_extract and json_extract_scalar read JSON"
            )
        if word == "array" and following.value == "[":
            self.advance()
            self.need("[")
            items = () if self.at("]") else self.expressions()
            self.need("]")
            return Array(items, position=position)
        if word == "double" and following.value == "precision" and self.ahead(2).kind == "string":
            self.advance()
            self.advance()
            return TypedLiteral("double", self.text(), position=position)
        if following.value == "(" and following.kind == "operator":
            return self._form(word)
        return None

    def _form(self, word: str) -> Node | None:
        """A function with a grammar of its own."""
        position = self.token.position
        if word in ("cast", "try_cast"):
            self.advance()
            self.need("(")
            operand = self.expression()
            self.need("AS")
            kind = self.type()
            self.need(")")
            return Cast(operand, kind, word == "try_cast", position=position)
        if word == "exists":
            self.advance()
            self.need("(")
            query = self.query()
            self.need(")")
            return Exists(query, position=position)
        if word == "row":
            self.advance()
            self.need("(")
            items = self.expressions()
            self.need(")")
            return Row(items, position=position)
        if word == "grouping":
            self.advance()
            self.need("(")
            items = () if self.at(")") else self.expressions()
            self.need(")")
            return Grouping(items, position=position)
        return self.special_call(word)

    def _named(self) -> Node:
        """A column, a call, a lambda or a literal with its type ahead: `DATE '2024-01-31'`."""
        token, following = self.token, self.ahead()
        if following.kind in ("string", "unicode") and token.kind == "word":
            self.advance()
            return TypedLiteral(token.value, self.text(), position=token.position)
        if following.value == "->":
            name = self.name()
            self.need("->")
            return LambdaExpression((name,), self.expression(), position=token.position)
        if following.value == "(" and following.kind == "operator":
            return self.call()
        return Reference(self.name(), position=token.position)

    def _bracket(self) -> Node:
        """A lambda's parameters, a query, a row or an expression in brackets."""
        position = self.token.position
        close = self.index + 1
        while self.is_name(self.tokens[close]) or self.tokens[close].value == ",":
            close += 1
        if self.tokens[close].value == ")" and self.tokens[close + 1].value == "->":
            parameters = () if close == self.index + 1 else self.names()
            if not parameters:
                self.need("(", ")")
            self.need("->")
            return LambdaExpression(parameters, self.expression(), position=position)
        self.need("(")
        if self.at_query():
            query = self.query()
            self.need(")")
            return Subquery(query, position=position)
        items = self.expressions()
        self.need(")")
        return items[0] if len(items) == 1 else Row(items, position=position)

    def at_query(self) -> bool:
        """Whether a query comes next, maybe in more brackets."""
        start = self.index
        while self.tokens[start].text == "(":
            start += 1
        word = self.tokens[start]
        if word.kind != "word" or word.value not in ("select", "with", "values", "table"):
            return False
        return start == self.index or self.bracket_is_query(start)

    def bracket_is_query(self, start: int) -> bool:
        """Of `((select 1) + 2)` and `((select 1) union …)` only the second is a query in brackets."""
        depth, end = 1, start
        while depth and end < len(self.tokens) - 1:
            depth += {"(": 1, ")": -1}.get(self.tokens[end].text, 0)
            end += 1
        while self.tokens[end].text == ")" and start > self.index + 1:
            end, start = end + 1, start - 1
        return self.tokens[end].value in (")", "union", "intersect", "except", "order", "limit", "offset", "fetch")

    def _case(self) -> Node:
        position = self.need("CASE").position
        operand = None if self.at("WHEN") else self.expression()
        branches: list[tuple[Node, Node]] = []
        while self.accept("WHEN"):
            condition = self.expression()
            self.need("THEN")
            branches.append((condition, self.expression()))
        if not branches:
            self.fail("'WHEN'")
        default = self.expression() if self.accept("ELSE") else None
        self.need("END")
        return Case(operand, tuple(branches), default, position=position)

    def _interval(self) -> Node:
        position = self.need("INTERVAL").position
        sign = self.one_of("+", "-") or ""
        text = self.text()
        fields = tuple(field.upper() for field in INTERVAL_FIELDS)
        start = self.one_of(*fields) or self.fail()
        end = (self.one_of(*fields) or self.fail()) if self.accept("TO") else None
        sign = "-" if (sign == "-") != text.startswith("-") else ""
        return Interval(sign + text.lstrip("+-"), start, end, position=position)

    def _bytes(self) -> Node:
        token = self.advance()
        try:
            bytes.fromhex(token.value)
        except ValueError:
            message = "Binary literal must contain an even number of hexadecimal digits"
            raise QueryError("SYNTAX_ERROR", f"{token.position}: {message}") from None
        return Binary(token.value, position=token.position)

    def query(self) -> Query:
        raise NotImplementedError

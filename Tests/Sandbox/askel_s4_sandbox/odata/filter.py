# SPDX-License-Identifier: Apache-2.0
"""`$filter`: parsed by odata_query's grammar, checked against the entity type, compiled to one Python function.

Source of the language: OData V2 URI conventions, section 4.5. odata_query speaks V4; `literals.tokens` gives its
parser V2 tokens, and the V2 functions live in `functions`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from odata_query import ast
from odata_query.exceptions import ODataException
from odata_query.grammar import ODataParser

from .errors import parser_error
from .functions import ARITHMETIC, BOOLEAN, COMPARISONS, FUNCTIONS, MOMENT, NUMBER, STRING
from .literals import Literal, tokens
from .schema import Property
from .table import Row, Table

_NUMBERS = {"Edm.Decimal", "Edm.Double", "Edm.Int32", "Edm.Int16", "Edm.Byte", "Edm.Int64"}
_MOMENTS = {"Edm.DateTime", "Edm.DateTimeOffset"}
_SIGNS = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ORDERED_STRINGS = {STRING, BOOLEAN}


class _Term:
    """A compiled part: Python source, its type, and the property or literal that it stands for."""

    def __init__(self, source: str, kind: str, prop: Property | None = None, literal: Literal | None = None):
        self.source = source
        self.kind = NUMBER if kind in _NUMBERS else kind
        self.prop = prop
        self.literal = literal


def compile_filter(text: str, table: Table) -> Callable[[Row], bool]:
    """The filter as a function of a row.

    - Throws: `ODataError` 400 for what cannot be parsed, names no property, or compares unlike types.
    """
    try:
        tree = ODataParser().parse(tokens(text))
        if tree is None:
            raise parser_error("Invalid filter: it is empty")
        compiler = _Compiler(table)
        term = compiler.visit(tree)
    except ODataException as error:
        raise parser_error(f"Invalid filter: {error}") from None
    except RecursionError:
        raise parser_error("Invalid filter: it is nested too deeply") from None
    if term.kind != BOOLEAN:
        raise parser_error("Invalid filter: the expression is not a Boolean")
    try:
        # The source holds column numbers and names of our own; values of the request are passed beside it.
        keep: Callable[[Row], bool] = eval(f"lambda r: {term.source}", compiler.values)
    except (RecursionError, MemoryError, SyntaxError):
        raise parser_error("Invalid filter: it is nested too deeply") from None
    return keep


class _Compiler:
    def __init__(self, table: Table):
        self.table = table
        self.values: dict[str, Any] = {"__builtins__": {}}

    def _bind(self, value: Any) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return name

    def visit(self, node: ast._Node) -> _Term:
        if isinstance(node, Literal):
            return _Term(self._bind(node.value), node.edm_type, literal=node)
        if isinstance(node, ast.Identifier):
            return self._property(node.name)
        if isinstance(node, ast.Compare):
            return self._compare(_SIGNS.get(type(node.comparator)), self.visit(node.left), self.visit(node.right))
        if isinstance(node, ast.BoolOp):
            return self._chain(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return _Term(f"(not {self._boolean(node.operand)})", BOOLEAN)
        if isinstance(node, ast.UnaryOp):
            term = self._typed(self.visit(node.operand), NUMBER, "-")
            return _Term(f"{self._bind(ARITHMETIC['Sub'])}(0, {term})", NUMBER)
        if isinstance(node, ast.BinOp):
            name = type(node.op).__name__
            sides = [self._typed(self.visit(side), NUMBER, name.lower()) for side in (node.left, node.right)]
            return _Term(f"{self._bind(ARITHMETIC[name])}({', '.join(sides)})", NUMBER)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Attribute):
            raise parser_error("Invalid filter: paths over navigation properties are not supported here")
        raise parser_error("Invalid filter: unknown expression")

    def _chain(self, node: ast.BoolOp) -> _Term:
        # "a or b or c …" comes nested to the left, once a term; a list of a thousand keys must not nest that deep.
        kind, operands, left = type(node.op), [node.right], node.left
        while isinstance(left, ast.BoolOp) and isinstance(left.op, kind):
            operands.append(left.right)
            left = left.left
        operands.append(left)
        word = " and " if kind is ast.And else " or "
        return _Term(f"({word.join(self._boolean(operand) for operand in reversed(operands))})", BOOLEAN)

    def _property(self, name: str) -> _Term:
        prop = self.table.entity.by_name.get(name)
        if prop is None:
            raise parser_error(f"Property {name} not found in type {self.table.entity.type_name}")
        column = self.table.index.get(name)
        source = self._bind(self.table.constants[name]) if column is None else f"r[{column}]"
        return _Term(source, prop.edm_type, prop=prop)

    def _boolean(self, node: ast._Node) -> str:
        term = self.visit(node)
        if term.kind != BOOLEAN:
            raise parser_error("Invalid filter: and, or and not need Boolean operands")
        return term.source

    def _compare(self, sign: str | None, left: _Term, right: _Term) -> _Term:
        if sign is None:
            raise parser_error("Invalid filter: unknown comparison")
        kinds = {left.kind, right.kind} - {"null"}
        if len(kinds) > 1:
            raise parser_error(f"Invalid filter: {left.kind} and {right.kind} cannot be compared")
        for side, other in ((left, right), (right, left)):
            # "10" and "000010" name one item: literals are brought into the internal form of the property.
            if side.literal and other.prop and side.kind == STRING:
                side.source = self._bind(other.prop.internal(side.literal.value))
        if sign in ("==", "!=") or (kinds <= _ORDERED_STRINGS and "null" not in (left.kind, right.kind)):
            return _Term(f"({left.source} {sign} {right.source})", BOOLEAN)
        return _Term(f"{self._bind(COMPARISONS[sign])}({left.source}, {right.source})", BOOLEAN)

    def _typed(self, term: _Term, kind: str, where: str) -> str:
        """Source of an argument of the wanted type; ids in outer form, moments in milliseconds."""
        if kind == MOMENT and term.kind in _MOMENTS:
            ticks = term.kind == "Edm.DateTimeOffset"
            return f"{self._bind(_ticks_to_ms)}({term.source})" if ticks else term.source
        if term.kind not in (kind, "null"):
            raise parser_error(f"Invalid parameter type {term.kind} used at function '{where}'")
        if term.prop and term.prop.padded:
            return f"{self._bind(show_padded(term.prop))}({term.source})"
        return term.source

    def _call(self, node: ast.Call) -> _Term:
        name = node.func.name
        known = FUNCTIONS.get(f"{name}/{len(node.args)}") or FUNCTIONS.get(name)
        if known is None:
            raise parser_error(f"Invalid function '{name}' in filter")
        kinds, result, function = known
        if len(node.args) != len(kinds):
            raise parser_error(f"Invalid number of parameters ({len(node.args)}) for function '{name}'")
        arguments = [self._typed(self.visit(arg), kind, name) for arg, kind in zip(node.args, kinds, strict=True)]
        return _Term(f"{self._bind(function)}({', '.join(arguments)})", result)


def _ticks_to_ms(ticks: int | None) -> int | None:
    return None if ticks is None else ticks // 10_000


def show_padded(prop: Property) -> Callable[[str], str]:
    """How a padded id is shown: without leading zeros; an initial NUMC as "0"."""
    zero = "0" if prop.display_format == "NonNegative" else ""
    return lambda text: text.lstrip("0") or (zero if text else "")

"""Part of a cohort by an expression over its clinical columns, such as ``her2_status == "+" and age >= 50``."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import reduce

import polars as pl

from sensitome.errors import SettingsError, TableError, listed, suggestion
from sensitome.patients import Cohort

__all__ = ["condition", "subset"]

_COMPARE: Mapping[type[ast.cmpop], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def subset(cohort: Cohort, expression: str) -> Cohort:
    """Keep the patients for whom an expression holds.

    Parameters
    ----------
    cohort : not changed
    expression : comparisons of clinical columns with values (``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``),
        joined by ``and``, ``or``, ``not``; where a column is empty a comparison does not hold

    Raises
    ------
    SettingsError
        It is no such expression.
    TableError
        It names a column that is not there, or compares text with a number.
    """
    if not expression.strip():
        return cohort
    wanted = condition(expression, columns=cohort.clinical.columns)
    try:
        kept = cohort.clinical.select(wanted.alias("kept"))["kept"]
    except pl.exceptions.PolarsError as error:
        raise TableError(
            f"subset {expression!r} cannot be told",
            where=f"cohort {cohort.name!r}",
            found=str(error).split("\n")[0],
            expected="text compared with text, and numbers with numbers",
            next_step="Put quotes around text, and none around numbers.",
        ) from error
    if cohort.clinical.height and not kept.any():
        raise TableError(
            f"subset {expression!r} keeps no patient",
            where=f"cohort {cohort.name!r}",
            found=f"{cohort.clinical.height:,} patients, of none of whom it is true",
            next_step="Look at the words and units of these columns.",
        )
    return cohort.keep(kept, step=expression, reason=f"not {expression}")


def condition(expression: str, *, columns: list[str]) -> pl.Expr:
    """Polars condition of an expression; null comparisons are False.

    Raises
    ------
    SettingsError
        It is no such expression.
    TableError
        It names a column that is not there.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError as error:
        raise _refused(expression, error.msg) from error
    return _boolean(tree.body, expression, columns)


def _boolean(node: ast.expr, whole: str, columns: list[str]) -> pl.Expr:
    if isinstance(node, ast.BoolOp):
        parts = [_boolean(value, whole, columns) for value in node.values]
        return reduce((lambda a, b: a & b) if isinstance(node.op, ast.And) else (lambda a, b: a | b), parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_boolean(node.operand, whole, columns)
    if isinstance(node, ast.Name):
        return _value(node, whole, columns).fill_null(False)
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        pairs = zip(sides[:-1], node.ops, sides[1:], strict=True)
        return reduce(lambda a, b: a & b, [_comparison(left, op, right, whole, columns) for left, op, right in pairs])
    raise _refused(whole, f"{ast.unparse(node)!r} is no comparison")


def _comparison(left: ast.expr, op: ast.cmpop, right: ast.expr, whole: str, columns: list[str]) -> pl.Expr:
    if isinstance(op, ast.In | ast.NotIn) and isinstance(right, ast.List | ast.Tuple | ast.Set):
        options = [_constant(item, whole) for item in right.elts]
        side = _value(left, whole, columns)
        inside = reduce(operator.or_, [side == option for option in options], pl.lit(False))
        return (inside if isinstance(op, ast.In) else ~inside).fill_null(False)
    compare = _COMPARE.get(type(op))
    if compare is not None:
        return compare(_value(left, whole, columns), _value(right, whole, columns)).fill_null(False)
    raise _refused(whole, f"{ast.unparse(right)!r} is no list of values")


def _value(node: ast.expr, whole: str, columns: list[str]) -> pl.Expr:
    if not isinstance(node, ast.Name):
        return pl.lit(_constant(node, whole))
    if node.id not in columns:
        raise TableError(
            f"subset {whole!r} names a column that is not there",
            found=repr(node.id),
            expected=listed(columns),
            next_step=suggestion(node.id, columns),
        )
    return pl.col(node.id)


def _constant(node: ast.expr, whole: str) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError as error:
        raise _refused(whole, f"{ast.unparse(node)!r} is no value") from error


def _refused(whole: str, found: str) -> SettingsError:
    return SettingsError(
        f"subset {whole!r} cannot be read",
        found=found,
        expected='comparisons joined by and, or, not, such as: her2_status == "+" and age >= 50',
    )

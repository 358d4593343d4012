"""For the one statement that somebody at a door waits for: compiled once, run by the driver."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

Row = list[Any]


@dataclass(slots=True)
class _Plan:
    """What a dialect makes of the statement."""

    text: str
    order: Sequence[str] | None
    """The names of the parameters, where the driver wants them by place."""
    conversions: Sequence[tuple[int, Callable[[Any], Any]]] | None = None
    """By column: what its type makes of the driver's value. Most leave it as it is. Known from the
    first execution on, for some types ask what the driver found."""


class Prepared:
    """A SELECT whose rows come as lists, each value as its column's type says.

    SQLAlchemy looks up and sets up for every execution what is always the same; for a handful of
    rows that takes longer than the query. Parameters are text and whole numbers, which every
    driver takes as they are. To be used in AUTOCOMMIT: no transaction is begun.
    """

    def __init__(self, statement: sa.Select[*tuple[Any, ...]]) -> None:
        self._statement = statement
        self._plans: dict[str, _Plan] = {}

    def rows(self, connection: sa.Connection, parameters: Mapping[str, str | int]) -> list[Row]:
        """All rows. Raises sqlalchemy.exc.DBAPIError; the connection makes itself anew then."""
        plan = self._plan_for(connection.dialect)
        given = parameters if plan.order is None else [parameters[name] for name in plan.order]
        try:
            with closing(connection.connection.cursor()) as cursor:
                cursor.execute(plan.text, given)
                if plan.conversions is None:
                    plan.conversions = self._conversions(connection.dialect, cursor.description)
                found = [list(row) for row in cursor.fetchall()]
        except connection.dialect.loaded_dbapi.Error as error:
            connection.invalidate(error)
            raise DBAPIError(plan.text, None, error, hide_parameters=True) from error
        for row in found:
            for column, convert in plan.conversions:
                row[column] = convert(row[column])
        return found

    def _plan_for(self, dialect: sa.Dialect) -> _Plan:
        plan = self._plans.get(dialect.name)
        if plan is None:
            plan = self._plans[dialect.name] = self._compile(dialect)
        return plan

    def _compile(self, dialect: sa.Dialect) -> _Plan:
        compiled = self._statement.compile(dialect=dialect)
        return _Plan(str(compiled), getattr(compiled, "positiontup", None))

    def _conversions(
        self, dialect: sa.Dialect, described: Sequence[Sequence[Any]]
    ) -> Sequence[tuple[int, Callable[[Any], Any]]]:
        made = (
            column.type.dialect_impl(dialect).result_processor(dialect, found[1])
            for column, found in zip(self._statement.selected_columns, described, strict=True)
        )
        return [(number, convert) for number, convert in enumerate(made) if convert is not None]

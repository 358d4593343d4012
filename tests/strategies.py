"""Hypothesis strategies, derived from the message types themselves.

What a type says about its values (ranges, patterns, lengths) is read by `msgspec.inspect`, so a
new message or field is tried without a line here.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from presence import codec
from presence.messages import Entry
from presence.visit import Fact
from tests.builders import (
    NOW,
    arrival,
    came_back,
    departure,
    seen_elsewhere,
    staff_said,
    went_out,
)

times = st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@cache
def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a msgspec type that the contract allows."""
    return _values(inspect.type_info(kind))


def _values(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.StructType(cls=cls, fields=fields):
            return st.builds(cls, **{field.name: _values(field.type) for field in fields})
        case inspect.UnionType(types=types):
            return st.one_of([_values(one) for one in types])
        case inspect.VarTupleType(item_type=item, max_length=most):
            return st.lists(_values(item), max_size=min(most or 3, 3)).map(tuple)
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(_values(key), _values(value), max_size=3)
        case inspect.EnumType(cls=choices):
            return st.sampled_from(list(choices))
        case _:
            return _plain_values(info)


def _plain_values(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.IntType(ge=least, lt=limit):
            return st.integers(
                -(2**31) if least is None else least, (2**31 if limit is None else limit) - 1
            )
        case inspect.StrType(pattern=None, max_length=most):
            return st.text(max_size=min(most or 20, 20))
        case inspect.StrType(pattern=str()):
            return st.uuids().map(str)  # the only pattern of the contract; a decoder would tell
        case inspect.RawType():
            return values_of(Entry).map(lambda entry: msgspec.Raw(codec.encode_entry(entry)))
        case _ if type(info) in _UNBOUNDED:
            return _UNBOUNDED[type(info)]
        case _:
            raise NotImplementedError(f"no strategy for {info}")


_UNBOUNDED: Mapping[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.BoolType: st.booleans(),
    inspect.NoneType: st.none(),
    inspect.DateTimeType: times,
    inspect.DateType: st.dates(date(1970, 1, 1), date(2199, 12, 31)),
    inspect.TimeType: st.times(),
}


_HAPPENINGS: Sequence[Callable[[datetime, int], Fact]] = (
    arrival,
    partial(arrival, is_vigil=True),
    partial(arrival, heard=NOW + timedelta(hours=90)),
    departure,
    partial(departure, doubtful=True),
    went_out,
    came_back,
    seen_elsewhere,
    partial(staff_said, is_here=True),
    partial(staff_said, is_here=False),
)


def facts_of_one_person(
    max_size: int = 12, happenings: Sequence[Callable[[datetime, int], Fact]] = _HAPPENINGS
) -> st.SearchStrategy[list[Fact]]:
    """All that can happen at one home, within a few hours or a few days, some of it at the very
    same time, in any order."""
    hours = st.sampled_from((4, 100))
    return hours.flatmap(
        lambda most: st.lists(
            st.tuples(
                st.sampled_from(happenings),
                st.integers(0, most * 60).map(lambda minutes: NOW + timedelta(minutes=minutes)),
                st.integers(1, 99),
            ),
            max_size=max_size,
            unique_by=lambda fact: fact[2],
        )
    ).map(lambda facts: [make(at, number) for make, at, number in facts])

"""Hypothesis strategies, derived from the message types themselves.

What a type says about its values (ranges, patterns, lengths) is read by `msgspec.inspect`, so a
new message or field is tried without a line here.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from presence import codec
from presence.messages import Entry
from presence.visit import Arrival, Departure, Fact
from tests.builders import NOW, event_id, visit_id

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


@st.composite
def facts_of_one_person(draw: st.DrawFn, max_size: int = 12) -> list[Fact]:
    """Arrivals and departures of a few hours, some at the very same time, in any order."""
    count = draw(st.integers(0, max_size))
    minutes = draw(st.lists(st.integers(0, 240), min_size=count, max_size=count))
    numbers = draw(st.permutations(range(1, count + 1)))
    return [
        draw(_fact(NOW + timedelta(minutes=minute), number))
        for minute, number in zip(minutes, numbers, strict=True)
    ]


def _fact(at: datetime, number: int) -> st.SearchStrategy[Fact]:
    return st.one_of(
        st.just(Arrival(at, event_id(number), visit_id(number))),
        st.builds(Departure, st.just(at), st.just(event_id(number)), st.booleans()),
    )

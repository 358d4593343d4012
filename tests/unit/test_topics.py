"""Topics: the one place where they are made, and nothing else is taken for one."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from presence import messages
from presence.errors import TopicError
from presence.ids import KioskId
from presence.topics import (
    CHANNELS,
    DOWN_LIMIT,
    GATEWAYS,
    STATUS_LISTS,
    UP_LIMIT,
    Leaf,
    all_down,
    kiosk_id,
    parse,
    status_list,
    status_list_number,
    topic,
)
from tests.builders import KIOSK

kiosk_ids = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?\Z").map(KioskId)


def subclasses(kind: type[messages.Message]) -> set[type[messages.Message]]:
    direct = set(kind.__subclasses__())
    return direct.union(*map(subclasses, direct))


def test_the_topics_are_those_of_the_contract() -> None:
    assert [topic(KIOSK, leaf) for leaf in Leaf] == [
        "tilstede/v1/kiosk/solbakken-1/up/question",
        "tilstede/v1/kiosk/solbakken-1/up/entries",
        "tilstede/v1/kiosk/solbakken-1/up/heartbeat",
        "tilstede/v1/kiosk/solbakken-1/up/link",
        "tilstede/v1/kiosk/solbakken-1/up/have",
        "tilstede/v1/kiosk/solbakken-1/down/answer",
        "tilstede/v1/kiosk/solbakken-1/down/receipts",
        "tilstede/v1/kiosk/solbakken-1/down/roster",
        "tilstede/v1/kiosk/solbakken-1/down/briefing",
    ]
    assert all_down(KIOSK) == "tilstede/v1/kiosk/solbakken-1/down/#"
    assert GATEWAYS == "$share/gateway/tilstede/v1/kiosk/+/up/#"
    assert status_list(3) == "tilstede/v1/public/status/3"
    assert STATUS_LISTS == "tilstede/v1/public/status/+"


def test_every_leaf_and_every_message_has_its_channel() -> None:
    assert set(CHANNELS) == set(Leaf)
    assert all(channel.leaf is leaf for leaf, channel in CHANNELS.items())
    in_use = {channel.message for channel in CHANNELS.values()}
    assert in_use == subclasses(messages.Message) - {messages.FromKiosk}


def test_what_goes_up_names_its_kiosk_and_is_small() -> None:
    for leaf, channel in CHANNELS.items():
        is_up = leaf.startswith("up/")
        assert issubclass(channel.message, messages.FromKiosk) == is_up
        assert channel.limit == (UP_LIMIT if is_up else DOWN_LIMIT)


def test_only_the_heartbeat_may_be_lost_and_only_the_roster_is_signed() -> None:
    assert {leaf: channel.qos for leaf, channel in CHANNELS.items() if channel.qos != 1} == {
        Leaf.HEARTBEAT: 0
    }
    assert [leaf for leaf, channel in CHANNELS.items() if channel.is_signed] == [Leaf.ROSTER]


@given(kiosk_ids)
@example(KioskId("a"))
@example(KioskId("a" * 64))
def test_every_broker_takes_our_topics(kiosk: KioskId) -> None:
    """At most seven levels, no leading `$` or `/`, no wildcard but at the end of a filter."""
    for leaf in Leaf:
        name = topic(kiosk, leaf)
        assert name.count("/") <= 6
        assert re.fullmatch(r"[a-z][a-z0-9/-]*", name)
    assert all_down(kiosk).removesuffix("/#").count("#") == 0


@given(kiosk_ids, st.sampled_from(Leaf))
def test_a_topic_is_read_back(kiosk: KioskId, leaf: Leaf) -> None:
    assert parse(topic(kiosk, leaf)) == (kiosk, leaf)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "a/b",
        "a/up/question",
        "+",
        "#",
        "a#",
        "$share",
        "..",
        "a b",
        " a",
        "a ",
        "a\n",
        "\na",
        "a\0",
        "-a",
        "a-",
        "-",
        "A",
        "Solbakken-1",
        "sølbakken",
        "а1",  # a Cyrillic letter
        "１",  # a full-width digit
        "²",
        "a_b",
        "a.b",
        "a" * 65,
        "a" * 1_000_000,
    ],
)
def test_a_name_that_would_break_a_topic_is_no_kiosk_id(text: str) -> None:
    with pytest.raises(TopicError, match="kiosk id has 1 to 64"):
        kiosk_id(text)


@given(st.text(max_size=70))
def test_any_other_text_is_a_safe_kiosk_id_or_refused(text: str) -> None:
    try:
        kiosk = kiosk_id(text)
    except TopicError:
        return
    assert parse(topic(kiosk, Leaf.QUESTION)) == (text, Leaf.QUESTION)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tilstede/v1/kiosk/",
        "tilstede/v1/kiosk/a",
        "tilstede/v1/kiosk/a/",
        "tilstede/v1/kiosk//up/question",
        "tilstede/v1/kiosk/a/up",
        "tilstede/v1/kiosk/a/up/",
        "tilstede/v1/kiosk/a/up/question/",
        "tilstede/v1/kiosk/a/up/question/x",
        "tilstede/v1/kiosk/a/up/Question",
        "tilstede/v1/kiosk/a/up/answer",
        "tilstede/v1/kiosk/a/question",
        "tilstede/v1/kiosk/a/b/up/question",
        "tilstede/v1/kiosk/+/up/question",
        "tilstede/v1/kiosk/a/up/#",
        "/tilstede/v1/kiosk/a/up/question",
        "x/tilstede/v1/kiosk/a/up/question",
        "$share/gateway/tilstede/v1/kiosk/a/up/question",
        "tilstede/v2/kiosk/a/up/question",
        "tilstede/v1/public/trust",
        "tilstede/v1/kiosk/a/up/questiontilstede/v1/kiosk/",
    ],
)
def test_any_other_topic_is_refused(text: str) -> None:
    with pytest.raises(TopicError):
        parse(text)


@given(st.text(max_size=60) | st.text("tilsedv1/koupqan+#$-", max_size=60))
def test_junk_is_refused_or_is_exactly_a_topic_of_ours(text: str) -> None:
    for candidate in (text, f"tilstede/v1/kiosk/{text}", f"tilstede/v1/kiosk/a/{text}"):
        try:
            found = parse(candidate)
        except TopicError:
            continue
        assert topic(*found) == candidate


@given(st.integers(0, 2**31 - 1))
def test_the_number_of_a_status_list_is_read_back(number: int) -> None:
    assert status_list_number(status_list(number)) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "tilstede/v1/public/status/",
        "tilstede/v1/public/status/+",
        "tilstede/v1/public/status/#",
        "tilstede/v1/public/status/-1",
        "tilstede/v1/public/status/03",
        "tilstede/v1/public/status/3 ",
        "tilstede/v1/public/status/3/4",
        "tilstede/v1/public/status/٣",  # an Arabic digit
        "tilstede/v1/public/status/2147483648",
        "tilstede/v1/public/status/99999999999999999999",
        "x/tilstede/v1/public/status/3",
        "tilstede/v1/public/trust",
        "tilstede/v1/kiosk/a/down/roster",
    ],
)
def test_any_other_topic_is_no_status_lists(text: str) -> None:
    with pytest.raises(TopicError, match="not the topic of a status list"):
        status_list_number(text)

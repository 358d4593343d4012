"""The wire for machines to read is the wire that the code speaks."""

import json
from typing import Any, get_args

import pytest

from presence.messages import What
from presence.topics import CHANNELS, Leaf
from tests.checks import asyncapi


@pytest.fixture(scope="module")
def wire() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asyncapi.TARGET.read_text(encoding="utf-8"))
    return found


def test_the_document_in_the_docs_is_current() -> None:
    assert asyncapi.TARGET.read_text(encoding="utf-8") == asyncapi.document()


def test_every_channel_is_there_in_its_direction(wire: dict[str, Any]) -> None:
    found = {
        (wire["channels"][name]["address"], operation["action"])
        for operation in wire["operations"].values()
        for name in [operation["channel"]["$ref"].rpartition("/")[2]]
    }
    assert found == {
        (f"tilstede/v1/kiosk/{{kiosk}}/{leaf}", "send" if leaf.startswith("up/") else "receive")
        for leaf in Leaf
    } | {("tilstede/v1/public/status/{list}", "receive")}
    assert len(wire["operations"]) == len(CHANNELS) + 1


def test_whatever_is_referred_to_is_there(wire: dict[str, Any]) -> None:
    references = set(asyncapi.references(wire))
    assert len(references) > len(CHANNELS)
    for reference in references:
        place = wire
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        assert place


def test_only_status_lists_rest_in_the_broker(wire: dict[str, Any]) -> None:
    retained = {
        name for name, one in wire["operations"].items() if one["bindings"]["mqtt"]["retain"]
    }
    assert retained == {"receive-status-list"}


def test_only_the_roster_and_the_status_lists_are_said_to_be_signed(wire: dict[str, Any]) -> None:
    types = {
        name: one["contentType"]
        for name, one in wire["components"]["messages"].items()
        if "contentType" in one
    }
    assert types == {
        "roster": 'application/cose; cose-type="cose-sign1"',
        "status-list": "application/statuslist+cwt",
    }


def test_an_entry_is_described_though_it_is_read_by_itself(wire: dict[str, Any]) -> None:
    schemas = wire["components"]["schemas"]
    assert schemas["Entries"]["properties"]["entries"]["items"] == {
        "$ref": "#/components/schemas/Entry"
    }
    assert schemas["Entry"]["properties"]["what"]["anyOf"] == [
        {"$ref": f"#/components/schemas/{kind.__name__}"} for kind in get_args(What)
    ]


def test_times_are_said_to_be_times_wherever_they_stand(wire: dict[str, Any]) -> None:
    schemas = wire["components"]["schemas"]
    assert schemas["Stamp"]["properties"]["wall"] == {"type": "string", "format": "date-time"}
    assert schemas["Visit"]["properties"]["left"]["anyOf"][0]["format"] == "date-time"
    assert schemas["Moment"]["items"][0]["format"] == "date-time"
    assert "format" not in schemas["Heartbeat"]["properties"]["program"]


def test_the_schemas_keep_to_the_dialect_that_the_document_is_read_in(wire: dict[str, Any]) -> None:
    text = json.dumps(wire["components"]["schemas"])
    assert "prefixItems" not in text
    assert "discriminator" not in text
    card = wire["components"]["schemas"]["CardRef"]
    assert [one["type"] for one in card["items"]] == ["integer", "integer"]

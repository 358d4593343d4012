"""Writes docs/asyncapi.json, the wire for machines to read: `python -m tests.checks.asyncapi`.

An AsyncAPI 3.0 document made from `presence.topics.CHANNELS` and `presence.messages`, seen from the
kiosk: what it sends and what it receives. Somebody else's kiosk can be written from it and from
docs/wire.md. A unit test holds the file to what this gives.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from kiosk.link.connection import QUESTION_EXPIRY_SECONDS
from presence.messages import Entry, Message
from presence.statuslist import TYPE
from presence.topics import CHANNELS, PREFIX, STATUS_LIMIT, STATUS_LISTS, Channel, Leaf

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "docs" / "asyncapi.json"

_DESCRIPTION = """\
Messages are JSON in UTF-8. A field that a reader does not know is ignored; a message whose `v` it
does not know is left alone. Times are RFC 3339 in UTC, of the years 1970 to 2199. The rules around
the messages (who acknowledges what, when something is sent again) are in docs/wire.md."""
_SIGNED = """\
Sent as a COSE_Sign1 (RFC 9052) whose payload is this JSON; audience and time of signing are CWT
claims in the protected header (RFC 9597)."""
_KIOSK = """\
The kiosk's id: 1 to 64 lower-case letters, digits and inner hyphens. A message that names its kiosk
must name this one."""
_LIST = "The list's number, 0 to 2147483647 in decimal digits: the first half of a card's place."
_STATUS_LIST = "status-list"
_SIGNED_LIST = """\
A Token Status List in its CWT form (draft-ietf-oauth-status-list-20, section 5.2): a COSE_Sign1
with `{1: -19, 4: kid, 16: type}` as its protected header and the claims 2 (`tilstede:status:LIST`),
4, 6, 65533 (two bits for each of 131072 cards: 0 valid, 1 invalid, 2 suspended, 3 renewal due) and
65534, in deterministic CBOR. Retained; only a newer one is ever taken over."""
_CORRELATION = (
    "If a question carries the MQTT property of that name, its answer carries the same bytes."
)
_CORRELATED = (Leaf.QUESTION, Leaf.ANSWER)
_MQTT = {"bindingVersion": "0.2.0"}


def document() -> str:
    """The whole document as it stands in the file."""
    return json.dumps(_document(), indent=1, ensure_ascii=False) + "\n"


def _document() -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:{PREFIX.replace('/', ':')}",
        "info": {
            "title": "Tilstede: between a kiosk and the server",
            "version": project["version"],
            "description": _one_line(_DESCRIPTION),
            "license": {"name": project["license"]},
        },
        "defaultContentType": "application/json",
        "channels": {
            **{_name(leaf): _channel(leaf) for leaf in CHANNELS},
            _STATUS_LIST: _public_channel(),
        },
        "operations": {
            **dict(_operation(leaf, channel) for leaf, channel in CHANNELS.items()),
            f"receive-{_STATUS_LIST}": _public_operation(),
        },
        "components": {
            "parameters": {
                "kiosk": {"description": _one_line(_KIOSK)},
                "list": {"description": _one_line(_LIST)},
            },
            "messages": {
                **{_name(leaf): _message(channel) for leaf, channel in CHANNELS.items()},
                _STATUS_LIST: _public_message(),
            },
            "schemas": _schemas([channel.message for channel in CHANNELS.values()]),
        },
    }


def _channel(leaf: Leaf) -> dict[str, Any]:
    return {
        "address": f"{PREFIX}/kiosk/{{kiosk}}/{leaf}",
        "parameters": {"kiosk": {"$ref": "#/components/parameters/kiosk"}},
        "messages": {_name(leaf): {"$ref": f"#/components/messages/{_name(leaf)}"}},
    }


def _operation(leaf: Leaf, channel: Channel) -> tuple[str, dict[str, Any]]:
    name, action = _name(leaf), "send" if leaf.startswith("up/") else "receive"
    mqtt: dict[str, Any] = {"qos": channel.qos, "retain": False, **_MQTT}
    if leaf is Leaf.QUESTION:
        mqtt["messageExpiryInterval"] = QUESTION_EXPIRY_SECONDS
    operation: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{name}"},
        "bindings": {"mqtt": mqtt},
    }
    if leaf is Leaf.QUESTION:
        operation["reply"] = {"channel": {"$ref": f"#/channels/{_name(Leaf.ANSWER)}"}}
    return f"{action}-{name}", operation


def _message(channel: Channel) -> dict[str, Any]:
    about = _one_line(channel.message.__doc__ or "")
    message: dict[str, Any] = {
        "title": channel.message.__name__,
        "description": f"{about} {_one_line(_SIGNED)}" if channel.is_signed else about,
        "payload": {"$ref": f"#/components/schemas/{channel.message.__name__}"},
        "x-largest-payload-bytes": channel.limit,
    }
    if channel.is_signed:
        message["contentType"] = 'application/cose; cose-type="cose-sign1"'
    if channel.leaf in _CORRELATED:
        correlation = {"type": "string", "description": _CORRELATION}
        message["bindings"] = {"mqtt": {"correlationData": correlation, **_MQTT}}
    return message


def _public_channel() -> dict[str, Any]:
    return {
        "address": STATUS_LISTS.replace("+", "{list}"),
        "parameters": {"list": {"$ref": "#/components/parameters/list"}},
        "messages": {_STATUS_LIST: {"$ref": f"#/components/messages/{_STATUS_LIST}"}},
    }


def _public_operation() -> dict[str, Any]:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{_STATUS_LIST}"},
        "bindings": {"mqtt": {"qos": 1, "retain": True, **_MQTT}},
    }


def _public_message() -> dict[str, Any]:
    return {
        "title": "StatusList",
        "description": _one_line(_SIGNED_LIST),
        "contentType": TYPE,
        "payload": {"type": "string", "contentEncoding": "binary"},
        "x-largest-payload-bytes": STATUS_LIMIT,
    }


def _schemas(kinds: Sequence[type[Message]]) -> dict[str, Any]:
    types: list[type] = [*kinds, Entry]
    _, found = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schemas: dict[str, Any] = {name: _as_draft_7(schema) for name, schema in found.items()}
    for name, field in _times(types):
        _mark_as_time(schemas[name], field)
    for kind in kinds:
        schema = schemas[kind.__name__]
        schema["properties"]["v"] = {"const": kind.VERSION}
        schema["required"] = ["v", *schema["required"]]
    # Each is kept as it came and read by itself, so the type of the list does not tell.
    schemas["Entries"]["properties"]["entries"]["items"] = {"$ref": "#/components/schemas/Entry"}
    return dict(sorted(schemas.items()))


def _as_draft_7(schema: Any) -> Any:
    """The same in the dialect that AsyncAPI takes by default: JSON Schema, draft 7. What an
    `anyOf` holds is told apart by its `type`; msgspec's `discriminator` is OpenAPI's."""
    if isinstance(schema, list):
        return [_as_draft_7(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _as_draft_7(value) for key, value in schema.items() if key != "discriminator"}
    if "prefixItems" in found:
        found["additionalItems"] = found.pop("items", True)
        found["items"] = found.pop("prefixItems")
    if "$ref" in found and len(found) > 1:
        found["allOf"] = [{"$ref": found.pop("$ref")}]
    if isinstance(found.get("description"), str):
        found["description"] = _one_line(found["description"])
    return found


def _times(types: Sequence[type]) -> Iterator[tuple[str, int | str]]:
    """Each field that is a time, which msgspec calls a string: its schema and its name, or its
    place where the fields stand in a list."""
    waiting: list[inspect.Type] = list(inspect.multi_type_info(types))
    seen: set[type] = set()
    while waiting:
        found = waiting.pop()
        if isinstance(found, inspect.StructType) and found.cls not in seen:
            seen.add(found.cls)
            for place, field in enumerate(found.fields):
                waiting.append(field.type)
                if _is_time(field.type):
                    yield found.cls.__name__, place if found.array_like else field.encode_name
        elif isinstance(found, inspect.UnionType):
            waiting += found.types
        elif isinstance(found, inspect.CollectionType):
            waiting.append(found.item_type)


def _is_time(kind: inspect.Type) -> bool:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(one, inspect.DateTimeType) for one in kinds)


def _mark_as_time(schema: dict[str, Any], field: int | str) -> None:
    place = schema["items"][field] if isinstance(field, int) else schema["properties"][field]
    for one in place.get("anyOf", [place]):
        if one.get("type") == "string":
            one["format"] = "date-time"


def _name(leaf: Leaf) -> str:
    return leaf.rpartition("/")[2]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def references(node: object) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(node, Mapping):
        if isinstance(reference := node.get("$ref"), str):
            yield reference
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")

"""Writes what differs between the shipped policies into docs/policies.md:
`python -m tests.checks.policies_doc`.

A unit test holds the page to what this gives, and its table of keys to the code.
"""

from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import msgspec

from presence.activity import Activity
from presence.card import Assurance
from presence.policy import Emergency, EmergencyNumber, Policy
from presence.policy_file import CAN_BE_LET_IN, MANDATORY, WHOLE, parse

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "docs" / "policies.md"
FOLDER = ROOT / "presence" / "policies"
NAMES = {"NO": "Norway", "SE": "Sweden", "DK": "Denmark"}

BEGIN = "<!-- written by python -m tests.checks.policies_doc -->\n"
END = "<!-- to here -->\n"


def document(page: str) -> str:
    """The page with its written part anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{differences()}\n{END}{after}"


def differences() -> str:
    """The newest shipped versions side by side, where they are not all the same."""
    newest = {name: _newest(name) for name in NAMES}
    values = {
        key: [_shown(getattr(policy, key)) for policy in newest.values()]
        for key in Policy.__struct_fields__
        if key not in ("society", "version")
    }
    rows = [[f"`{key}`", *cells] for key, cells in values.items() if len(set(cells)) > 1]
    table = [["Key", *NAMES.values()], ["---"] * (len(NAMES) + 1), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in table)


def every_key() -> Iterator[tuple[str, str, str]]:
    """Every key of a version with what it may be and its default, as the page has them."""
    default = Policy()
    for field in Policy.__struct_fields__[1:]:
        key = "from" if field == "version" else field
        may_be = "–".join(map(str, WHOLE[key])) if key in WHOLE else ""
        yield key, may_be, "must be said" if key in MANDATORY else _shown(getattr(default, field))


def choices() -> set[str]:
    """Every word that a list of a policy may hold."""
    return {*map(str, (*Activity, *CAN_BE_LET_IN, *Emergency))}


def _newest(society: str) -> Policy:
    path = FOLDER / f"{society.lower()}.toml"
    return parse(path.read_text(encoding="utf-8"), path.name)[-1]


def _shown(value: Any) -> str:
    match value:
        case None:
            return "never"
        case bool():
            return "yes" if value else "no"
        case Assurance():
            return value.name
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M}"
        case EmergencyNumber():
            return f"{value.number} {value.what.replace('_', ' ')}"
        case tuple():
            return ", ".join(map(_shown, value))
        case _:
            return str(msgspec.to_builtins(value))


if __name__ == "__main__":
    TARGET.write_text(document(TARGET.read_text(encoding="utf-8")), encoding="utf-8")

"""Draws docs/session.md from the session's transition table: `python -m tests.checks.session_doc`.

A unit test holds the file to what this gives.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

from kiosk.session import table
from kiosk.session.table import Deciding, Kind, Showing, State, Step

TARGET = Path(__file__).parents[2] / "docs" / "session.md"

_HEAD = """\
# The kiosk's session

Drawn from `kiosk/session/table.py` by `python -m tests.checks.session_doc`; do not edit.

Two machines run side by side. *Deciding* leads one presentation after the other to its verdict,
*showing* is what the person at the door sees. Each kind of event belongs to one of them; an event
for which a state has no arrow leaves it as it is.
"""


def document() -> str:
    return "\n".join(
        [
            _HEAD,
            "## Deciding\n",
            *_diagram(Deciding, table.FREE),
            "\n## Showing\n",
            *_diagram(Showing, table.RESTING),
            "\nWhat deciding does to what is shown, whatever is shown at that moment:\n",
            *_across(),
            "\n## Every pair\n",
            *_pairs(Deciding),
            "",
            *_pairs(Showing),
            "",
        ]
    )


def _diagram(machine: type[StrEnum], first: State) -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {first}"
    for state in machine:
        for kind, step in table.TABLE[_state(state)].items():
            for target in _sorted(step, machine):
                yield f"    {state} --> {target}: {kind}"
    yield "```"


def _across() -> Iterator[str]:
    for state in Deciding:
        for kind, step in table.TABLE[state].items():
            if shown := _sorted(step, Showing):
                yield f"- *{kind}* while {state}: leads to {', '.join(shown)}"


def _pairs(machine: type[StrEnum]) -> Iterator[str]:
    states = [_state(state) for state in machine]
    yield f"| event | {' | '.join(states)} |"
    yield "|---|" + "---|" * len(states)
    for kind in table.TABLE[states[0]]:
        yield f"| {kind} | {' | '.join(_method(state, kind) for state in states)} |"


def _method(state: State, kind: Kind) -> str:
    step = table.TABLE[state][kind]
    if step is table.IMPOSSIBLE:
        return "**impossible**"
    return "–" if step is table.STAY else step.method.replace("_", " ")


def _sorted(step: Step, machine: Iterable[StrEnum]) -> list[str]:
    return [str(state) for state in machine if state in step.to]


def _state(member: StrEnum) -> State:
    return member if isinstance(member, Deciding | Showing) else Deciding(member)


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")

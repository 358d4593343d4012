"""What is done at the server for which there is no page yet: through its own operations, in another
process than the server's."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from demo.clock import DeskClock
from presence.briefing import BriefingVersion, Section
from presence.ids import InstitutionId
from server.briefings.services import publish
from server.db import make_engine, writing

ACTOR = "institution"


class Office:
    """Somebody with the right to do all that."""

    def __init__(self, database: Path, clock: DeskClock) -> None:
        self._engine = make_engine(f"sqlite:///{database}")
        self._clock = clock

    def close(self) -> None:
        self._engine.dispose()

    def publish(
        self,
        home: InstitutionId,
        version: BriefingVersion,
        texts: Mapping[str, Sequence[Section]],
    ) -> None:
        """Put a version of a home's briefing in force."""
        with writing(self._engine) as session, session.begin():
            publish(session, self._clock.now(), home, version, texts, ACTOR)

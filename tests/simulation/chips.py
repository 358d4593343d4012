"""The chips of those who have one, and what they said last: a stranger may have listened."""

from presence.card import Evidence, SunMessage
from server.cards.models import ChipKind
from tests.builders import sun_message
from tests.simulation import cast
from tests.simulation.cast import Person


class Chips:
    """What is held to the readers of one history. Without chips everybody has a code."""

    def __init__(self, *, has_chips: bool) -> None:
        self._has_chips = has_chips
        self._reads = 0
        self._last: SunMessage | None = None

    def shown_by(self, person: Person) -> Evidence:
        """What a reader gets of this person's card now."""
        if not self._has_chips or person.chip is None:
            return person.code
        if person.chip is ChipKind.UID:
            return person.chip_uid
        self._reads += 1
        uid = bytes.fromhex(person.chip_uid.uid)
        self._last = sun_message(cast.KEYS.chips, uid, self._reads, person.code.text)
        return self._last

    @property
    def overheard(self) -> SunMessage | None:
        """The message of a chip that was made last; None: there was none yet."""
        return self._last

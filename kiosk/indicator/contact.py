"""When a fire alarm's contact is believed."""

RAISED_SECONDS = 0.1
QUIET_SECONDS = 1.0

LONGEST_GAP = 0.02
"""What one look may count for: after a pause of the whole machine nobody knows what was between."""

SETTLED_PAUSE, UNSETTLED_PAUSE = 0.041, 0.009
"""Between two looks. Both are primes of milliseconds, so that no hum of the mains hides between
them."""


class Contact:
    """Told how the contact was found, look by look, says what has changed.

    An alarm is believed once the contact was found open for a tenth of a second in all, with no
    whole second of rest in between; its end, once the contact has rested for a whole second. So a
    spark on the wire is nothing, and a contact that chatters is an alarm until it has stopped.
    Looks, not edges: an edge that is missed would be an alarm that is missed (DOMAIN, "Roll call").
    """

    def __init__(self) -> None:
        self._told: bool | None = None
        self._at: float | None = None
        self._raised_for: float | None = None
        """Since the last whole second of rest; None: not at all."""
        self._quiet_for: float | None = None
        """Without a break, until now; None: it is raised now."""

    @property
    def pause(self) -> float:
        """How many seconds to wait until the next look."""
        is_settled = self._told is not None and self._told == (self._raised_for is not None)
        return SETTLED_PAUSE if is_settled else UNSETTLED_PAUSE

    def found(self, *, raised: bool, at: float) -> bool | None:
        """The contact was found so, at this second of a clock that never steps. Returns what is
        now believed, if that is new."""
        passed = 0.0 if self._at is None else min(at - self._at, LONGEST_GAP)
        self._at = at
        if raised:
            self._raised_for = 0.0 if self._raised_for is None else self._raised_for + passed
            self._quiet_for = None
        else:
            self._quiet_for = 0.0 if self._quiet_for is None else self._quiet_for + passed
        return self._news()

    def _news(self) -> bool | None:
        if self._quiet_for is not None and self._quiet_for >= QUIET_SECONDS:
            self._raised_for, now = None, False
        elif self._raised_for is not None and self._raised_for >= RAISED_SECONDS:
            now = True
        else:
            return None
        if now == self._told:
            return None
        self._told = now
        return now

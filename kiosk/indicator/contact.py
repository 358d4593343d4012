"""When a fire alarm's contact is believed."""

RAISED_SECONDS = 0.1
QUIET_SECONDS = 1.0

LONGEST_GAP = 0.02
"""What is between two looks counts for so long at most: after a pause of the whole machine nobody
knows what was."""

SETTLED_PAUSE, UNSETTLED_PAUSE = 0.041, 0.009
"""Between two looks that no edge calls for. Primes of milliseconds: where edges are missed, no hum
of the mains hides between them."""


class Contact:
    """Told how the contact was found, by edges and by looks, says what has changed.

    An alarm is believed once the contact was found open for a tenth of a second in all, with no
    whole second of rest in between; its end, once the contact has rested for a whole second. So a
    spark on the wire is nothing, and a contact that chatters is an alarm until it has stopped. An
    edge that is missed is an alarm that comes some looks later (DOMAIN, "Roll call").
    """

    def __init__(self) -> None:
        self._told: bool | None = None
        self._at: float | None = None
        self._is_raised = False
        self._raised_for = 0.0
        """Since the last whole second of rest."""
        self._quiet_for = 0.0
        """Without a break, until now."""

    @property
    def pause(self) -> float:
        """How many seconds to wait until the next look."""
        is_settled = self._is_raised == self._told == (self._raised_for > 0)
        return SETTLED_PAUSE if is_settled else UNSETTLED_PAUSE

    def found(self, *, raised: bool, at: float) -> bool | None:
        """The contact was found so, at this second of a clock that never steps. Returns what is
        now believed, if that is new."""
        passed = 0.0 if self._at is None else min(max(at - self._at, 0.0), LONGEST_GAP)
        if self._is_raised:
            self._raised_for += passed
        else:
            self._quiet_for += passed
        if raised:
            self._quiet_for = 0.0
        self._at, self._is_raised = at, raised
        return self._news()

    def _news(self) -> bool | None:
        if self._quiet_for >= QUIET_SECONDS:
            self._raised_for, now = 0.0, False
        elif self._raised_for >= RAISED_SECONDS:
            now = True
        else:
            return None
        if now == self._told:
            return None
        self._told = now
        return now

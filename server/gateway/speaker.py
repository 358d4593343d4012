"""Of several gateways on one database, the one that speaks to kiosks without being asked.

All of them read what changed. If all of them told it, each would work out and sign every roster
again, and the work would grow with the gateways that were to share it.
"""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from server.db import WRITE_LOCK

SPEAKER_LOCK = WRITE_LOCK + 1
_TAKE = f"SELECT pg_try_advisory_lock({SPEAKER_LOCK})"
_IS_THERE = "SELECT 1"


class Speaker:
    """One gateway's claim to be the speaker. Used by one thread.

    On PostgreSQL the speaker holds a lock for as long as its connection lasts, so that another one
    takes over as soon as it has died; on SQLite every gateway speaks: there is one, as a rule, and
    kiosks take the same news twice without harm. Who cannot reach the broker leaves it to others.
    """

    def __init__(self, engine: sa.Engine, is_connected: Callable[[], bool]) -> None:
        self._engine = engine
        self._is_connected = is_connected
        self._connection: sa.Connection | None = None
        self._holds_lock = False
        self.is_us = False

    def ask(self) -> bool:
        """Find out anew whether it is us; True: from now on, and not before.

        Raises sqlalchemy.exc.SQLAlchemyError when the database does not say; then it is not us.
        """
        was_us, self.is_us = self.is_us, False
        if not self._is_connected():
            self.rest()
            return False
        self.is_us = self._engine.dialect.name == "sqlite" or self._has_lock()
        return self.is_us and not was_us

    def rest(self) -> None:
        """Let another one speak."""
        self.is_us = self._holds_lock = False
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # in the pool it would go on holding the lock
            connection.close()

    def _has_lock(self) -> bool:
        try:
            if self._connection is None:
                connected = self._engine.connect()
                self._connection = connected.execution_options(isolation_level="AUTOCOMMIT")
            asked = _IS_THERE if self._holds_lock else _TAKE
            self._holds_lock = bool(self._connection.exec_driver_sql(asked).scalar_one())
        except DBAPIError:
            self.rest()
            raise
        return self._holds_lock

"""A kiosk that dies at any moment has lost nothing that it promised."""

import random
import subprocess
import sys
from pathlib import Path

from kiosk.outbox import SqliteOutbox
from presence import codec

ROUNDS = 25


def killed_writer(path: Path, after: int) -> list[str]:
    """Event ids promised by a process that was killed some time after promising `after` ones."""
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.outbox_writer", str(path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    promised = [writer.stdout.readline() for _ in range(after)]
    writer.kill()
    rest, _ = writer.communicate()
    lines = "".join([*promised, rest]).split("\n")
    return [line for line in lines[:-1] if line != "settled"]


def test_whatever_was_recorded_before_the_power_went_is_there_whole(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    moments = random.Random(20261124)
    promised: set[str] = set()
    last_sequence = 0
    for _ in range(ROUNDS):
        promised.update(killed_writer(path, moments.randint(1, 60)))
        outbox = SqliteOutbox(path, random.Random(1).randbytes)
        assert not outbox.was_damaged
        rows = outbox._db.execute("SELECT event, body, sequence FROM entry").fetchall()
        outbox.close()
        assert promised <= {event for event, _, _ in rows}
        for event, body, sequence in rows:
            entry = codec.decode_entry(body)
            assert (entry.event, entry.stamp.sequence) == (event, sequence)
        assert max(sequence for _, _, sequence in rows) > last_sequence
        last_sequence = max(sequence for _, _, sequence in rows)
    assert len(promised) > ROUNDS * 10

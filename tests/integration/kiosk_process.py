"""A kiosk as its own process, as systemd would run it, with a home's worth of knowledge to give."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from presence import codec, cose, topics
from presence.card import CardRef
from presence.credential import issue_code
from presence.ids import InstitutionId, VolunteerId
from presence.messages import Entries, Entry, Have, Message, Receipt, Receipts, Roster, Settlement
from presence.policy import Policy
from presence.roster import CardState, HeldCard, House, RosterRow
from presence.topics import CHANNELS, Leaf
from presence.trust import Purpose, SigningKey, TrustedKey, encode_trust
from tests.fakes.facts import CARD
from tests.integration.link_bench import KIOSK, ServerEnd

PATIENCE = 20.0
YEAR = timedelta(days=365)


class KioskProcess:
    """`python -m kiosk` on that configuration. `tell` collects what systemd would be told."""

    def __init__(self, config: Path) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="kiosk-")
        address = f"{self._home.name}/notify"
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(address)
        self._notify.settimeout(PATIENCE)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kiosk", "--config", str(config)],
            env={**os.environ, "NOTIFY_SOCKET": address},
            stderr=subprocess.PIPE,
            text=True,
        )

    def told(self) -> str:
        """The next thing that systemd is told."""
        return self._notify.recv(100).decode()

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.communicate()

    def end(self) -> tuple[int, str]:
        """Ask it to end. Its exit code and its log."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        _, log = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, log

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self._notify.close()
        self._home.cleanup()


@contextmanager
def kiosk(config: Path) -> Iterator[KioskProcess]:
    """A kiosk that has said that it is ready."""
    started = KioskProcess(config)
    try:
        first = started.told()
        assert first == "READY=1"
        yield started
    finally:
        started.close()


class Home:
    """Keys, a card and its holder, valid around the real time: the process has the real clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        now = datetime.now(UTC)
        self.now = now.replace(microsecond=0)
        self._roster_key = _key(Purpose.ROSTER)
        self._card_key = _key(Purpose.CARD)
        keys = [_trusted(key, now) for key in (self._roster_key, self._card_key)]
        (folder / "trust.json").write_bytes(encode_trust(keys))

    def config(self, broker_port: int, reader: str | None = None) -> Path:
        text = f"""\
kiosk = "{KIOSK}"
data = "data"
trust = "trust.json"
[server]
host = "127.0.0.1"
port = {broker_port}
[screen]
port = 0
"""
        if reader is not None:
            text += f'[[reader]]\nfamily = "pn532"\ndevice = "{reader}"\n'
        path = self.folder / "kiosk.toml"
        path.write_text(text)
        return path

    def code(self, card: CardRef = CARD) -> str:
        return issue_code(self._card_key, card, b"\x01" * 8, self.now - YEAR, self.now + YEAR)

    def roster(self) -> bytes:
        """Signed: one volunteer, whose card is valid."""
        house = House(InstitutionId("solbakken"), "Solbakken", "Europe/Oslo", Policy())
        today = self.now.date()
        held = HeldCard(CARD, CardState.ACTIVE, today - YEAR, today + YEAR)
        row = RosterRow(VolunteerId("v1"), 1, "Sonja", "B", "nb", (held,))
        message = Roster(kiosk=KIOSK, whole=True, house=house, rows=(row,))
        return cose.sign_message(codec.encode(message), self._roster_key, KIOSK, self.now)


class ServerScript:
    """What the server says by itself: the roster for each Have. The rest is for the test."""

    def __init__(self, end: ServerEnd, home: Home) -> None:
        self._end, self._home = end, home

    def next(self, kind: type[Message]) -> Message:
        """The next message of that kind from the kiosk."""
        while True:
            heard = self._end.next()
            channel = CHANNELS[topics.parse(heard.topic)[1]]
            message = codec.decode(channel.message, bytes(heard.payload), channel.limit)
            if isinstance(message, Have):
                self._end.say(Leaf.ROSTER, self._home.roster())
            if isinstance(message, kind):
                return message

    def next_entries(self) -> list[Entry]:
        message = self.next(Entries)
        assert isinstance(message, Entries)
        return [codec.decode_entry(raw) for raw in message.entries]

    def accept(self, entries: list[Entry]) -> None:
        receipts = tuple(Receipt(entry.event, Settlement.ACCEPTED) for entry in entries)
        answer = Receipts(receipts=receipts, at=datetime.now(UTC))
        self._end.say(Leaf.RECEIPTS, codec.encode(answer))


def _key(purpose: Purpose) -> SigningKey:
    return SigningKey(purpose.encode()[:4], Ed25519PrivateKey.generate(), purpose)


def _trusted(key: SigningKey, now: datetime) -> TrustedKey:
    public = key.private_key.public_key()
    return TrustedKey(key.kid, public, key.purpose, now - 2 * YEAR, now + 2 * YEAR)

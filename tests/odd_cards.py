"""Cards as Hypothesis draws them, sound and unsound: what anybody may hold to a reader of chips."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from presence.card import ChipUid, Evidence, SignedCode, SunMessage, Unreadable
from tests.hardware_mocks.card_isodep import BankCard, DesfireCard, PhoneWallet
from tests.hardware_mocks.card_model import (
    NTAG215,
    Card,
    Type2Card,
    UidOnlyCard,
    card_with_text,
    ndef_tlv,
)
from tests.hardware_mocks.card_ntag424 import ntag424
from tests.hardware_mocks.card_type4 import Type4Card

CODE = "TS1:" + "6BFOXN*TS0BI$ZD.P9UOL97O4" * 2
SOUND = card_with_text(CODE)
SOUND_TYPE_4 = ntag424(CODE, bytes(16), bytes(16))
TYPES = (b"T", b"U", b"Sp", b"Hs", b"text/vcard", b"application/vnd.wfa.wsc", b"android.com:pkg")
TEXTS = (
    b"\x02nbTS1:A",
    b"\x82nb\xff\xfeT\x00S\x00",
    b"\x00TS1:A",
    b"\x04example.org/",
    b"TSS1:",
    b"\x02nbTSS1:" + b"0F" * 24,
    b"\x02nbTS1:" + b"A" * 297,
    b"\xff\xff",
    b"",
)


@dataclass
class FickleCard(Type4Card):
    """A Type 4 tag some of whose answers are others."""

    apdu_instead: dict[int, bytes] = field(default_factory=dict)
    """What it says to its nth command."""
    block_instead: dict[int, bytes | None] = field(default_factory=dict)
    """What it sends as its nth block."""
    _blocks_sent: int = 0

    def apdu(self, command: bytes) -> bytes:
        sound = super().apdu(command)
        return self.apdu_instead.get(len(self.apdus) - 1, sound)

    def answer(self, command: bytes) -> bytes | None:
        sound = super().answer(command)
        self._blocks_sent += 1
        return self.block_instead.get(self._blocks_sent - 1, sound)


def messages() -> st.SearchStrategy[bytes]:
    """NDEF messages: ours, those of other applications, damaged ones, and noise."""
    ours = SOUND_TYPE_4.message
    damaged = st.tuples(st.integers(0, len(ours) - 1), st.integers(0, 255)).map(
        lambda drawn: ours[: drawn[0]] + bytes([drawn[1]]) + ours[drawn[0] + 1 :]
    )
    several = st.lists(st.tuples(records(), st.booleans()), max_size=4).map(_message)
    return st.one_of(several, several, damaged, st.binary(max_size=80))


@st.composite
def records(draw: st.DrawFn) -> tuple[int, bytes, bytes, bytes, bool]:
    """Format and flags, type, id and payload of one record, and whether its length is short."""
    form = draw(st.sampled_from((1, 1, 1, 2, 4, 0, 3, 5, 6, 7)))
    kind = draw(st.one_of(st.sampled_from(TYPES), st.binary(max_size=5)))
    ident = draw(st.one_of(st.just(b""), st.binary(max_size=4)))
    payload = draw(st.one_of(st.sampled_from(TEXTS), st.binary(max_size=40)))
    return form, kind, ident, payload, draw(st.booleans()) and len(payload) < 256


def _message(drawn: list[tuple[tuple[int, bytes, bytes, bytes, bool], bool]]) -> bytes:
    parts = []
    for number, ((form, kind, ident, payload, is_short), is_chunked) in enumerate(drawn):
        flags = form | 0x80 * (number == 0) | 0x40 * (number == len(drawn) - 1)
        flags |= 0x20 * (is_chunked and number % 2) | 0x10 * is_short | 0x08 * bool(ident)
        sizes = bytes([len(kind)]) + len(payload).to_bytes(1 if is_short else 4)
        sizes += bytes([len(ident)]) if ident else b""
        parts.append(bytes([flags]) + sizes + kind + ident + payload)
    return b"".join(parts)


def containers() -> st.SearchStrategy[bytes | None]:
    """Capability containers of Type 2 tags."""
    sizes = st.integers(0, 255).map(lambda size: bytes([0xE1, 0x10, size, 0x00]))
    return st.one_of(st.none(), sizes, st.binary(min_size=4, max_size=4))


def type2_cards() -> st.SearchStrategy[Card]:
    """Any memory."""
    damaged = st.tuples(st.integers(0, len(SOUND.content) - 1), st.integers(0, 255)).map(
        lambda at: SOUND.content[: at[0]] + bytes([at[1]]) + SOUND.content[at[0] + 1 :]
    )
    content = st.one_of(messages().map(ndef_tlv), damaged, st.binary(max_size=504))
    return st.builds(
        Type2Card, content=content, capability=containers(), uid=uids(), chip=st.just(NTAG215)
    )


def uids() -> st.SearchStrategy[bytes]:
    return st.sampled_from((4, 7, 10)).flatmap(lambda size: st.binary(min_size=size, max_size=size))


def answers() -> st.SearchStrategy[bytes]:
    """What a card may say to a command: rather a status word behind anything, or nothing sound."""
    status = st.sampled_from((b"\x90\x00", b"\x90\x00", b"\x6a\x82", b"\x62\x82", b"\x61\x10"))
    return st.one_of(
        st.tuples(st.binary(max_size=40), status).map(b"".join), st.binary(max_size=300)
    )


def blocks() -> st.SearchStrategy[bytes | None]:
    """What a card may send as a block: nothing, noise, or something with a sound beginning."""
    begins = st.sampled_from(
        (b"\x02", b"\x03", b"\x12", b"\x13", b"\xa2", b"\xa3", b"\xb2", b"\xf2", b"\xc2")
    )
    return st.one_of(
        st.none(),
        st.binary(max_size=40),
        st.tuples(begins, st.binary(max_size=20)).map(b"".join),
    )


def type4_cards() -> st.SearchStrategy[Card]:
    """Any message in any container, and answers that belong to no file."""
    place = st.integers(0, 9)
    container = st.one_of(
        st.none(),
        st.none(),
        st.binary(max_size=20),
        st.binary(min_size=6, max_size=6).map(lambda end: b"\x00\x0f\x20\x00\x40\x00\x40" + end),
    )
    return st.builds(
        FickleCard,
        uid=uids(),
        message=messages(),
        room=st.just(1024),
        waits=st.integers(0, 2),
        most_read=st.sampled_from((15, 64, 251)),
        container=container,
        ats=st.one_of(st.just(BankCard.ats), st.just(b"\x05\x70\x80\x40\x02"), ats()),
        apdu_instead=st.dictionaries(place, answers(), max_size=2),
        block_instead=st.dictionaries(place, blocks(), max_size=2),
    )


def ats() -> st.SearchStrategy[bytes]:
    """Answers to select: sound ones, though none that wants to be left alone for long, those that
    end early, and noise whose length is wrong."""
    sound = st.builds(
        lambda form, waits, rest: _with_length(bytes([form, waits & 0xF3, waits & 0xF3]) + rest),
        st.integers(0, 255),
        st.integers(0, 255),
        st.binary(max_size=5),
    )
    noise = st.binary(min_size=1, max_size=8).map(lambda rest: bytes([len(rest)]) + rest)
    return st.one_of(sound, st.binary(max_size=1).map(_with_length), noise)


def _with_length(rest: bytes) -> bytes:
    return bytes([len(rest) + 1]) + rest


def other_cards() -> st.SearchStrategy[Card]:
    """Anything with a chip that is not read in pages."""
    others = st.one_of(
        st.builds(UidOnlyCard, uids(), st.binary(min_size=1, max_size=1)),
        st.builds(BankCard, uid=st.one_of(st.just(b""), uids())),
        st.builds(DesfireCard, uid=uids()),
        st.builds(PhoneWallet),
    )
    return st.one_of(type4_cards(), type4_cards(), type4_cards(), others)


def cards() -> st.SearchStrategy[Card]:
    """Anything with a chip."""
    return st.one_of(type2_cards(), other_cards())


def is_sound(outcome: Evidence | Unreadable) -> bool:
    """Is this something that a reader may say of a card?"""
    match outcome:
        case SignedCode(text):
            return text.startswith("TS1:") and len(text) <= 300
        case SunMessage(picc, cmac, code):
            made = len(bytes.fromhex(picc)), len(bytes.fromhex(cmac))
            return made == (16, 8) and (code is None or is_sound(SignedCode(code)))
        case ChipUid(uid):
            return len(bytes.fromhex(uid)) in (4, 7, 10) and uid == uid.upper()
        case Unreadable():
            return True

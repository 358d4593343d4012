"""The reader on the desk where cards are written, served by a real pcscd."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from kiosk.readers.card_desk import (
    CardReader,
    CardSlippedError,
    DeskCard,
    Kind,
    ReaderGoneError,
    open_card_reader,
    reader_names,
)
from tests.hardware_mocks.card_isodep import BankCard
from tests.hardware_mocks.card_model import Type2Card, UidOnlyCard, card_with_text
from tests.hardware_mocks.card_type4 import NDEF_APPLICATION, type4_with_text
from tests.hardware_mocks.faults import Trouble
from tests.hardware_mocks.pcsc_antenna import ContactCard
from tests.hardware_mocks.pcsc_reader import EmulatedPcscReader
from tests.hardware_mocks.pcscd import READER, Pcscd, csock

READ_PAGE_4 = bytes.fromhex("ffb0000410")
NEVER = threading.Event()


@pytest.fixture
def pcscd() -> Iterator[Pcscd]:
    with Pcscd() as pcscd:
        yield pcscd


@pytest.fixture
def antenna(pcscd: Pcscd) -> EmulatedPcscReader:
    return pcscd.readers[0]


def test_a_card_is_given_once_each_time_it_is_put_there(antenna: EmulatedPcscReader) -> None:
    with open_card_reader() as reader:
        for _ in range(2):
            antenna.hold(card_with_text("TS1:A"))
            with _next(reader) as card:
                assert (card.kind, card.uid) == (Kind.TYPE2, bytes.fromhex("04a1b2c3d4e580"))
                assert card.transmit(READ_PAGE_4)[-2:] == b"\x90\x00"
        stop = threading.Event()
        threading.Timer(0.3, stop.set).start()
        assert reader.wait_for_card(stop) is None
        antenna.lift()
        reader.wait_until_taken(NEVER)


def test_a_card_that_was_swapped_at_once_is_taken(antenna: EmulatedPcscReader) -> None:
    with open_card_reader() as reader:
        antenna.hold(card_with_text("TS1:A"))
        _next(reader).close()
        antenna.hold(card_with_text("TS1:B"))
        reader.wait_until_taken(NEVER)


def test_pages_are_written_and_read_back(antenna: EmulatedPcscReader) -> None:
    tag = Type2Card()
    antenna.hold(tag)
    with open_card_reader() as reader, _next(reader) as card:
        assert card.transmit(bytes.fromhex("ffd6000504") + b"ABCD") == b"\x90\x00"
        assert card.transmit(bytes.fromhex("ffb0000504")) == b"ABCD\x90\x00"
        assert card.transmit(bytes.fromhex("ffd600ff04") + b"ABCD") == b"\x63\x00"
    assert tag.pages_written == [5]


def test_a_type_4_card_is_spoken_to_in_apdus(antenna: EmulatedPcscReader) -> None:
    antenna.hold(type4_with_text("TS1:A"))
    with open_card_reader() as reader, _next(reader) as card:
        assert card.kind is Kind.TYPE4
        select = b"\x00\xa4\x04\x00\x07" + NDEF_APPLICATION + b"\x00"
        assert card.transmit(select) == b"\x90\x00"


@pytest.mark.parametrize(("card", "kind"), [(UidOnlyCard(), Kind.SERIAL), (BankCard(), Kind.TYPE4)])
def test_other_cards_are_told_apart(
    antenna: EmulatedPcscReader, card: UidOnlyCard | BankCard, kind: Kind
) -> None:
    antenna.hold(card)
    with open_card_reader() as reader, _next(reader) as found:
        assert found.kind is kind


def test_a_card_that_slipped_is_given_once_more(antenna: EmulatedPcscReader) -> None:
    antenna.hold(type4_with_text("TS1:A"))
    antenna.fault(Trouble.DROP, on=0xA4)
    with open_card_reader() as reader:
        with _next(reader) as card, pytest.raises(CardSlippedError):
            card.transmit(b"\x00\xa4\x04\x00\x07" + NDEF_APPLICATION + b"\x00")
        with _next(reader) as card:
            assert card.transmit(b"\x00\xa4\x04\x00\x07" + NDEF_APPLICATION + b"\x00")


def test_a_card_that_slips_before_it_is_known_is_asked_again(antenna: EmulatedPcscReader) -> None:
    antenna.fault(Trouble.DROP, on=0xCA)
    antenna.hold(card_with_text("TS1:A"))
    with open_card_reader() as reader, _next(reader) as card:
        assert card.uid == bytes.fromhex("04a1b2c3d4e580")


def test_a_mute_card_can_be_told_and_not_spoken_to(antenna: EmulatedPcscReader) -> None:
    antenna.hold(ContactCard(None))
    with open_card_reader() as reader, _next(reader) as card:
        assert (card.kind, card.uid) == (Kind.OTHER, b"")
        with pytest.raises(CardSlippedError):
            card.transmit(READ_PAGE_4)


def test_a_card_that_is_taken_away_while_it_is_written_slips(antenna: EmulatedPcscReader) -> None:
    antenna.hold(type4_with_text("TS1:A"))
    antenna.fault(Trouble.LIFT, on=0xA4)
    with open_card_reader() as reader:
        with _next(reader) as card, pytest.raises(CardSlippedError):
            card.transmit(b"\x00\xa4\x04\x00\x07" + NDEF_APPLICATION + b"\x00")
        reader.wait_until_taken(NEVER)


def test_without_pcscd_it_says_what_to_do(pcscd: Pcscd) -> None:
    assert reader_names() == [f"{READER} 00 00"]
    pcscd.stop()
    with pytest.raises(ReaderGoneError, match="pcscd is not running: sudo systemctl start"):
        reader_names()
    with pytest.raises(ReaderGoneError, match="pcscd is not running"):
        open_card_reader()


def test_a_pcscd_that_does_not_let_this_user_in_says_what_to_do() -> None:
    """So does Debian 13's: it hangs up before it has said anything."""
    place = csock()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()
        thread = threading.Thread(target=_hang_up, args=(listener,))
        thread.start()
        try:
            with pytest.raises(ReaderGoneError, match="pcscd refuses this user: polkit needs"):
                reader_names()
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            place.unlink()


def _hang_up(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            listener.accept()[0].close()


def test_a_reader_that_is_unplugged_is_told(antenna: EmulatedPcscReader) -> None:
    with open_card_reader() as reader:
        antenna.unplug()
        with pytest.raises(ReaderGoneError, match="the reader does not answer"):
            reader.wait_for_card(NEVER)


def test_of_several_readers_one_has_to_be_named() -> None:
    with Pcscd(["ACS ACR1252", "HID Omnikey 5022 CL"]):
        with pytest.raises(ReaderGoneError, match="several readers, configure which"):
            open_card_reader()
        with open_card_reader("omnikey") as reader:
            assert reader.name == "HID Omnikey 5022 CL 01 00"


def _next(reader: CardReader) -> DeskCard:
    card = reader.wait_for_card(NEVER)
    assert card is not None
    return card

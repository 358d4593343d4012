"""From the question to its answer: the real link, broker, gateway and database against the least
that such a round trip can cost."""

import itertools
import os
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import SimpleQueue
from time import monotonic_ns

from kiosk.events import Event, LinkChanged
from kiosk.link import Address, MqttLink
from presence import codec
from presence.card import Credential, SignedCode
from presence.credential import issue_code, verify_code
from presence.ids import RANDOM_BYTES, PresentationId, uuid7
from presence.messages import Answer, Message, Question
from presence.statuslist import SignedList
from server.broker import Broker
from tests.bench import desk
from tests.bench.blocks import Block, ratio, take_turns, typical
from tests.bench.city import City
from tests.bench.desk import KIOSK
from tests.bench.figures import Figure, figure
from tests.bench.floor import NO_READ, Asker

P50, P99 = 0.5, 0.99
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How many blocks, of how many questions each. The p99 of a block needs 100 at least."""

    rounds: int
    questions: int


@dataclass(frozen=True, slots=True)
class Trip:
    """One question and its answer; times in nanoseconds of the monotonic clock."""

    asked: int
    handed_over: int
    answered: int
    """In the link's callback."""
    answer: Answer

    @property
    def milliseconds(self) -> float:
        return (self.answered - self.asked) / 1e6


class Kiosk:
    """The kiosk's link with a stopwatch at its callback."""

    def __init__(self, city: City, port: int) -> None:
        self._city = city
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._arrived: SimpleQueue[tuple[int, Answer]] = SimpleQueue()
        self._codes = itertools.cycle([person.code_text for person in city.sample.people])
        self._link = MqttLink(
            KIOSK,
            Address("127.0.0.1", port),
            city.trust,
            self._events.put,
            self._received,
            connection=itertools.count(1).__next__,
            jitter=lambda: 0.0,
        )

    def __enter__(self) -> "Kiosk":
        self._link.start()
        if self._events.get(timeout=PATIENCE) != LinkChanged(is_up=True):
            raise ConnectionError("the link did not come up")
        return self

    def __exit__(self, *_: object) -> None:
        self._link.stop()

    def questions(self, count: int) -> list[Question]:
        """The next volunteers' cards, each held up once more."""
        return [self._question(code) for code in itertools.islice(self._codes, count)]

    def first_questions(self, count: int) -> list[Question]:
        """The same with codes that the gateway has never seen, as after a start."""
        return [
            self._question(self._renewed(verify_code(code, self._city.trust)))
            for code in itertools.islice(self._codes, count)
        ]

    def ask(self, question: Question) -> Trip:
        """Put the question and wait for its answer."""
        asked = monotonic_ns()
        if not self._link.ask(question):
            raise ConnectionError("the link did not take the question")
        handed_over = monotonic_ns()
        answered, answer = self._arrived.get(timeout=PATIENCE)
        if answer.presentation != question.presentation:
            raise ValueError("the answer to another question")
        return Trip(asked, handed_over, answered, answer)

    def _received(self, message: Message | SignedList, _issued: datetime | None) -> None:
        arrived = monotonic_ns()
        if isinstance(message, Answer):
            self._arrived.put((arrived, message))

    def _question(self, code: str) -> Question:
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return Question(
            kiosk=KIOSK,
            presentation=PresentationId(uuid7(now, os.urandom(RANDOM_BYTES))),
            evidence=SignedCode(code),
            presented=now,
            uptime_ms=3_600_000,
        )

    def _renewed(self, old: Credential) -> str:
        return issue_code(self._city.card_key, old.card, os.urandom(8), old.issued, old.expires)


def measure(city: City, scale: Scale) -> list[Figure]:
    """The figures of the question, over one broker, in turns."""
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(city.directory / "broker"))
        database = city.copy("question.sqlite")
        stack.enter_context(desk.server(city, database, broker.port))
        kiosk = stack.enter_context(Kiosk(city, broker.port))
        size = _bytes_of_an_answer(kiosk, len(city.sample.people))
        stack.enter_context(desk.floor(city, database, broker.port, size))
        asker = Asker(broker.port)
        stack.callback(asker.stop)
        return _figures(*_blocks(kiosk, asker, scale))


def _bytes_of_an_answer(kiosk: Kiosk, people: int) -> int:
    """On the average, over everybody. After this the gateway has seen every card once."""
    return (
        sum(len(codec.encode(kiosk.ask(one).answer)) for one in kiosk.questions(people)) // people
    )


def _blocks(kiosk: Kiosk, asker: Asker, scale: Scale) -> list[list[Block]]:
    def ours() -> Block:
        return [kiosk.ask(question).milliseconds for question in kiosk.questions(scale.questions)]

    def first() -> Block:
        return [
            kiosk.ask(question).milliseconds for question in kiosk.first_questions(scale.questions)
        ]

    def with_read() -> Block:
        return [asker.ask(codec.encode(one)) for one in kiosk.questions(scale.questions)]

    def without() -> Block:
        pings = [codec.encode(one) for one in kiosk.questions(scale.questions)]
        return [asker.ask(NO_READ + ping[1:]) for ping in pings]

    return take_turns(scale.rounds, ours, with_read, without, first)


def _figures(
    ours: list[Block], floor: list[Block], bare: list[Block], first: list[Block]
) -> list[Figure]:
    return [
        figure("question to answer, p50, against the floor", ratio(ours, floor), "×", 1.5),
        figure("question to answer, p99, against the floor", ratio(ours, floor, P99), "×", 3.0),
        figure("question to answer, p50", typical(ours), "ms"),
        figure("question to answer, p99", typical(ours, P99), "ms"),
        figure("the first question of a card, p50", typical(first), "ms"),
        figure("floor: bare MQTT and bare read, p50", typical(floor), "ms"),
        figure("floor: bare MQTT and bare read, p99", typical(floor, P99), "ms"),
        figure("of it bare MQTT alone, p50", typical(bare), "ms"),
    ]

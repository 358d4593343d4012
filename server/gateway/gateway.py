"""The gateway: what comes over the wire is read here, and goes to where it is dealt with."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from presence import codec, topics
from presence.errors import MessageError, TopicError, UnknownVersionError
from presence.ids import KioskId
from presence.messages import FromKiosk, Question
from presence.topics import CHANNELS, Channel, Leaf
from server.gateway.answers import Answered, Answers, Decide, UnknownKioskError
from server.gateway.once import Once
from server.gateway.ports import Connect, Incoming
from server.gateway.publications import Publications
from server.gateway.speaker import Speaker
from server.gateway.statuslists import StatusLists
from server.gateway.worker import Job, Worker
from server.keys import Keys

log = logging.getLogger(__name__)

REMEMBERED_ANSWERS = 2_000
_STRANGER = "someone"
_DATABASE, _FAULT = "the database", "cannot answer"


class Gateway:
    """Between the broker and the database.

    Questions are answered on the thread that received them, from a connection that only reads.
    All else goes to the thread that writes, so no question waits for a commit.
    """

    def __init__(
        self,
        engine: sa.Engine,
        connect: Connect,
        keys: Keys,
        *,
        clock: Callable[[], datetime],
        decide: Decide,
    ) -> None:
        self._clock = clock
        self._once = Once()
        self._answers = Answers(engine, keys.trust, keys.chips, decide)
        self._recent: OrderedDict[bytes, Answered] = OrderedDict()
        lists = StatusLists(
            engine, keys.status_list, keys.trust, self.publish_list, self.is_connected
        )
        rosters = Publications(keys.roster, self.publish)
        speaker = Speaker(engine, self.is_connected)
        self.worker = Worker(engine, keys.chips, rosters, lists, speaker, clock, self._once)
        self.wire = connect(topics.GATEWAYS, self.receive, self.worker.greet)

    def start(self) -> None:
        """Begin to serve. Returns at once; the broker may come later."""
        self.worker.start()
        self.wire.start()

    def stop(self) -> None:
        """Take in nothing more, finish what was taken in, end."""
        self.worker.stop()
        self.wire.stop()
        self._answers.close()

    @property
    def is_alive(self) -> bool:
        """Both threads run. Once one of them does not, the process should end."""
        return self.worker.is_alive and self.wire.is_alive

    def is_connected(self) -> bool:
        """Whether the broker has accepted our subscription."""
        return self.wire.is_ready

    def publish(self, kiosk: KioskId, leaf: Leaf, payload: bytes) -> None:
        """Send to a kiosk; without a connection the message is gone, and the kiosk asks again."""
        if len(payload) > CHANNELS[leaf].limit:
            log.error("%s for %s has %d bytes and was not sent", leaf, kiosk, len(payload))
            return
        self.wire.publish(topics.topic(kiosk, leaf), payload, CHANNELS[leaf].qos)

    def publish_list(self, number: int, token: bytes) -> bool:
        """Send a signed status list to all kiosks, and to those that come later. False: there is
        no connection."""
        return self.wire.publish(topics.status_list(number), token, 1, is_retained=True)

    def receive(self, incoming: Incoming) -> None:
        """Deal with one message. Bad ones are logged once, acknowledged, and disturb nothing."""
        read = self._read(incoming)
        if isinstance(read, Question):
            self._answer(incoming, read)
            incoming.acknowledge()
        elif read is not None:
            self.worker.put(Job(read, incoming.acknowledge))
        else:
            incoming.acknowledge()

    def _read(self, incoming: Incoming) -> FromKiosk | None:
        try:
            kiosk, leaf = topics.parse(incoming.topic or "")
        except TopicError as error:
            self._once.warn(_STRANGER, "sent to an unknown topic", str(error))
            return None
        message = self._decode(kiosk, CHANNELS[leaf], incoming.payload)
        if isinstance(message, FromKiosk) and message.kiosk != kiosk:
            self._once.warn(kiosk, f"{leaf} speaks for another kiosk")
            return None
        return message

    def _decode(self, kiosk: KioskId, channel: Channel, payload: bytes) -> FromKiosk | None:
        if not issubclass(channel.message, FromKiosk):
            self._once.warn(kiosk, f"{channel.leaf} is not for us")
            return None
        try:
            return codec.decode(channel.message, payload, channel.limit)
        except UnknownVersionError as error:
            self._once.warn(kiosk, f"{channel.leaf} has a version that is not known", str(error))
        except MessageError as error:
            self._once.warn(kiosk, f"{channel.leaf} cannot be read", str(error))
        return None

    def _answer(self, incoming: Incoming, question: Question) -> None:
        if self._is_late(incoming, question):
            return  # its kiosk has decided alone, and what follows comes with the entry
        asked = sha256(incoming.payload).digest()
        answered = self._recent.get(asked) or self._decide(question)
        if answered is None:
            return
        is_new = asked not in self._recent
        if is_new:
            self._remember(asked, answered)
        self._say(incoming, question, answered)
        if is_new and answered.notice is not None:
            self.worker.notify(answered.notice)

    def _say(self, incoming: Incoming, question: Question, answered: Answered) -> None:
        if self._is_late(incoming, question):
            return
        topic = topics.topic(question.kiosk, Leaf.ANSWER)
        qos = CHANNELS[Leaf.ANSWER].qos
        self.wire.publish(topic, answered.payload, qos, incoming.correlation)

    def _is_late(self, incoming: Incoming, question: Question) -> bool:
        if incoming.is_late():
            self._once.warn(question.kiosk, "a question was not answered in time")
            return True
        return False

    def _decide(self, question: Question) -> Answered | None:
        try:
            answered = self._answers.answer(question, self._clock())
        except UnknownKioskError:
            self._once.warn(question.kiosk, "is no kiosk of ours")
            return None
        except SQLAlchemyError as error:
            self._answers.close()
            self._once.warn(_DATABASE, _FAULT, type(error).__name__)
            return None
        self._once.over(_DATABASE, _FAULT)
        return answered

    def _remember(self, asked: bytes, answered: Answered) -> None:
        """The very same question, come twice, gets the very same answer. Of the question itself
        nothing is kept: the UID in it may be that of a stranger's bank card. Its hash cannot be
        guessed, for every question has a presentation's random id."""
        self._recent[asked] = answered
        if len(self._recent) > REMEMBERED_ANSWERS:
            self._recent.popitem(last=False)

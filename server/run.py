"""Composition: the only place that puts the server's parts together. Nothing starts at import."""

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa
from flask import Flask

from presence import admission
from server import schema
from server.app import create_app
from server.broker import Broker
from server.config import LOOPBACK, Config
from server.db import make_engine, writing
from server.gateway.answers import Decide
from server.gateway.gateway import Gateway
from server.gateway.wire import mqtt
from server.keys import Keys, open_keys, open_secret
from server.live import Live
from server.policies import files
from server.policies.services import keep
from server.serving import WebServer
from server.web import Parts

log = logging.getLogger(__name__)

SWITCH_SECONDS = 0.0005
"""A thread that only computes lets another one go on after this time. Python's own 5 ms are long
beside an answer that takes less than one."""
WEB_THREADS = 64
LIVE_BOARDS = 48
"""Each open board keeps a web thread; the others are left for pages."""

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def build(
    config: Config, *, clock: Clock = utc_now, decide: Decide = admission.decide
) -> "Running":
    """The whole server in one process. Reads the policies, brings the database up to date and
    opens the keys. Raises `presence.settings.SettingsError` for a policy with faults,
    `server.policies.services.UnknownPolicyError` for a society without one, `server.keys.KeysError`
    or `sqlalchemy.exc.SQLAlchemyError` when the rest cannot be done, and ValueError for a web
    address that others can reach: nobody has to sign in yet."""
    if config.web_host not in LOOPBACK:
        raise ValueError("the pages are for this machine only until people can sign in")
    policies = files.read_all(config.policies)
    config.data.mkdir(parents=True, exist_ok=True)
    engine = make_engine(config.database)
    schema.upgrade(engine)
    with writing(engine) as session, session.begin():
        keep(session, clock(), policies)
    keys = open_keys(config.data / "keys", clock())
    live = Live(engine, LIVE_BOARDS)
    parts = Parts(engine=engine, now=clock, card_key=keys.card, live=live)
    secret = open_secret(config.data / "keys")
    app = create_app(parts, secret, config.frame_ancestors)
    return Running(config, engine, keys, app, clock, decide)


class Running:
    """The server's parts. `start` returns once all of them serve."""

    def __init__(
        self,
        config: Config,
        engine: sa.Engine,
        keys: Keys,
        app: Flask,
        clock: Clock,
        decide: Decide,
    ) -> None:
        self.config = config
        self.engine = engine
        self.keys = keys
        self.app = app
        self.broker = _own_broker(config)
        self.broker_address = (config.broker.host, config.broker.port)
        self.gateway: Gateway | None = None
        self._clock = clock
        self._decide = decide
        self._web: WebServer | None = None

    def start(self) -> None:
        """Start broker, gateway and web. Raises `server.broker.BrokerError`, or OSError when the
        web address is taken."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        if self.broker is not None:
            self.broker.start()
            self.broker_address = ("127.0.0.1", self.broker.port)
        self.gateway = Gateway(
            self.engine,
            mqtt(*self.broker_address),
            self.keys,
            clock=self._clock,
            decide=self._decide,
        )
        self.gateway.start()
        self._web = WebServer(self.app, self.config.web_host, self.config.web_port, WEB_THREADS)
        self._web.start()

    @property
    def url(self) -> str:
        """Where the pages are."""
        if self._web is None:
            raise RuntimeError("the server was not started")
        return f"http://{self.config.web_host}:{self._web.port}/"

    @property
    def is_alive(self) -> bool:
        """All threads run. Once one does not, the process should end and be started again."""
        return (
            self.gateway is not None
            and self.gateway.is_alive
            and self._web is not None
            and self._web.is_alive
        )

    def stop(self) -> None:
        """Stop what was started, in the opposite order. May be called twice."""
        if self._web is not None:
            self._web.stop()
        if self.gateway is not None:
            self.gateway.stop()
        if self.broker is not None:
            self.broker.stop()
        self.engine.dispose()


def _own_broker(config: Config) -> Broker | None:
    if not config.broker.is_own:
        return None
    return Broker(config.data / "broker", config.broker.port)

"""`tilstede-server`: the command that starts the server."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import TypeAlias

from sqlalchemy.exc import SQLAlchemyError

from presence.settings import SettingsError
from server import config, schema, sheets
from server.broker import BrokerError
from server.cards.command import Act, add_parsers, import_chips
from server.config import Config
from server.db import make_engine, writing
from server.keys import KeysError
from server.people import register
from server.people.register import RegisterError
from server.people.taking_over import take_over
from server.policies import files
from server.policies.services import UnknownPolicyError
from server.run import Running, build
from server.schema import SchemaError

WRONG_CONFIGURATION = 2
FAILED = 1
WATCH_SECONDS = 1.0
OWNER_ONLY = 0o077
"""What the server writes is about people: nobody else on the machine may read it."""

# argparse gives what it adds commands to no public name.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001
log = logging.getLogger("server")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the process's exit code: 0 after a clean stop, 1 when something failed or a policy
    that was to be checked is wrong, 2 when the configuration is wrong, policies included."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if "policy" in asked:
        return check_policy(asked.policy)
    act: Act = asked.act
    try:
        return act(config.read(asked.config), asked)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return WRONG_CONFIGURATION
    except UnknownPolicyError as error:
        print(f"{asked.config}: policies: {error}", file=sys.stderr)
        return WRONG_CONFIGURATION
    except (KeysError, SchemaError, BrokerError, SQLAlchemyError, OSError) as error:
        print(f"tilstede-server: {error}", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tilstede-server", description="The Tilstede server.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = partial(_add, commands)
    add("run", "serve pages and kiosks until SIGTERM or Ctrl-C", lambda read, _: run(read))
    words = "bring the database to this version's tables, and end"
    add("upgrade", words, lambda read, _: upgrade(read))
    check = _group(commands, "policy", "look at a society's policy", "ACTION").add_parser(
        "check", help="tell every fault of a policy file, or what is in force today"
    )
    check.add_argument("policy", type=Path, metavar="FILE", help="the policy, in TOML")
    take = partial(_add, _group(commands, "import", "take over what was kept elsewhere", "WHAT"))
    words = "add every volunteer of a register, or tell every fault and add nobody"
    people = take("volunteers", words, lambda read, asked: import_volunteers(read, asked.file))
    people.add_argument("file", type=Path, metavar="FILE", help="the register, as CSV")
    words = "register every chip of a list, or tell every fault and register none"
    chips = take("chips", words, lambda read, asked: import_chips(read, asked.file))
    chips.add_argument("file", type=Path, metavar="FILE", help="cards and UIDs, as CSV")
    add_parsers(partial(_add, _group(commands, "card", "look after a card", "ACTION")))
    return parser


def _group(commands: Commands, name: str, words: str, metavar: str) -> Commands:
    group = commands.add_parser(name, help=words, description=words)
    return group.add_subparsers(required=True, metavar=metavar)


def _add(commands: Commands, name: str, words: str, act: Act) -> argparse.ArgumentParser:
    found = commands.add_parser(name, help=words, description=words)
    found.add_argument("--config", type=Path, required=True, help="the configuration, in TOML")
    found.set_defaults(act=act)
    return found


def run(read: Config) -> int:
    """Serve until told to stop."""
    os.umask(OWNER_ONLY)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    running = build(read)
    running.start()
    print(f"The pages are at {running.url}", flush=True)
    try:
        return _watch(running, stop)
    finally:
        running.stop()


def upgrade(read: Config) -> int:
    os.umask(OWNER_ONLY)
    read.data.mkdir(parents=True, exist_ok=True)
    engine = make_engine(read.database)
    try:
        schema.upgrade(engine)
    finally:
        engine.dispose()
    return 0


def import_volunteers(read: Config, path: Path) -> int:
    """Take a register of volunteers over, beside a running server or without one."""
    os.umask(OWNER_ONLY)
    now = datetime.now(UTC)
    with path.open("rb") as file:
        found = register.read(file.read(sheets.MOST_BYTES + 1), now.astimezone().date())
    engine = make_engine(read.database)
    try:
        schema.upgrade(engine)
        with writing(engine) as session, session.begin():
            taken = take_over(session, now, found, str(path), SystemRandom())
    except RegisterError as error:
        print(error, file=sys.stderr)
        return FAILED
    finally:
        engine.dispose()
    print(f"{path}: {taken.volunteers} volunteers and {taken.cards} cards were added")
    return 0


def check_policy(path: Path) -> int:
    """Tell what is wrong with a policy, or which of its versions holds on this machine's day."""
    try:
        versions = files.read(path)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return FAILED
    today = datetime.now().astimezone().date()
    print(f"{path}: {files.told(versions, today)}")
    return 0


def _watch(running: Running, stop: threading.Event) -> int:
    """Wait for the end. A server that has lost a thread ends, so that it is started again."""
    while not stop.wait(WATCH_SECONDS):
        if not running.is_alive:
            log.critical("a thread of the server has died")
            return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())

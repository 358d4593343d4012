"""The way to the server: route, name, broker."""

from collections.abc import Iterator

from kiosk.config import Config
from kiosk.doctor.finding import About, Finding
from kiosk.doctor.machine import Machine
from kiosk.doctor.running import Running
from kiosk.link import Address, LinkError, probe

ROUTE_UP, ROUTE_REJECTED = 0x1, 0x200
"""Flags of a route (linux/route.h)."""
HERE = ("localhost", "127.0.0.1", "::1")
CONNECT = "plug the network cable in, or set up the wireless network: nmcli device status"


def route(machine: Machine, config: Config) -> Iterator[Finding]:
    about = About("network", "route")
    ways = sorted({*_ipv4(machine), *_ipv6(machine)})
    if ways:
        yield about.ok(f"there is a way out by {', '.join(ways)}")
    elif config.server.host in HERE:
        yield about.warn("there is no way out; the server is on this machine", CONNECT)
    else:
        yield about.fault("there is no way out of this machine", CONNECT)


def _ipv4(machine: Machine) -> Iterator[str]:
    for line in (machine.text("/proc/net/route") or "").splitlines()[1:]:
        row = line.split()
        if len(row) >= 8 and row[1] == row[7] == "00000000" and int(row[3], 16) & ROUTE_UP:
            yield row[0]


def _ipv6(machine: Machine) -> Iterator[str]:
    for line in (machine.text("/proc/net/ipv6_route") or "").splitlines():
        row = line.split()
        if len(row) == 10 and row[:2] == ["0" * 32, "00"] and row[9] != "lo":
            flags = int(row[8], 16)
            if flags & ROUTE_UP and not flags & ROUTE_REJECTED:
                yield row[9]


def server_name(machine: Machine, config: Config) -> Iterator[Finding]:
    about, host = About("network", "name"), config.server.host
    try:
        machine.resolve(host)
    except (OSError, UnicodeError) as error:
        yield about.fault(
            f"{host} has no address: {error}",
            "look at server.host in the configuration, and at the network's name server",
        )
    else:
        yield about.ok(f"{host} has an address")


def broker(config: Config, running: Running | None) -> Iterator[Finding]:
    server, about = config.server, About("broker")
    where = f"{server.host}:{server.port}"
    if running is not None and running.condition is not None and running.condition.is_connected:
        yield about.ok(f"the running kiosk is connected to {where}")
        return
    try:
        probe(config.kiosk, Address(server.host, server.port, server.username, server.password))
    except OSError as error:
        yield about.fault(
            f"nobody answers at {where}: {error.strerror or error}",
            "look at server.host and server.port in the configuration; does the server run, and"
            " does a firewall stand between?",
        )
    except LinkError as error:
        yield about.fault(
            f"{where}: {error}",
            "look at server.port, server.username and server.password in the configuration",
        )
    else:
        yield from _taken_in(about, where, running)


def _taken_in(about: About, where: str, running: Running | None) -> Iterator[Finding]:
    if running is not None and running.condition is not None:
        yield about.warn(
            f"{where} takes this kiosk in, but the running kiosk is not connected",
            "wait a minute and look again; then look at the kiosk's log",
        )
    else:
        yield about.ok(f"{where} takes this kiosk in")

"""A server's configuration: complete, or refused with every fault and its line."""

from pathlib import Path

import pytest

from presence.settings import SettingsError
from server import cli
from server.config import BrokerAddress, Config, parse

SMALLEST = '[data]\ndirectory = "/var/lib/tilstede"\n'


def faults(text: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        parse(text, "server.toml")
    return str(raised.value).splitlines()


def test_the_data_directory_is_all_that_must_be_named() -> None:
    assert parse(SMALLEST, "server.toml") == Config(
        data=Path("/var/lib/tilstede"),
        database="sqlite:////var/lib/tilstede/tilstede.sqlite3",
        broker=BrokerAddress("127.0.0.1", 1883, is_own=True),
        web_host="127.0.0.1",
        web_port=8080,
        frame_ancestors=(),
    )


def test_the_example_is_a_configuration() -> None:
    example = Path(__file__).parents[2] / "deploy" / "server.toml"
    config = parse(example.read_text(encoding="utf-8"), "server.toml")
    assert config == parse(SMALLEST, "server.toml")


def test_everything_can_be_named() -> None:
    text = (
        'policies = "/etc/policies"\n'
        + SMALLEST
        + (
            '[database]\nurl = "sqlite:////tmp/other.db"\n'
            '[broker]\nown = false\nhost = "broker.example"\nport = 8883\n'
            '[web]\nport = 80\nframe_ancestors = ["https://desk.example"]\n'
        )
    )
    config = parse(text, "server.toml")
    assert config.broker == BrokerAddress("broker.example", 8883, is_own=False)
    assert (config.database, config.web_port) == ("sqlite:////tmp/other.db", 80)
    assert config.frame_ancestors == ("https://desk.example",)
    assert config.policies == Path("/etc/policies")


def test_every_fault_is_told_at_once_with_its_line() -> None:
    text = (
        "[web]\n"
        "port = 99999\n"
        'hostt = "x"\n'
        "host = 7\n"
        "frame_ancestors = [1]\n"
        "\n"
        "[broker]\n"
        'own = "yes"\n'
        "port = true\n"
        "[database]\n"
        'url = "not a url"\n'
    )
    assert faults(text) == [
        "server.toml: data.directory: is missing",
        "server.toml:2: web.port: must be a whole number from 1 to 65535",
        "server.toml:3: web.hostt: unknown key; did you mean host?",
        "server.toml:4: web.host: must be a text in quotes",
        "server.toml:5: web.frame_ancestors: must be a list of texts in quotes",
        "server.toml:8: broker.own: must be true or false",
        "server.toml:9: broker.port: must be a whole number from 1 to 65535",
        "server.toml:11: database.url: is not a database address such as sqlite:////path/to/file or"
        " postgresql://user:password@host/name",
    ]


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("mysql://user:secret@host/name", "names a kind of database that is not known"),
        ("postgresql+psycopg2://user:secret@host/name", "names a kind of database"),
        ("postgresql://user:secret@host", "does not say which database"),
        ("sqlite://", "does not say which database"),
        ("postgresql://user:secret@host:port/name", "is not a database address"),
    ],
)
def test_a_database_is_one_of_two_kinds_and_its_password_is_not_repeated(
    url: str, fault: str
) -> None:
    (told,) = faults(f'{SMALLEST}[database]\nurl = "{url}"\n')
    assert told.startswith(f"server.toml:4: database.url: {fault}")
    assert told.endswith("such as sqlite:////path/to/file or postgresql://user:password@host/name")
    assert "secret" not in told


def test_a_configuration_in_a_log_shows_no_password() -> None:
    config = parse(f'{SMALLEST}[database]\nurl = "postgresql://u:secret@h/n"\n', "server.toml")
    assert config.database == "postgresql://u:secret@h/n"
    assert "secret" not in repr(config)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "::", "server.example"])
def test_no_address_that_others_can_reach_is_taken(host: str) -> None:
    told = "must be 127.0.0.1 until people can sign in to the pages"
    assert faults(f'{SMALLEST}[web]\nhost = "{host}"\n') == [f"server.toml:4: web.host: {told}"]


def test_our_own_broker_is_for_this_machine_only() -> None:
    assert faults(f'{SMALLEST}[broker]\nhost = "0.0.0.0"\n') == [
        "server.toml:4: broker.host: our own broker listens on 127.0.0.1 only"
    ]


def test_a_host_is_a_name_or_an_address() -> None:
    assert faults(f'{SMALLEST}[broker]\nown = false\nhost = "a b"\n') == [
        "server.toml:5: broker.host: must be a host name or an address"
    ]


def test_a_wrong_configuration_ends_the_program_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "server.toml"
    path.write_text("[web]\nport = 0\nhost = 1\n", encoding="utf-8")
    assert cli.main(["run", "--config", str(path)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{path}: data.directory: is missing",
        f"{path}:2: web.port: must be a whole number from 1 to 65535",
        f"{path}:3: web.host: must be a text in quotes",
    ]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [None, b"[data]\ndirectory = \xff"])
def test_a_configuration_that_cannot_be_read_ends_the_program_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    path = tmp_path / "server.toml"
    if content is not None:
        path.write_bytes(content)
    assert cli.main(["run", "--config", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"{path}: cannot be read: ")

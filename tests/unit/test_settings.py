"""A configuration text is read whole: every fault is told at once, each with its line."""

from collections.abc import Callable

import pytest

from presence.settings import Settings, SettingsError, Table


def faults(text: str, ask: Callable[[Table], object] = lambda _: None) -> list[str]:
    settings = Settings(text, "it.toml")
    ask(settings)
    with pytest.raises(SettingsError) as caught:
        settings.finish()
    return str(caught.value).splitlines()


def test_what_is_as_it_should_be_is_given_and_nothing_is_raised() -> None:
    settings = Settings(
        """\
name = "hall"
hosts = ["a", "b"]
[web]
port = 0
secure = true
[[reader]]
device = "/dev/a"
[[reader]]
device = "/dev/b"
[reader.pins]
green = 17
""",
        "it.toml",
    )
    web, readers = settings.table("web"), settings.tables("reader")
    assert settings.text("name", pattern="[a-z]+") == "hall"
    assert settings.texts("hosts") == ("a", "b")
    assert (web.whole("port", 0, 9, 5), web.boolean("secure", default=False)) == (0, True)
    assert [reader.text("device") for reader in readers] == ["/dev/a", "/dev/b"]
    assert readers[1].table("pins").whole("green", 0, 27, 1) == 17
    settings.finish()


def test_what_is_missing_has_its_default_or_is_a_fault() -> None:
    def ask(root: Table) -> None:
        assert root.text("language", "nb", choices=("nb", "en")) == "nb"
        assert root.text("password", "") == ""
        assert root.whole("port", 1, 9, 5) == 5
        assert root.boolean("own", default=True)
        assert root.texts("hosts") == ()
        assert root.tables("reader") == []
        assert root.text("data") == ""
        assert root.table("server").text("host") == ""

    assert faults("", ask) == ["it.toml: data: is missing", "it.toml: server.host: is missing"]


def test_what_is_missing_in_a_table_is_told_with_the_line_of_the_table() -> None:
    text = '[server]\nport = 1\n[[reader]]\nname = "a"\n\n[[reader]]\n'

    def ask(root: Table) -> None:
        root.table("server").text("host")
        root.table("server").whole("port", 1, 9, 1)
        for reader in root.tables("reader"):
            reader.text("name")

    assert faults(text, ask) == [
        "it.toml:1: server.host: is missing",
        "it.toml:6: reader[1].name: is missing",
    ]


@pytest.mark.parametrize(
    ("value", "ask", "told"),
    [
        ("1", lambda t: t.text("key"), "must be a text in quotes"),
        ('""', lambda t: t.text("key"), "must not be empty"),
        ('""', lambda t: t.text("key", "x"), "must not be empty"),
        ('"c"', lambda t: t.text("key", choices="ab"), "unknown 'c'; choose one of: a, b"),
        (
            '"/dev"',
            lambda t: t.text("key", pattern="[a-z]+", must_be="letters"),
            "must be letters",
        ),
        ("10", lambda t: t.whole("key", 1, 9, 5), "must be a whole number from 1 to 9"),
        ("0", lambda t: t.whole("key", 1, 9, 5), "must be a whole number from 1 to 9"),
        ("true", lambda t: t.whole("key", 1, 9, 5), "must be a whole number from 1 to 9"),
        ("5.0", lambda t: t.whole("key", 1, 9, 5), "must be a whole number from 1 to 9"),
        ('"5"', lambda t: t.whole("key", 1, 9, 5), "must be a whole number from 1 to 9"),
        ("1", lambda t: t.boolean("key", default=False), "must be true or false"),
        ('"a"', lambda t: t.texts("key"), "must be a list of texts in quotes"),
        ('["a", 1]', lambda t: t.texts("key"), "must be a list of texts in quotes"),
        ("1", lambda t: t.table("key"), "must be a table: [key]"),
        ("{ a = 1 }", lambda t: t.tables("key"), "must be one table for each: [[key]]"),
        ("[1]", lambda t: t.tables("key"), "must be one table for each: [[key]]"),
    ],
)
def test_what_is_not_of_its_kind_is_told(
    value: str, ask: Callable[[Table], object], told: str
) -> None:
    assert faults(f"\nkey = {value}\n", ask) == [f"it.toml:2: key: {told}"]


def test_an_empty_text_is_one_where_the_default_is_empty() -> None:
    settings = Settings('password = ""', "it.toml")
    assert settings.text("password", "") == ""
    settings.finish()


def test_an_unknown_key_is_told_with_the_nearest_one_that_is_known() -> None:
    text = "prot = 1\n[web]\nport = 1\nprot = 2\nfloor = 3\n[[reader]]\nport = 4\n[printer]\n"

    def ask(root: Table) -> None:
        root.table("web").whole("port", 1, 9, 1)
        root.tables("reader")

    assert faults(text, ask) == [
        "it.toml:1: prot: unknown key",
        "it.toml:4: web.prot: unknown key; did you mean port?",
        "it.toml:5: web.floor: unknown key",
        "it.toml:7: reader[0].port: unknown key",
        "it.toml:8: printer: unknown key",
    ]


def test_of_one_key_only_the_first_fault_is_told() -> None:
    def ask(root: Table) -> None:
        root.text("device")
        root.fault("device", "must begin with /")

    assert faults("device = 1\n", ask) == ["it.toml:1: device: must be a text in quotes"]


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("\na . b = 1\n", 2, "a"),
        ("[a.b]\n[a]\nc = 1\n", 1, "a"),
        ("[ a . b ] # told\r\n\r\nc = 1\r\n", 1, "a"),
        ('"sør" = 1\n', 1, "sør"),
        ("['a.b']\nc = 1\n", 1, "a.b"),
        ("a = { b = 1 }\n", 1, "a"),
        ("# a = 0\n\na = 1\n", 3, "a"),
    ],
)
def test_a_key_is_found_however_it_is_written(text: str, line: int, key: str) -> None:
    assert faults(text) == [f"it.toml:{line}: {key}: unknown key"]


def test_what_stands_below_an_array_belongs_to_its_last_table() -> None:
    text = "[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 2\n[[a.d]]\n[[a.d]]\ne = 3\n"

    def ask(root: Table) -> None:
        for table in root.tables("a"):
            table.table("b")
            table.tables("d")

    assert faults(text, ask) == [
        "it.toml:3: a[0].b.c: unknown key",
        "it.toml:6: a[1].b.c: unknown key",
        "it.toml:9: a[1].d[1].e: unknown key",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = 1\nb = \n", "it.toml:2: this is not TOML: Invalid value"),
        ("a = 1\na = 2\n", "it.toml:2: this is not TOML: Cannot overwrite a value"),
        ('a = """x', "it.toml: this is not TOML: Unterminated string"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(text, "it.toml")
    assert str(caught.value) == told

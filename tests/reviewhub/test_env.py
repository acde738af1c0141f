"""A bad value stops the start with one sentence that says what to do."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewhub.env import Env, is_loopback


@pytest.mark.parametrize("word", ["1", "true", "YES", " on "])
def test_a_switch_is_on_by_any_usual_word(word: str) -> None:
    assert Env({"A": word}).boolean("A", default=False) is True


def test_an_empty_variable_counts_as_not_set() -> None:
    env = Env({"A": "", "B": "  "})
    assert env.boolean("A", default=True) is True
    assert env.integer("B", 7, low=0, high=9) == 7
    assert env.optional_integer("A", low=0, high=9) is None
    assert env.dollars("A") is None
    assert env.words("A", ("x",)) == ["x"]


@pytest.mark.parametrize("word", ["2", "maybe", "tru", "enabled"])
def test_a_switch_is_never_guessed(word: str) -> None:
    with pytest.raises(SystemExit, match=rf"A is '{word}'.*set it to 1 or 0"):
        Env({"A": word}).boolean("A", default=False)


@pytest.mark.parametrize(
    "value", ["1.5", "1_000", "-1", "101", "ten", "٣", "1" * 500, "0x10", "1 2"]
)
def test_a_number_outside_its_range_or_script_is_refused(value: str) -> None:
    with pytest.raises(SystemExit, match="A is .* whole number from 0 to 100"):
        Env({"A": value}).integer("A", 5, low=0, high=100)


@given(st.text())
def test_a_number_is_read_or_refused_but_never_raises_anything_else(text: str) -> None:
    with contextlib.suppress(SystemExit):
        assert 0 <= Env({"A": text}).integer("A", 5, low=0, high=100) <= 100


@pytest.mark.parametrize(
    ("text", "microusd"), [("25", 25_000_000), ("0.000001", 1), ("0", 0)]
)
def test_dollars_become_whole_microdollars(text: str, microusd: int) -> None:
    assert Env({"A": text}).dollars("A") == microusd


@pytest.mark.parametrize("text", ["-1", "NaN", "inf", "$5", "1,50", "1e99"])
def test_an_amount_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SystemExit, match="not an amount of US dollars"):
        Env({"A": text}).dollars("A")


def test_seconds_are_a_comma_list() -> None:
    assert Env({"A": "1, 0,300"}).seconds("A", ()) == (1, 0, 300)
    assert Env({}).seconds("A", (5,)) == (5,)


@pytest.mark.parametrize("text", ["5s", "-1", "1;2", "99999999999"])
def test_seconds_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(SystemExit, match="comma list of seconds"):
        Env({"A": text}).seconds("A", (5, 300))


def test_networks_are_hosts_addresses_or_networks() -> None:
    given_ = "127.0.0.1, 10.0.0.0/8,hooks.local,::1"
    assert Env({"A": given_}).networks("A") == (
        "127.0.0.1",
        "10.0.0.0/8",
        "hooks.local",
        "::1",
    )


@pytest.mark.parametrize("text", ["http://127.0.0.1", "10.0.0.0/99", "a b"])
def test_a_network_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SystemExit, match="A holds"):
        Env({"A": text}).networks("A")


def test_a_word_is_one_of_its_choices_whatever_its_case() -> None:
    assert Env({"A": "info"}).choice("A", "ERROR", ("INFO", "ERROR")) == "INFO"
    with pytest.raises(SystemExit, match="one of INFO, ERROR"):
        Env({"A": "loud"}).choice("A", "ERROR", ("INFO", "ERROR"))


def test_an_address_has_a_known_scheme_and_is_not_quoted_when_it_has_not() -> None:
    assert Env({}).url("A", "", ("https",)) == ""
    with pytest.raises(SystemExit) as stop:
        Env({"A": "ftp://u:hunter2@h"}).url("A", "", ("http", "https"))
    assert "hunter2" not in str(stop.value)


def test_a_secret_comes_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("s3cret\n")
    assert Env({"A_FILE": str(path)}).secret("A") == "s3cret"
    assert Env({"A": "direct"}).secret("A") == "direct"


def test_a_secret_given_twice_missing_or_empty_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(SystemExit, match="keep one of the two"):
        Env({"A": "x", "A_FILE": "y"}).secret("A")
    with pytest.raises(SystemExit, match="A_FILE is .* cannot be read"):
        Env({"A_FILE": str(tmp_path / "none")}).secret("A")
    with pytest.raises(SystemExit, match="which is empty"):
        Env({"A_FILE": str(empty)}).secret("A")


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("review.shop.com", False),
    ],
)
def test_only_a_loopback_address_is_this_machine_alone(
    host: str, is_here: bool
) -> None:
    assert is_loopback(host) is is_here


@pytest.mark.parametrize(("text", "share"), [("0", 0.0), ("0.05", 0.05), ("1", 1.0)])
def test_a_share_is_read_as_written(text: str, share: float) -> None:
    assert Env({"A": text}).share("A", 0.5) == share
    assert Env({}).share("A", 0.5) == 0.5


@pytest.mark.parametrize("text", ["5%", "1.01", "-0.1", "nan", "inf", "a tenth"])
def test_what_is_no_share_stops_the_start(text: str) -> None:
    with pytest.raises(SystemExit, match="A is .* not a share from 0 to 1"):
        Env({"A": text}).share("A", 0.05)

"""Reads the environment, strictly: a bad value stops the start with one sentence.

Knows how to read text, whole numbers, amounts, switches, lists, paths, hosts and
secrets. Does not know which variables exist: settings.py does.
"""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NoReturn

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def refuse(name: str, problem: str, remedy: str) -> NoReturn:
    """Stop the start. SystemExit with a text exits with status 1, no traceback."""
    raise SystemExit(f"{name} {problem}: {remedy}.")


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is reachable from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Env:
    """The environment with typed readers.

    An empty variable counts as not set, because that is how compose files and
    unit files leave a variable out. Every reader stops the start by SystemExit.
    """

    values: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def text(self, name: str, default: str = "") -> str:
        """Return the text without surrounding white space."""
        return self.values.get(name, "").strip() or default

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """Return one of the allowed words, whatever its case."""
        for word in allowed:
            if self.text(name, default).casefold() == word.casefold():
                return word
        refuse(
            name,
            f"is {self.text(name)!r}, which is not one of its values",
            f"set it to one of {', '.join(allowed)}",
        )

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return a switch: 1, true, yes, on or 0, false, no, off."""
        value = self.text(name).lower()
        if not value:
            return default
        if value in _TRUE or value in _FALSE:
            return value in _TRUE
        refuse(
            name,
            f"is {self.text(name)!r}, which is neither on nor off",
            "set it to 1 or 0",
        )

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number within [low, high]."""
        value = self.text(name)
        if not value:
            return default
        # int() would also take "1_000" and other scripts' digits.
        if value.isascii() and value.lstrip("-").isdigit() and len(value) < 20:
            number = int(value)
            if low <= number <= high:
                return number
        refuse(
            name,
            f"is {value!r}, which is not a whole number from {low} to {high}",
            f"set it to one, or leave it out for {default}",
        )

    def optional_integer(self, name: str, *, low: int, high: int) -> int | None:
        """Return a whole number within [low, high], None when not set."""
        if not self.text(name):
            return None
        return self.integer(name, low, low=low, high=high)

    def dollars(self, name: str) -> int | None:
        """Return an amount of US dollars in microdollars, None when not set."""
        value = self.text(name)
        if not value:
            return None
        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal(-1)
        # The comparison also refuses NaN, which is not finite.
        if amount.is_finite() and 0 <= amount <= 1_000_000_000:
            return int(amount * 1_000_000)
        refuse(
            name,
            f"is {value!r}, which is not an amount of US dollars",
            "set it to a number such as 25 or 12.50, or leave it out for no limit",
        )

    def share(self, name: str, default: float) -> float:
        """Return a share from 0 to 1."""
        value = self.text(name)
        if not value:
            return default
        try:
            share = Decimal(value)
        except InvalidOperation:
            share = Decimal(-1)
        if share.is_finite() and 0 <= share <= 1:
            return float(share)
        refuse(
            name,
            f"is {value!r}, which is not a share from 0 to 1",
            f"set it to a number such as {default}, which it is when left out",
        )

    def words(self, name: str, default: tuple[str, ...] = ()) -> list[str]:
        """Return a comma list without its empty places."""
        parts = [part.strip() for part in self.text(name).split(",")]
        return [part for part in parts if part] or list(default)

    def seconds(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """Return a comma list of seconds, each from 0 to 30 days."""
        words = self.words(name)
        if not words:
            return default
        limit = 30 * 24 * 3600
        if all(
            word.isascii() and word.isdigit() and int(word[:9]) <= limit
            for word in words
        ):
            return tuple(int(word[:9]) for word in words)
        refuse(
            name,
            f"is {self.text(name)!r}, which is not a comma list of seconds",
            f"set it to one such as {','.join(map(str, default[:3]))}",
        )

    def networks(self, name: str) -> tuple[str, ...]:
        """Return a comma list of host names, addresses and networks."""
        words = self.words(name)
        for word in words:
            if "://" in word or any(letter.isspace() for letter in word):
                refuse(
                    name,
                    f"holds {word!r}, which is not a host or a network",
                    "list hosts or networks such as 127.0.0.1,10.0.0.0/8,hooks.local",
                )
            if "/" in word:
                try:
                    ipaddress.ip_network(word, strict=False)
                except ValueError:
                    refuse(
                        name,
                        f"holds {word!r}, which is not a network",
                        "write networks such as 10.0.0.0/8",
                    )
        return tuple(words)

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """Return an address with one of the schemes; its text may hold a secret."""
        value = self.text(name, default)
        if value and not value.startswith(tuple(f"{s}:" for s in schemes)):
            refuse(
                name,
                f"begins with {value.partition(':')[0][:20]!r}",
                f"use an address that begins with one of {', '.join(schemes)}",
            )
        return value

    def secret(self, name: str) -> str:
        """Return a secret from NAME or from the file named by NAME_FILE.

        The value never stands in an error message.
        """
        direct, path = self.text(name), self.text(f"{name}_FILE")
        if direct and path:
            refuse(name, f"is set and so is {name}_FILE", "keep one of the two")
        if not path:
            return direct
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            refuse(
                f"{name}_FILE",
                f"is {path!r}, which cannot be read ({reason})",
                "name a readable file that holds the secret alone",
            )
        if not value:
            refuse(f"{name}_FILE", f"is {path!r}, which is empty", "fill the file")
        return value

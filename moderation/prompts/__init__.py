"""Released prompts: a text, its examples and one hash over both.

Decides which words are sent as instructions. A released prompt is never edited: a
change is a new name. Knows nothing of listings, models or policies.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from moderation.prompts.fencing import fenced, visible

_HERE = Path(__file__).parent
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")


class UnknownPromptError(LookupError):
    """No prompt of that name was released."""


@dataclass(frozen=True, slots=True)
class Example:
    """One worked case: the document a model is shown and the answer it owes."""

    document: dict[str, Any]
    answer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A released prompt. `text` is complete: instructions, then all examples."""

    name: str
    text: str
    examples: tuple[Example, ...]
    sha256: str


def names() -> tuple[str, ...]:
    """Return the released prompts, oldest name first."""
    return tuple(sorted(path.stem for path in _HERE.glob("*.md")))


@lru_cache(maxsize=32)
def load(name: str) -> Prompt:
    """Return a released prompt by name, such as listing_v1.

    Raises:
        UnknownPromptError: when there is none of that name.
    """
    path = _HERE / f"{name}.md"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise UnknownPromptError(f"no prompt is called {name[:80]!r}")
    examples = tuple(_examples(_HERE / f"{name}.examples.jsonl"))
    text = "\n\n".join(
        [path.read_text(encoding="utf-8").strip()]
        + [_rendered(number, case) for number, case in enumerate(examples, 1)]
    )
    return Prompt(name, text, examples, hashlib.sha256(text.encode()).hexdigest())


def _examples(path: Path) -> list[Example]:
    if not path.is_file():
        return []
    rows = path.read_text(encoding="utf-8").splitlines()
    return [Example(**json.loads(row)) for row in rows if row.strip()]


def _rendered(number: int, case: Example) -> str:
    """One example as the model meets it; its fence is fixed, so the prefix is too."""
    shown = fenced(case.document, f"example-{number:02}")
    return f"Example {number}\n{shown}\n{visible(case.answer)}"

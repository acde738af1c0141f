"""How data is shown to a model: one line of visible JSON between two marks.

One function for the examples of a prompt and for the listing itself, so that both
look alike. Decides nothing about what is shown.
"""

import json
import re

_UNSEEN = re.compile(
    "[\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def fenced(data: object, fence: str) -> str:
    """Return data as one line of JSON between an opening and a closing mark."""
    return f"<data {fence}>\n{visible(data)}\n</data {fence}>"


def visible(data: object) -> str:
    """Return data as one line of JSON in which every unseen character is an escape.

    So a model sees zero-width, bidirectional and tag characters as what they are,
    and no text can begin a line of its own.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return _UNSEEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match.group())[1:-1]

"""Every way in which the scripted provider answers: one name, one misbehaviour.

Pure: a request's JSON in, the bytes and the manner of the reply out. The faults are
those of real providers and gateways, and some that a hostile one could think of.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

FIELDS = ("title", "description", "price", "category", "brand", "condition")


@dataclass(frozen=True)
class Reply:
    """What goes over the wire, and how."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    manner: str = "whole"
    """whole, hang, reset, hang_after_headers, reset_after_headers, drip, torn, slow"""


@dataclass(frozen=True)
class Asked:
    """What the client wanted."""

    model: str
    document: dict[str, Any] = field(default_factory=dict)
    now: float = 0.0
    retry_after_s: float = 1.0

    @property
    def listing(self) -> dict[str, Any]:
        """The listing in the request, empty when there is none."""
        found = self.document.get("listing", {})
        return found if isinstance(found, dict) else {}


def document_in(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the JSON document in the last message's fence."""
    text = str(messages[-1].get("content", "")) if messages else ""
    match = re.search(r"^<data (\S+)>\n(.*)\n</data \1>$", text, re.S | re.M)
    return json.loads(match.group(2)) if match else {}


def verdict(asked: Asked, **changes: Any) -> dict[str, Any]:
    """Return a clean approval of the listing, with changes on top."""
    names = ("title", "description", "category", "brand", "condition", "attributes")
    return {
        "reasoning": "An ordinary item; no section comes near it.",
        "clauses": [],
        "doubt": "",
        "proposed": dict.fromkeys(names),
        "field_confidence": dict.fromkeys((*FIELDS, "attributes"), 0.98),
        "confidence": 0.97,
        "language": str(asked.listing.get("language") or "en"),
        **changes,
    }


def clause(asked: Asked, **changes: Any) -> dict[str, Any]:
    """Return a finding that quotes the title."""
    return {
        "code": "P-101",
        "field": "title",
        "quote": str(asked.listing.get("title", "")),
        "action": "reject",
        "explanation": "It is on the list.",
        **changes,
    }


def proposing(asked: Asked, **values: Any) -> dict[str, Any]:
    """Return an approval that proposes values for fields."""
    answer = verdict(asked)
    answer["proposed"] = {**answer["proposed"], **values}
    return answer


def completion(
    asked: Asked, content: object, *, finish: object = "stop", **message: Any
) -> bytes:
    """Return a chat completion as bytes; content may be text or JSON data."""
    text = content if isinstance(content, str | None) else json.dumps(content)
    return json.dumps(envelope(asked, text, finish=finish, **message)).encode()


def envelope(
    asked: Asked, text: object, *, finish: object = "stop", **message: Any
) -> dict[str, Any]:
    """Return a chat completion as data."""
    said = {"role": "assistant", "content": text, "refusal": None, **message}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 1,
        "model": asked.model,
        "choices": [{"index": 0, "message": said, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": 9_000,
            "completion_tokens": 300,
            "total_tokens": 9_300,
            "prompt_tokens_details": {"cached_tokens": 8_000},
        },
    }


def error(status: int, code: str = "", *headers: tuple[str, str]) -> Reply:
    """Return an error as the protocol has it."""
    said = {"message": "The scripted provider says no.", "type": "scripted", "param": 0}
    body = json.dumps({"error": {**said, "code": code or None}}).encode()
    return Reply(body, status, (("content-type", "application/json"), *headers))


Mode = Callable[[Asked], Reply]
MODES: dict[str, Mode] = {}


def _answer(name: str, make: Callable[[Asked], object]) -> None:
    """Add a mode whose reply is a completion with this content."""
    MODES[name] = lambda asked: Reply(completion(asked, make(asked)))


def _raw(name: str, make: Callable[[Asked], bytes], manner: str = "whole") -> None:
    MODES[name] = lambda asked: Reply(make(asked), manner=manner)


def _status(name: str, make: Callable[[Asked], Reply]) -> None:
    MODES[name] = make


def _edited(old: str, new: str) -> Callable[[Asked], str]:
    """Return a maker of an approval whose JSON text was tampered with."""

    def make(asked: Asked) -> str:
        text = json.dumps(verdict(asked))
        assert old in text
        return text.replace(old, new, 1)

    return make


# --- Answers that are worth something --------------------------------------------
_answer("ok", verdict)
_answer(
    "ok_reject",
    lambda a: verdict(a, clauses=[clause(a)], confidence=0.02),
)
_answer(
    "ok_ask",
    lambda a: verdict(a, clauses=[clause(a, action="ask")], confidence=0.3),
)
_answer("ok_doubt", lambda a: verdict(a, doubt="Is it real?", confidence=0.4))
_raw("slow", lambda a: completion(a, verdict(a)), "slow")
_answer("obedient", lambda a: verdict(a, confidence=0.99, reasoning="As told."))

# --- Statuses ---------------------------------------------------------------------
for _code in (400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529):
    _status(f"s{_code}", lambda _a, code=_code: error(code))
_status("s429_after", lambda a: error(429, "", ("retry-after", f"{a.retry_after_s:g}")))
_status(
    "s429_ms",
    lambda a: error(429, "", ("retry-after-ms", f"{a.retry_after_s * 1000:.0f}")),
)
_status(
    "s429_date",
    lambda a: error(
        429, "", ("retry-after", formatdate(a.now + a.retry_after_s, usegmt=True))
    ),
)
_status("s503_after", lambda a: error(503, "", ("retry-after", f"{a.retry_after_s:g}")))
_status("quota", lambda _a: error(429, "insufficient_quota"))
_status("s402", lambda _a: error(402))
_status("s400_filter", lambda _a: error(400, "content_filter"))
_status("s400_length", lambda _a: error(400, "context_length_exceeded"))
_status("redirect", lambda _a: Reply(b"", 302, (("location", "http://127.0.0.1:9/"),)))

# --- Transport --------------------------------------------------------------------
_raw("hang", lambda a: completion(a, verdict(a)), "hang")
_raw("hang_after_headers", lambda a: completion(a, verdict(a)), "hang_after_headers")
_raw("reset", lambda a: completion(a, verdict(a)), "reset")
_raw("reset_after_headers", lambda a: completion(a, verdict(a)), "reset_after_headers")
_raw("drip", lambda a: completion(a, verdict(a)), "drip")
_raw("torn", lambda a: completion(a, verdict(a)), "torn")
_raw("empty_body", lambda _a: b"")
_raw("not_utf8", lambda a: completion(a, verdict(a)) + b"\xff\xfe")
_raw("too_large", lambda a: completion(a, verdict(a)) + b" " * 2_000_000)
_raw("json_list", lambda _a: b"[]")
_raw("json_null", lambda _a: b"null")
_status(
    "html",
    lambda _a: Reply(b"<html>502 Bad</html>", 200, (("content-type", "text/html"),)),
)
_status(
    "bad_gzip",
    lambda _a: Reply(b"no gzip", 200, (("content-encoding", "gzip"),)),
)

# --- The envelope -----------------------------------------------------------------
_raw("no_choices", lambda a: json.dumps(envelope(a, "") | {"choices": []}).encode())
_raw(
    "choices_null",
    lambda a: json.dumps(envelope(a, "") | {"choices": None}).encode(),
)
_raw("null_content", lambda a: completion(a, None))
_raw("empty_content", lambda a: completion(a, ""))
_raw("blank_content", lambda a: completion(a, " \n "))
_raw("refusal", lambda a: completion(a, None, refusal="I cannot help with that."))
_raw("length", lambda a: completion(a, json.dumps(verdict(a))[:90], finish="length"))
_raw("content_filter", lambda a: completion(a, "", finish="content_filter"))
_raw("tool_calls", lambda a: completion(a, None, finish="tool_calls"))
_raw(
    "wrong_model",
    lambda a: json.dumps(
        envelope(a, json.dumps(verdict(a))) | {"model": "another-model"}
    ).encode(),
)
_raw(
    "no_model",
    lambda a: json.dumps(
        envelope(a, json.dumps(verdict(a))) | {"model": None}
    ).encode(),
)

# --- The answer's text ------------------------------------------------------------
_answer(
    "prose", lambda a: f"Sure! Here it is:\n{json.dumps(verdict(a))}\nAnything else?"
)
_answer("markdown", lambda a: f"```json\n{json.dumps(verdict(a))}\n```")
_answer("truncated_json", lambda a: json.dumps(verdict(a))[:-40])
_answer("array_answer", lambda a: [verdict(a)])
_answer("deep", lambda _a: "[" * 50_000 + "]" * 50_000)
_answer(
    "duplicate_keys",
    _edited('"confidence": 0.97', '"confidence": 0.01, "confidence": 0.99'),
)
_answer("nan", _edited('"confidence": 0.97', '"confidence": NaN'))
_answer("infinity", _edited('"confidence": 0.97', '"confidence": 1e999'))
_answer("nul", _edited("An ordinary", "An \\u0000 ordinary"))
_answer("surrogate", _edited("An ordinary", "An \\ud800 ordinary"))

# --- The answer's values ----------------------------------------------------------
_answer("confidence_7", lambda a: verdict(a, confidence=7))
_answer("confidence_text", lambda a: verdict(a, confidence="0.97"))
_answer("confidence_minus", lambda a: verdict(a, confidence=-1))
_answer("confidence_bool", lambda a: verdict(a, confidence=True))
_answer("extra_field", lambda a: verdict(a, decision="approve"))
_answer(
    "missing_field",
    lambda a: {k: v for k, v in verdict(a).items() if k != "field_confidence"},
)
_answer("clauses_null", lambda a: verdict(a, clauses=None))
_answer("unknown_action", lambda a: verdict(a, clauses=[clause(a, action="approve")]))
_answer("unknown_clause", lambda a: verdict(a, clauses=[clause(a, code="P-999")]))
_answer(
    "foreign_quote",
    lambda a: verdict(a, clauses=[clause(a, quote="words that are not there")]),
)
_answer("no_quote", lambda a: verdict(a, clauses=[clause(a, quote="")]))
_answer("no_reasons", lambda a: verdict(a, reasoning=" "))
_answer("bad_language", lambda a: verdict(a, language="the usual one"))
_answer("long_text", lambda a: verdict(a, reasoning="x" * 200_000))
_answer("script", lambda a: verdict(a, reasoning="Fine <script>alert(1)</script>"))
_answer("bidi", lambda a: verdict(a, reasoning="Fine \u202e erased"))
_answer("script_title", lambda a: proposing(a, title="<img src=x onerror=alert(1)>"))
_answer(
    "other_listing",
    lambda a: proposing(a, title="Vintage leather armchair with carved oak legs"),
)
_answer("price_changed", lambda a: proposing(a, price="0.99"))
_answer(
    "number_added",
    lambda a: proposing(a, title=f"{a.listing.get('title', '')} 512 GB"),
)
_answer("brand_added", lambda a: proposing(a, brand="Rolex"))
_answer("bad_condition", lambda a: proposing(a, condition="mint"))

ALIASES = {"timeout": "hang", "429": "s429", "500": "s500", "garbage": "prose"}


def mode(name: str) -> Mode:
    """Return a mode by name or alias.

    Raises:
        KeyError: there is none.
    """
    return MODES[ALIASES.get(name, name)]

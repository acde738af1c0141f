"""Every way a provider can answer badly ends as one typed failure, never as a yes."""

import asyncio
from collections.abc import Iterator

import pytest

from moderation.assessment.assess import Assessed, Recipe, Subject, assess
from moderation.content import Content
from moderation.llm.guarded import GuardedClient
from moderation.llm.openai_client import OpenAIClient
from moderation.llm.providers import Provider
from moderation.llm.retry import Backoff
from moderation.llm.stores import MemoryBreakers
from moderation.states import FailureKind as F
from moderation.states import VerdictKind
from tests.protocol_modes import MODES
from tests.protocol_server import ScriptedServer

POLICY = "### P-101 Firearms\nReject.\n\n### P-302 Brands\nFix.\n"
LISTING = Content(
    title="Garden lamp 12 V",
    description="A lamp for the garden, 12 V, made by Lumo.",
    price="19.00",
    currency="EUR",
    category="Garden > Lamps",
    brand="Lumo",
    condition="new",
)
ENDLESS = {"hang", "hang_after_headers", "drip"}
KEY = "sk-scripted-key"

# Failure kind and exact number of calls: 1 for what would only come again, 2 where
# one clarified retry is owed, 3 for what may pass.
EXPECTED: dict[str, tuple[F, int]] = {
    "s400": (F.REQUEST_REJECTED, 1),
    "s400_length": (F.REQUEST_REJECTED, 1),
    "s400_filter": (F.REFUSED, 1),
    "s401": (F.AUTHENTICATION, 1),
    "s402": (F.QUOTA_EXHAUSTED, 1),
    "s403": (F.AUTHENTICATION, 1),
    "s404": (F.REQUEST_REJECTED, 1),
    "s408": (F.TIMEOUT, 3),
    "s409": (F.PROVIDER_ERROR, 3),
    "s413": (F.REQUEST_REJECTED, 1),
    "s422": (F.REQUEST_REJECTED, 1),
    "s429": (F.RATE_LIMITED, 3),
    "s429_after": (F.RATE_LIMITED, 3),
    "s429_ms": (F.RATE_LIMITED, 3),
    "s429_date": (F.RATE_LIMITED, 3),
    "s500": (F.PROVIDER_ERROR, 3),
    "s502": (F.PROVIDER_ERROR, 3),
    "s503": (F.PROVIDER_ERROR, 3),
    "s503_after": (F.PROVIDER_ERROR, 3),
    "s504": (F.PROVIDER_ERROR, 3),
    "s529": (F.PROVIDER_ERROR, 3),
    "quota": (F.QUOTA_EXHAUSTED, 1),
    "redirect": (F.PROVIDER_ERROR, 3),
    "hang": (F.TIMEOUT, 3),
    "hang_after_headers": (F.TIMEOUT, 3),
    "drip": (F.TIMEOUT, 3),
    "reset": (F.UNREACHABLE, 3),
    "reset_after_headers": (F.UNREACHABLE, 3),
    "torn": (F.UNREACHABLE, 3),
    "empty_body": (F.UNPARSABLE, 2),
    "not_utf8": (F.UNPARSABLE, 2),
    "too_large": (F.UNPARSABLE, 2),
    "json_list": (F.UNPARSABLE, 2),
    "json_null": (F.UNPARSABLE, 2),
    "html": (F.UNPARSABLE, 2),
    "bad_gzip": (F.UNPARSABLE, 2),
    "choices_null": (F.UNPARSABLE, 2),
    "tool_calls": (F.UNPARSABLE, 2),
    "no_choices": (F.EMPTY, 1),
    "null_content": (F.EMPTY, 1),
    "empty_content": (F.EMPTY, 1),
    "blank_content": (F.EMPTY, 1),
    "refusal": (F.REFUSED, 1),
    "content_filter": (F.REFUSED, 1),
    "length": (F.TRUNCATED, 1),
    "wrong_model": (F.WRONG_MODEL, 1),
    "no_model": (F.WRONG_MODEL, 1),
    "prose": (F.UNPARSABLE, 2),
    "markdown": (F.UNPARSABLE, 2),
    "truncated_json": (F.UNPARSABLE, 2),
    "deep": (F.UNPARSABLE, 2),
    "duplicate_keys": (F.UNPARSABLE, 2),
    "nan": (F.UNPARSABLE, 2),
    "infinity": (F.UNPARSABLE, 2),
    "nul": (F.UNPARSABLE, 2),
    "surrogate": (F.UNPARSABLE, 2),
    "long_text": (F.UNPARSABLE, 2),
    "array_answer": (F.INVALID_ANSWER, 2),
    "confidence_7": (F.INVALID_ANSWER, 2),
    "confidence_text": (F.INVALID_ANSWER, 2),
    "confidence_minus": (F.INVALID_ANSWER, 2),
    "confidence_bool": (F.INVALID_ANSWER, 2),
    "extra_field": (F.INVALID_ANSWER, 2),
    "missing_field": (F.INVALID_ANSWER, 2),
    "clauses_null": (F.INVALID_ANSWER, 2),
    "unknown_action": (F.INVALID_ANSWER, 2),
    "unknown_clause": (F.INVALID_ANSWER, 2),
    "foreign_quote": (F.INVALID_ANSWER, 2),
    "no_quote": (F.INVALID_ANSWER, 2),
    "no_reasons": (F.INVALID_ANSWER, 2),
    "bad_language": (F.INVALID_ANSWER, 2),
    "script": (F.INVALID_ANSWER, 2),
    "bidi": (F.INVALID_ANSWER, 2),
    "script_title": (F.INVALID_ANSWER, 2),
    "other_listing": (F.INVALID_ANSWER, 2),
    "price_changed": (F.INVALID_ANSWER, 2),
    "number_added": (F.INVALID_ANSWER, 2),
    "brand_added": (F.INVALID_ANSWER, 2),
    "bad_condition": (F.INVALID_ANSWER, 2),
}
ANSWERS = {
    "ok": VerdictKind.COMPLIANT,
    "slow": VerdictKind.COMPLIANT,
    "obedient": VerdictKind.COMPLIANT,
    "ok_reject": VerdictKind.VIOLATION,
    "ok_ask": VerdictKind.UNSURE,
    "ok_doubt": VerdictKind.UNSURE,
}


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    """One scripted provider for all faults; stopping it ends what still hangs."""
    with ScriptedServer(
        ["ok"], slow_s=0.02, hang_s=5.0, drip_s=0.01, retry_after_s=0.05
    ) as running:
        yield running


def recipe() -> Recipe:
    return Recipe(
        pipeline="v1",
        model="scripted-1",
        accepted_model_names=frozenset({"scripted-1"}),
        prompt_name="listing_v1",
        prompt_text="Judge the listing.",
        prompt_sha256="0" * 64,
        policy_text=POLICY,
        languages=frozenset({"en"}),
        max_output_tokens=2_000,
    )


def guarded(server: ScriptedServer, attempt_timeout_s: float = 20.0) -> GuardedClient:
    provider = Provider(name="scripted", base_url=server.base_url, key=KEY)
    return GuardedClient(
        [(provider, OpenAIClient(provider))],
        breakers=MemoryBreakers(),
        attempt_timeout_s=attempt_timeout_s,
        backoff=Backoff(base_s=0.01, max_s=0.02),
    )


def assessed_by(server: ScriptedServer, mode: str) -> Assessed:
    server.script([mode])

    async def run() -> Assessed:
        client = guarded(server, 0.3 if mode in ENDLESS else 20.0)
        try:
            return await assess(
                Subject(raw=LISTING, tidied=LISTING),
                recipe=recipe(),
                client=client,
                deadline_s=60.0,
                request_id="req-1",
            )
        finally:
            await client.close()

    return asyncio.run(run())


def test_every_mode_of_the_server_has_an_expected_end() -> None:
    assert set(MODES) == set(EXPECTED) | set(ANSWERS)
    assert len(EXPECTED) >= 54


@pytest.mark.parametrize("mode", EXPECTED)
def test_a_fault_ends_as_its_failure_after_the_right_number_of_calls(
    server: ScriptedServer, mode: str
) -> None:
    kind, calls = EXPECTED[mode]

    result = assessed_by(server, mode)

    assert result.verdict is None
    assert result.failure is not None
    assert result.failure.kind == kind
    assert len(server.requests) == calls
    assert [call.attempt for call in result.calls] == list(range(1, calls + 1))
    assert {call.failure for call in result.calls} == {kind}
    stored = "".join(call.raw_text + call.detail for call in result.calls)
    assert len(stored) <= calls * 20_100
    assert KEY not in stored
    assert "\x00" not in stored
    stored.encode()


@pytest.mark.parametrize("mode", ANSWERS)
def test_a_good_answer_is_one_call_and_its_own_kind_of_verdict(
    server: ScriptedServer, mode: str
) -> None:
    result = assessed_by(server, mode)

    assert result.failure is None
    assert result.verdict is not None
    assert result.verdict.kind == ANSWERS[mode]
    assert len(server.requests) == len(result.calls) == 1
    assert result.calls[0].cached_tokens == 8_000


def test_a_clarified_retry_that_succeeds_gives_its_verdict(
    server: ScriptedServer,
) -> None:
    server.script(["prose", "ok"])

    async def run() -> Assessed:
        client = guarded(server)
        try:
            return await assess(
                Subject(raw=LISTING, tidied=LISTING),
                recipe=recipe(),
                client=client,
                deadline_s=60.0,
                request_id="req-2",
            )
        finally:
            await client.close()

    result = asyncio.run(run())

    assert result.verdict is not None
    assert result.problems == ()
    assert [call.failure for call in result.calls] == [F.UNPARSABLE, None]
    first, second = (request.body["messages"] for request in server.requests)
    assert second[0]["content"].startswith(first[0]["content"])
    assert '"additionalProperties"' in second[0]["content"]
    assert "Garden lamp" not in second[0]["content"]
    assert first[1]["content"] != second[1]["content"]


def test_the_request_is_deterministic_structured_and_signed(
    server: ScriptedServer,
) -> None:
    assessed_by(server, "ok")

    request = server.requests[0]
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["x-request-id"] == "req-1"
    assert request.body["temperature"] == 0
    assert request.body["max_completion_tokens"] == 2_000
    form = request.body["response_format"]["json_schema"]
    assert form["strict"] is True
    assert form["schema"]["additionalProperties"] is False
    assert "Garden lamp" not in request.body["messages"][0]["content"]
    assert "Garden lamp" in request.body["messages"][-1]["content"]


def test_a_provider_that_is_not_there_is_unreachable() -> None:
    provider = Provider(name="gone", base_url="http://127.0.0.1:9/v1", key="k")

    async def run() -> Assessed:
        client = OpenAIClient(provider)
        try:
            return await assess(
                Subject(raw=LISTING, tidied=LISTING),
                recipe=recipe(),
                client=client,
                deadline_s=2.0,
                request_id="req-3",
            )
        finally:
            await client.close()

    result = asyncio.run(run())

    assert result.failure is not None
    assert result.failure.kind == F.UNREACHABLE

"""Many listings through a provider that does everything wrong now and then."""

import asyncio
import json
import re
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path

from moderation.assessment.assess import MAX_CALLS, Assessed, Recipe, Subject, assess
from moderation.content import Content
from moderation.llm.guarded import GuardedClient
from moderation.llm.openai_client import OpenAIClient
from moderation.llm.providers import Provider
from moderation.llm.retry import Backoff
from moderation.llm.stores import EasedBreakers, MemoryBreakers
from tests.protocol_modes import ALIASES, MODES
from tests.protocol_server import ScriptedServer

GOOD = {"ok", "ok_reject", "ok_ask", "ok_doubt", "slow", "obedient"}
LISTINGS = 200
RECIPE = Recipe(
    pipeline="v1",
    model="scripted-1",
    accepted_model_names=frozenset({"scripted-1"}),
    prompt_name="listing_v1",
    prompt_text="Judge the listing.",
    prompt_sha256="0" * 64,
    policy_text="### P-101 Firearms\nReject.\n",
    languages=frozenset({"en"}),
    max_output_tokens=2_000,
)


def test_every_listing_gets_one_end_and_no_faulty_answer_is_a_verdict() -> None:
    faults = dict.fromkeys(set(MODES) - GOOD, 0.4)
    shares = {"ok": 70.0, **faults}

    async def run(url: str) -> list[Assessed]:
        provider = Provider("scripted", url, "k")
        client = GuardedClient(
            [(provider, OpenAIClient(provider))],
            breakers=EasedBreakers(MemoryBreakers()),
            attempt_timeout_s=1.0,
            backoff=Backoff(0.01, 0.05),
        )
        gate = asyncio.Semaphore(16)

        async def one(number: int) -> Assessed:
            listing = Content(title=f"Lamp number {number}", price="9", currency="EUR")
            async with gate:
                return await assess(
                    Subject(listing, listing),
                    recipe=RECIPE,
                    client=client,
                    deadline_s=30.0,
                    request_id=f"req-{number}",
                )

        ends = await asyncio.gather(*(one(number) for number in range(LISTINGS)))
        await client.close()
        return ends

    with ScriptedServer(shares, seed=7, hang_s=5.0, retry_after_s=0.05) as server:
        ends = asyncio.run(run(server.base_url))
        asked = Counter(r.headers["x-request-id"] for r in server.requests)
        last_mode = {r.headers["x-request-id"]: r.mode for r in server.requests}

    assert len(ends) == LISTINGS
    for number, end in enumerate(ends):
        name = f"req-{number}"
        assert (end.verdict is None) != (end.failure is None)
        assert asked[name] <= len(end.calls) <= MAX_CALLS
        if end.verdict is not None:
            assert last_mode[name] == "ok"
    assert sum(end.verdict is not None for end in ends) >= LISTINGS // 2


def test_the_server_runs_as_a_process_of_its_own(repository: Path) -> None:
    command = [sys.executable, "-m", "tests.protocol_server", "--modes", "ok:3,timeout"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=repository
    ) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        base = found.group().removesuffix("/v1")
        body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        set_modes = urllib.request.Request(f"{base}/modes", b"s500:0,ok:1")
        urllib.request.urlopen(set_modes, timeout=5).close()
        ask = urllib.request.Request(
            f"{base}/v1/chat/completions", json.dumps(body).encode()
        )
        with urllib.request.urlopen(ask, timeout=5) as reply:
            completion = json.load(reply)
        with urllib.request.urlopen(f"{base}/requests", timeout=5) as reply:
            served = json.load(reply)
        process.terminate()

    assert completion["model"] == "m"
    assert served == {"ok": 1}


def test_aliases_name_modes_that_exist() -> None:
    assert set(ALIASES.values()) <= set(MODES)

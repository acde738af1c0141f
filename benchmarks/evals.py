"""A stored, resumable eval of 1,000 cases against a provider that takes 50 ms.

Anchor: a bare AsyncOpenAI loop over the same 1,000 requests, 64 at once, that stores,
checks and scores nothing. promptfoo reaches 0.17 of such a loop.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from benchmarks.figures import Figure
from benchmarks.processes import TOP, installation, run, run_json

CASES, LATENCY_MS = 1_000, 50
FLOOR, AIM = "0.17 of it", "0.8 of it"
MODEL = "gpt-4.1-mini-2025-04-14"
BARE = """
import asyncio, json, sys, time
from pathlib import Path
import openai
from moderation.assessment.compose import compose, new_fence
from moderation.assessment.verdict import SCHEMA_NAME, verdict_schema
base_url, model, path = sys.argv[1:]
top = Path.cwd() / "moderation"
prompt = (top / "prompts" / "listing_v1.md").read_text(encoding="utf-8")
policy = (top / "retrieval" / "policy.md").read_text(encoding="utf-8")
schema = {"name": SCHEMA_NAME, "schema": verdict_schema(), "strict": True}
def messages(line):
    listing = json.loads(line)["listing"]
    composed = compose({"listing": listing}, prompt_text=prompt, policy_text=policy,
                       fence=new_fence(), problems=())
    return [{"role": "system", "content": composed.instructions},
            {"role": "user", "content": composed.data}]
asked = [messages(line) for line in open(path, encoding="utf-8")]
async def main():
    gate = asyncio.Semaphore(64)
    async with openai.AsyncOpenAI(base_url=base_url, api_key="none") as client:
        async def one(found):
            async with gate:
                reply = await client.chat.completions.create(
                    model=model, messages=found, temperature=0,
                    response_format={"type": "json_schema", "json_schema": schema})
            return json.loads(reply.choices[0].message.content)
        await one(asked[0])
        started = time.perf_counter()
        await asyncio.gather(*(one(found) for found in asked))
        return len(asked) / (time.perf_counter() - started)
print(asyncio.run(main()))
"""


def measure(rounds: int) -> list[Figure]:
    """Evaluate on SQLite, and on PostgreSQL where there is one, beside the loop."""
    figures = []
    databases = {"SQLite": ""}
    if os.environ.get("TEST_DATABASE_URL"):
        databases["PostgreSQL"] = os.environ["TEST_DATABASE_URL"]
    with provider() as base_url:
        for name, url in databases.items():
            with installation() as environment, database(url) as own:
                environment |= {"OPENAI_BASE_URL": base_url} | own
                cases = write_cases(Path(environment["REVIEWHUB_DATA_DIR"]))
                run(environment, "migrate", "--verbosity", "0")
                speeds, bare = [], []
                for number in range(rounds):
                    speeds.append(_stored(environment, cases, number))
                    bare.append(_bare(environment, base_url, cases))
            figures.append(
                Figure(
                    f"Stored eval of {CASES:,} cases at {LATENCY_MS} ms, {name}",
                    "cases/s",
                    tuple(speeds),
                    FLOOR,
                    AIM,
                    "a bare AsyncOpenAI loop",
                    tuple(bare),
                )
            )
    return figures


def write_cases(folder: Path) -> Path:
    """Write the cases: the shipped ones, again and again under other ids."""
    shipped = TOP / "moderation" / "evals" / "shipped.jsonl"
    rows = [json.loads(line) for line in shipped.open(encoding="utf-8")]
    # What intake refuses costs no call: each case must reach the provider.
    rows = [row for row in rows if row["expected"]["decision"] != "reject"]
    path = folder / "cases.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        for number in range(CASES):
            row = rows[number % len(rows)]
            again = {**row, "id": f"{row['id']}-{number}"}
            stream.write(json.dumps(again) + "\n")
    return path


@contextmanager
def provider() -> Iterator[str]:
    """Run the scripted provider in a process of its own; yield its address."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.protocol_server", "--port", str(port)]
        + ["--modes", "ok", "--latency-ms", str(LATENCY_MS)],
        cwd=TOP,
        stdout=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{address}/requests", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"{address}/v1"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def database(url: str) -> Iterator[dict[str, str]]:
    """Yield the setting of an empty PostgreSQL database, gone afterwards."""
    if not url:
        yield {}
        return
    name = f"bench_{uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield {"DATABASE_URL": urlsplit(url)._replace(path=f"/{name}").geturl()}
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _stored(environment: dict[str, str], cases: Path, number: int) -> float:
    """Run the command over a dataset of its own name; return cases a second."""
    # Another name is another dataset: storing it is part of the work.
    path = cases.with_name(f"round-{number}.jsonl")
    path.write_bytes(cases.read_bytes())
    told = run_json(environment, "evaluate", "--dataset", str(path))
    if told["cases"] != CASES or told["failures"]:
        raise RuntimeError(f"{told['failures']} of {told['cases']} cases failed")
    return CASES / float(told["seconds"])


def _bare(environment: dict[str, str], base_url: str, cases: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", BARE, base_url, MODEL, str(cases)],
        cwd=TOP,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)

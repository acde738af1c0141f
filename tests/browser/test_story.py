"""The product's one story, on the embedded default, by the pages that people use.

A real `serve` with SQLite, a real browser and a real receiver of webhooks: listings
come in, a moderator decides by keyboard, decisions become cases, cases a dataset, the
dataset a gate, the gate a rollout; then the stop, the kill switch, and every link back.
"""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from standardwebhooks.webhooks import Webhook

from tests.installation import TOP, free_port
from tests.sink import a_sink

PASSWORD = "a-story-of-one-page"
DECIDED = 10
WAITING = (
    "SELECT count(*) FROM moderation_submission"
    " WHERE state IN ('received', 'assessing')"
)
SAMPLES = TOP / "moderation" / "samples" / "listings.jsonl"


class House:
    """One running installation of the embedded default."""

    def __init__(self, directory: Path) -> None:
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.directory = directory
        self.log = directory / "serve.log"
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PORT": str(port),
            "REVIEWHUB_DATA_DIR": str(directory),
            "REVIEWHUB_DEMO_PASSWORD": PASSWORD,
            "REVIEWHUB_EGRESS_ALLOW": "127.0.0.1",
            "REVIEWHUB_UNDO_SECONDS": "1",
            "REVIEWHUB_ROLLOUT_MINIMUM": "20",
            "REVIEWHUB_SPOT_CHECK_SHARE": "0.3",
        }

    def start(self) -> subprocess.Popen[bytes]:
        """Start everything; return once it answers."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--demo"],
                cwd=TOP,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        self.until(lambda: "Reviewhub runs on" in self.log.read_text(), "starting")
        return process

    def manage(self, *arguments: str) -> Any:
        """Run a command to its end; return its line of JSON."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments, "--json"],
            cwd=TOP,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def send(self, name: str, rows: int, *options: str) -> Any:
        """Import listings like the samples under references of their own."""
        path = self.directory / f"{name}.jsonl"
        with SAMPLES.open(encoding="utf-8") as samples, path.open("w") as out:
            some = [json.loads(line) for line in samples][: min(rows, 100)]
            for number in range(rows):
                row = dict(some[number % len(some)])
                row["external_id"] = f"{name}-{number}"
                row["title"] = f"{row['title'][:120]} no {number}"
                out.write(json.dumps(row) + "\n")
        return self.manage("import_listings", str(path), "--merchant", "demo", *options)

    def ask(self, query: str) -> Any:
        """Return the first column of the first row."""
        found = next(self.directory.glob("*.sqlite3"))
        with closing(sqlite3.connect(found, timeout=20)) as database:
            return database.execute(query).fetchone()[0]

    def until(self, check: Callable[[], Any], what: str, seconds: float = 60) -> Any:
        """Ask again until the answer is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if answer := check():
                return answer
            time.sleep(0.2)
        pytest.fail(f"{what} took too long\n{self.log.read_text()[-3000:]}")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    process = made.start()
    yield made
    process.terminate()
    process.wait(30)


@pytest.fixture
def enter(browser: Browser, house: House) -> Iterator[Callable[[str], Page]]:
    """Return a way to sign in; no page may fail on the way."""
    faults: list[str] = []
    contexts = []

    def sign_in(name: str) -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "response",
            lambda r: faults.append(f"{r.status} {r.url}") if r.status >= 500 else None,
        )
        page.goto(f"{house.base}/login/")
        page.fill("#u", name)
        page.fill("#p", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(lambda url: "/login/" not in url)
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert not faults, faults


def decide_by_keyboard(page: Page, house: House, number: int) -> None:
    """Approve and reject in turn, by keys alone."""
    page.goto(f"{house.base}/review/")
    page.keyboard.press("Enter")
    page.wait_for_selector("#approve")
    for _ in range(number):
        item = page.locator("#review").get_attribute("data-item")
        # Longer than the guard that keeps a rhythm from hitting the next item.
        page.wait_for_timeout(450)
        page.keyboard.press("r")
        page.wait_for_selector("#rail input[type=search], #rail #q, #rail .codes")
        page.wait_for_timeout(100)
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        page.wait_for_function(
            "item => document.querySelector('#review')?.dataset.item !== item",
            arg=item,
        )


@pytest.mark.timeout(300)
def test_from_a_decision_to_the_version_that_gets_it_right_and_back(
    house: House, enter: Callable[[str], Page]
) -> None:
    with a_sink() as sink:
        merchant = enter("merchant")
        merchant.goto(f"{house.base}/developers/webhooks/")
        merchant.fill("input[name=url]", sink.url)
        merchant.click("main button[type=submit]")
        merchant.wait_for_url("**/developers/webhooks/WHE-*/")
        secret = merchant.locator("text=/whsec_/").first.inner_text().strip()

        house.until(lambda: not house.ask(WAITING), "judging the samples")
        moderator = enter("moderator")
        decide_by_keyboard(moderator, house, DECIDED)
        cases = "SELECT count(*) FROM moderation_evalcase"
        # No click beyond the decisions, and no wait.
        assert house.ask(cases) == DECIDED
        house.until(lambda: len(sink.told) >= DECIDED, "telling the merchant")
        for told in sink.told:
            Webhook(secret).verify(told.body, told.headers)

    admin = enter("admin")
    freeze_and_run(admin, house)
    roll_out_and_stop(admin, house)
    flip_the_switch(admin, house)
    walk_the_thread(admin, moderator, house)
    assert house.manage("verify_audit")["ok"]


def freeze_and_run(admin: Page, house: House) -> None:
    """Curate, freeze and evaluate by the pages."""
    admin.goto(f"{house.base}/ops/evals/cases/")
    admin.click("text=Accept the ticked ones")
    admin.goto(f"{house.base}/ops/evals/")
    admin.fill("#fn", "live")
    admin.click("button:has-text('Freeze')")
    admin.wait_for_url("**/ops/evals/datasets/live/1/")
    assert f"{DECIDED} cases" in admin.inner_text("main")
    admin.click("text=Run eval")
    admin.wait_for_url("**/ops/evals/runs/RUN-*/")
    admin.wait_for_selector("text=/the gate/", timeout=60_000)
    house.manage("pipeline", "create", "v2", "--from", "v1", "--threshold", "0.6")
    told = house.manage(
        *("evaluate", "--dataset", "shipped", "--pipeline", "v2", "--against", "v1"),
        "--gate",
    )
    assert told["gate"] == {"passed": True, "reasons": []}


def roll_out_and_stop(admin: Page, house: House) -> None:
    """Go from the shadow to 25%, each step on evidence, and stop in one click."""
    admin.goto(f"{house.base}/ops/rollout/")
    admin.select_option("#cand", "v2")
    admin.fill("#pil", "demo")
    admin.click("text=Start in shadow")
    admin.wait_for_url("**/ops/rollout/ROL-*/")
    rollout = admin.url
    shadows = "SELECT count(*) FROM moderation_assessment WHERE role = 'shadow'"
    for stage in ("the pilot merchants", "1%", "5%", "25%"):
        name = f"stage-{stage[:3].strip('% ')}"
        house.send(name, 40, "--wait")
        if stage == "the pilot merchants":
            house.until(lambda: house.ask(shadows) >= 20, "judging in the shadow")
        admin.goto(f"{rollout}advance/")
        assert not admin.locator("input[name=override]").count(), stage
        admin.fill("#why", "No limit is near.")
        admin.click("[data-send]")
        admin.wait_for_url(rollout)
        assert f"v2 moved to {stage}" in admin.inner_text("body")
    admin.click("text=Stop v2 now")
    admin.wait_for_selector("text=v2 is stopped")
    assert house.manage("status")["rollouts"][-1]["state"] == "halted"


def flip_the_switch(admin: Page, house: House) -> None:
    """Let people alone decide while an import runs."""
    house.send("late", 200)
    admin.goto(f"{house.base}/ops/")
    admin.check("input[name=mode][value=humans_only]", force=True)
    admin.fill("[name=note]", "Something is odd.")
    admin.click("text=Change mode")
    admin.wait_for_selector("text=Mode is humans only")
    house.until(lambda: not house.ask(WAITING), "judging the import")
    at = datetime.fromisoformat(house.ask("SELECT max(at) FROM moderation_mode"))
    last = house.ask(
        "SELECT max(decided_at) FROM moderation_decision WHERE decided_by = 'machine'"
    )
    assert (datetime.fromisoformat(last) - at).total_seconds() <= 2
    late = "SELECT count(*) FROM moderation_submission s WHERE s.state = 'in_review'"
    assert house.ask(late) > 0


def walk_the_thread(admin: Page, moderator: Page, house: House) -> None:
    """Follow a decision to its case, dataset, run and version, and back again."""
    moderator.goto(f"{house.base}/review/history/")
    moderator.locator("main a[href^='/decisions/']").first.click()
    moderator.wait_for_url("**/decisions/DEC-*/")
    decision = moderator.url.removeprefix(house.base)
    admin.goto(house.base + decision)
    assert "The merchant was told" in admin.inner_text("main")
    for part in ("/ops/evals/cases/", "/ops/evals/datasets/", "/ops/evals/runs/"):
        admin.goto(house.base + decision)
        admin.locator(f"main a[href^='{part}']").first.click()
        admin.wait_for_url(f"**{part}**")
        found = admin.eval_on_selector_all(
            "main a[href^='/']", "links => links.map(link => link.getAttribute('href'))"
        )
        assert found, part
        for path in set(found):
            assert admin.request.get(house.base + path).status == 200, path
    admin.locator(f"main a[href='{decision}']").first.click()
    admin.wait_for_url(f"**{decision}")

"""Fills this installation with tasks and times the review page; prints JSON.

Run by review_page.py in an environment of its own.
"""

import json
import re
import sys
import time
from pathlib import Path
from statistics import quantiles

import django

django.setup()

from django.contrib.auth.models import User
from django.test import Client

from moderation.access.actor import Actor
from moderation.intake.bulk import admit_waiting
from moderation.models import (
    Assessment,
    Listing,
    Merchant,
    ReviewTask,
    Submission,
)
from moderation.models.fields import new_submission_id
from moderation.review.queue import claim_next
from moderation.states import SubmissionState
from moderation.upkeep import sweep
from moderation.worker import Worker

TASKS, OPENED = 10_000, 60


def fill() -> None:
    """Judge the samples, then copy a judged one until there are TASKS tasks."""
    while admit_waiting():
        pass
    Worker(name="bench").drain()
    sweep()
    model = ReviewTask.objects.select_related("submission", "assessment").first()
    assert model is not None
    assert model.assessment is not None
    merchant = Merchant.objects.get(slug="demo")
    listings = Listing.objects.bulk_create(
        Listing(merchant=merchant, external_id=f"bench-{n}") for n in range(TASKS)
    )
    submissions = []
    for listing in listings:
        copy = Submission.objects.none().model(
            **{
                field.attname: getattr(model.submission, field.attname)
                for field in Submission._meta.concrete_fields
                if field.attname not in ("id", "public_id", "listing_id")
            }
        )
        copy.listing, copy.public_id = listing, new_submission_id()
        copy.state = SubmissionState.IN_REVIEW
        submissions.append(copy)
    Submission.objects.bulk_create(submissions, batch_size=500)
    assessments = []
    for submission in submissions:
        judged = Assessment(
            **{
                field.attname: getattr(model.assessment, field.attname)
                for field in Assessment._meta.concrete_fields
                if field.attname not in ("id", "submission_id")
            }
        )
        judged.submission = submission
        assessments.append(judged)
    Assessment.objects.bulk_create(assessments, batch_size=500)
    ReviewTask.objects.bulk_create(
        (
            ReviewTask(
                submission=submission,
                merchant=merchant,
                kind=model.kind,
                assessment=judged,
                reasons=model.reasons,
                due_at=model.due_at,
            )
            for submission, judged in zip(submissions, assessments, strict=True)
        ),
        batch_size=500,
    )


def p95(times: list[float]) -> float:
    """Return the 95th percentile."""
    return quantiles(times, n=20)[-1]


def timed(client: Client, url: str) -> list[float]:
    """Return the server's milliseconds for a page, opened many times."""
    client.get(url)
    times = []
    for _ in range(OPENED):
        started = time.perf_counter()
        answer = client.get(url)
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, answer.status_code
    return times


def main() -> None:
    """Fill, open, print."""
    fill()
    user = User.objects.get(username="moderator")
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(user)
    task = claim_next(by=Actor.person(user))
    assert task is not None
    url = f"/review/{task.public_id}/"
    pages, bare = [], []
    for _ in range(int(sys.argv[1])):
        pages.append(p95(timed(client, url)))
        bare.append(p95(timed(client, "/account/")))
    html = client.get(url).content
    sheets = set(re.findall(r'href="/static/([\w./-]+\.css)"', html.decode()))
    css = sum((Path("static") / sheet).stat().st_size for sheet in sheets)
    sys.stdout.write(
        json.dumps(
            {
                "p95_ms": pages,
                "bare_p95_ms": bare,
                "html_kb": len(html) / 1000,
                "css_kb": css / 1000,
            }
        )
        + "\n"
    )


main()

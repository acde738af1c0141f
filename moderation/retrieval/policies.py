"""The policy as rows: parsed on its headings, one PolicyClause a heading."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.db import transaction

from moderation.models import Policy, PolicyClause

SHIPPED = Path(__file__).with_name("policy.md")
_VERSION = re.compile(r"^Version (\d[\w.]*)\.", re.MULTILINE)
_CHAPTER = re.compile(r"^## (?:\d+\. )?(?P<title>.+)$")
_SECTION = re.compile(r"^### (?P<code>[PQ]-\d+) (?P<title>.+)$")
_RULE = re.compile(r"^\*\*(?P<code>[PQ]-\d+) (?P<title>[^*]+?)\.\*\* ?(?P<text>.*)$")


@dataclass(frozen=True, slots=True)
class ParsedClause:
    """One heading of a policy text with what stands under it."""

    code: str
    title: str
    chapter: str
    text: str


def parse(text: str) -> Iterator[ParsedClause]:
    """Yield the clauses of a policy in Markdown, in order.

    A clause begins at `### P-101 Title` or at a paragraph `**Q-01 Title.**`
    and ends at the next clause, heading or rule line.
    """
    chapter, code, title, lines = "", "", "", [""]
    for line in [*text.splitlines(), "## end"]:
        section, rule = _SECTION.match(line), _RULE.match(line)
        heading = _CHAPTER.match(line)
        if not (section or rule or heading or line == "---"):
            lines.append(line.strip())
            continue
        if code:
            yield ParsedClause(code, title, chapter, _joined(lines))
        code, lines = "", []
        if match := section or rule:
            code, title = match["code"], match["title"].strip()
            lines = [match["text"]] if rule else []
        elif heading:
            chapter = heading["title"].strip()


def _joined(lines: list[str]) -> str:
    paragraphs = re.split(r"\n\s*\n", "\n".join(lines).strip())
    return "\n\n".join(" ".join(part.split()) for part in paragraphs)


def version_of(text: str) -> str:
    """Return the version that a policy text names.

    Raises:
        ValueError: it names none.
    """
    found = _VERSION.search(text)
    if found is None:
        raise ValueError("The policy must say its version, such as 'Version 1.1.'.")
    return found[1]


def install_policy(text: str) -> Policy:
    """Store a policy text as a version with its clauses, once; return it.

    Raises:
        ValueError: the text names no version, or a version is stored already
            with other words (a released policy never changes).
    """
    version = version_of(text)
    digest = policy_sha256(text)
    with transaction.atomic():
        policy, created = Policy.objects.get_or_create(
            version=version,
            defaults={
                "title": text.splitlines()[0].lstrip("# ").strip(),
                "text": text,
                "sha256": digest,
            },
        )
        if policy.sha256 != digest:
            raise ValueError(
                f"Policy {version} is stored with other words. Give the changed "
                "text a new version number."
            )
        if created:
            PolicyClause.objects.bulk_create(
                PolicyClause(
                    policy=policy,
                    code=clause.code,
                    title=clause.title,
                    chapter=clause.chapter,
                    text=clause.text,
                    position=position,
                )
                for position, clause in enumerate(parse(text))
            )
    return policy


def install_shipped_policy() -> Policy:
    """Store the policy that ships with Reviewhub, once; return it."""
    return install_policy(SHIPPED.read_text(encoding="utf-8"))


def policy_sha256(text: str) -> str:
    """Return the SHA-256 (hex) of a policy text."""
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=8)
def clauses_by_code(policy_id: int) -> dict[str, PolicyClause]:
    """Return a policy's clauses by code; kept, since policies never change."""
    return {
        clause.code: clause
        for clause in PolicyClause.objects.filter(policy_id=policy_id)
    }


def current_policy() -> Policy:
    """Return the newest policy in force.

    Raises:
        Policy.DoesNotExist: none is installed; `seed_demo` or `serve` does that.
    """
    return Policy.objects.latest("id")

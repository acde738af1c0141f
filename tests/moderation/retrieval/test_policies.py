"""The policy as rows: parsed on its headings, stored once, never changed."""

import pytest

from moderation.models import Policy, PolicyClause
from moderation.retrieval.policies import (
    SHIPPED,
    clauses_by_code,
    current_policy,
    install_policy,
    install_shipped_policy,
    parse,
)
from tests.builders import forget_caches

TEXT = """# Marketplace policy

Version 1.0. In force from now.

## 1. Dangerous goods

### P-101 Firearms

No firearms,
nor parts of them.

Toys are fine.

---

## 8. Quality

**Q-01 Titles.** Between 5 and 150 characters.

**Q-02 Shouting.** No capitals.
"""


def test_a_clause_begins_at_its_heading_and_ends_at_the_next() -> None:
    clauses = {clause.code: clause for clause in parse(TEXT)}
    assert list(clauses) == ["P-101", "Q-01", "Q-02"]
    assert clauses["P-101"].title == "Firearms"
    assert clauses["P-101"].chapter == "Dangerous goods"
    assert clauses["P-101"].text == "No firearms, nor parts of them.\n\nToys are fine."
    assert clauses["Q-01"].chapter == "Quality"
    assert clauses["Q-01"].text == "Between 5 and 150 characters."


def test_the_shipped_policy_has_all_its_sections() -> None:
    codes = [clause.code for clause in parse(SHIPPED.read_text(encoding="utf-8"))]
    assert len(codes) == len(set(codes)) > 30
    assert {"P-101", "P-701", "Q-01", "Q-16"} <= set(codes)


@pytest.mark.django_db
class TestStored:
    """Released words stand."""

    def test_a_policy_is_stored_once(self) -> None:
        first = install_policy(TEXT)
        assert install_policy(TEXT).pk == first.pk
        assert Policy.objects.count() == 1
        assert PolicyClause.objects.count() == 3
        assert current_policy() == first

    def test_other_words_need_another_version(self) -> None:
        install_policy(TEXT)
        with pytest.raises(ValueError, match="new version number"):
            install_policy(TEXT.replace("Toys", "Water pistols"))
        newer = install_policy(TEXT.replace("1.0", "1.1"))
        assert current_policy() == newer

    def test_a_text_without_a_version_is_refused(self) -> None:
        with pytest.raises(ValueError, match="version"):
            install_policy("# A policy")
        assert not Policy.objects.exists()

    def test_clauses_are_found_by_code(self) -> None:
        forget_caches()
        policy = install_shipped_policy()
        assert clauses_by_code(policy.pk)["P-101"].policy_id == policy.pk
        forget_caches()

"""Released prompts: pinned, complete, and examples that agree with the schema."""

import re

import pytest

from moderation.assessment.check import check_answer
from moderation.assessment.verdict import Verdict
from moderation.content import Content
from moderation.prompts import Example, UnknownPromptError, load, names
from moderation.states import VerdictKind

# A released prompt never changes: another text is another name.
RELEASED = {
    "listing_v1": "2235cafe500e57841d985472f905a86831dc524120a963d793b784a48ae1274a",
    "listing_v2": "ca039c539463779cb4b5555f2112a22bcc973e25e5082cc2d0ad113ed294f511",
}
CASES = [(name, case) for name in names() for case in load(name).examples]
POLICY_CODES = frozenset(f"P-{n}{m:02}" for n in range(1, 8) for m in range(1, 10))


def content_of(case: Example, tidied: bool = False) -> Content:
    data = dict(case.document["listing"])
    if data.pop("image_count", 0):
        data["image_urls"] = ["https://img.example.com/1.jpg"]
    if tidied:
        data |= case.document["tidied"]
    return Content.from_dict(data)


def test_released_prompts_are_what_they_were() -> None:
    assert {name: load(name).sha256 for name in names()} == RELEASED


@pytest.mark.parametrize("name", ["", "listing_v0", "../listing_v1", "x" * 90])
def test_a_prompt_that_was_not_released_is_unknown(name: str) -> None:
    with pytest.raises(UnknownPromptError):
        load(name)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_every_example_answer_passes_the_checks_that_answers_must_pass(
    name: str, case: Example
) -> None:
    verdict = Verdict.model_validate(case.answer)

    problems = check_answer(
        verdict,
        raw=content_of(case),
        tidied=content_of(case, tidied=True),
        codes=POLICY_CODES,
    )

    assert problems == ()


def test_examples_show_every_kind_of_verdict_in_several_languages() -> None:
    verdicts = [Verdict.model_validate(case.answer) for _, case in CASES]

    assert {verdict.kind for verdict in verdicts} == set(VerdictKind)
    assert len({verdict.language for verdict in verdicts}) >= 6
    assert sum(bool(verdict.proposed.description) for verdict in verdicts) >= 2


def test_examples_agree_in_the_order_of_their_keys() -> None:
    assert len({tuple(case.answer) for _, case in CASES}) == 1
    assert len({tuple(case.answer["proposed"]) for _, case in CASES}) == 1


def test_the_text_holds_every_example_between_its_own_marks() -> None:
    prompt = load("listing_v1")

    fences = re.findall(r"^<data (example-\d\d)>$", prompt.text, re.M)

    assert len(fences) == len(set(fences)) == len(prompt.examples)
    assert "\u200b" not in prompt.text
    assert "\\u200b" in prompt.text


def test_the_second_prompt_begins_with_all_of_the_first() -> None:
    first, second = load("listing_v1"), load("listing_v2")

    assert second.text.startswith(first.text + "\n\n")
    assert second.examples[: len(first.examples)] == first.examples
    assert len(second.examples) > len(first.examples)

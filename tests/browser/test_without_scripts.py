"""Every journey by plain forms: a browser that runs no script loses nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from moderation.models import Decision, Import, Mode, ReviewTask, Submission
from moderation.states import Outcome
from tests.browser.conftest import Visitor
from tests.moderation.web.world import World


@pytest.fixture
def plain(visitor: Callable[..., Visitor]) -> Callable[[str], Visitor]:
    """Return a maker of signed-in visitors without scripts."""

    def make(role: str) -> Visitor:
        who = visitor(scripts=False)
        who.sign_in(role)
        return who

    return make


def test_a_merchant_previews_sends_mends_and_takes_back(
    world: World, plain: Callable[[str], Visitor]
) -> None:
    page = plain("merchant").go("/listings/new/")
    page.fill("#external_id", "MUG-9")
    page.fill("#title", "STONEWARE MUG ★ 350 ml")
    page.fill("#price", "eighteen")
    page.fill("#currency", "EUR")
    page.fill("#category", "Home > Kitchen")
    page.click("text=Preview")
    assert "Not ready to send." in page.inner_text("#preview")
    page.click("[data-send]")
    assert page.title().startswith("Error: 1 thing to mend")
    page.fill("#price", "18.50")
    page.click("[data-send]")
    page.wait_for_url("**/listings/LST-*/")
    task = world.task(Submission.objects.get())
    world.decided(
        task,
        Outcome.CHANGES_NEEDED,
        clauses=[{"code": "P-708", "field": "title", "quote": "350 ml"}],
    )
    page.reload()
    assert "One change and it can go live" in page.inner_text("main")
    page.fill("#title", "Stoneware mug, 350 ml")
    page.click("text=Send again")
    page.wait_for_selector("text=We are reading it")
    page.click("text=Take it back")
    assert "Taken back" in page.inner_text("main")
    assert Submission.objects.latest("version").state == "withdrawn"


def test_a_merchant_sends_a_file_and_reads_its_answers(
    world: World, plain: Callable[[str], Visitor], tmp_path: Path
) -> None:
    file = tmp_path / "towels.csv"
    file.write_text(
        "external_id,title,price,currency,category\n"
        "A-1,Linen towel of natural flax,12.00,EUR,Home > Textiles\n"
        "A-2,Linen towel of natural flax,oops,EUR,Home > Textiles\n"
    )
    page = plain("merchant").go("/imports/")
    page.set_input_files("#file", file)
    page.click("text=Upload >> nth=-1")
    page.wait_for_url("**/imports/IMP-*/")
    assert "1 row could not be read" in page.inner_text("main")
    with page.expect_download() as answer:
        page.click("text=Your file with answers >> nth=0")
    assert "not readable,price" in answer.value.path().read_text()
    assert Import.objects.count() == 1


def test_a_moderator_approves_corrects_undoes_rejects_and_escalates(
    world: World, plain: Callable[[str], Visitor]
) -> None:
    knife = world.knife()
    other = world.task(world.sent(external_id="B"))
    last = world.task(world.sent(external_id="C"))
    ReviewTask.objects.filter(pk=knife.pk).update(due_at=knife.created_at)
    page = plain("moderator").go("/review/")
    page.click(".act button")
    page.check("[name=pick-category][value='2']", force=True)
    page.click("#approve")
    page.wait_for_url(f"**/review/{other.public_id}/")
    assert Decision.objects.get().published["category"] == "Outdoor"
    page.click(".undo button")
    page.wait_for_url(f"**/review/{knife.public_id}/")
    assert Decision.objects.get().undone_at is not None
    page.click("#reject")
    page.check("[name=clauses][value=P-102]", force=True)
    page.click("#rejectform button[type=submit]")
    page.wait_for_url(f"**/review/{other.public_id}/")
    assert Decision.objects.latest("id").outcome == Outcome.REJECTED
    page.click("#dock > [data-key=e]")
    page.click(".whys button >> nth=0")
    page.wait_for_url(f"**/review/{last.public_id}/")
    assert ReviewTask.objects.filter(kind="escalation").count() == 1
    page.hover("#f-category")
    page.click("#f-category summary")
    page.fill("#i-category", "Home > Mugs")
    page.click("#approve")
    page.wait_for_url("**/review/")
    assert "Nothing more waits here." in page.inner_text("main")
    assert Decision.objects.latest("id").published["category"] == "Home > Mugs"


def test_an_admin_turns_the_switch(
    world: World, plain: Callable[[str], Visitor]
) -> None:
    page = plain("admin").go("/ops/")
    page.check("[value=humans_only]")
    page.fill("#why", "The provider acts up.")
    page.click("text=Change mode")
    assert "Mode is humans only." in page.inner_text("main")
    assert Mode.objects.get().mode == "humans_only"

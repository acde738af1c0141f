"""The API's pages: every file they load is one of ours."""

import re

import pytest
from django.contrib.staticfiles import finders

from moderation.api.problems import KINDS
from tests.moderation.api.conftest import Caller

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/docs", "/docs/problems/", "/docs/problems/busy"])
def test_every_file_that_a_page_loads_exists_here(anonymous: Caller, path: str) -> None:
    page = anonymous.get(path).content.decode()
    files = re.findall(r'(?:src|href)="/static/([^"]+)"', page)
    assert files
    for name in files:
        assert finders.find(name), f"{name} is not found"


def test_a_page_about_a_problem_tells_the_same_as_the_problem(
    anonymous: Caller,
) -> None:
    page = anonymous.get("/docs/problems/busy").content.decode()
    assert KINDS["busy"].title in page
    assert KINDS["busy"].remedy in page


def test_the_pages_keep_the_strict_policy(anonymous: Caller) -> None:
    for path in ("/docs", "/docs/problems/"):
        policy = anonymous.get(path)["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "script-src 'self'" in policy

"""A cursor leads on from its row; anything else is named."""

import pytest

from moderation.api.paging import cursor_of, read_cursor
from moderation.api.problems import ApiError


def test_a_cursor_reads_back_as_its_row() -> None:
    assert [read_cursor(cursor_of(pk)) for pk in (1, 99, 10**17)] == [1, 99, 10**17]


@pytest.mark.parametrize("text", ["", "x", "djE6", "djI6MQ", "é", "=" * 9, "djE6LTE"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ApiError):
        read_cursor(text)

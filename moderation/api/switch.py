"""The admin's calls: the kill switch."""

from typing import Any

from ninja import Router

from moderation.access.keys import READ_MODE, WRITE_MODE
from moderation.api import show
from moderation.api.application import takes
from moderation.api.auth import ApiRequest, BearerKey
from moderation.api.check import read_model
from moderation.api.review_schemas import ModeIn, ModeOut
from moderation.models import Mode
from moderation.models.versions import mode_in_force
from moderation.rollout.mode import set_mode

router = Router(tags=["Switch"])


@router.get(
    "/mode", auth=BearerKey(READ_MODE), response=ModeOut, summary="Read the mode"
)
def get_mode(request: ApiRequest) -> Any:
    """Show the mode in force, who set it and why."""
    return show.mode(Mode.objects.order_by("-id").first(), mode_in_force())


@router.put(
    "/mode",
    auth=BearerKey(WRITE_MODE),
    response=ModeOut,
    summary="Set the mode",
    openapi_extra=takes(ModeIn),
)
def put_mode(request: ApiRequest) -> Any:
    """Put a mode in force at once, in every process."""
    asked = read_model(request, ModeIn)
    row = set_mode(
        mode=asked.mode,
        note=asked.note,
        by=request.auth.actor,
        request_id=request.request_id,
    )
    return show.mode(row, row.mode)

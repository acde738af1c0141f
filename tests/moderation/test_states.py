"""Every pair of states is legal or raises; nothing is a dead end by mistake."""

from enum import StrEnum

import pytest

from moderation import states
from moderation.states import MACHINES, IllegalMoveError, check_move

ENUMS: dict[str, type[StrEnum]] = {
    "Submission": states.SubmissionState,
    "ReviewTask": states.TaskState,
    "Delivery": states.DeliveryState,
    "Import": states.ImportState,
    "ImportRow": states.ImportRowState,
    "EvalDataset": states.DatasetState,
    "EvalCase": states.CaseState,
    "EvalRun": states.RunState,
    "Rollout": states.RolloutState,
    "Appeal": states.AppealState,
}
PAIRS = [
    (machine, source, target)
    for machine, enum in ENUMS.items()
    for source in enum
    for target in enum
]
# The moves of product.md and of the house plan, written out once more by hand.
SUBMISSION = {
    "received>assessing",
    "assessing>decided",
    "assessing>in_review",
    "assessing>received",
    "in_review>decided",
    "decided>in_review",
    "received>withdrawn",
    "assessing>withdrawn",
    "in_review>withdrawn",
}


def test_every_machine_has_its_states() -> None:
    assert set(MACHINES) == set(ENUMS)


@pytest.mark.parametrize(("machine", "source", "target"), PAIRS)
def test_a_pair_is_a_move_or_raises(machine: str, source: str, target: str) -> None:
    known = {(m.source, m.target) for m in MACHINES[machine]}
    if (source, target) in known:
        check_move(machine, source, target)
    else:
        with pytest.raises(IllegalMoveError):
            check_move(machine, source, target)


def test_the_moves_of_a_submission_are_those_agreed() -> None:
    assert {f"{m.source}>{m.target}" for m in MACHINES["Submission"]} == SUBMISSION


@pytest.mark.parametrize("machine", ENUMS)
def test_every_state_can_be_reached_and_every_move_says_why(machine: str) -> None:
    moves = MACHINES[machine]
    first = next(iter(ENUMS[machine]))
    reached = {first} | {move.target for move in moves}
    assert reached == set(ENUMS[machine])
    assert all(move.because for move in moves)


def test_nothing_moves_to_where_it_stands() -> None:
    assert not [m for moves in MACHINES.values() for m in moves if m[0] == m[1]]

"""The thread from a decision to the version that gets it right, and back.

Reads only: decision, corrections, case, the dataset versions that hold the case,
the runs over them and whether each was right.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from moderation.models import (
    Correction,
    Decision,
    EvalCase,
    EvalDataset,
    EvalDatasetCase,
    EvalResult,
    EvalRun,
)
from moderation.states import RunState


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run made of a case."""

    run: EvalRun
    version: str
    dataset: EvalDataset
    result: EvalResult
    is_right: bool


@dataclass(frozen=True, slots=True)
class CaseThread:
    """A case, where it is frozen, and what each version made of it.

    Attributes:
        frozen: the entries in frozen datasets, newest first.
        answers: newest run first.
    """

    case: EvalCase
    frozen: tuple[EvalDatasetCase, ...]
    answers: tuple[Answer, ...]

    @property
    def verdicts(self) -> tuple[tuple[str, bool], ...]:
        """Return each version's newest answer: its name and whether it is right."""
        found: dict[str, bool] = {}
        for answer in self.answers:
            found.setdefault(answer.version, answer.is_right)
        return tuple(found.items())

    @property
    def right_in(self) -> str:
        """Return the newest version that gets it right, empty when none does."""
        return next((name for name, right in self.verdicts if right), "")


@dataclass(frozen=True, slots=True)
class Thread:
    """Everything that hangs on one decision."""

    decision: Decision
    corrections: tuple[Correction, ...]
    cases: tuple[CaseThread, ...]


def thread_of(decision: Decision) -> Thread:
    """Return the thread of a decision: five queries, however long it is."""
    cases = EvalCase.objects.filter(decision=decision).order_by("id")
    return Thread(
        decision=decision,
        corrections=tuple(decision.corrections.order_by("id")),
        cases=threads_of_cases(cases.select_related("curated_by", "second_approver")),
    )


def threads_of_cases(cases: Iterable[EvalCase]) -> tuple[CaseThread, ...]:
    """Return the thread of each case from there on."""
    listed = list(cases)
    frozen: dict[int, list[EvalDatasetCase]] = {case.pk: [] for case in listed}
    entries = EvalDatasetCase.objects.filter(case__in=listed)
    for entry in entries.select_related("dataset").order_by("-dataset_id"):
        frozen[entry.case_id].append(entry)
    answers: dict[int, list[Answer]] = {case.pk: [] for case in listed}
    results = EvalResult.objects.filter(
        case__case__in=listed, run__state=RunState.COMPLETED
    )
    for row in results.select_related("run__pipeline", "run__dataset", "case").order_by(
        "-run_id"
    ):
        answers[row.case.case_id].append(
            Answer(
                run=row.run,
                version=row.run.pipeline.name,
                dataset=row.run.dataset,
                result=row,
                is_right=bool(row.scores.get("right")),
            )
        )
    return tuple(
        CaseThread(case, tuple(frozen[case.pk]), tuple(answers[case.pk]))
        for case in listed
    )


def became(decisions: Sequence[Decision]) -> dict[int, CaseThread]:
    """Return, by decision, the case it became, for a list: three queries in all."""
    cases = EvalCase.objects.filter(decision__in=decisions).order_by("id")
    return {
        thread.case.decision_id: thread
        for thread in threads_of_cases(cases)
        if thread.case.decision_id is not None
    }

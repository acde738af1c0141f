"""What datasets and runs look like on the wire."""

from typing import Any

from pydantic import Field

from moderation.api.schemas import Read, Write


class DatasetOut(Read):
    """A frozen dataset version."""

    name: str = Field(description="Its name.")
    version: int = Field(description="Its version; each freeze makes the next.")
    cases: int = Field(description="How many cases it holds.")
    sha256: str = Field(description="Hash over all its cases.")
    note: str = Field(description="Why it was frozen.")
    frozen_at: str = Field(description="When (UTC).")
    frozen_by: str = Field(description="By whom.")


class DatasetsOut(Read):
    """The newest dataset versions."""

    items: list[DatasetOut] = Field(description="The newest first, at most 100.")


class RunIn(Write):
    """A run to be planned."""

    dataset: str = Field(
        min_length=1, max_length=80, description="NAME, or NAME@VERSION."
    )
    pipeline: str = Field(
        min_length=1, max_length=60, description="Name of the version to run."
    )
    against: str | None = Field(
        default=None,
        max_length=60,
        description="Version to compare with; it must have run over the dataset.",
    )


class GateOut(Read):
    """Whether the gate lets the version through."""

    passed: bool = Field(description="Whether it does.")
    reasons: list[str] = Field(description="Why not, in words.")


class RunOut(Read):
    """One version over one dataset."""

    id: str = Field(description="Id of the run.")
    state: str = Field(description="planned, running, completed or failed.")
    dataset: str = Field(description="NAME@VERSION.")
    dataset_sha256: str = Field(description="Hash of the dataset.")
    pipeline: str = Field(description="Name of the pipeline version.")
    against: str | None = Field(description="Id of the run it is compared with.")
    cases: int = Field(description="How many cases were planned.")
    done: int = Field(description="How many have a stored result.")
    cost_microusd: int = Field(description="What it cost so far.")
    failure: str = Field(description="Why it failed; empty when it did not.")
    gate: GateOut | None = Field(description="The verdict; null until it is over.")
    created_at: str = Field(description="When it was planned (UTC).")
    finished_at: str | None = Field(description="When it ended (UTC).")
    url: str = Field(description="Its page.")


class RunDetailOut(RunOut):
    """A run with all that was scored."""

    figures: dict[str, Any] = Field(description="As `evaluate --json` gives them.")
    tables: dict[str, Any] = Field(
        description="By class, clause, field, origin, language and difficulty."
    )
    paired: dict[str, Any] | None = Field(
        description="Cases broken, mended and wrong in both against the baseline."
    )


class RunsOut(Read):
    """The newest runs."""

    items: list[RunOut] = Field(description="The newest first, at most 100.")

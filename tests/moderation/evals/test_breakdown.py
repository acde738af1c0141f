"""The tables of a run: what was found, part by part, with its interval."""

from moderation.evals.breakdown import breakdown, class_of
from moderation.evals.cases import Case, Expected
from moderation.evals.scoring import Result


def pair(
    id_: str, decision: str, wanted: str = "", named: str = "", **more: str
) -> tuple[Case, Result]:
    """Return a case that wants a clause, and an answer that names one."""
    case = Case(
        id_,
        {"title": "x"},
        Expected(
            decision,
            frozenset(filter(None, [wanted])),
            fields={"title": "x"} if decision != "reject" else {},
        ),
        **more,
    )
    codes = tuple(filter(None, [named]))
    verdict = "violation" if named else "compliant"
    return case, Result(
        id_,
        "review" if named else "auto_approve",
        verdict=verdict,
        clauses=codes,
        model_clauses=codes,
        standardised={"title": "x"},
    )


def test_a_clause_has_its_recall_and_its_false_alarms() -> None:
    rows = breakdown(
        [
            pair("a", "reject", "P-101", "P-101"),
            pair("b", "reject", "P-101"),
            pair("c", "approve", "", "P-101"),
            pair("d", "approve"),
        ]
    )["clauses"]
    (row,) = rows
    assert (row["name"], row["k"], row["n"]) == ("P-101", 1, 2)
    assert (row["alarms"], row["free"]) == (1, 2)
    assert row["lower"] < row["rate"] < row["upper"]
    assert row["is_few"]


def test_a_class_says_what_went_live_wrongly() -> None:
    rows = breakdown([pair("a", "reject", "P-101"), pair("b", "approve")])["classes"]
    found = {
        row["name"]: (row["k"], row["n"], row["live"], row["wrong"]) for row in rows
    }
    assert found == {"approve": (1, 1, 1, 0), "reject": (0, 1, 1, 1)}


def test_what_a_person_must_see_is_a_class_of_its_own() -> None:
    assert (
        class_of(Case("a", {}, Expected("approve", needs_human=True))) == "needs_human"
    )
    assert class_of(Case("a", {}, Expected("reject", needs_human=True))) == "reject"


def test_thirty_cases_are_enough_to_judge() -> None:
    many = [pair(str(n), "approve", language="de") for n in range(30)]
    tables = breakdown([*many, pair("x", "approve", language="en")])
    few = {row["name"]: row["is_few"] for row in tables["languages"]}
    assert few == {"de": False, "en": True}
    assert tables["fields"][1]["n"] == 31


def test_what_intake_refused_says_nothing_about_clauses() -> None:
    case, _ = pair("a", "reject", "P-101")
    refused = Result("a", "refused", clauses=("Q-08",))
    assert breakdown([(case, refused)])["clauses"] == []

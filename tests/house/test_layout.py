"""Modules stay small, introduce themselves, and have a test that mirrors them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

TOP = Path(settings.BASE_DIR)
MODULE_LINES, LINES = 400, 60
CODE = sorted(
    path
    for area in ("moderation", "reviewhub", "scripts", "benchmarks")
    for path in (TOP / area).rglob("*.py")
    if "migrations" not in path.parts and path.read_text(encoding="utf-8").strip()
)
# Tests of a whole room rather than of one module in it.
OF_A_ROOM = {"test_fuzz", "test_races", "test_permissions", "test_shipped"}
OF_A_ROOM |= {"test_terms_a", "test_terms_b"}
TESTS = sorted((TOP / "tests").rglob("*.py"))


def name_of(path: Path) -> str:
    """Return the path from the top of the repository."""
    return path.relative_to(TOP).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def size(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return a function's lines without its docstring, which may be long."""
    assert node.end_lineno is not None
    words = ast.get_docstring(node, clean=False)
    return node.end_lineno - node.lineno + 1 - (len(words.splitlines()) if words else 0)


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_a_module_introduces_itself(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = [
        f"{node.name}: {n}" for node in functions(path) if (n := size(node)) > LINES
    ]
    assert long == []


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_a_public_function_says_what_it_does(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


@pytest.mark.parametrize("path", TESTS, ids=name_of)
def test_a_tests_name_is_a_sentence(path: Path) -> None:
    terse = [
        node.name
        for node in functions(path)
        if node.name.startswith("test_") and node.name.count("_") < 3
    ]
    assert terse == []


@pytest.mark.parametrize(
    "path", sorted((TOP / "tests" / "moderation").rglob("test_*.py")), ids=name_of
)
def test_a_test_module_mirrors_a_module(path: Path) -> None:
    inside = path.relative_to(TOP / "tests")
    place = TOP / inside.parent / inside.stem.removeprefix("test_")
    is_package = place.name == place.parent.name or path.stem in OF_A_ROOM
    assert place.parent.is_dir()
    assert place.with_suffix(".py").exists() or place.is_dir() or is_package

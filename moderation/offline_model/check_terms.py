"""Checks the terms files, for their authors.

Run it as `python -m moderation.offline_model.check_terms [p101 ...] [--data FILE]`.

Says which look-alikes are wrongly flagged and which violations are missed by the
rules of their own section. Knows nothing of the rest of the offline model.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from moderation.offline_model.language import detect
from moderation.offline_model.rules import (
    TERMS,
    Finding,
    RuleSet,
    TermsError,
    TermsFile,
    read_terms_file,
)
from moderation.offline_model.texts import View, view


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def findings_for(
    listing: Mapping[str, Any], rules: RuleSet
) -> tuple[View, list[Finding]]:
    """Return a listing's view and what the rules find in it."""
    seen = view(listing, {})
    found = detect(seen.sentences, str(listing.get("language") or ""), {})
    return seen, rules.apply(seen.sentences, found.apply)


def _describe(seen: View, found: Iterable[Finding]) -> str:
    parts = {
        f"{f.rule.name}[{f.language}]: {seen.fields[f.field][f.start : f.end]!r}"
        for f in found
    }
    return "; ".join(sorted(parts))


def check_file(file: TermsFile) -> tuple[int, int]:
    """Print what a file's own examples show; return (wrongly flagged, missed)."""
    rules = RuleSet(file.rules)
    rules.check()
    wrong = missed = 0
    for example in file.look_alikes:
        seen, found = findings_for(example, rules)
        if found:
            wrong += 1
            _say(f"  WRONGLY FLAGGED {example['language']} {example['title']!r}")
            _say(f"      by {_describe(seen, found)}")
    for example in file.violations:
        _, found = findings_for(example, rules)
        if not found:
            missed += 1
            _say(f"  missed {example['language']} {example['title']!r}")
    _say(
        f"{file.code}: {len(file.rules)} rules; look-alikes {len(file.look_alikes)},"
        f" wrongly flagged {wrong}; violations {len(file.violations)}, missed {missed}"
    )
    return wrong, missed


def check_data(path: Path, files: Sequence[TermsFile], verbose: bool) -> None:
    """Print recall per section and false flags on approvable rows of labelled data."""
    rules = RuleSet(rule for file in files for rule in file.rules)
    codes = [file.code for file in files]
    total: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    false: Counter[str] = Counter()
    clean = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        seen, found = findings_for(row["listing"], rules)
        by_code = {finding.rule.code for finding in found}
        expected = row["expected"]["policy_codes"]
        for code in codes:
            if code in expected:
                total[code] += 1
                caught[code] += code in by_code
                if verbose and code not in by_code:
                    _say(f"  missed {code} {row['id']} {row['listing']['title']!r}")
        if (
            row["expected"]["decision"] != "reject"
            and not row["expected"]["needs_human"]
        ):
            clean += 1
            flagged = [f for f in found if f.rule.code not in expected]
            for code in {f.rule.code for f in flagged}:
                false[code] += 1
            if flagged:
                _say(f"  false flag {row['id']} {row['listing']['title'][:60]!r}")
                _say(f"      by {_describe(seen, flagged)}")
    _say(f"approvable rows: {clean}")
    for code in codes:
        _say(f"{code}: caught {caught[code]} of {total[code]}, false {false[code]}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the named sections (all without names); 1 when a file is not sound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", help="such as p101 p102; default all")
    parser.add_argument("--data", type=Path, help="labelled JSONL to measure on")
    parser.add_argument("--verbose", action="store_true", help="also name missed rows")
    options = parser.parse_args(arguments)
    names = [name.lower().replace("-", "") for name in options.sections]
    paths = [TERMS / f"{name}.toml" for name in names] or sorted(TERMS.glob("p*.toml"))
    files, wrong = [], 0
    for path in paths:
        try:
            file = read_terms_file(path)
            wrong += check_file(file)[0]
            files.append(file)
        except (TermsError, OSError) as error:
            _say(f"NOT SOUND {path.name}: {error}")
            wrong += 1
    if options.data:
        check_data(options.data, files, options.verbose)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

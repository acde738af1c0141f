"""Trains the offline model's classifier from the data in the repository."""

import json
import time
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from moderation.offline_model.weights import WEIGHTS, write


class Command(BaseCommand):
    """Read the examples, fit, write the weights file."""

    help = "Train the offline model and write its weights file; the same each time."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add where to write, and the JSON summary."""
        parser.add_argument("--out", type=Path, default=WEIGHTS)
        parser.add_argument("--data", type=Path, action="append", help="more rows")
        parser.add_argument("--json", action="store_true", help="last line is JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Train; exit status 1 when the training libraries are not installed."""
        try:
            training = import_module("moderation.offline_model.training")
        except ImportError as error:
            raise CommandError(
                f"Training needs numpy and scikit-learn: {error}"
            ) from error
        began = time.perf_counter()
        paths = [training.TRAINING, *(options["data"] or ())]

        def progress(rows: Any) -> Any:
            return tqdm(rows, desc="reading", unit="row", disable=None, leave=False)

        examples = training.read_examples(paths, progress)
        size = write(training.fit(examples), options["out"])
        summary = {
            "examples": len(examples),
            "may_go_live": sum(example.may_go_live for example in examples),
            "bytes": size,
            "seconds": round(time.perf_counter() - began, 1),
        }
        if options["json"]:
            self.stdout.write(json.dumps(summary))
        else:
            self.stdout.write(
                f"Trained on {summary['examples']} examples in"
                f" {summary['seconds']} s; {size} bytes."
            )

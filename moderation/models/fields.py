"""Helpers for defining fields: public ids and choices from the state enums."""

import secrets
from enum import StrEnum
from typing import Any

from django.db import models

# Crockford's alphabet: no I, L, O, U, so an id survives being read aloud.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PUBLIC_ID_CHARACTERS = 12


def random_id(prefix: str) -> str:
    """Return an unguessable public id: a prefix and 60 random bits.

    Source of the alphabet: Crockford's Base32.
    """
    value = "".join(secrets.choice(ALPHABET) for _ in range(PUBLIC_ID_CHARACTERS))
    return f"{prefix}-{value}"


def new_listing_id() -> str:
    """Return a public id for a Listing."""
    return random_id("LST")


def new_submission_id() -> str:
    """Return a public id for a Submission."""
    return random_id("SUB")


def new_task_id() -> str:
    """Return a public id for a ReviewTask."""
    return random_id("TSK")


def new_decision_id() -> str:
    """Return a public id for a Decision."""
    return random_id("DEC")


def new_import_id() -> str:
    """Return a public id for an Import."""
    return random_id("IMP")


def new_appeal_id() -> str:
    """Return a public id for an Appeal."""
    return random_id("APL")


def new_endpoint_id() -> str:
    """Return a public id for a WebhookEndpoint."""
    return random_id("WHE")


def new_delivery_id() -> str:
    """Return a public id for a Delivery."""
    return random_id("DLV")


def new_run_id() -> str:
    """Return a public id for an EvalRun."""
    return random_id("RUN")


def new_rollout_id() -> str:
    """Return a public id for a Rollout."""
    return random_id("ROL")


def choices(enum: type[StrEnum]) -> list[tuple[str, str]]:
    """Return Django choices for an enum: the value and its words."""
    return [(member.value, member.value.replace("_", " ")) for member in enum]


def enum_field(enum: type[StrEnum], **options: Any) -> "models.CharField[str, str]":
    """Return a text column that holds one member of an enum."""
    return models.CharField(max_length=24, choices=choices(enum), **options)


def optional_enum_field(enum: type[StrEnum]) -> "models.CharField[Any, Any]":
    """Return a nullable text column that holds one member of an enum, or nothing."""
    return models.CharField(max_length=24, choices=choices(enum), null=True)


def both_or_neither(*names: str) -> models.Q:
    """Return the condition that nullable columns are all set or all null."""
    return models.Q(**{f"{name}__isnull": True for name in names}) | models.Q(
        **{f"{name}__isnull": False for name in names}
    )

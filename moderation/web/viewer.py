"""Who looks at the page: roles, merchant, preferences, and where they can go.

Decides nothing about a listing; it only reads what the account is.
"""

from dataclasses import dataclass, field
from functools import cached_property

from django.contrib.auth.models import User
from django.urls import reverse

from moderation.access.actor import ADMIN, AUDITOR, MODERATOR, SENIOR
from moderation.models import Listing, Merchant, Preference, ReviewTask
from moderation.rollout.assignment import under_way
from moderation.states import TaskState

MODERATORS = frozenset({MODERATOR, SENIOR, ADMIN})
OVERSEERS = frozenset({ADMIN, AUDITOR})


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the side navigation; one without an address is a caption."""

    label: str
    key: str = ""
    url: str = ""
    icon: str = ""
    count: int | str | None = None
    is_button: bool = False

    @property
    def cap(self) -> bool:
        """Return whether it is a caption over a group."""
        return not self.url


@dataclass(frozen=True)
class Viewer:
    """The account behind a request; `user` is None for somebody signed out."""

    user: User | None = None
    roles: frozenset[str] = frozenset()
    merchants: tuple[Merchant, ...] = ()
    merchant: Merchant | None = None
    preference: Preference = field(default_factory=Preference)

    @property
    def theme(self) -> str:
        """Return system, light or dark."""
        return self.preference.theme

    @property
    def has_letter_keys(self) -> bool:
        """Return whether single letters act on the review screen."""
        return self.preference.has_letter_keys

    @property
    def name(self) -> str:
        """Return the name beside the round mark."""
        if self.merchant and not self.is_moderator:
            return self.merchant.name
        return (self.user.get_full_name() or self.user.username) if self.user else ""

    @property
    def is_moderator(self) -> bool:
        """Return whether the review pages are open to this account."""
        return bool(self.roles & MODERATORS)

    @property
    def is_admin(self) -> bool:
        """Return whether the switch is in these hands."""
        return ADMIN in self.roles

    @property
    def is_overseer(self) -> bool:
        """Return whether the operations pages may be read."""
        return bool(self.roles & OVERSEERS)

    @property
    def role_name(self) -> str:
        """Return the label of the navigation."""
        if self.is_overseer:
            return "Admin"
        if self.is_moderator:
            return "Moderator"
        return "Merchant" if self.merchant else "Account"

    @cached_property
    def nav(self) -> list[NavItem]:
        """Return the navigation of the role, most used first."""
        if self.is_overseer:
            return _admin_nav(self)
        if self.is_moderator:
            return _moderator_nav()
        return _merchant_nav(self.merchant) if self.merchant else _plain_nav(self)


def _item(label: str, key: str, icon: str, count: int | str | None = None) -> NavItem:
    return NavItem(label, key, reverse(f"web:{key}"), icon, count)


def _waiting() -> int:
    return ReviewTask.objects.filter(state=TaskState.OPEN).count()


def _share() -> str | None:
    rollout = under_way()
    if rollout is None:
        return None
    return f"{rollout.percent}%" if rollout.percent else rollout.state


def _merchant_nav(merchant: Merchant) -> list[NavItem]:
    count = Listing.objects.filter(merchant=merchant).count()
    new = NavItem("New listing", "listing-new", reverse("web:listing-new"))
    return [
        NavItem(new.label, new.key, new.url, is_button=True),
        _item("Home", "home", "home"),
        _item("Listings", "listings", "list", count),
        _item("Imports", "imports", "download"),
        NavItem("Developers"),
        _item("Webhooks", "webhooks", "hook"),
        NavItem("API reference", "api", "/api/v1/docs", "key"),
        NavItem("Help"),
        _item("Listing rules", "rules", "doc"),
    ]


def _moderator_nav() -> list[NavItem]:
    return [
        _item("Queues", "review", "home", _waiting()),
        _item("Spot checks", "spot-checks", "check"),
        _item("History", "history", "clock"),
        NavItem("Look up"),
        _item("Policy", "rules", "book"),
        NavItem("Yours"),
        _item("Preferences", "account", "person"),
        _item("Security", "security", "key"),
    ]


def _admin_nav(viewer: Viewer) -> list[NavItem]:
    items = [_item("Overview", "ops", "home")]
    if viewer.is_moderator:
        items += [
            _item("Review queue", "review", "list", _waiting()),
            _item("Spot checks", "spot-checks", "check"),
            _item("History", "history", "clock"),
        ]
    return [
        *items,
        NavItem("Pipeline"),
        _item("Rollout", "rollouts", "stages", _share()),
        _item("Versions", "versions", "branch"),
        _item("Evals", "evals", "check"),
        NavItem("Operations"),
        _item("Audit log", "audit", "doc"),
        _item("People", "people", "person"),
        NavItem("Look up"),
        _item("Policy", "rules", "book"),
        NavItem("API reference", "api", "/api/v1/docs", "key"),
    ]


def _plain_nav(viewer: Viewer) -> list[NavItem]:
    items = [_item("Policy", "rules", "book")]
    if viewer.user is None:
        return items
    yours = _item("Preferences", "account", "person")
    return [*items, yours, _item("Security", "security", "key")]

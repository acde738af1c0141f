"""Why a verb of a rollout does nothing: one typed sentence each, fit for a page."""


class RolloutError(ValueError):
    """A verb of a rollout was refused; the text says what to do instead."""


class StaleRolloutError(RolloutError):
    """Somebody else moved the rollout since it was read."""


class NotNowError(RolloutError):
    """The rollout stands where this verb leads nowhere."""


class AlreadyUnderWayError(RolloutError):
    """Another rollout is under way; there is one at a time."""


class HeldError(RolloutError):
    """The rollout is held; holding ends before it advances."""


class EvidenceMissingError(RolloutError):
    """No passing gate, or too few assessments; an admin may override with a note."""


class NoteTooShortError(RolloutError):
    """The audit log needs more words."""


class UnknownMerchantError(RolloutError):
    """A pilot merchant that is not here."""

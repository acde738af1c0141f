"""Numbers and times as a person reads them. Knows nothing of Django."""

from datetime import timedelta

_SMALL = (
    *("No", "One", "Two", "Three", "Four", "Five", "Six"),
    *("Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"),
)


def count_word(number: int) -> str:
    """Return a number that begins a sentence: words up to twelve, then digits."""
    return _SMALL[number] if 0 <= number < len(_SMALL) else f"{number:,}"


def duration(delta: timedelta) -> str:
    """Return a length of time in at most two units: 40 s, 41 min, 2 h 10, 3 days."""
    seconds = max(0, int(delta.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest:02d}" if rest else f"{hours} h"
    return f"{hours // 24} days"


def dollars(microusd: int) -> str:
    """Return micro-dollars as dollars, with as many digits as it takes to see them."""
    value = microusd / 1_000_000
    if value == 0 or value >= 1:
        return f"${value:,.2f}"
    return f"${value:.2f}" if value >= 0.1 else f"${value:.4f}"


def initials(name: str) -> str:
    """Return up to two capitals for a round mark beside a name."""
    parts = [p for p in name.replace(".", " ").replace("_", " ").split() if p]
    letters = (parts[0][0] + parts[-1][0]) if len(parts) > 1 else name.strip()[:2]
    return letters.upper()

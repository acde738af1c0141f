"""Icons, chips, bars, times and marked words, the same on every page.

Decides how a value looks, never what it is. Everything that comes from a listing
or a model passes through format_html, so it is escaped whatever it holds.
"""

from datetime import datetime, timedelta

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from moderation.review.fields import CONDITIONS
from moderation.web import spans, words

register = template.Library()

# Word, tone and mark of every state that a chip can show.
CHIPS: dict[str, tuple[str, str, str]] = {
    "live": ("Live", "ok", "m-tick"),
    "approved": ("Approved", "ok", ""),
    "corrected": ("Corrected", "warn", ""),
    "changes_needed": ("Your turn", "warn", "m-ring"),
    "asked": ("Changes", "warn", ""),
    "rejected": ("Not accepted", "bad", "m-cross"),
    "refused": ("Rejected", "bad", ""),
    "checking": ("Being checked", "info", "m-clock"),
    "withdrawn": ("Withdrawn", "", "m-dash"),
    "needs_review": ("Needs review", "warn", "m-ring"),
    "escalated": ("Escalated", "esc", "m-arrow"),
    "appeal": ("Appeal", "esc", "m-arrow"),
    "spot_check": ("Spot check", "info", "m-ring"),
    "second_review": ("Second review", "info", "m-ring"),
    "undone": ("Undone", "", "m-dash"),
    "running": ("Running", "info", "m-clock"),
    "done": ("Done", "ok", "m-tick"),
    "mend": ("To mend", "warn", "m-ring"),
    "on_time": ("On time", "", ""),
    "closest": ("Closest to due", "warn", "m-clock"),
    "late": ("Late", "bad", "m-clock"),
    "ready": ("Ready", "ok", "m-tick"),
    "automatic": ("Automatic", "ok", "m-tick"),
    "humans_only": ("Humans only", "warn", "m-ring"),
    "closed": ("Intake closed", "bad", "m-cross"),
    "early": ("Too early to say", "", ""),
    "within": ("Within", "ok", "m-tick"),
    "close": ("Close", "warn", "m-ring"),
    "crossed": ("Crossed", "bad", "m-cross"),
    "shadow": ("Shadow", "info", "m-ring"),
    "pilot": ("Pilot", "info", "m-ring"),
    "ramping": ("Ramping", "info", "m-clock"),
    "complete": ("Complete", "ok", "m-tick"),
    "halted": ("Stopped", "bad", "m-cross"),
    "given_up": ("Closed", "", "m-dash"),
    "worse": ("Worse", "bad", ""),
    "better": ("Better", "ok", ""),
    "both_wrong": ("Both wrong", "", ""),
}


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """Draw an icon from the sprite; it is decoration, words stand beside it."""
    return format_html(
        '<svg class="i {}" aria-hidden="true"><use href="{}#{}"/></svg>',
        css,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def chip(state: str, label: str = "") -> SafeString:
    """Draw a state as a word and a shape; an unknown state is shown as its word."""
    word, tone, mark = CHIPS.get(state, (state.replace("_", " ").capitalize(), "", ""))
    drawn = icon(mark) if mark else ""
    return format_html('<span class="chip {}">{}{}</span>', tone, drawn, label or word)


@register.simple_tag
def bar(value: float, threshold: float | None = None) -> SafeString:
    """Draw a 64 x 6 bar for a share of one, with a tick where the threshold lies.

    Below its threshold it is amber; a passing bar stays grey.
    """
    share = min(1.0, max(0.0, value))
    low = threshold is not None and share < threshold
    tick = (
        format_html(
            '<rect class="k" x="{}" width="2" height="12" rx="1"/>',
            f"{min(1.0, max(0.0, threshold)) * 64 - 1:.1f}",
        )
        if threshold is not None
        else ""
    )
    return format_html(
        '<svg class="bar{}" viewBox="0 0 64 12" aria-hidden="true">'
        '<rect class="g" y="3" width="64" height="6" rx="3"/>'
        '<rect class="v" y="3" width="{}" height="6" rx="3"/>{}</svg>',
        " lo" if low else "",
        f"{share * 64:.1f}",
        tick,
    )


@register.simple_tag
def moment(value: datetime | None, style: str = "time") -> SafeString | str:
    """Show a time in UTC; the page's script puts it into the reader's zone.

    Styles: time (12:04), date (20 Nov), both (20 Nov 12:04), full, auto (the time
    today, else the date).
    """
    if value is None:
        return ""
    at = timezone.localtime(value, timezone.get_fixed_timezone(0))
    today = timezone.now().date() == at.date()
    formats = {
        "time": "%H:%M",
        "seconds": "%H:%M:%S",
        "date": "%-d %b",
        "both": "%-d %b %H:%M",
        "full": "%A %-d %B, %H:%M",
        "auto": "%H:%M" if today else "%-d %b",
    }
    return format_html(
        '<time datetime="{}" data-f="{}" title="{} UTC">{}</time>',
        at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        style,
        at.strftime("%-d %B %Y %H:%M:%S"),
        at.strftime(formats[style]),
    )


@register.filter
def since(value: datetime | None) -> str:
    """Return how long ago a moment was, in words."""
    return words.duration(timezone.now() - value) if value else ""


@register.filter
def until(value: datetime | None) -> str:
    """Return how long there is until a moment, in words; "0 s" when it has passed."""
    return words.duration(value - timezone.now()) if value else ""


@register.filter
def lasting(delta: timedelta | None) -> str:
    """Return a length of time in words."""
    return words.duration(delta) if delta is not None else ""


@register.simple_tag
def pace(counts: tuple[int, ...]) -> list[tuple[str, ...]]:
    """Lay bars out on 300 x 72: x, y, height, label and the label's place."""
    highest = max(4, *counts)
    step = 300 / len(counts)
    drawn = []
    for place, count in enumerate(counts):
        height = count / highest * 52
        x, y = place * step + 4, 72 - height
        values = (x, y, height)
        drawn.append(
            (
                *(f"{value:.1f}" for value in values),
                str(count or ""),
                f"{x + 21:.1f}",
                f"{y - 4:.1f}",
            )
        )
    return drawn


@register.filter
def usd(microusd: int) -> str:
    """Return micro-dollars as dollars."""
    return words.dollars(microusd or 0)


@register.filter
def counted(number: int) -> str:
    """Return a number that begins a sentence in words."""
    return words.count_word(number)


@register.filter
def percent(share: float | None) -> str:
    """Return a share of one as a whole percentage."""
    return "" if share is None else f"{share * 100:.0f}%"


@register.filter
def permille(share: float | None) -> str:
    """Return a share of one as a percentage with the places that it needs."""
    if share is None:
        return ""
    places = 0 if share in (0, 1) else 2 if share < 0.01 else 1
    return f"{share * 100:.{places}f}%"


@register.filter
def plus(value: float, more: int) -> str:
    """Return a place in drawing units, moved."""
    return f"{value + more:.1f}"


@register.filter
def two(value: float | None) -> str:
    """Return a number with two decimals, rounded down so 0.996 never reads 1.00."""
    return "" if value is None else f"{int(value * 100 + 1e-6) / 100:.2f}"


@register.filter
def initials(name: str) -> str:
    """Return the capitals of a name."""
    return words.initials(name)


_TAGS = {"del": "del", "ins": "ins", "mark": "mark"}


def _drawn(found: tuple[spans.Span, ...]) -> SafeString:
    def one(span: spans.Span) -> SafeString:
        if span.kind == "code":
            return format_html('<span class="cd">{}</span>', span.text)
        tag = _TAGS.get(span.kind)
        if tag is None:
            return format_html("{}", span.text)
        return format_html("<{}>{}</{}>", tag, span.text, tag)

    return format_html_join("", "{}", ((one(span),) for span in found))


@register.simple_tag
def drawn(found: tuple[spans.Span, ...]) -> SafeString:
    """Show spans that were worked out elsewhere."""
    return _drawn(found)


@register.simple_tag
def diff_words(before: str, after: str) -> SafeString:
    """Show the result with what went struck through and what came underlined."""
    return _drawn(spans.diff_words(before or "", after or ""))


@register.simple_tag
def marked(text: str, quotes: object = ()) -> SafeString:
    """Show a text with the words that caused a flag marked."""
    many = quotes if isinstance(quotes, list | tuple) else (quotes,)
    given = [str(quote) for quote in many if quote]
    return _drawn(spans.mark_quotes(text or "", given))


@register.filter
def codes(text: str) -> SafeString:
    """Show a text with its clause codes kept whole."""
    return _drawn(spans.split_codes(text or ""))


@register.simple_tag
def scaled(share: float | None, width: int) -> str:
    """Return a share of a width in drawing units."""
    return f"{min(1.0, max(0.0, share or 0.0)) * width:.1f}"


@register.filter
def failed(count: int) -> str:
    """Return how many failures there are."""
    return f"{count} failure{'' if count == 1 else 's'}"


@register.filter
def late(count: int) -> str:
    """Return how many are late."""
    return f"{count} late"


@register.filter
def spoken(value: str) -> str:
    """Return a stored code in words, such as used_good as "Used, good"."""
    return CONDITIONS.get(value, value)


@register.filter
def outcome_chip(outcome: str) -> str:
    """Return the chip of a decision's outcome on a moderator's page."""
    return {"rejected": "refused", "changes_needed": "asked"}.get(outcome, outcome)


@register.filter
def browser(agent: str) -> str:
    """Return which browser on which system a session is in, as people say it."""
    names = ("Edg/Edge", "OPR/Opera", "Firefox/Firefox", "Chrome/Chrome")
    name = _first(agent, (*names, "Safari/Safari")) or "A browser"
    systems = ("Android/Android", "iPhone/iPhone", "iPad/iPad", "Windows/Windows")
    system = _first(agent, (*systems, "Mac OS/Mac", "Linux/Linux"))
    return f"{name} on {system}" if system else name


def _first(agent: str, pairs: tuple[str, ...]) -> str:
    known = (pair.split("/") for pair in pairs)
    return next((word for sign, word in known if sign in agent), "")


DEEDS = {
    "invite": "Invited",
    "new_password_link": "Made a new link to set a password",
    "accept_invitation": "Set a password by the link",
    "change_password": "Changed the password",
    "set_roles": "Changed roles:",
    "set_merchants": "Changed merchants:",
    "deactivate": "Deactivated",
    "reactivate": "Reactivated",
    "enrol_factor": "Set a second factor up",
    "remove_factor": "Removed a second factor",
    "reset_second_factor": "Reset the second factor",
    "renew_recovery_codes": "Made recovery codes",
    "use_recovery_code": "Used a recovery code",
    "end_sessions": "Signed out elsewhere",
}


@register.filter
def deed(action: str) -> str:
    """Return an audit action as words, such as Changed roles."""
    return DEEDS.get(action) or action.replace("_", " ").capitalize()

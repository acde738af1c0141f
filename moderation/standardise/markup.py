"""Q-03: turns markup into plain text, in time linear in the length of the text.

Knows HTML's tags and character references, and nothing of titles or listings.
A `<` that starts no tag ("size < 10 cm", "<3") is text and stays.
"""

import html
import re
from html.entities import html5

# Names of HTML, with those that old editors and word processors still write.
_ELEMENT_NAMES = """
    a abbr acronym address applet area article aside audio b base basefont bdi bdo
    bgsound big blink blockquote body br button canvas caption center cite code col
    colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset
    figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header
    hgroup hr html i iframe image img input ins isindex kbd keygen label legend li
    link listing main map mark marquee math menu menuitem meta meter multicol nav
    nobr noembed noframes noscript object ol optgroup option output p param picture
    plaintext portal pre progress q rb rbc rp rt rtc ruby s samp script search
    section select slot small source spacer span strike strong style sub summary sup
    svg table tbody td template textarea tfoot th thead time title tr track tt u ul
    var video wbr xml xmp
"""
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_BREAKS_CLOSED = frozenset(
    {"p", "li", "div", "tr", *(f"h{level}" for level in range(1, 7))}
)

# A tag's attributes are read with their quotes, so that a ">" inside a value does
# not end the tag. The repetitions are bounded and possessive: a text of 100,000 "<"
# costs one short look each. What is malformed ends at the next ">".
_TAG = re.compile(
    r"""<(?:
        (?P<comment>!--)
      | (?P<cdata>!\[CDATA\[)
      | (?:!doctype|!\[if|!\[endif|\?xml|\?php)\b[^<>]*+>
      | (?P<close>/?)(?P<name>[a-z][a-z0-9:-]*+)(?=[\s/>])
        (?P<rest>
            (?:[^<>=]++ | =\s*+"[^"]{0,1000}+" | =\s*+'[^']{0,1000}+' | =){0,50}+(?=>)
          | [^<>]*+
        )>
    )""",
    re.VERBOSE | re.IGNORECASE,
)
# Where the content of a region ends. Only that of CDATA is text.
_ENDS = {
    "comment": re.compile(r"--!?>"),
    "cdata": re.compile(r"\]\]>"),
    "script": re.compile(r"</script\s*+>", re.IGNORECASE),
    "style": re.compile(r"</style\s*+>", re.IGNORECASE),
}

# References end in ";" as HTML has it. Without one only the few old names count,
# and only where no letter follows: "black&white" and "?a=1&copy=2" are text.
_REFERENCE = re.compile(
    r"&(?:\#[0-9]++;?|\#[xX][0-9a-fA-F]++;?"
    r"|(?:amp|lt|gt|quot|nbsp|copy|reg|deg|times|euro)(?![A-Za-z0-9=;])"
    r"|[A-Za-z][A-Za-z0-9]{1,31};)"
)
_LONGEST_NUMBER = 12  # digits; a longer reference can name no character

# Tags taken out of a tag ("<<b>i>") leave a new one; more depth than this is noise.
_MAX_PASSES = 8


def plain_text(text: str) -> str:
    """Return text without markup, its character references decoded once.

    Decoding once means that `&amp;lt;b&amp;gt;` becomes the text `&lt;b&gt;`, and
    `&lt;b&gt;` the text `<b>`: what a merchant wrote as text stays text. It is
    also why a second run over such a result may change it again.
    """
    if "<" in text:
        text = without_tags(text)
    if "&" in text:
        text = _REFERENCE.sub(_decoded, text)
    return text


def without_tags(text: str) -> str:
    """Return text without tags, comments, and script and style elements."""
    for _ in range(_MAX_PASSES):
        before, text = text, _without_tags_once(text)
        if text == before or "<" not in text:
            break
    return text


def _without_tags_once(text: str) -> str:
    kept: list[str] = []
    position = 0
    endless: set[str] = set()  # regions that no longer end anywhere: look once
    while match := _TAG.search(text, position):
        name = (match["name"] or "").lower()
        if name and not _is_tag(name, match["rest"]):
            kept.append(text[position : match.end("name")])
            position = match.end("name")
            continue
        kept.append(text[position : match.start()])
        position = match.end()
        region = _region(match, name)
        if region and region not in endless:
            end = _ENDS[region].search(text, position)
            if end is None:
                endless.add(region)
                continue
            if region == "cdata":
                kept.append(text[position : end.start()])
            position = end.end()
        elif name == "br" or (match["close"] and name in _BREAKS_CLOSED):
            kept.append("\n")
    kept.append(text[position:])
    return "".join(kept)


def _region(match: re.Match[str], name: str) -> str:
    """Return the region that this tag opens, or ""."""
    if match["comment"]:
        return "comment"
    if match["cdata"]:
        return "cdata"
    return name if name in _ENDS and not match["close"] else ""


def _is_tag(name: str, rest: str) -> bool:
    """Tell a tag from words in angle brackets, such as "<baca deskripsi>"."""
    if name in _ELEMENTS or ":" in name or "-" in name:
        return True
    return "=" in rest or not rest.strip(" \t\r\n/")


def _decoded(match: re.Match[str]) -> str:
    reference = match[0]
    if reference.startswith("&#"):
        digits = reference[2:].rstrip(";").lstrip("xX").lstrip("0")
        if len(digits) > _LONGEST_NUMBER:
            return reference
        character = html.unescape(reference)
        # The invisible tag characters come in by no side door.
        return "" if "\U000e0000" <= character <= "\U000e007f" else character
    name = reference[1:] if reference.endswith(";") else reference[1:] + ";"
    return html5.get(name, reference)

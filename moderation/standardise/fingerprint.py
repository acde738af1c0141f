"""Near-duplicate fingerprints: MinHash by one permutation, cut into bands.

Pure. Two texts that share most of their word triples share most bands.
Source: Broder 1997; Li, Owen, Zhang 2012 (one permutation hashing);
Shrivastava and Li 2014 (densification by rotation).
"""

import re
import zlib

BINS = 32
ROWS = 2
BANDS = BINS // ROWS
SHINGLE_WORDS = 3
# Longer texts say no more about likeness, and cost is bounded.
MAX_WORDS = 1200
_WORD = re.compile(r"\w+")
_SPAN = (1 << 32) // BINS


def bands_of(text: str) -> tuple[int, ...]:
    """Return BANDS signed 64-bit values; an empty text has none.

    Texts under three words have one shingle, so equal short titles match.
    """
    words = _WORD.findall(text.casefold())[:MAX_WORDS]
    if not words:
        return ()
    shingles = {
        " ".join(words[i : i + SHINGLE_WORDS])
        for i in range(max(1, len(words) - SHINGLE_WORDS + 1))
    }
    bins: list[int | None] = [None] * BINS
    for shingle in shingles:
        # crc32 alone is linear; one odd multiplication spreads it over the bins.
        value = (zlib.crc32(shingle.encode()) * 2654435761) & 0xFFFFFFFF
        slot = value // _SPAN
        held = bins[slot]
        if held is None or value < held:
            bins[slot] = value
    full = _densified(bins)
    return tuple(_signed((full[i] << 32) | full[i + 1]) for i in range(0, BINS, ROWS))


def _densified(bins: list[int | None]) -> list[int]:
    """Fill each empty bin from the next filled one, marked by the distance."""
    filled: list[int] = []
    for index in range(BINS):
        for distance in range(BINS):
            value = bins[(index + distance) % BINS]
            if value is not None:
                filled.append((value + distance * 0x9E3779B1) & 0xFFFFFFFF)
                break
    return filled


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value

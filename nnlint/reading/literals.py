r"""What a literal's text is worth.

`ast.literal_eval`, which libcst's `evaluated_value` calls, runs Python's compiler for every string, and prints a
warning of its own about `"\d"`. Nearly all strings have no backslash; those are their text.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST_DECIMAL = 4300  # Python itself takes no longer one (sys.get_int_max_str_digits)


class NotALiteral(ValueError):
    """Text that Python does not accept as the literal it looks like."""


def integer(text: str) -> int:
    """`10_000`, `0xff`, `0b1`. Raises `NotALiteral` for decimal digits by the thousand, as Python does."""
    if len(text) > LONGEST_DECIMAL and text[1:2] not in "xXoObB":
        raise NotALiteral(f"an integer of {len(text)} digits")
    return int(text, 0)


def string(text: str) -> str | bytes:
    """The value of one string or bytes literal, prefix and quotes included in `text`."""
    start = min(position for position in (text.find("'"), text.find('"')) if position >= 0)
    prefix = text[:start].lower()
    quote = 3 if text[start : start + 3] in ('"""', "'''") and len(text) >= start + 6 else 1
    body = text[start + quote : -quote]
    if "\r" in body:
        body = body.replace("\r\n", "\n").replace("\r", "\n")
    is_bytes = "b" in prefix
    if "\\" in body and "r" not in prefix:
        body = (BYTES_ESCAPE if is_bytes else STRING_ESCAPE).sub(_unescape, body)
    return body.encode("latin-1", "replace") if is_bytes else body


def text(raw: str, prefix: str) -> str:
    """The text between the braces of an f-string, as it is written after `prefix`."""
    if "\r" in raw:
        raw = raw.replace("\r\n", "\n").replace("\r", "\n")
    if "\\" in raw and "r" not in prefix.lower():
        raw = STRING_ESCAPE.sub(_unescape, raw)
    return raw.replace("{{", "{").replace("}}", "}")


_COMMON = r"\\(?:(?P<simple>[\n\\'\"abfnrtv])|(?P<octal>[0-7]{1,3})|x(?P<x>[0-9a-fA-F]{2})"
BYTES_ESCAPE = re.compile(_COMMON + ")")
STRING_ESCAPE = re.compile(
    _COMMON + r"|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|N\{(?P<N>[^}]+)\})",
)
SIMPLE = dict(zip("\n\\'\"abfnrtv", ["", "\\", "'", '"', "\a", "\b", "\f", "\n", "\r", "\t", "\v"], strict=True))


def _unescape(found: re.Match[str]) -> str:
    """The character of one escape; a wrong one (`\\N{no such name}`) stays as it is written."""
    kind = found.lastgroup
    written = found[kind] if kind is not None else ""
    try:
        if kind == "simple":
            return SIMPLE[written]
        if kind == "N":
            return unicodedata.lookup(written)
        value = int(written, 8 if kind == "octal" else 16)
        return chr(value & 0xFF if found.re is BYTES_ESCAPE else value)
    except (KeyError, ValueError, OverflowError):
        return found[0]

r"""How deeply a text nests, weighed before the parser sees it.

libcst's parser is native code that calls itself for every bracket and for every link of a chain, and nothing stops it
at the end of the stack: three thousand parentheses, or ten thousand `a + a + …`, end the process with a segmentation
fault on a stack of 8 MiB. This scan bounds the stack that a parse can need, at 2 to 4 per cent of the parse's time.

Measured with libcst 1.9 on threads with a stack of 1 MiB (bytes a level): a bracket or a field of an f-string 8,200; an
indented block 26,300 (libcst, like Python, takes no more than a hundred); a lambda 2,600; an operator, an attribute, a
call, an `elif`, a `for` of a comprehension up to 1,900, and none of them is a single character but `-` and `~` (1,100).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BYTES_PER_LINK = 1_200  # of one character of a chain
BYTES_PER_BRACKET = 9_000
BYTES_PER_BLOCK = 27_000
BYTES_PER_KEYWORD = 3_000  # lambda, elif

TOO_DEEP = "is nested too deeply to be analyzed"

OPENING, CLOSING, COMMA, NEW_LINE, STRING = range(2, 7)
# What comes before a token is part of the match: to search for tokens takes three times as long. A string that is not
# closed is met at every keystroke: there is one way only to read what comes before its end.
TOKEN = re.compile(
    r"""([^()\[\]{},\r\n"'#\\]*)(?:([(\[{])|([)\]}])|(,)|(\r?\n[ \t\f]*)"""
    r'''|("""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""|\'\'\'[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*\'\'\''''
    r"""|"[^"\\\n]*(?:\\.[^"\\\n]*)*"|'[^'\\\n]*(?:\\.[^'\\\n]*)*')"""
    r"""|\#[^\n]*|\\\r?\n|[\r"'\\]|\Z)""",
    re.DOTALL,
)
PREFIX = re.compile("[fFtT]")


@dataclass(frozen=True, slots=True)
class Nesting:
    """Upper bounds for a text."""

    brackets: int  # how many are open at once
    stack: int  # bytes that the parser's recursion can take
    offset: int  # where the brackets are deepest


def nesting(text: str) -> Nesting:
    """Brackets within brackets add up, and so do the links of a chain, until a comma or the statement's end.

    Given `f(a + b, c.d)` the call's bracket holds one, then the longer of the chains `a + b` and `c.d`. Lambdas and
    `elif` chain across commas and lines, so all of the file's are taken together.
    """
    open_chains: list[int] = []
    chain = chains_around = longest = most_brackets = deepest_at = largest_field = 0
    indentations: set[int] = set()
    for token in TOKEN.finditer(text):
        kind = token.lastindex
        chain += token.end(1) - token.start()
        if kind == OPENING:
            open_chains.append(chain)
            chains_around += chain
            chain = 0
            if len(open_chains) > most_brackets:
                most_brackets, deepest_at = len(open_chains), token.end(1)
        elif kind in (CLOSING, COMMA):
            longest = max(longest, chains_around + chain)
            chain = 0
            if kind == CLOSING and open_chains:
                chain = open_chains.pop()
                chains_around -= chain
                chain += 1
        elif kind == NEW_LINE:
            if not open_chains:
                longest = max(longest, chain)
                chain = 0
                indentations.add(token.end() - token.end(1))
        elif kind == STRING:
            chain += 1
            if PREFIX.search(token[1], max(len(token[1]) - 2, 0)):
                largest_field = max(largest_field, _fields(token[kind]))
        else:
            chain += 1  # a quote that is not closed, or less
    longest = max(longest, chains_around + chain)
    keywords = text.count("lambda") + text.count("elif")
    stack = (
        BYTES_PER_LINK * longest
        + BYTES_PER_BRACKET * most_brackets
        + largest_field
        + BYTES_PER_BLOCK * min(len(indentations), 100)
        + BYTES_PER_KEYWORD * keywords
    )
    return Nesting(most_brackets, stack, deepest_at)


def _fields(text: str) -> int:
    """What the expressions in an f-string can take; they are not looked at more closely than this."""
    return BYTES_PER_LINK * len(text) + BYTES_PER_BRACKET * sum(map(text.count, "([{"))

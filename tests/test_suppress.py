"""Suppression in line."""

import tokenize
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnlint.finding import Finding, Safety, Step
from nnlint.source import Source, Span
from nnlint.suppression import suppress
from nnlint.suppression.comments import comments
from tests.suppressing import CHECKED, code_of, fixed, found, left

pytestmark = pytest.mark.usefixtures("two_rules")


def codes_left(text: str, *findings: Finding, checked: frozenset[str] = CHECKED) -> list[str]:
    return [finding.code for finding in left(text, *findings, checked=checked)]


def messages(text: str, *findings: Finding, checked: frozenset[str] = CHECKED) -> list[str]:
    return [finding.message for finding in left(text, *findings, checked=checked)]


@pytest.mark.parametrize(
    "comment",
    [
        "# nnlint: ignore",
        "# nnlint:ignore",
        "#nnlint: ignore[NN101]",
        "# nnlint: ignore[NN101] -- the loss is a custom one",
        "# nnlint: ignore[NN102, softmax-into-cross-entropy]",
        "# nnlint: ignore[nn101]",
        "# nnlint: ignore[NN1]",
        "# type: ignore # nnlint: ignore[NN101]",
        "# noqa",
        "# NOQA",
        "# noqa: NN101",
        "# noqa:E501,NN101",
        "# noqa: E501 NN101 a reason",
    ],
)
def test_a_comment_that_names_the_rule_suppresses_its_finding(comment: str) -> None:
    assert "NN101" not in codes_left(f"loss = f(x)  {comment}\n", found(1))


@pytest.mark.parametrize(
    "comment",
    ["# nnlint: ignore[NN102]", "# noqa: E501", "# noqa: because", "# nnlint: ignored", "# nnlint: ignore[NN101"],
)
def test_a_comment_that_does_not_name_the_rule_suppresses_nothing(comment: str) -> None:
    assert "NN101" in codes_left(f"loss = f(x)  {comment}\n", found(1))


def test_a_string_that_looks_like_a_comment_suppresses_nothing() -> None:
    assert codes_left('loss = f("# nnlint: ignore")\n', found(1)) == ["NN101"]


@pytest.mark.parametrize("line", [1, 2, 3])
def test_a_comment_at_the_end_of_a_statement_speaks_of_all_its_lines(line: int) -> None:
    assert codes_left("loss = f(\n    x,\n)  # nnlint: ignore[NN101]\n", found(line)) == []


def test_a_comment_on_the_first_line_of_a_finding_of_several_lines_suppresses_it() -> None:
    assert codes_left("loss = f(  # nnlint: ignore[NN101]\n    x,\n)\n", found(1, 3)) == []


def test_a_comment_inside_a_statement_speaks_of_its_own_line_only() -> None:
    text = "loss = f(\n    x,  # nnlint: ignore[NN101]\n    y,\n)\n"
    assert codes_left(text, found(2), found(3)) == ["NN101"]


def test_a_comment_on_the_line_below_suppresses_nothing() -> None:
    assert codes_left("loss = f(x)\n# noqa\n", found(1)) == ["NN101"]


def test_comments_before_a_syntax_error_are_read() -> None:
    assert [comment.line for comment in comments(Source("train.py", "a = 1  # noqa\nb = (\n"))] == [1]


def test_an_unused_code_is_reported_at_the_comment() -> None:
    source = Source("train.py", "é = 1  # nnlint: ignore[NN101]\n")
    (finding,) = suppress(source, [], CHECKED)
    assert (finding.code, finding.place.span) == ("NN001", Span(1, 8, 1, 31))


def test_only_the_unused_code_of_a_comment_is_reported() -> None:
    assert messages("f(x)  # nnlint: ignore[NN101, NN102]\n", found(1)) == [
        "`# nnlint: ignore[NN102]` suppresses nothing here"
    ]


def test_an_unused_comment_without_codes_is_reported() -> None:
    assert codes_left("f(x)  # nnlint: ignore\n") == ["NN001"]


def test_an_unused_code_of_a_rule_that_was_not_selected_is_not_reported() -> None:
    assert codes_left("f(x)  # nnlint: ignore[NN102]\n", checked=CHECKED - {"NN102"}) == []


def test_an_unused_comment_without_codes_is_not_reported_when_only_some_rules_were_selected() -> None:
    assert codes_left("f(x)  # nnlint: ignore\n", checked=CHECKED - {"NN102"}) == []


def test_an_unused_noqa_is_not_reported() -> None:
    assert codes_left("f(x)  # noqa: NN101\n") == []


def test_an_unknown_code_is_reported_with_the_nearest() -> None:
    assert messages("f(x)  # nnlint: ignore[softmax-into-crossentropy]\n") == [
        "`# nnlint: ignore[softmax-into-crossentropy]` names no rule: did you mean `softmax-into-cross-entropy`?"
    ]


def test_a_bracket_that_is_not_closed_is_reported() -> None:
    assert "not closed" in messages("f(x)  # nnlint: ignore[NN101\n")[0]


def test_an_unused_suppression_can_be_kept_by_naming_it() -> None:
    assert codes_left("f(x)  # nnlint: ignore[NN102, NN001]\n") == []


# where a comment speaks


def test_a_comment_behind_a_continued_line_speaks_of_the_lines_before() -> None:
    assert codes_left("loss = a + \\\n    f(x)  # nnlint: ignore[NN101]\n", found(1)) == []


def test_a_comment_behind_a_long_string_speaks_of_what_stands_before_it() -> None:
    assert codes_left('loss = f("""\n# nnlint: ignore[NN102]\n""")  # nnlint: ignore[NN101]\n', found(1)) == []


def test_a_comment_at_a_decorator_speaks_of_the_decorator_only() -> None:
    text = "@f(x)  # nnlint: ignore[NN101]\ndef g():\n    pass\n"
    assert codes_left(text, found(1), found(2)) == ["NN101"]


def test_a_comment_at_the_head_of_a_loop_does_not_speak_of_its_body() -> None:
    assert codes_left("for x in y:  # nnlint: ignore[NN101]\n    f(x)\n", found(1), found(2)) == ["NN101"]


def test_a_finding_whose_trail_passes_a_suppressed_line_is_reported() -> None:
    finding = replace(found(2), trail=(Step(found(1).place, "made here"),))
    assert "NN101" in codes_left("p = softmax(x)  # nnlint: ignore[NN101]\nf(p)\n", finding)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_comment_works_with_every_line_end(end: str) -> None:
    assert codes_left(f"a = 1{end}loss = f(x)  # nnlint: ignore[NN101]{end}b = 2{end}", found(2)) == []


# ignore-file


@pytest.mark.parametrize(
    "comment", ["# nnlint: ignore-file", "# nnlint: ignore-file[NN101]", "#nnlint:ignore-file[NN1] -- old"]
)
@pytest.mark.parametrize("text", ["{}\nf(x)\nf(x)\n", "f(x)\nf(x)\n{}\n", "def f():\n    pass\n{}\nf(x)\n"])
def test_a_comment_that_speaks_of_the_file_suppresses_all_of_it(comment: str, text: str) -> None:
    assert codes_left(text.format(comment), found(1), found(2), found(4)) == []


def test_a_comment_that_speaks_of_the_file_suppresses_only_what_it_names() -> None:
    assert codes_left("# nnlint: ignore-file[NN102]\nf(x)\n", found(2, code="NN102"), found(2)) == ["NN101"]


@pytest.mark.parametrize(
    "text",
    [
        "f(x)  # nnlint: ignore-file\n",
        "if x:\n    # nnlint: ignore-file\n    f(x)\n",
        "f(\n# nnlint: ignore-file\nx)\n",
    ],
)
def test_a_comment_for_the_file_that_stands_elsewhere_suppresses_nothing_and_is_told(text: str) -> None:
    assert sorted(codes_left(text, found(1))) == ["NN001", "NN101"]


def test_an_unused_comment_for_the_file_is_reported() -> None:
    assert messages("# nnlint: ignore-file[NN101]\n") == [
        "`# nnlint: ignore-file[NN101]` suppresses nothing in this file"
    ]
    assert messages("# nnlint: ignore-file\n") == ["`# nnlint: ignore-file` suppresses nothing in this file"]


def test_a_comment_for_the_file_speaks_of_unused_comments_too() -> None:
    assert codes_left("# nnlint: ignore-file\nf(x)  # nnlint: ignore[NN101]\n") == []


# misspelt comments


@pytest.mark.parametrize(
    ("comment", "meant"),
    [
        ("# nnlint: disable=NN101", "# nnlint: ignore[NN101]"),
        ("# nnlint: disable=NN101,NN102 -- NN103", "# nnlint: ignore[NN101, NN102]"),
        ("# nnlint: skip-file", "# nnlint: ignore-file"),
        ("# nnlint: disable-file=nn101", "# nnlint: ignore-file[NN101]"),
        ("# nnlint: skip", "# nnlint: ignore"),
        ("# nnlint: noqa: NN101", "# nnlint: ignore[NN101]"),
        ("# nnlint: ignored", "# nnlint: ignore"),
        ("# nnlint: ignore NN101", "# nnlint: ignore[NN101]"),
        ("# nnlint: ignore(NN101)", "# nnlint: ignore[NN101]"),
        ("# nnlint: ignore: NN101", "# nnlint: ignore[NN101]"),
        ("# nnlint: ignore_file", "# nnlint: ignore-file"),
        ("# NNlint: Ignore[NN101]", "# nnlint: ignore[NN101]"),
        ("# nnlint ignore[NN101]", "# nnlint: ignore[NN101]"),
    ],
)
def test_a_misspelt_comment_suppresses_nothing_and_is_told_what_was_meant(comment: str, meant: str) -> None:
    unused, kept = sorted(left(f"f(x)  {comment}\n", found(1)), key=lambda finding: finding.code)
    assert (unused.code, kept.code) == ("NN001", "NN101")
    assert unused.message.endswith(f"suppresses nothing: did you mean `{meant}`?")
    assert unused.fix is None


@pytest.mark.parametrize(
    "comment", ["# nnlint: see the wiki", "# nnlint finds this", "# not nnlint: 3", "# nnlint", "# nnlint:"]
)
def test_prose_about_nnlint_is_no_comment_of_ours(comment: str) -> None:
    assert codes_left(f"f(x)  {comment}\n") == []


# fixes of unused comments


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(x)  # nnlint: ignore[NN102]\n", "f(x)\n"),
        ("f(x)  # nnlint: ignore[NN102] -- because of #12\n", "f(x)\n"),
        ("f(x)\t# nnlint: ignore[NN102]  \n", "f(x)\n"),
        ("f(x)  # nnlint: ignore[NN101, NN102] -- why\n", "f(x)  # nnlint: ignore[NN101] -- why\n"),
        ("f(x)  # nnlint: ignore[NN102, NN101]\n", "f(x)  # nnlint: ignore[NN101]\n"),
        ("f(x)  # nnlint: ignore[NN102,NN102,NN101,NN102]\n", "f(x)  # nnlint: ignore[NN101]\n"),
        ("f(x)  # nnlint: ignore[NN101,]\n", "f(x)  # nnlint: ignore[NN101,]\n"),
        ("f(x)  # nnlint: ignore[NN999]\n", "f(x)\n"),
        ("f(x)  # nnlint: ignore[]\n", "f(x)\n"),
        ("f(x)  # type: ignore  # nnlint: ignore[NN102]  # fmt: skip\n", "f(x)  # type: ignore  # fmt: skip\n"),
        ("f(x)  # nnlint: ignore[NN102]  # fmt: skip\n", "f(x)  # fmt: skip\n"),
        ("f(x)  # nnlint: ignore[NN102] -- so  # fmt: skip\n", "f(x)  # fmt: skip\n"),
        ("f(x)  # nnlint: ignore[NN102] a remark\n", "f(x)  # a remark\n"),
        ("f(x)  # noqa: E501  # nnlint: ignore[NN102]\n", "f(x)  # noqa: E501\n"),
        ("a\n# nnlint: ignore-file[NN102]\nb\n", "a\nb\n"),
        ("a\r\n# nnlint: ignore-file[NN102]\r\nb\r\n", "a\r\nb\r\n"),
        ("a\r# nnlint: ignore-file[NN102]\rb\r", "a\rb\r"),
        ("# nnlint: ignore-file[NN102]  # fmt: off\nb\n", "# fmt: off\nb\n"),
        ("a\n# nnlint: ignore-file[NN102]", "a\n"),
        ("if a:\n    # nnlint: ignore[NN102]\n    b\n", "if a:\n    b\n"),
        ("f(x)  # nnlint: ignore[softmax-into-crossentropy]\n", "f(x)  # nnlint: ignore[softmax-into-crossentropy]\n"),
    ],
)
def test_the_fix_takes_out_what_is_unused_and_nothing_else(before: str, after: str) -> None:
    assert fixed(before, found(1)) == after


def test_the_fix_of_an_unused_comment_is_safe() -> None:
    (finding,) = left("f(x)  # nnlint: ignore[NN102]\n")
    assert finding.fix is not None
    assert (finding.fix.title, finding.fix.safety) == ("take the comment out", Safety.SAFE)


WORDS = st.lists(st.sampled_from(["NN101", "NN102", "NN999", "nn1", "softmax-into-cross-entropy"]), max_size=4)
PIECES = st.one_of(
    st.sampled_from(
        ["# type: ignore", "# noqa", "# noqa: NN102", "# fmt: skip", "# a remark", "# nnlint: ignore", "# 損失"]
    ),
    st.builds("# nnlint: ignore[{}]{}".format, WORDS.map(", ".join), st.sampled_from(["", " -- see #3", " a remark"])),
    st.builds("# nnlint: ignore-file[{}]".format, WORDS.map(",".join)),
)
LINES = st.tuples(
    st.sampled_from(["f(x)", "a = 1; b = 2", "", "é = 'ü' ", "g(\n  x,", "  y)", "if a:\n  b"]),
    st.lists(PIECES, max_size=3),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(lines=st.lists(LINES, min_size=1, max_size=6), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_fixes_remove_what_they_mend_and_change_nothing_but_comments(
    lines: list[tuple[str, list[str]]], end: str
) -> None:
    text = end.join("  ".join([code, *pieces]) for code, pieces in lines).replace("\n", end) + end
    try:
        before = code_of(text)
    except (SyntaxError, IndentationError, tokenize.TokenError):
        return
    after = fixed(text, rounds=60)
    assert [finding.message for finding in left(after) if finding.fix] == []
    assert code_of(after) == before

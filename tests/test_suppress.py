"""Suppression in line."""

import pytest

from nnlint.finding import Confidence, Finding, Severity
from nnlint.source import Place, Source, Span
from nnlint.suppress import comments, suppress

pytestmark = pytest.mark.usefixtures("two_rules")
CHECKED = frozenset({"NN000", "NN001", "NN101", "NN102"})


def found(line: int, end_line: int | None = None, code: str = "NN101") -> Finding:
    place = Place("train.py", span=Span(line, 1, end_line or line, 5))
    return Finding(code, "a-name", Severity.ERROR, Confidence.CERTAIN, "a message", place)


def codes_left(text: str, *findings: Finding, checked: frozenset[str] = CHECKED) -> list[str]:
    return [finding.code for finding in suppress(Source("train.py", text), findings, checked)]


def messages(text: str, *findings: Finding, checked: frozenset[str] = CHECKED) -> list[str]:
    return [finding.message for finding in suppress(Source("train.py", text), findings, checked)]


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

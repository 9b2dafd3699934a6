"""The catalogue, over packages of rules that the tests write."""

import itertools
from pathlib import Path

import pytest

from nnlint import catalog
from nnlint.page import HEADINGS, Page, PageError

RULE = '''
from nnlint.events import Event
from nnlint.finding import Severity
from nnlint.rule import Rule


class {title}(Rule):
    """A page."""

    code, name, severity = "{code}", "{name}", Severity.ERROR
    watches = {watches}
    words = {words}
'''
NUMBER = itertools.count()
PAGE = "One line.\n\n" + "\n\n".join(f"## {heading}\n\ntext of {heading}" for heading in HEADINGS)


def rule(code: str = "NN101", name: str = "a-rule", watches: str = "Event", words: str = '("loss",)') -> str:
    return RULE.format(title="Some" + code, code=code, name=name, watches=watches, words=words)


def package(folder: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> str:
    """A package of rule files; its name is new each time, since Python remembers what it imported."""
    name = f"rules_of_test_{next(NUMBER)}"
    (folder / name).mkdir()
    for file, text in {"__init__.py": "", **files}.items():
        (folder / name / file).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    return name


def error_of(folder: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> str:
    with pytest.raises(catalog.CatalogError) as caught:
        catalog.discover(package(folder, monkeypatch, files))
    return str(caught.value)


def test_rules_are_discovered_and_sorted_by_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"a_rule.py": rule("NN202"), "b_rule.py": rule("NN101", "b-rule")}
    found = catalog.discover(package(tmp_path, monkeypatch, files))
    assert [entry.code for entry in found] == ["NN000", "NN001", "NN101", "NN202"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nothing_of_this_name\n", "can not be imported: ModuleNotFoundError"),
        ("def (\n", "can not be imported: SyntaxError"),
        ("x = 1\n", "exactly one Rule class, this one: none"),
        (rule() + rule("NN102"), "exactly one Rule class, this one: SomeNN101, SomeNN102"),
        (rule("NN1"), "SomeNN1.code is 'NN1', it must be `NN` and three digits"),
        (rule(name="other"), "SomeNN101.name is 'other', it must be the file's name with dashes, `a-rule`"),
        (rule(watches="int"), "SomeNN101.watches is <class 'int'>, it must be a class of nnlint.events"),
        (rule(words='"loss"'), "SomeNN101.words is 'loss', it must be a tuple of words"),
        (rule().replace('"""A page."""', ""), "SomeNN101 has no docstring, which is its page"),
    ],
)
def test_wrong_use_is_an_error_that_begins_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    message = error_of(tmp_path, monkeypatch, {"a_rule.py": text})
    assert message.split(": ")[0].endswith("a_rule.py")
    assert words in message


def test_a_code_used_twice_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"a_rule.py": rule(), "b_rule.py": rule(name="b-rule")}
    assert error_of(tmp_path, monkeypatch, files) == "two rules have the code `NN101`"


def test_a_page_has_a_summary_and_sections() -> None:
    page = Page.parse(PAGE)
    assert (page.summary, page.section("Example")) == ("One line.", "text of Example")


def test_a_page_gives_its_code() -> None:
    page = Page.parse(
        PAGE.replace("text of Example", "Wrong:\n\n```python\nx = 1\n```\n\nand\n\n```python\ny = 2\n```")
    )
    assert page.code("Example") == ("x = 1\n", "y = 2\n")


@pytest.mark.parametrize(
    "text",
    [
        "One line.",
        PAGE.replace("One line.\n\n", ""),
        PAGE.replace("## Example", "## Examples"),
        PAGE.replace("text of Example", ""),
        PAGE.replace("## Example\n\ntext of Example\n\n", ""),
        PAGE.replace("## Example", "## X").replace("## Instead", "## Example").replace("## X", "## Instead"),
    ],
)
def test_a_page_without_its_headings_is_an_error(text: str) -> None:
    with pytest.raises(PageError):
        Page.parse(text)


@pytest.mark.usefixtures("two_rules")
def test_an_unknown_rule_names_the_nearest() -> None:
    with pytest.raises(catalog.UnknownRule, match="did you mean `softmax-into-cross-entropy`"):
        catalog.find("softmax-cross-entropy")


@pytest.mark.usefixtures("two_rules")
def test_a_word_that_is_near_nothing_suggests_nothing() -> None:
    with pytest.raises(catalog.UnknownRule, match=r"unknown rule `E501`$"):
        catalog.find("E501")

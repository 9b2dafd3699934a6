"""The baseline: what is known is held back, whatever happens around it, and what is new is told."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnlint import engine
from nnlint.baseline.content import Content, Contents
from nnlint.baseline.matching import Comparison, compare
from nnlint.config import Settings

FIXTURES = Path(__file__).parent.parent / "fixtures"
IMPORTS = "import torch\nimport torch.nn.functional as F\n\n\n"
BUG = "F.cross_entropy(F.softmax(x, dim=1), y)"
TRAIN = f"def train(x, y):\n    loss = {BUG}\n    return loss\n"
CODES = Settings(select=("NN101", "NN001"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[tool.nnlint]\nselect = ["NN101"]\n', encoding="utf-8")
    (tmp_path / "train.py").write_text(IMPORTS + TRAIN, encoding="utf-8")
    return tmp_path


def known_in(folder: Path) -> dict[Content, int]:
    """What a baseline of the folder would hold."""
    report = engine.check([folder], CODES)
    return dict(compare({}, report, folder, [folder]).found)


def compared(folder: Path, known: dict[Content, int], *paths: Path) -> Comparison:
    report = engine.check(list(paths) or [folder], CODES)
    assert not report.errors
    return compare(known, report, folder, paths or [folder])


def lines(comparison: Comparison) -> list[int]:
    return [finding.place.span.line for finding in comparison.new if finding.place.span]


# matching


@pytest.mark.parametrize(
    "text",
    [
        IMPORTS + TRAIN,
        "# a head\n\n\n" + IMPORTS + "OTHER = 1\n\n\n" + TRAIN,
        IMPORTS + "def other():\n    pass\n\n\n" + TRAIN + "\n\ndef last():\n    pass\n",
        IMPORTS + TRAIN.replace("    ", "\t"),
        (IMPORTS + TRAIN).replace("\n", "\r\n"),
        IMPORTS + TRAIN.replace(BUG, "F.cross_entropy(\n        F.softmax(x, dim=1),  # why\n        y,\n    )"),
        IMPORTS + TRAIN.replace("def train", "def fit"),
        IMPORTS + "class Trainer:\n" + "".join(f"    {line}\n" for line in TRAIN.splitlines()),
        IMPORTS + TRAIN.replace("loss =", "if x:\n        pass\n    loss ="),
    ],
    ids=["same", "above", "around", "tabs", "crlf", "reformatted", "renamed", "into-a-class", "within"],
)
def test_a_known_finding_survives_edits(folder: Path, text: str) -> None:
    known = known_in(folder)
    (folder / "train.py").write_bytes(text.encode())
    after = compared(folder, known)
    assert sum(known.values()) == 1
    assert (after.new, dict(after.fixed)) == ((), {})


def test_a_new_copy_of_a_known_bug_in_the_same_function_is_new(folder: Path) -> None:
    known = known_in(folder)
    (folder / "train.py").write_text(IMPORTS + TRAIN.replace("    return", f"    more = {BUG}\n    return"))
    assert lines(compared(folder, known)) == [7]


def test_a_new_copy_of_a_known_bug_in_another_function_is_new(folder: Path) -> None:
    known = known_in(folder)
    (folder / "train.py").write_text(IMPORTS + TRAIN.replace("train", "other") + "\n\n" + TRAIN)
    assert lines(compared(folder, known)) == [6]


def test_a_bug_that_is_mended_in_one_function_is_new_in_another_and_in_another_file(folder: Path) -> None:
    known = known_in(folder)
    mended = TRAIN.replace("F.softmax(x, dim=1)", "x")
    (folder / "train.py").write_text(IMPORTS + mended + "\n\n" + TRAIN.replace("train", "other"))
    after = compared(folder, known)
    assert (lines(after), dict(after.fixed)) == ([11], known)
    (folder / "train.py").write_text(IMPORTS + mended)
    (folder / "more.py").write_text(IMPORTS + TRAIN)
    after = compared(folder, known)
    assert (lines(after), dict(after.fixed)) == ([6], known)


def test_a_new_copy_of_a_known_bug_in_another_file_is_new(folder: Path) -> None:
    known = known_in(folder)
    (folder / "more.py").write_text(IMPORTS + TRAIN)
    assert [Path(finding.place.path).name for finding in compared(folder, known).new] == ["more.py"]


def test_another_bug_on_the_line_of_a_known_one_is_new(folder: Path) -> None:
    known = known_in(folder)
    (folder / "train.py").write_text(IMPORTS + TRAIN.replace("dim=1", "dim=-1"))
    after = compared(folder, known)
    assert (lines(after), list(after.fixed)) == ([6], list(known))


def test_a_renamed_file_keeps_what_is_known(folder: Path) -> None:
    known = known_in(folder)
    (folder / "src").mkdir()
    (folder / "train.py").rename(folder / "src" / "fit.py")
    after = compared(folder, known)
    assert (after.new, dict(after.fixed)) == ((), {})
    assert [entry.path for entry in after.known] == ["src/fit.py"]


def test_what_is_mended_is_fixed(folder: Path) -> None:
    known = known_in(folder)
    (folder / "train.py").write_text(IMPORTS)
    assert dict(compared(folder, known).fixed) == known


def test_a_file_that_was_not_checked_has_nothing_fixed(folder: Path) -> None:
    known = known_in(folder)
    (folder / "train.py").write_text(IMPORTS)
    (folder / "other.py").write_text(IMPORTS)
    after = compared(folder, known, folder / "other.py")
    assert (dict(after.fixed), dict(after.unspoken)) == ({}, known)


def test_a_file_that_is_gone_from_a_checked_folder_is_fixed(folder: Path) -> None:
    known = known_in(folder)
    (folder / "train.py").unlink()
    (folder / "other.py").write_text(IMPORTS)
    assert dict(compared(folder, known).fixed) == known
    assert dict(compared(folder, known, folder / "other.py").unspoken) == known


def test_a_rule_that_was_not_looked_for_has_nothing_fixed(folder: Path) -> None:
    known = known_in(folder)
    (folder / "train.py").write_text(IMPORTS)
    report = engine.check([folder], Settings(select=("NN201",)))
    assert dict(compare(known, report, folder, [folder]).fixed) == {}


def test_a_file_that_does_not_parse_has_nothing_fixed(folder: Path) -> None:
    known = known_in(folder)
    (folder / "train.py").write_text(IMPORTS + "def f(:\n")
    after = compared(folder, known)
    assert ([finding.code for finding in after.new], dict(after.fixed)) == (["NN000"], {})


FILES = [
    "example_project",
    "graph_broken_in_forward/bad_tensor_made_anew.py",
    "heads_merged_without_transpose/bad_einsum_then_reshape.py",
    "init_after_pretrained/bad_applied_after_loading.py",
    "loss_accumulated_with_graph/bad_totals_by_name.py",
    "missing_super_init/bad_model_of_a_rare_option.py",
    "train_mode_not_restored/bad_only_half_restored.py",
    "unregistered_modules/bad_blocks_appended.py",
]
EDITS = st.lists(
    st.tuples(st.sampled_from(["above", "blank", "helper", "rename", "move"]), st.integers(0, 50)),
    min_size=1,
    max_size=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(name=st.sampled_from(FILES), edits=EDITS)
def test_random_edits_make_nothing_new_and_lose_nothing(
    tmp_path_factory: pytest.TempPathFactory, name: str, edits: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("project")
    found = sorted((FIXTURES / name).rglob("*.py")) if (FIXTURES / name).is_dir() else [FIXTURES / name]
    for path in found:
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    report = engine.check([folder], Settings())
    known = dict(compare({}, report, folder, [folder]).found)
    assert known
    for path in found:
        text = path.read_text(encoding="utf-8")
        for edit, number in edits:
            text = edited(text, edit, number)
        (folder / path.name).write_text(text, encoding="utf-8")
    after = compare(known, engine.check([folder], Settings()), folder, [folder])
    assert ([finding.message for finding in after.new], dict(after.fixed)) == ([], {})


def edited(text: str, edit: str, number: int) -> str:
    """The text with an edit at one of its top-level statements, by number."""
    rows = text.splitlines(keepends=True)
    body = ast.parse(text).body
    first = [node for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    firsts = [min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1 for node in first]
    if not first:
        return text
    at = firsts[number % len(firsts)]
    match edit:
        case "above":
            rows.insert(at, f"# remark {number}\nVALUE_{number} = {number}\n\n\n")
        case "helper":
            rows.insert(at, f"def helper_{number}(count):\n    return count + {number}\n\n\n")
        case "rename":
            return text.replace("helper_", "other_helper_")
        case "blank":
            node = first[number % len(first)]
            rows.insert(node.body[0].lineno - 1 if node.body[0].lineno != node.lineno else at, "\n\n")
        case "move":
            node = first[number % len(first)]
            moved = rows[at : node.end_lineno]
            del rows[at : node.end_lineno]
            rows[firsts[0] : firsts[0]] = [*moved, "\n\n"]
    return "".join(rows)


# the text that is kept


@pytest.mark.parametrize(
    ("before", "after"),
    [("f(1. - x)", "f(1.0 - x)"), ("f(.5)", "f(0.5)"), ("f('a', b)", 'f(\n"a",\n  b,\n)'), ("x[..., 1]", "x[...,1]")],
)
def test_formatters_do_not_change_what_a_text_is(before: str, after: str) -> None:
    assert Content("a.py", "NN101", "", before).gist == Content("a.py", "NN101", "", after).gist


@pytest.mark.parametrize("other", ["f(1.5 - x)", "f(10 - x)", "f(1. - y)", "g(1. - x)"])
def test_other_code_is_another_text(other: str) -> None:
    assert Content("a.py", "NN101", "", "f(1. - x)").gist != Content("a.py", "NN101", "", other).gist


def test_a_long_text_is_cut_and_still_told_apart(folder: Path) -> None:
    def gist(values: str) -> tuple[str, str]:
        text = IMPORTS + TRAIN.replace("(x, dim=1)", f"(x + {values}, dim=1)")
        (folder / "train.py").write_text(text)
        (entry,) = known_in(folder)
        return entry.text, entry.gist

    long, other = " + ".join(["1"] * 60), " + ".join(["1"] * 59) + " + 2"
    assert len(gist(long)[0]) <= 120
    assert gist(long)[1] == gist(long.replace(" + ", " +\n        "))[1] != gist(other)[1]


def test_scope_and_path_are_those_that_a_reader_knows(folder: Path) -> None:
    (folder / "src").mkdir()
    body = "".join(f"    {line}\n" for line in TRAIN.splitlines())
    (folder / "train.py").rename(folder / "src" / "train.py")
    (folder / "src" / "train.py").write_text(f"{IMPORTS}class Trainer:\n{body}")
    assert [(entry.path, entry.scope, entry.text) for entry in known_in(folder)] == [
        ("src/train.py", "Trainer.train", BUG)
    ]


def test_an_unreadable_file_is_known_by_the_line_at_which_reading_ends(folder: Path) -> None:
    (folder / "train.py").write_text("import torch\nprint 'loss'\n")
    known = known_in(folder)
    assert [entry.text for entry in known] == ["print 'loss'"]
    (folder / "train.py").write_text("import torch\n\nprint 'accuracy'\n")
    assert lines(compared(folder, known)) == [3]


def test_paths_do_not_depend_on_the_working_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = known_in(folder)
    monkeypatch.chdir(folder)
    report = engine.check([Path("train.py")], CODES)
    assert Contents(report, folder).of(report.findings[0]) in known

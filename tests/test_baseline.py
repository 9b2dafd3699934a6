"""The baseline: what is known is held back, whatever happens around it, and what is new is told."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnlint import engine
from nnlint.baseline import file
from nnlint.baseline.content import Content, Contents
from nnlint.baseline.matching import Comparison, compare
from nnlint.config import Settings
from tests.test_cli import nnlint

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


def test_paths_do_not_depend_on_the_working_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = known_in(folder)
    monkeypatch.chdir(folder)
    report = engine.check([Path("train.py")], CODES)
    assert Contents(report, folder).of(report.findings[0]) in known


# the file


ENTRIES = st.dictionaries(st.builds(Content, *[st.text(max_size=12)] * 4), st.integers(1, 9), max_size=6)


@given(entries=ENTRIES)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, entries: dict[Content, int]) -> None:
    path = tmp_path_factory.mktemp("baseline") / "known.json"
    file.write(path, entries)
    assert file.read(path) == entries


@given(entries=ENTRIES)
def test_the_file_does_not_depend_on_the_order_of_entries(entries: dict[Content, int]) -> None:
    assert file.render(entries) == file.render(dict(reversed(entries.items())))


def test_an_entry_is_one_line() -> None:
    rendered = file.render({Content("a.py", "NN101", "f", "g(x)"): 2, Content("b.py", "NN101", "", "é"): 1})
    assert rendered.splitlines()[3:5] == [
        '    {"path": "a.py", "code": "NN101", "scope": "f", "text": "g(x)", "count": 2},',
        '    {"path": "b.py", "code": "NN101", "scope": "", "text": "é", "count": 1}',
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON (line 1)"),
        ("", "is not JSON (line 1)"),
        ("[]", "it has no version"),
        ('{"version": "1"}', "it has no version"),
        ('{"version": 2, "findings": []}', "update nnlint"),
        ('{"version": 1}', "`findings` must be a list"),
        ('{"version": 1, "findings": [3]}', "entry 1 must have path, code, scope, text"),
        (
            '{"version": 1, "findings": [{"path": "a", "code": "b", "scope": "", "text": "", "count": "x"}]}',
            "the count of",
        ),
        ("<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> theirs\n", "holds a merge conflict (line 1)"),
        ("\udcff", "it is not UTF-8"),
    ],
)
@pytest.mark.parametrize("arguments", [["check", "."], ["baseline", "."]])
def test_a_broken_baseline_is_one_clear_line(folder: Path, text: str, told: str, arguments: list[str]) -> None:
    content = text.encode("utf-8", "surrogateescape")
    (folder / "known.json").write_bytes(content)
    done = nnlint(*arguments, "--baseline", "known.json", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("nnlint: `known.json`")
    assert told in done.stderr
    assert (folder / "known.json").read_bytes() == content


def test_the_same_entry_twice_is_known_once(folder: Path) -> None:
    rendered = file.render({Content("a.py", "NN101", "f", "g(x)"): 2})
    row = rendered.splitlines()[3]
    (folder / "known.json").write_text(rendered.replace(row, f"{row},\n{row}"))
    assert list(file.read(folder / "known.json").values()) == [2]


# the commands


def test_known_findings_are_held_back_and_counted(folder: Path) -> None:
    written = nnlint("baseline", cwd=folder)
    assert (written.returncode, written.stderr) == (0, "")
    assert written.stdout == "nnlint-baseline.json holds 1 known finding in 1 file (1 added)\n"
    done = nnlint("check", "--baseline", "nnlint-baseline.json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Found no new problems in 1 file; 1 known finding held back\n"


def test_only_what_is_new_counts(folder: Path) -> None:
    nnlint("baseline", cwd=folder)
    (folder / "new.py").write_text(IMPORTS + TRAIN)
    done = nnlint("check", "--baseline", "nnlint-baseline.json", "--output-format", "concise", cwd=folder)
    assert (done.returncode, done.stdout.count("\n")) == (1, 1)
    assert done.stdout.startswith("new.py:6:12: NN101 ")


def test_what_is_fixed_is_told_and_dropped(folder: Path) -> None:
    nnlint("baseline", cwd=folder)
    (folder / "train.py").write_text(IMPORTS)
    done = nnlint("check", "--baseline", "nnlint-baseline.json", cwd=folder)
    assert done.returncode == 0
    assert done.stderr == "nnlint: 1 known finding is fixed: `nnlint baseline --prune` drops it\n"
    assert "(1 dropped)" in nnlint("baseline", "--prune", cwd=folder).stdout
    assert json.loads((folder / "nnlint-baseline.json").read_text()) == {"version": 1, "findings": []}


def test_pruning_adds_nothing(folder: Path) -> None:
    nnlint("baseline", cwd=folder)
    before = (folder / "nnlint-baseline.json").read_text()
    (folder / "new.py").write_text(IMPORTS + TRAIN)
    assert nnlint("baseline", "--prune", cwd=folder).returncode == 0
    assert (folder / "nnlint-baseline.json").read_text() == before


def test_writing_again_changes_nothing(folder: Path) -> None:
    nnlint("baseline", cwd=folder)
    before = (folder / "nnlint-baseline.json").read_text()
    nnlint("baseline", cwd=folder)
    assert (folder / "nnlint-baseline.json").read_text() == before


def test_writing_for_one_file_keeps_what_is_known_of_others(folder: Path) -> None:
    (folder / "more.py").write_text(IMPORTS + TRAIN)
    nnlint("baseline", cwd=folder)
    before = (folder / "nnlint-baseline.json").read_text()
    nnlint("baseline", "more.py", cwd=folder)
    assert (folder / "nnlint-baseline.json").read_text() == before


def test_a_baseline_that_is_not_there_is_one_clear_line(folder: Path) -> None:
    done = nnlint("check", "--baseline", "known.json", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "nnlint: `known.json` does not exist: `nnlint baseline --baseline known.json` writes it\n"


def test_a_baseline_that_can_not_be_written_is_one_clear_line(folder: Path) -> None:
    done = nnlint("baseline", "--baseline", "nowhere/known.json", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("nnlint: `nowhere/known.json` can not be written: ")


def test_only_new_findings_are_silenced_by_comments(folder: Path) -> None:
    nnlint("baseline", cwd=folder)
    (folder / "new.py").write_text(IMPORTS + TRAIN)
    done = nnlint("check", "--add-ignores", "--baseline", "nnlint-baseline.json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "nnlint: silenced 1 problem in 1 file\n")
    assert (folder / "train.py").read_text() == IMPORTS + TRAIN
    assert "# nnlint: ignore[NN101]" in (folder / "new.py").read_text()


@pytest.mark.torch
def test_known_findings_are_held_back_from_probes(folder: Path) -> None:
    script = "import torch\nimport torch.nn.functional as F\nx, y = torch.rand(4, 3), torch.tensor([0, 1, 2, 0])\n"
    (folder / "train.py").write_text(f"{script}loss = {BUG}\n")
    nnlint("baseline", cwd=folder)
    for arguments in (["check", "--probe", "."], ["probe", "train.py"]):
        assert nnlint(*arguments, cwd=folder).returncode == 1
        done = nnlint(*arguments, "--baseline", "nnlint-baseline.json", cwd=folder)
        assert done.returncode == 0, done.stderr
        assert "1 known finding held back" in done.stdout

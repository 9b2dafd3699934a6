"""`--add-ignores`: what is found is silenced where it stands, and nothing else changes."""

from __future__ import annotations

import io
import os
import stat
import tokenize
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from nnlint.finding import Finding
from nnlint.fixing.splicing import with_edits
from nnlint.source import Place, Source, Span
from nnlint.suppression.adding import additions
from tests.suppressing import code_of, found, left
from tests.test_cli import nnlint

BUG = "F.cross_entropy(F.softmax(x, dim=1), y)"
HEAD = "import torch\nimport torch.nn.functional as F\nx, y = torch.rand(4, 3), torch.tensor([0, 1, 2, 0])\n"


def silenced(text: str, *findings: Finding, reason: str = "") -> str:
    return with_edits(text, additions(Source("train.py", text), findings, reason).edits)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(x)\n", "f(x)  # nnlint: ignore[NN101]\n"),
        ("f(x)", "f(x)  # nnlint: ignore[NN101]"),
        ("f(x)   \n", "f(x)  # nnlint: ignore[NN101]\n"),
        ("f(x)  # type: ignore\n", "f(x)  # type: ignore  # nnlint: ignore[NN101]\n"),
        ("f(x)  # noqa: E501\n", "f(x)  # noqa: E501  # nnlint: ignore[NN101]\n"),
        ("f(x)  # nnlint: ignore[NN102] -- so\n", "f(x)  # nnlint: ignore[NN102, NN101] -- so\n"),
        ("f(x)  # nnlint: ignore[ ] -- so\n", "f(x)  # nnlint: ignore[ NN101] -- so\n"),
        ("f(x)  # nnlint: ignore[NN102\n", "f(x)  # nnlint: ignore[NN102  # nnlint: ignore[NN101]\n"),
        ("f(\n    x,\n)\n", "f(  # nnlint: ignore[NN101]\n    x,\n)\n"),
        ("y = a + \\\n    f(x)\n", "y = a + \\\n    f(x)  # nnlint: ignore[NN101]\n"),
        ('f("""\na\n""", x)\n', 'f("""\na\n""", x)  # nnlint: ignore[NN101]\n'),
        ("f(x)\r\n", "f(x)  # nnlint: ignore[NN101]\r\n"),
        ("f(x)\rg(x)\r", "f(x)  # nnlint: ignore[NN101]\rg(x)\r"),
        ("for a in b: f(x)\n", "for a in b: f(x)  # nnlint: ignore[NN101]\n"),
    ],
)
def test_the_comment_goes_where_it_works(before: str, after: str) -> None:
    assert silenced(before, found(1)) == after


def test_the_comment_goes_to_the_last_line_of_the_finding_where_the_first_can_not_carry_it() -> None:
    text = 'y = [\n    f("""a\nb"""),\n    c,\n]\n'
    assert silenced(text, found(2, 3)).splitlines()[2] == 'b"""),  # nnlint: ignore[NN101]'


def test_a_reason_is_written_behind_the_codes() -> None:
    assert silenced("f(x)\n", found(1), reason=" old,\nsee #3 ") == "f(x)  # nnlint: ignore[NN101] -- old, see #3\n"


def test_several_findings_of_a_line_share_a_comment() -> None:
    after = silenced("f(x)\n", found(1, code="NN102"), found(1), found(1))
    assert after == "f(x)  # nnlint: ignore[NN101, NN102]\n"


@pytest.mark.parametrize("code", ["NN000", "NN001"])
def test_what_is_to_be_mended_is_not_silenced(code: str) -> None:
    assert additions(Source("train.py", "f(x)\n"), [found(1, code=code)]).edits == ()


def test_a_finding_behind_a_syntax_error_can_not_be_silenced() -> None:
    finding = found(3)
    assert additions(Source("train.py", 'a = 1\nb = """\n  f(x)\n'), [finding]).impossible == (finding,)


LINES = st.lists(
    st.sampled_from(
        [
            "f(x)",
            "f(  # a remark\n    x,\n    g(y),  # nnlint: ignore[NN102]\n)",
            "a = b + \\\n    c",
            '"""a\n# nnlint: ignore[NN101]\n"""; f(x)',
            "if a:\n    b  # noqa: E501\nelse:\n    c",
            "def f(a,\n      b):\n    return a \\\n        + b",
            'f"""{\nx\n}\n"""',
            "",
            "s = 'é'  # type: ignore",
            "@g(\n  1)\nclass A: pass",
        ]
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.usefixtures("two_rules")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(lines=LINES, end=st.sampled_from(["\n", "\r\n", "\r"]), is_ended=st.booleans(), data=st.data())
def test_comments_silence_their_findings_and_change_no_code(
    lines: list[str], end: str, is_ended: bool, data: st.DataObject
) -> None:
    text = ("\n".join(lines) + "\n" * is_ended).replace("\n", end)
    spans = _spans(text)
    assume(spans)
    chosen = data.draw(st.lists(st.sampled_from(spans), min_size=1, max_size=5))
    codes = st.sampled_from(["NN101", "NN102"])
    findings = [replace(found(1, code=data.draw(codes)), place=Place("train.py", span=span)) for span in chosen]
    open_ones = [each for each in left(text, *findings) if each.code != "NN001"]
    planned = additions(Source("train.py", text), open_ones)
    assert planned.impossible == ()
    after = with_edits(text, planned.edits)
    assert [each for each in left(after, *findings) if each.code != "NN001"] == []
    assert code_of(after) == code_of(text)
    assert after.endswith(end) == text.endswith(end) or not text


def _spans(text: str) -> list[Span]:
    """The places of names and calls."""
    source = text.replace("\r\n", "\n").replace("\r", "\n")
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    names = [token for token in tokens if token.type == tokenize.NAME]
    return [Span(token.start[0], token.start[1] + 1, token.end[0], token.end[1] + 1) for token in names]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.nnlint]\n", encoding="utf-8")
    return tmp_path


def test_after_it_a_second_run_is_clean(folder: Path) -> None:
    body = f"def f():\n    z = \\\n      {BUG}\n    return (\n        {BUG}\n    )\n"
    (folder / "train.py").write_text(HEAD + BUG + "\n" + body, encoding="utf-8")
    assert nnlint(".", cwd=folder).returncode == 1
    done = nnlint("check", "--add-ignores", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "Found no problems in 1 file\n")
    assert done.stderr.startswith("nnlint: silenced ")
    again = nnlint(".", cwd=folder)
    assert (again.returncode, again.stdout) == (0, "Found no problems in 1 file\n")


@pytest.mark.parametrize(
    ("encoding", "end", "head"),
    [
        ("utf-8", "\r\n", "# é\n"),
        ("utf-8", "\r", ""),
        ("utf-8-sig", "\n", "# é\n"),
        ("latin-1", "\n", "# -*- coding: latin-1 -*-\n# é\n"),
        ("utf-8-sig", "\r\n", "# -*- coding: utf-8 -*-\n"),
    ],
)
@pytest.mark.parametrize("is_ended", [True, False])
def test_encoding_and_line_ends_stay(folder: Path, encoding: str, end: str, head: str, is_ended: bool) -> None:
    file = folder / "train.py"
    before = (head + HEAD + BUG + "\n" * is_ended).replace("\n", end).encode(encoding)
    file.write_bytes(before)
    done = nnlint("check", "--add-ignores", "--select", "NN101", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "nnlint: silenced 1 problem in 1 file\n")
    assert file.read_bytes().replace(b"  # nnlint: ignore[NN101]", b"") == before
    assert file.read_bytes() != before


def test_mode_and_link_stay(folder: Path) -> None:
    (folder / "real").mkdir()
    file = folder / "real" / "script.txt"
    file.write_text(HEAD + BUG, encoding="utf-8")
    file.chmod(0o750)
    (folder / "train.py").symlink_to(file)
    assert nnlint("train.py", "--add-ignores", "--select", "NN101", cwd=folder).returncode == 0
    assert (folder / "train.py").is_symlink()
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o750
    assert file.read_text(encoding="utf-8").endswith("# nnlint: ignore[NN101]")
    assert sorted(os.listdir(folder / "real")) == ["script.txt"]


def test_a_reason_that_the_encoding_lacks_leaves_the_file_alone_and_is_told(folder: Path) -> None:
    file = folder / "train.py"
    before = ("# -*- coding: latin-1 -*-\n" + HEAD + BUG).encode("latin-1")
    file.write_bytes(before)
    done = nnlint("train.py", "--add-ignores", "--reason", "損", "--select", "NN101", cwd=folder)
    assert (done.returncode, file.read_bytes()) == (1, before)
    assert "encoding lacks a character" in done.stderr


def test_a_file_that_does_not_parse_is_left_alone_and_told(folder: Path) -> None:
    (folder / "train.py").write_text("import torch\nprint 'loss'\n", encoding="utf-8")
    done = nnlint("check", "--add-ignores", cwd=folder)
    assert done.returncode == 1
    assert "no comment can silence NN000" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["-", "--add-ignores"], ["--fix", "--add-ignores"], ["--probe", "--add-ignores"], ["--reason", "x"]]
)
def test_comments_are_added_by_themselves(folder: Path, arguments: list[str]) -> None:
    assert nnlint("check", *arguments, cwd=folder).returncode == 2

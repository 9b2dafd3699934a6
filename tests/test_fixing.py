"""Fixes are made in rounds and proved; files are written whole or not at all."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from nnlint.engine import Report
from nnlint.finding import Confidence, Edit, Finding, Fix, Safety, Severity
from nnlint.fixing.contents import CanNotEdit, Content
from nnlint.fixing.rounds import Fixed, fix
from nnlint.fixing.splicing import Splicing
from nnlint.source import Place, Source, Span
from nnlint.writing import Changed, rewrite, rewrite_all

A, B = Path("/p/a.py"), Path("/p/b.py")


def finding(path: Path, line: int, column: int, word: str, *edits: Edit, safety: Safety = Safety.SAFE) -> Finding:
    place = Place(str(path), span=Span(line, column, line, column + len(word)))
    fix = Fix("mend", safety, edits=edits) if edits else None
    return Finding(word.upper(), word, Severity.ERROR, Confidence.CERTAIN, f"a {word}", place, fix=fix)


class Desk:
    """Words for bugs: `fixes` says what the fix of each puts in its place."""

    def __init__(self, files: Mapping[Path, str], fixes: Mapping[str, str], *, unsafe: tuple[str, ...] = ()) -> None:
        self.files = {path: text.encode() for path, text in files.items()}
        self.fixes = fixes
        self.unsafe = unsafe
        self.checks = 0

    def check(self, texts: Mapping[Path, bytes]) -> Report:
        self.checks += 1
        now = {path: texts.get(path, data).decode() for path, data in self.files.items()}
        sources = {str(path): Source(str(path), text) for path, text in now.items()}
        return Report(tuple(found for path in now for found in self._in(path, now[path])), sources=sources)

    def _in(self, path: Path, text: str) -> list[Finding]:
        found = []
        for number, line in enumerate(text.split("\n"), 1):
            for match in re.finditer(r"bug\w*|new", line):
                word, column = match[0], match.start() + 1
                edits: tuple[Edit, ...] = ()
                if word in self.fixes:
                    place = Place(str(path), span=Span(number, column, number, column + len(word)))
                    edits = (Edit(place, self.fixes[word]),)
                safety = Safety.UNSAFE if word in self.unsafe else Safety.SAFE
                found.append(finding(path, number, column, word, *edits, safety=safety))
        return found

    def fix(self, *, unsafe: bool = False, only: set[Path] | None = None) -> Fixed:
        return fix(self.check, read=lambda path: self.files[path], unsafe=unsafe, only=only)

    def text(self, fixed: Fixed, path: Path) -> str:
        return fixed.after.get(path, self.files[path]).decode()


def test_all_fixes_that_do_not_touch_are_made_in_one_round() -> None:
    desk = Desk({A: "bug1 x bug2\nbug1\n", B: "bug2\n"}, {"bug1": "one", "bug2": "two"})
    done = desk.fix()
    assert (desk.text(done, A), desk.text(done, B)) == ("one x two\none\n", "two\n")
    assert len(done.made) == 4
    assert desk.checks == 2


def test_what_a_fix_uncovers_is_fixed_in_the_next_round() -> None:
    desk = Desk({A: "bug1 = bug3\n"}, {"bug1": "x", "bug3": "y"})
    assert desk.text(desk.fix(), A) == "x = y\n"


def test_a_fix_that_brings_a_new_finding_is_taken_back_and_the_others_stay() -> None:
    desk = Desk({A: "bug1\nbug2\n", B: "bug1\n"}, {"bug1": "fine", "bug2": "new"})
    done = desk.fix()
    assert (desk.text(done, A), desk.text(done, B)) == ("fine\nbug2\n", "fine\n")
    assert [taken.finding.code for taken in done.taken_back] == ["BUG2"]
    assert "NEW at /p/a.py:2" in done.taken_back[0].reason


def test_a_fix_that_does_not_remove_its_finding_is_taken_back() -> None:
    desk = Desk({A: "bug1 bug2\n"}, {"bug1": "bug1 ", "bug2": "x"})
    done = desk.fix()
    assert desk.text(done, A) == "bug1 x\n"
    assert done.taken_back[0].reason == "it does not remove the finding"


def test_unsafe_fixes_are_made_on_request_only() -> None:
    desk = Desk({A: "bug1 bug2\n"}, {"bug1": "x", "bug2": "y"}, unsafe=("bug2",))
    assert desk.text(desk.fix(), A) == "x bug2\n"
    assert desk.text(desk.fix(unsafe=True), A) == "x y\n"


def test_only_the_files_that_may_change_do() -> None:
    desk = Desk({A: "bug1\n", B: "bug1\n"}, {"bug1": "x"})
    done = desk.fix(only={B})
    assert set(done.after) == {B}


def test_fixes_that_touch_are_made_one_after_the_other() -> None:
    text = "bug1\n"

    def check(texts: Mapping[Path, bytes]) -> Report:
        now = texts.get(A, text.encode()).decode()
        first = Place(str(A), span=Span(1, 1, 1, 1))
        line = 1 + now[: now.index("bug1")].count("\n")
        found = [
            finding(A, line, 1, f"bug{name}", Edit(first, f"import {name}\n"))
            for name in "xy"
            if f"import {name}" not in now
        ]
        return Report(tuple(found), sources={str(A): Source(str(A), now)})

    done = fix(check, read=lambda path: text.encode())
    assert sorted(done.after[A].decode().splitlines()) == ["bug1", "import x", "import y"]


def test_a_file_that_is_not_what_was_checked_is_left_alone() -> None:
    desk = Desk({A: "bug1\n"}, {"bug1": "x"})
    done = fix(desk.check, read=lambda path: b"other bug1\n")
    assert not done.after
    assert done.taken_back[0].reason == "the file has changed meanwhile"


def test_a_place_moves_with_the_edits_before_it() -> None:
    def edit(span: Span, text: str) -> Edit:
        return Edit(Place("a", span=span), text)

    splicing = Splicing(
        "one two\nthree\n", [edit(Span(1, 1, 1, 4), "1\n1"), edit(Span(2, 1, 2, 1), "  "), edit(Span(2, 6, 2, 6), "!")]
    )
    assert splicing.after == "1\n1 two\n  three!\n"
    assert splicing.moved(Span(1, 5, 1, 8)) == Span(2, 3, 2, 6)
    assert splicing.moved(Span(2, 1, 2, 6)) == Span(3, 3, 3, 8)


@pytest.mark.parametrize(
    "data",
    [
        "# coding: latin-1\r\nx = 'ü'\r\n".encode("latin-1"),
        b"\xef\xbb\xbfx = 1\n",
        "x = 'ü'".encode(),
        b"x = 1\ry = 2\r\n",
    ],
)
def test_encoding_mark_and_line_ends_stay(data: bytes) -> None:
    content = Content.of("a.py", data)
    assert content.with_text(content.text + "#") == data + b"#"


def test_a_character_that_the_encoding_lacks_is_not_written() -> None:
    content = Content.of("a.py", b"# coding: ascii\nx = 1\n")
    with pytest.raises(CanNotEdit, match=r"a\.py"):
        content.with_text(content.text + "# ü")


# --- writing ---------------------------------------------------------------------------------------------------


def test_a_file_keeps_its_mode_and_a_link_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "a.py", tmp_path / "l.py"
    file.write_bytes(b"1")
    file.chmod(0o751)
    link.symlink_to(file)
    rewrite(link, b"1", b"2")
    assert link.is_symlink()
    assert file.read_bytes() == b"2"
    assert stat.S_IMODE(file.stat().st_mode) == 0o751
    assert sorted(os.listdir(tmp_path)) == ["a.py", "l.py"]


def test_a_file_that_changed_meanwhile_is_left_alone_and_so_are_those_tied_to_it(tmp_path: Path) -> None:
    one, other = tmp_path / "a.py", tmp_path / "b.py"
    one.write_bytes(b"1")
    other.write_bytes(b"changed")
    with pytest.raises(Changed, match=r"b\.py has changed"):
        rewrite_all({one: (b"1", b"2"), other: (b"1", b"2")})
    assert one.read_bytes() == b"1"
    assert sorted(os.listdir(tmp_path)) == ["a.py", "b.py"]


def test_when_the_disk_is_full_everything_is_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = tmp_path / "a.py", tmp_path / "b.py"
    for file in (one, other):
        file.write_bytes(b"1")
    calls = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        rewrite_all({one: (b"1", b"2"), other: (b"1", b"2")})
    assert (one.read_bytes(), other.read_bytes()) == (b"1", b"1")
    assert sorted(os.listdir(tmp_path)) == ["a.py", "b.py"]

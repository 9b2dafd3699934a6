"""What packages declare to type checkers, and of which module they have it, is read off their texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnlint.program.program import Program

CHECKED = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "


def write(root: Path, **texts: str) -> Program:
    for name, text in texts.items():
        path = root / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Program(root=root)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("class Net:\n    depth = 3\ndef make(n):\n    size = n\nasync def load(): ...", {"Net", "make", "load"}),
        ("DEPTH = 3\nsizes: list[int] = [1]\nDEPTH == 4\nprint(a=1)\n_hidden = 1", {"DEPTH", "sizes"}),
        (
            "__all__ = [\n    'Net',\n    \"make\",\n]\nclass Net: ...\ndef make(): ...\ndef other(): ...",
            {"Net", "make"},
        ),
        ("__all__ = ('Net',)\nother = 1", {"Net"}),
    ],
)
def test_a_star_brings_what_is_listed_or_public(tmp_path: Path, text: str, names: set[str]) -> None:
    assert write(tmp_path, net=text).exports.names(tmp_path / "net.py") == names


def test_the_last_module_that_has_a_name_exports_it(tmp_path: Path) -> None:
    stars = CHECKED + "from .one import *\n    from .two import *\n    from .deep import *"
    program = write(
        tmp_path,
        **{
            "net/__init__": stars,
            "net/one": "a = b = 1\nb = 1",
            "net/two": "b = 2",
            "net/deep/__init__": CHECKED + "from .er import *\n    from .er import c as d",
            "net/deep/er": "c = 3",
        },
    )
    package = tmp_path / "net" / "__init__.py"
    found = {name: program.exports.exporter(package, name) for name in ("a", "b", "c", "d", "e")}
    deep = package.parent / "deep" / "__init__.py"
    one, two = package.with_name("one.py"), package.with_name("two.py")
    assert found == {"a": one, "b": two, "c": deep, "d": deep, "e": None}


def test_packages_that_declare_each_other_come_to_an_end(tmp_path: Path) -> None:
    texts = {
        "a/__init__": CHECKED + "from .b import *",
        "a/b/__init__": CHECKED + "from .. import *\n    from .c import *",
    }
    program = write(tmp_path, **texts, **{"a/b/c": "deep = 1"})
    assert program.exports.exporter(tmp_path / "a" / "__init__.py", "deep") == tmp_path / "a" / "b" / "__init__.py"


def test_what_a_package_takes_a_name_from_is_asked_again_when_a_module_has_changed(tmp_path: Path) -> None:
    texts = {"net/__init__": CHECKED + "from .one import *\n    from .two import *", "net/one": "a = 1", "net/two": ""}
    program = write(tmp_path, **texts)
    package = tmp_path / "net" / "__init__.py"
    one, two = package.with_name("one.py"), package.with_name("two.py")
    with program.recording() as journal:
        assert program.exports.exporter(package, "a") == one
    assert journal.answers == {("exporter", package, "a"): one}
    before = program.exports.facts(two)
    write(tmp_path, **{"net/two": "a = 2\n"})
    assert program.update({}) == {two}
    assert program.exports.facts(two) != before
    assert not program.would_answer(journal.answers)
    assert program.exports.exporter(package, "a") == two

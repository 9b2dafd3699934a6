"""The house holds itself to its own rules."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nnlint import catalog, toml
from tests.expectations import SUFFIXES, text_of

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "nnlint").rglob("*.py"))
RULES = sorted(path for path in (ROOT / "rules").glob("*.py") if path.name != "__init__.py")
ENTRIES = [entry for entry in catalog.entries() if entry.rule]
CODE = [*SOURCES, *sorted((ROOT / "rules").glob("*.py")), *sorted((ROOT / "tests").rglob("*.py"))]

# Imports run one way: each part imports from itself and from those above it.
LAYERS = (
    "toml",
    "writing",
    "looks",
    "workers",
    "cache",
    "source",
    "changes",
    "finding",
    "plain",
    "values",
    "rewriting",
    "events",
    "reading",
    "editing",
    "program",
    "knowledge",
    "interpreter",
    "rule",
    "page",
    "housekeeping",
    "discovery",
    "catalog",
    "judging",
    "config",
    "foretelling",
    "keeping",
    "suppression",
    "engine",
    "fingerprint",
    "baseline",
    "fixing",
    "probe",
    "report",
    "server",
    "cli",
    "__main__",
)

each_rule = pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
each_page = pytest.mark.parametrize("entry", catalog.entries(), ids=lambda entry: entry.code)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    part = path.relative_to(ROOT / "nnlint").parts[0].removesuffix(".py")
    if part == "__init__":
        return  # the face: it stands for everything
    assert part in LAYERS, "say above which parts it stands"
    rank = LAYERS.index(part)
    imported = {name.split(".")[1] for name in imports(path) if name.startswith("nnlint.")} - {"__version__"}
    assert imported <= set(LAYERS[: rank + 1])


def test_the_listed_packages_are_those_of_the_tree() -> None:
    folders = [path.parent.relative_to(ROOT) for path in SOURCES if path.name == "__init__.py"]
    tree = {".".join(folder.parts) for folder in folders} | {"nnlint.rules"}
    assert set(pyproject()["tool"]["setuptools"]["packages"]) == tree


def test_every_folder_of_the_engine_is_a_package() -> None:
    assert [path for path in SOURCES if not (path.parent / "__init__.py").exists()] == []


@each_rule
def test_a_rule_imports_only_nnlint_and_the_standard_library(path: Path) -> None:
    allowed = sys.stdlib_module_names | {"nnlint"}
    names = list(imports(path))
    assert [name for name in names if name.split(".")[0] not in allowed or name.startswith("nnlint.rules")] == []


@each_rule
def test_a_rule_file_holds_one_class(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert sum(isinstance(node, ast.ClassDef) for node in ast.walk(tree)) == 1


@each_page
def test_a_page_has_every_heading(entry: catalog.Entry) -> None:
    assert entry.page.summary


@each_page
@pytest.mark.parametrize("heading", ["Example", "Instead"])
def test_the_code_of_a_page_is_python(entry: catalog.Entry, heading: str) -> None:
    blocks = entry.page.code(heading)
    assert blocks
    for block in blocks:
        ast.parse(block)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
@pytest.mark.parametrize("kind", ["bad", "good"])
def test_a_rule_has_fixtures(entry: catalog.Entry, kind: str) -> None:
    folder = ROOT / "fixtures" / entry.name.replace("-", "_")
    assert any(folder.glob(f"{kind}*")), f"no {kind} fixture in {folder.relative_to(ROOT)}"


def test_every_wanted_code_has_a_rule() -> None:
    codes = {entry.code for entry in catalog.entries()}
    wanted = {
        code
        for path in (ROOT / "fixtures").rglob("*")
        if path.suffix in SUFFIXES
        for comment in re.findall(r"# (?:want|ok|todo): .*", text_of(path))
        for code in re.findall(r"NN\d{3}", comment)
    }
    assert wanted <= codes


def test_torch_is_no_dependency_at_run_time() -> None:
    project = pyproject()["project"]
    assert [name for name in project["dependencies"] if name.startswith("torch")] == []
    assert "torch" in project["optional-dependencies"]["probe"]


@pytest.mark.parametrize(
    "arguments", [["-c", "import nnlint"], ["-m", "nnlint", "--version"], ["-m", "nnlint", "rules"]]
)
def test_quick_commands_import_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "nnlint" in imported
    assert imported & {"torch", "libcst", "rich", "pathspec"} == set()


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_one_subject_and_under_400_lines(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 400
    assert not text or ast.get_docstring(ast.parse(text)), "the file does not say what it is about"


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_the_code_is_clean(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def imports(path: Path) -> Iterator[str]:
    """The dotted names that a file imports, anywhere in it; `from nnlint import config` gives `nnlint.config`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module="nnlint", names=names) if path.is_relative_to(ROOT / "nnlint"):
                yield from (f"nnlint.{alias.name}" for alias in names)
            case ast.ImportFrom(module=module, level=level):
                assert not level, "imports are absolute in this house"
                yield module or ""


def pyproject() -> dict[str, Any]:
    return toml.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

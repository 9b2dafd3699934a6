"""Configuration."""

from pathlib import Path

import pytest

from nnlint.config import ConfigurationError, Layer, Settings, load, override

pytestmark = pytest.mark.usefixtures("two_rules")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(folder: Path, table: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(f"[tool.nnlint]\n{table}\n", encoding="utf-8")


def error_of(folder: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(folder)
    return str(caught.value)


def test_without_a_file_the_defaults_hold(project: Path) -> None:
    assert load(project).codes() == {"NN000", "NN001", "NN101", "NN102"}


def test_the_nearest_file_with_a_table_is_read(project: Path) -> None:
    configure(project, 'select = ["NN101"]')
    (project / "package").mkdir()
    (project / "package" / "pyproject.toml").write_text("[project]\nname = 'other'\n", encoding="utf-8")
    settings = load(project / "package" / "train.py")
    assert (settings.value("select"), settings.root) == (["NN101"], project)


def test_every_key_is_read(project: Path) -> None:
    configure(
        project,
        'select = ["all"]\nignore = ["NN102"]\nexclude = ["old/"]\nper-file-ignores = { "tests/*" = ["NN1"] }',
    )
    settings = load(project)
    assert settings.codes() == {"NN000", "NN001", "NN101"}
    assert [value for _, _, value in settings.added("exclude")] == [["old/"]]
    assert settings.codes_ignored_in(project / "tests/x.py") == {"NN101", "NN102"}


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (["NN101"], {"NN000", "NN101"}),
        (["softmax-into-cross-entropy"], {"NN000", "NN101"}),
        (["NN1"], {"NN000", "NN101", "NN102"}),
        (["NN10"], {"NN000", "NN101", "NN102"}),
        (["default"], {"NN000", "NN001", "NN101", "NN102"}),
        (["all"], {"NN000", "NN001", "NN101", "NN102"}),
        (["recipe"], {"NN000", "NN101"}),
    ],
)
def test_rules_are_selected_by_code_name_and_family(words: list[str], codes: set[str]) -> None:
    assert override(Settings(), words, []).codes() == codes


def test_what_the_command_line_selects_replaces_what_the_file_selects_and_ignores() -> None:
    assert override(Settings(select=("NN102",), ignore=("NN101",)), ["NN101"], []).codes() == {"NN000", "NN101"}


def test_what_the_command_line_ignores_is_added() -> None:
    assert override(Settings(ignore=("NN101",)), [], ["NN0"]).codes() == {"NN102"}


def test_an_unknown_key_is_an_error_that_names_the_nearest(project: Path) -> None:
    configure(project, 'selct = ["NN101"]')
    assert error_of(project) == "pyproject.toml: unknown key `selct` in [tool.nnlint]: did you mean `select`?"


def test_an_underscore_in_a_key_is_an_error_that_names_the_nearest(project: Path) -> None:
    configure(project, "per_file_ignores = {}")
    assert error_of(project).endswith("did you mean `per-file-ignores`?")


def test_an_unknown_rule_is_an_error_that_names_file_and_key(project: Path) -> None:
    configure(project, 'ignore = ["NN1O1"]')
    assert error_of(project) == "pyproject.toml: `ignore`: unknown rule `NN1O1`: did you mean `NN101`?"


def test_an_unknown_rule_of_the_command_line_is_an_error_that_names_the_option() -> None:
    with pytest.raises(ConfigurationError, match="--select: unknown rule `softmax-in-cross-entropy`: did you mean"):
        override(Settings(), ["softmax-in-cross-entropy"], [])


@pytest.mark.parametrize("table", ['select = "NN101"', "exclude = [1]", "per-file-ignores = []", "ignore = true"])
def test_a_wrong_type_is_an_error_that_names_the_key(project: Path, table: str) -> None:
    configure(project, table)
    assert f"pyproject.toml: `{table.split()[0]}` must be" in error_of(project)


def test_a_table_that_is_none_is_an_error(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool]\nnnlint = 1\n", encoding="utf-8")
    assert error_of(project) == "pyproject.toml: `tool.nnlint` must be a table"


@pytest.mark.parametrize("content", [b"[tool.nnlint\n", b"[tool.nnlint]\n\xff\xfe"])
def test_a_broken_file_is_an_error_that_names_it(project: Path, content: bytes) -> None:
    (project / "pyproject.toml").write_bytes(content)
    assert error_of(project).startswith("pyproject.toml: can not be read: ")


@pytest.mark.parametrize(
    ("pattern", "path", "is_ignored"),
    [
        ("tests/*", "tests/test_loss.py", True),
        ("tests/", "tests/deep/test_loss.py", True),
        ("test_*.py", "anywhere/test_loss.py", True),
        ("tests/*", "train.py", False),
    ],
)
def test_per_file_ignores_match_as_gitignore_does(project: Path, pattern: str, path: str, is_ignored: bool) -> None:
    settings = Settings(layers=(Layer({"per-file-ignores": {pattern: ["NN1"]}}, project),))
    assert settings.codes_ignored_in(Path(path)) == ({"NN101", "NN102"} if is_ignored else set())

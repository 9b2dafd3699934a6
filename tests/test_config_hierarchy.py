"""Which configuration holds for a file, and what it extends."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from nnlint.config import ConfigurationError, Hierarchy, Settings, command_line
from nnlint.config.keys import BY_NAME, KEYS, NAMES, problem, schema
from nnlint.engine import Report, check
from nnlint.events import Event
from nnlint.finding import Confidence, Severity
from tests.fakes import FakeWitness, loss_computed

pytestmark = pytest.mark.usefixtures("two_rules")
TRAIN = "from torch.nn.functional import cross_entropy\np = softmax(x)\nloss = cross_entropy(p, y)\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def codes(path: Path, hierarchy: Hierarchy | None = None) -> set[str]:
    return set((hierarchy or Hierarchy()).of(path).codes()) - {"NN000"}


def error_of(path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        Hierarchy().of(path)
    return str(caught.value)


# --- which file ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nnlint.toml", ".nnlint.toml"])
def test_an_own_file_wins_over_pyproject_beside_it(project: Path, name: str) -> None:
    write(project / "pyproject.toml", '[tool.nnlint]\nselect = ["NN102"]\n')
    write(project / name, 'select = ["NN101"]\n')
    assert codes(project / "train.py") == {"NN101"}


def test_each_file_has_the_settings_of_its_nearest_configuration(project: Path) -> None:
    write(project / "nnlint.toml", 'select = ["NN101"]\n')
    write(project / "package/pyproject.toml", '[tool.nnlint]\nselect = ["NN102"]\n')
    hierarchy = Hierarchy()
    assert codes(project / "train.py", hierarchy) == {"NN101"}
    assert codes(project / "package/deep/train.py", hierarchy) == {"NN102"}


def test_a_pyproject_that_does_not_speak_of_nnlint_may_be_broken(project: Path) -> None:
    write(project / "pyproject.toml", "[tool.other\n")
    assert codes(project / "train.py") == {"NN001", "NN101", "NN102"}


def test_the_configuration_that_is_named_holds_everywhere(project: Path) -> None:
    write(project / "package/nnlint.toml", 'select = ["NN102"]\n')
    named = write(project / "strict.toml", 'select = ["NN101"]\n')
    assert codes(project / "package/train.py", Hierarchy(config=named)) == {"NN101"}


def test_isolated_means_that_no_file_is_asked(project: Path) -> None:
    write(project / "nnlint.toml", "this is broken")
    assert codes(project / "train.py", Hierarchy(isolated=True)) == {"NN001", "NN101", "NN102"}


def test_the_command_line_is_over_every_configuration(project: Path) -> None:
    write(project / "nnlint.toml", 'ignore = ["NN102"]\n')
    write(project / "a/nnlint.toml", 'ignore = ["NN101"]\n')
    hierarchy = Hierarchy(command_line(extend_select=["NN102"], ignore=["NN001"]))
    assert codes(project / "train.py", hierarchy) == {"NN101", "NN102"}
    assert codes(project / "a/train.py", hierarchy) == {"NN102"}


# --- what it extends -----------------------------------------------------------------------------------------------


def test_what_is_extended_holds_unless_it_is_said_otherwise(project: Path) -> None:
    write(project / "base.toml", 'select = ["NN101"]\nmin-confidence = "certain"\n')
    write(project / "a/nnlint.toml", 'extend = "../base.toml"\nextend-select = ["NN001"]\n')
    settings = Hierarchy().of(project / "a/train.py")
    assert settings.codes() == {"NN000", "NN001", "NN101"}
    assert settings.value("min-confidence") == "certain"


def test_select_begins_anew(project: Path) -> None:
    write(project / "base.toml", 'select = ["NN101"]\nignore = ["NN102"]\n')
    write(project / "nnlint.toml", 'extend = "base.toml"\nselect = ["NN102"]\n')
    assert codes(project / "train.py") == {"NN102"}


def test_ignore_adds_to_what_is_extended(project: Path) -> None:
    write(project / "base.toml", 'ignore = ["NN102"]\n')
    write(project / "nnlint.toml", 'extend = "base.toml"\nignore = ["NN001"]\n')
    assert codes(project / "train.py") == {"NN101"}


def test_patterns_are_relative_to_the_file_that_they_stand_in(project: Path) -> None:
    write(project / "nnlint.toml", 'per-file-ignores = { "/a/*" = ["NN101"] }\n')
    write(project / "a/nnlint.toml", 'extend = "../nnlint.toml"\n[extend-per-file-ignores]\n"/x.py" = ["NN102"]\n')
    hierarchy = Hierarchy()
    assert hierarchy.of(project / "a/x.py").codes_ignored_in(project / "a/x.py") == {"NN101", "NN102"}
    assert hierarchy.of(project / "a/y.py").codes_ignored_in(project / "a/y.py") == {"NN101"}


def test_a_key_replaces_what_the_extended_file_says_and_extends(project: Path) -> None:
    write(project / "base.toml", 'exclude = ["one/"]\nextend-exclude = ["two/"]\n')
    write(project / "nnlint.toml", 'extend = "base.toml"\nexclude = ["three/"]\nextend-exclude = ["four/"]\n')
    settings = Hierarchy().of(project / "train.py")
    assert [value for _, _, value in settings.added("exclude")] == [["three/"], ["four/"]]


def test_a_table_of_pyproject_can_be_extended(project: Path) -> None:
    write(project / "pyproject.toml", '[tool.nnlint]\nselect = ["NN101"]\n')
    write(project / "a/nnlint.toml", 'extend = "../pyproject.toml"\n')
    assert codes(project / "a/train.py") == {"NN101"}


def test_a_circle_is_an_error_that_names_the_chain(project: Path) -> None:
    write(project / "nnlint.toml", 'extend = "a.toml"\n')
    write(project / "a.toml", 'extend = "b.toml"\n')
    write(project / "b.toml", 'extend = "a.toml"\n')
    assert error_of(project / "x.py") == "nnlint.toml: `extend` goes in a circle: a.toml → b.toml → a.toml"


def test_a_missing_file_is_an_error_with_its_line(project: Path) -> None:
    write(project / "nnlint.toml", 'select = ["all"]\nextend = "gone.toml"\n')
    assert error_of(project / "x.py") == "nnlint.toml:2: `extend` names `gone.toml`, which is no file"


def test_an_extended_pyproject_without_a_table_is_an_error(project: Path) -> None:
    write(project / "pyproject.toml", "[project]\nname = 'x'\n")
    write(project / "nnlint.toml", 'extend = "pyproject.toml"\n')
    assert error_of(project / "x.py") == "nnlint.toml:1: `extend`: pyproject.toml has no table [tool.nnlint]"


def test_several_problems_are_told_at_once(project: Path) -> None:
    write(project / "nnlint.toml", 'selct = ["all"]\nexclude = "x"\nignore = ["NN1O1"]\n')
    assert error_of(project / "x.py").splitlines() == [
        "nnlint.toml: unknown key `selct`: did you mean `select`?",
        "nnlint.toml: `exclude` must be a list of strings, it is 'x'",
        "nnlint.toml: `ignore`: unknown rule `NN1O1`: did you mean `NN101`?",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('severity = { NN101 = "fatal" }', "`severity` must say `error` or `warning` or `information` or `off` of"),
        ('severity = { NN999 = "error" }', "`severity`: unknown rule `NN999`"),
        ('min-confidence = "sure"', "`min-confidence` must be `likely` or `certain`, it is 'sure'"),
        ('torch-version = "two"', "`torch-version` must be versions of torch"),
        ("torch-version = 2.4", "`torch-version` must be versions of torch"),
        ("respect-gitignore = 1", "`respect-gitignore` must be true or false"),
    ],
)
def test_a_value_that_means_nothing_is_an_error(project: Path, text: str, words: str) -> None:
    write(project / "nnlint.toml", text)
    assert words in error_of(project / "x.py")


# --- what a check makes of it --------------------------------------------------------------------------------------


def run(settings: Hierarchy | Settings, *names: str, told: dict[str, list[Event]] | None = None) -> Report:
    events = told or {name: [loss_computed(name, 3)] for name in names}
    witness = FakeWitness(dict.fromkeys(names, TRAIN), lambda path: events.get(str(path), []))
    return check([], settings, witness=witness)


def found(report: Report) -> set[tuple[str, str]]:
    return {(finding.place.path, finding.code) for finding in report.findings}


def test_one_run_follows_several_configurations(project: Path) -> None:
    write(project / "nnlint.toml", 'select = ["NN001"]\n')
    write(project / "a/nnlint.toml", 'select = ["NN101"]\n')
    assert found(run(Hierarchy(), "a/train.py", "b/train.py")) == {("a/train.py", "NN101")}


def test_the_settings_of_the_file_that_a_finding_is_about_hold(project: Path) -> None:
    write(project / "nnlint.toml", 'select = ["NN101"]\n')
    write(project / "a/nnlint.toml", 'ignore = ["NN1"]\n')
    told: dict[str, list[Event]] = {
        "a/main.py": [loss_computed("b/net.py", 3)],
        "b/main.py": [loss_computed("a/net.py", 3)],
    }
    assert found(run(Hierarchy(), "a/main.py", "a/net.py", "b/main.py", "b/net.py", told=told)) == {
        ("b/net.py", "NN101")
    }


@pytest.mark.parametrize(
    ("table", "severity"),
    [
        ('NN101 = "information"', Severity.INFORMATION),
        ('NN101 = "warning"\nNN1 = "error"', Severity.WARNING),
        ('NN1 = "warning"', Severity.WARNING),
        ('NN001 = "warning"', Severity.ERROR),
        ('softmax-into-cross-entropy = "off"', None),
    ],
)
def test_severities_are_those_of_the_configuration_and_the_narrower_word_counts(
    project: Path, table: str, severity: Severity | None
) -> None:
    write(project / "nnlint.toml", f'select = ["NN101"]\n[severity]\n{table}\n')
    report = run(Hierarchy(), "train.py")
    assert [finding.severity for finding in report.findings] == ([severity] if severity else [])


def test_a_likely_finding_is_not_shown_when_only_certain_ones_are_asked_for(project: Path) -> None:
    likely = replace(loss_computed("train.py", 3), confidence=Confidence.LIKELY)
    told: dict[str, list[Event]] = {"train.py": [likely]}
    only = command_line(select=["NN101"])
    assert run(Settings().over(only), "train.py", told=told).findings
    assert not run(Settings().over(only).over(command_line(min_confidence="certain")), "train.py", told=told).findings


# --- the schema ----------------------------------------------------------------------------------------------------

GOOD = {
    "extend": "x.toml",
    "select": ["all"],
    "extend-select": ["NN1"],
    "ignore": ["NN101"],
    "per-file-ignores": {"a/*": ["NN101"]},
    "extend-per-file-ignores": {},
    "exclude": ["a/"],
    "extend-exclude": [],
    "respect-gitignore": False,
    "severity": {"NN101": "off"},
    "min-confidence": "certain",
    "torch-version": ">=2.0,<2.5",
    "training-loaders": ["*_stream"],
    "evaluation-functions": ["score"],
    "rule-paths": ["rules"],
    "output-format": "concise",
}
BAD = [
    {"selct": []},
    {"select": "all"},
    {"ignore": [1]},
    {"severity": {"NN1": "bad"}},
    {"respect-gitignore": 1},
    {"per-file-ignores": {"a": "NN1"}},
    {"min-confidence": "no"},
    {"torch-version": 2},
    {"extend": []},
]


def test_the_schema_takes_every_key() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert tuple(GOOD) == NAMES
    jsonschema.validate(GOOD, schema())


@pytest.mark.parametrize("table", BAD, ids=json.dumps)
def test_the_schema_refuses_what_a_configuration_does(project: Path, table: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(table, schema())
    assert all(key not in BY_NAME or problem(BY_NAME[key], value) for key, value in table.items())


def test_a_value_of_every_key_is_accepted() -> None:
    assert [problem(key, GOOD[key.name]) for key in KEYS] == [None] * len(KEYS)

"""What a user sees of the configuration: `nnlint config`, the options, names and folders."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TRAIN = """\
import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 2), nn.Softmax(dim=1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.rand(8, 4), torch.zeros(8)), shuffle=True):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y.long()).backward()
    optimizer.step()
"""


def nnlint(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nnlint", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def found(*arguments: str, cwd: Path) -> set[tuple[str, str]]:
    done = nnlint(*arguments, "--output-format", "json", cwd=cwd)
    assert done.returncode in (0, 1), done.stderr
    return {(row["path"], row["code"]) for row in json.loads(done.stdout)}


def write(path: Path, text: str = TRAIN) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("train.py", "old/train.py", "third/old/train.py"):
        write(tmp_path / name)
    write(tmp_path / "nnlint.toml", 'select = ["NN101"]\n')
    return tmp_path


def test_the_bug_is_found_where_nothing_is_left_out(project: Path) -> None:
    assert {path for path, _ in found(cwd=project)} == {"train.py", "old/train.py", "third/old/train.py"}


@pytest.mark.parametrize(
    "options", [["--exclude", "old/"], ["--extend-exclude", "old"], ["--per-file-ignores", "old/:NN101"]]
)
def test_files_are_left_out_on_the_command_line(project: Path, options: list[str]) -> None:
    assert {path for path, _ in found(*options, cwd=project)} == {"train.py"}


def test_exclude_of_the_command_line_replaces_that_of_the_file(project: Path) -> None:
    write(project / "nnlint.toml", 'select = ["NN101"]\nexclude = ["/train.py"]\n')
    assert {path for path, _ in found("--exclude", "/old", cwd=project)} == {"train.py", "third/old/train.py"}
    assert {path for path, _ in found("--extend-exclude", "/old", cwd=project)} == {"third/old/train.py"}


def test_a_negated_pattern_takes_back_an_exclusion(project: Path) -> None:
    write(project / "nnlint.toml", 'select = ["NN101"]\nexclude = ["old"]\nextend-exclude = ["!third/old"]\n')
    assert {path for path, _ in found(cwd=project)} == {"train.py", "third/old/train.py"}


def test_what_git_ignores_is_left_out_unless_the_configuration_says_otherwise(project: Path) -> None:
    write(project / ".gitignore", "old/\n")
    assert {path for path, _ in found(cwd=project)} == {"train.py"}
    write(project / "nnlint.toml", 'select = ["NN101"]\nrespect-gitignore = false\n')
    assert len(found(cwd=project)) == 3


def test_a_file_that_git_ignores_and_that_is_named_is_checked(project: Path) -> None:
    write(project / ".gitignore", "old/\n")
    assert found("old/train.py", cwd=project) == {("old/train.py", "NN101")}


def test_ignored_files_are_known_all_the_same(project: Path) -> None:
    write(project / ".gitignore", "net.py\n")
    write(project / "net.py", "from torch import nn\nmodel = nn.Sequential(nn.Linear(4, 2), nn.Softmax(dim=1))\n")
    write(project / "train.py", "from net import model\n" + TRAIN.replace(TRAIN.splitlines()[3], ""))
    assert ("train.py", "NN101") in found(cwd=project)


def test_isolated_and_config_go_not_together(project: Path) -> None:
    assert nnlint("--isolated", "--config", "nnlint.toml", cwd=project).returncode == 2


def test_the_output_format_of_the_configuration_is_used(project: Path) -> None:
    write(project / "nnlint.toml", 'select = ["NN101"]\noutput-format = "json"\n')
    assert json.loads(nnlint(cwd=project).stdout)
    write(project / "nnlint.toml", 'output-format = "jsn"\n')
    assert "output-format`: unknown format `jsn`: did you mean `json`?" in nnlint(cwd=project).stderr


def test_the_torch_version_of_the_configuration_counts(tmp_path: Path) -> None:
    from nnlint.config import Layer, Settings
    from nnlint.foretelling import Foretelling
    from nnlint.values import TorchVersion

    write(tmp_path / "requirements.txt", "torch==2.3.0\n")
    script = write(tmp_path / "train.py")
    named = Settings(layers=(Layer({"torch-version": ">=1.12,<2"}, tmp_path),))
    assert Foretelling([script], named, None, tmp_path).torch(script) == TorchVersion((1, 12), (1, 13))
    assert Foretelling([script], Settings(), None, tmp_path).torch(script) == TorchVersion((2, 3), (2, 3))


# --- names ---------------------------------------------------------------------------------------------------------

NETWORK = """\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 2))

    def forward(self, x):
        return self.body(x)

"""
MEASURED = (
    NETWORK
    + """
def {function}(model, batches):
    right = 0
    for x, y in batches:
        right += (model(x).argmax(1) == y).sum().item()
    return right

{data} = torch.utils.data.DataLoader(open("x"))
{function}(Net(), {data})
"""
)


@pytest.mark.parametrize("name", ["score_model", "score_*"])
def test_a_function_that_is_named_evaluates(tmp_path: Path, name: str) -> None:
    write(tmp_path / "net.py", MEASURED.format(function="score_model", data="pieces"))
    assert ("net.py", "NN304") not in found(cwd=tmp_path)
    write(tmp_path / "nnlint.toml", f'evaluation-functions = ["{name}"]\n')
    assert ("net.py", "NN304") in found(cwd=tmp_path)


def test_data_that_are_named_are_trained_on(tmp_path: Path) -> None:
    write(tmp_path / "net.py", MEASURED.format(function="go_over", data="test_bed"))
    assert ("net.py", "NN304") in found(cwd=tmp_path)
    write(tmp_path / "nnlint.toml", 'training-loaders = ["test_bed"]\n')
    assert ("net.py", "NN304") not in found(cwd=tmp_path)


# --- nnlint config -------------------------------------------------------------------------------------------------


def explained(*arguments: str, cwd: Path) -> dict[str, object]:
    done = nnlint("config", *arguments, "--output-format", "json", cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    told: dict[str, object] = json.loads(done.stdout)
    return told


def test_each_key_is_shown_with_where_it_comes_from(project: Path) -> None:
    write(project / "pyproject.toml", '[tool.nnlint]\nignore = [\n  "NN1",\n]\n[tool.nnlint.severity]\nNN2 = "off"\n')
    (project / "nnlint.toml").unlink()
    told = explained("train.py", "--min-confidence", "certain", cwd=project)
    assert told["files"] == ["pyproject.toml"]
    origins = {row["key"]: row["origin"] for row in told["settings"]}  # type: ignore[attr-defined]
    assert origins["ignore"] == "pyproject.toml:2"
    assert origins["severity"] == "pyproject.toml:5"
    assert origins["min-confidence"] == "--min-confidence"
    assert origins["exclude"] == "default"


def test_a_rule_is_shown_with_the_reason(project: Path) -> None:
    write(
        project / "nnlint.toml",
        'extend-select = ["NN220"]\nignore = ["NN501"]\nper-file-ignores = { "old/*" = ["NN101"] }\n',
    )
    rules = {row["code"]: row for row in explained("old/train.py", cwd=project)["rules"]}  # type: ignore[attr-defined]
    because = {code: (rules[code]["on"], rules[code]["because"]) for code in ("NN220", "NN501", "NN101", "NN102")}
    assert because == {
        "NN220": (True, ["`extend-select` of nnlint.toml:1"]),
        "NN501": (False, ["`ignore` of nnlint.toml:2"]),
        "NN101": (False, ['"old/*" in `per-file-ignores` of nnlint.toml:3']),
        "NN102": (True, []),
    }


def test_what_leaves_a_path_out_is_told(project: Path) -> None:
    write(project / ".gitignore", "# generated\nold/\n")
    assert explained("old/train.py", cwd=project)["excluded"] == {"pattern": "old/", "origin": ".gitignore:2"}
    write(project / "nnlint.toml", '\nexclude = ["third"]\n')
    assert explained("third/old/train.py", cwd=project)["excluded"] == {
        "pattern": "third",
        "origin": "`exclude` of nnlint.toml:2",
    }
    assert explained("train.py", cwd=project)["excluded"] is None


def test_it_is_shown_in_words_too(project: Path) -> None:
    shown = nnlint("config", "train.py", cwd=project).stdout
    assert "configuration: nnlint.toml" in shown
    assert 'select                   ["NN101"]  (nnlint.toml:1)' in shown
    assert "NN102  sigmoid-into-bce-with-logits  off  (not in `select` of nnlint.toml:1)" in shown


def test_the_schema_is_printed(project: Path) -> None:
    done = nnlint("config", "--schema", cwd=project)
    assert json.loads(done.stdout)["additionalProperties"] is False


def test_a_broken_configuration_is_no_traceback(project: Path) -> None:
    write(project / "nnlint.toml", 'selct = ["all"]\nignore = "x"\n')
    done = nnlint("config", cwd=project)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 2)

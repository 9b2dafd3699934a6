"""The machinery of the benchmarks, with quick commands in the place of the tools; how long they take is not asked."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import generated, scaling, scenarios, tables, trees
from benchmarks.environments import CANARY, Environment
from benchmarks.measuring import Contender, Pace, Summary, Taken, alternate, run, summarized
from benchmarks.scenarios import Bench
from benchmarks.tools import Nnlint

PYTHON = (sys.executable, "-I", "-S", "-c")
BUSY = "import time\nwhile time.process_time() < 0.2: pass"
QUICK = Summary(wall=0.5, cpu=0.4, memory=20, rounds=3)
SLOW = Summary(wall=2, cpu=6, memory=100, rounds=3)
STOPPED = Summary(wall=10, cpu=0, memory=50, rounds=1, is_over=True)

each_way = pytest.mark.parametrize("way", generated.WAYS)
each_depth = pytest.mark.parametrize("depth", [1, 2, 16])


def command(code: str, folder: Path, name: str = "tool", **more: object) -> Contender:
    return Contender(name, (*PYTHON, code), folder, **more)  # type: ignore[arg-type]


def test_a_run_counts_the_cpu_of_its_children(tmp_path: Path) -> None:
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-I', '-S', '-c', {BUSY!r}])"
    assert run(command(parent, tmp_path), 60).cpu >= 0.2


def test_a_run_knows_the_memory_of_its_largest_process(tmp_path: Path) -> None:
    parent = "import subprocess, sys; subprocess.run([sys.executable, '-I', '-S', '-c', 'x = bytearray(100_000_000)'])"
    assert 90 < run(command(parent, tmp_path), 60).memory < 150


def test_a_run_over_the_limit_is_stopped_with_its_children(tmp_path: Path) -> None:
    left = tmp_path / "left"
    child = f"import time; time.sleep(1.5); open({str(left)!r}, 'w')"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-I', '-S', '-c', {child!r}])"
    assert run(command(parent, tmp_path), 0.5).is_over
    run(command("import time; time.sleep(2)", tmp_path), 60)
    assert not left.exists()


def test_an_exit_code_that_is_not_good_is_a_failure(tmp_path: Path) -> None:
    taken = run(command("import sys; sys.exit('no such option')", tmp_path, good=frozenset({0})), 60)
    assert taken.complaint == "exit code 1: no such option"


def test_a_command_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    assert "exit code 127" in run(Contender("tool", ("./not-there",), tmp_path), 60).complaint


def test_contenders_take_turns(tmp_path: Path) -> None:
    turns: list[str] = []
    contenders = [
        command("", tmp_path, name, prepare=lambda name=name: turns.append(name)) for name in ("first", "second")
    ]
    alternate(contenders, Pace(rounds=2))
    assert turns == ["first", "second", "first", "second"]


def test_a_slow_contender_runs_once(tmp_path: Path) -> None:
    found = alternate([command("", tmp_path)], Pace(rounds=3, once=0))
    assert found["tool"].rounds == 1


def test_a_summary_holds_medians() -> None:
    runs = [Taken(wall, 10 * wall, 100 * wall, 0, False) for wall in (3.0, 1.0, 2.0)]
    assert summarized(runs) == Summary(wall=2, cpu=20, memory=200, rounds=3)


def test_a_comparison_shows_ratios_to_each_reference() -> None:
    table = tables.comparison({"quick": QUICK, "slow": SLOW}, {"q": "quick", "s": "slow"})
    assert table.splitlines()[0] == "|  | wall | / q | / s | CPU | / q | / s | memory | / q | / s | runs |"
    assert table.splitlines()[3] == "| slow | 2.00 s | 4 | 1 | 6.00 s | 15 | 1 | 100 MB | 5 | 1 | 3 |"


def test_of_a_stopped_run_only_bounds_are_shown() -> None:
    table = tables.comparison({"slow": SLOW, "stopped": STOPPED}, {"slow": "slow"})
    assert table.splitlines()[3] == "| stopped | > 10 s | >5 |  | ? | > 50 MB | >0.5 | 1 |"


def test_a_failure_is_told_in_a_row_as_wide_as_the_others() -> None:
    failed = Summary(0.1, 0.1, 5, 1, failure="exit code 2: bad | option")
    head, _, *rows = tables.comparison({"slow": SLOW, "failed": failed}, {"slow": "slow"}).splitlines()
    assert "exit code 2: bad \\| option" in rows[1]
    assert rows[1].replace("\\|", "").count("|") == head.count("|")


def test_generated_text_replaces_what_stood_between_its_markers() -> None:
    text = "before\n<!-- generated: cold -->\nold\n<!-- end: cold -->\nafter\n"
    expected = "before\n<!-- generated: cold -->\n\nnew\n\n<!-- end: cold -->\nafter\n"
    assert tables.inserted(text, "cold", "new\n") == expected


def test_the_page_has_a_place_for_every_part() -> None:
    from benchmarks.peers import PARTS, README

    for part in ("machine", *PARTS):
        assert tables.inserted(README.read_text(encoding="utf-8"), part, "here it is").count("here it is") == 1


def test_a_copy_holds_python_files_alone(tmp_path: Path) -> None:
    source = repository(tmp_path / "source")
    (source / "setup.cfg").write_text("[flake8]\n", encoding="utf-8")
    tree = trees.copied(f"a name={source}", tmp_path / "cache")
    assert (tree.name, tree.screened, len(tree.files)) == ("a name", 4, 5)
    assert not (tree.folder / "setup.cfg").exists()


def test_a_package_is_copied_in_a_folder_of_its_name(tmp_path: Path) -> None:
    tree = trees.copied(str(repository(tmp_path / "source") / "nets"), tmp_path / "cache")
    assert tree.files == (Path("nets/__init__.py"), Path("nets/body.py"), Path("nets/head.py"))


def test_a_subset_has_about_the_wanted_lines(tmp_path: Path) -> None:
    generated.write_units(tmp_path / "all", units=40, files=40)
    tree = trees.tree_of(tmp_path / "all", "all")
    part = trees.subset(tree, tree.lines // 4, tmp_path / "part")
    assert len(part.files) == 10


def test_the_leaf_is_a_file_that_no_other_names(tmp_path: Path) -> None:
    tree = trees.tree_of(repository(tmp_path / "source"), "source")
    assert trees.leaf(tree) in {Path("train.py"), Path("evaluate.py")}


def test_imports_are_followed_through_packages(tmp_path: Path) -> None:
    tree = trees.tree_of(repository(tmp_path / "source"), "source")
    followed = trees.with_imports(tree, [Path("train.py")])
    assert {str(path) for path in followed} == {"train.py", "nets/__init__.py", "nets/body.py", "nets/head.py"}


@each_way
@each_depth
def test_a_generated_script_is_python(way: str, depth: int) -> None:
    compile(generated.WAYS[way](depth), "script.py", "exec")


@each_way
def test_a_deeper_script_is_longer(way: str) -> None:
    write = generated.WAYS[way]
    assert len(list(ast.walk(ast.parse(write(2))))) < len(list(ast.walk(ast.parse(write(4)))))


@each_way
def test_nnlint_reads_a_generated_script(way: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(generated.WAYS[way](3), encoding="utf-8")
    assert checked(tmp_path) == (0, "")


def test_nnlint_reads_generated_units(tmp_path: Path) -> None:
    generated.write_units(tmp_path / "units", units=4, files=2)
    assert checked(tmp_path / "units") == (0, "")


def test_units_are_spread_over_files_and_none_is_lost(tmp_path: Path) -> None:
    generated.write_units(tmp_path / "units", units=7, files=3)
    text = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "units").iterdir())
    assert [text.count(f"class Net{number}(") for number in range(7)] == [1] * 7


def test_nnlint_finds_something_in_the_canary(tmp_path: Path) -> None:
    (tmp_path / "canary.py").write_text(CANARY, encoding="utf-8")
    assert checked(tmp_path)[0] == 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (set(), []),
        ({"--cache-dir"}, ["--cache-dir", "cold"]),
        ({"--workers"}, ["--workers", "1"]),
        ({"--cache-dir", "--workers"}, ["--cache-dir", "cold", "--workers", "1"]),
    ],
)
def test_nnlint_gets_the_options_that_it_has(options: set[str], expected: list[str]) -> None:
    check = Nnlint("nnlint", frozenset(options), Path("cold")).check(".", workers=1)
    assert [word for word in check if word in {"--cache-dir", "cold", "--workers", "1"}] == expected


def test_a_stopped_run_is_no_point_of_a_plot() -> None:
    figure = scaling.Figure("depth", "By depth", "depth")
    figure.add("nnlint", 2, QUICK, QUICK.wall)
    figure.add("nnlint", 4, STOPPED, STOPPED.wall)
    assert figure.lines == {"nnlint": [(2, 0.5)]}


def test_a_cold_run_is_compared_with_the_floors(bench: Bench, tree: trees.Tree) -> None:
    table = scenarios.cold(bench, tree)
    assert [row.split(" | ")[0] for row in table.splitlines() if row.startswith("| floor")] == [
        "| floor: read the files",
        "| floor: screen: read, and look for `torch`",
        "| floor: `ast.parse` of what passes the screen",
        "| floor: libcst's parse of what passes the screen",
        "| floor: the same, all cores",
        "| floor: Python starts",
        "| floor: Python starts and imports libcst",
    ]
    assert "exit code" not in table


def test_a_cold_run_finds_no_cache_and_a_warm_one_does(bench: Bench, tree: trees.Tree) -> None:
    scenarios.cold(bench, tree)
    scenarios.warm(bench, tree)
    assert heard(bench) == ["cold", "cold", "warm", "warm"]  # all workers, one; what fills the cache, what is measured


def test_a_file_is_changed_before_each_run_and_comes_back(bench: Bench, tree: trees.Tree) -> None:
    before = {path: (tree.folder / path).read_bytes() for path in tree.files}
    assert "changed: `train.py`, 2 lines" in scenarios.changed(bench, tree)
    assert {path: (tree.folder / path).read_bytes() for path in tree.files} == before
    unchanged, changed = map(int, (bench.cache / "sizes").read_text(encoding="utf-8").split())
    assert changed - unchanged == len("\nchanged_by_the_benchmark = 0\n")


def test_a_hook_gets_three_files_cold_and_warm(bench: Bench, tree: trees.Tree) -> None:
    table = scenarios.hook(bench, tree)
    assert "changed: `nets/body.py`, `nets/head.py`, `train.py`; with what they import, 4 files" in table
    assert heard(bench) == ["cold", "cold", "warm"]  # the first to see that it looks at the files


def test_a_hook_that_looks_at_no_file_is_not_measured(bench: Bench, tree: trees.Tree) -> None:
    lazy = replace(bench.nnlint, command="echo")
    with pytest.raises(SystemExit, match="does not look"):
        scenarios.hook(replace(bench, nnlint=lazy), tree)


@pytest.fixture
def tree(tmp_path: Path) -> trees.Tree:
    return trees.tree_of(repository(tmp_path / "tree"), "tree")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """No peers; in the place of nnlint a script that tells whether it ran before, and how much there was to read."""
    cache = tmp_path / "cache"
    programs = tmp_path / "bin"
    for folder in (cache, programs):
        folder.mkdir()
    commands = {
        "python": f'exec {sys.executable} "$@"',
        "nnlint": f"""
            test -d {cache}/nnlint-cache && echo warm >> {cache}/heard || echo cold >> {cache}/heard
            mkdir -p {cache}/nnlint-cache
            cat *.py nets/*.py | wc -c >> {cache}/sizes
            echo Found no problems in 3 files
        """,
    }
    for name, script in commands.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    options = frozenset({"--cache-dir", "--workers"})
    nnlint = Nnlint(str(programs / "nnlint"), options, cache / "nnlint-cache")
    return Bench(nnlint, Environment(tmp_path, {}), {}, cache, 2, Pace(rounds=1), lambda line: None)


def heard(bench: Bench) -> list[str]:
    return (bench.cache / "heard").read_text(encoding="utf-8").split()


def repository(folder: Path) -> Path:
    """A small one: two scripts, and a package whose parts import each other."""
    files = {
        "train.py": "import torch\nfrom nets import Body\n",
        "evaluate.py": "import torch\nimport nets.head\n",
        "nets/__init__.py": "from .body import Body\n",
        "nets/body.py": "import torch\nfrom nets.head import Head\n",
        "nets/head.py": "import torch\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def checked(folder: Path) -> tuple[int, str]:
    """nnlint's exit code on a folder, and its findings."""
    command = [sys.executable, "-m", "nnlint", "check", "--isolated", "--quiet", "--output-format", "concise", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr

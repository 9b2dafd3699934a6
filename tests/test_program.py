"""Modules are found where Python would find them, and nothing else is taken for one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nnlint.program import program
from nnlint.program.program import Program
from nnlint.reading.script import Script
from nnlint.source import Source, Unreadable
from tests.trees import tree


def as_script(source: Source) -> Script:
    return Script(source.path, ())


# --- absolute imports ----------------------------------------------------------------------------------------------


def resolved(root: Path, dotted: str, importer: str, main: str | None = None) -> str | None:
    program = Program(root=root)
    found = program.resolve(dotted, root / importer, root / main if main else None)
    return found.relative_to(root).as_posix() if found is not None else None


def test_a_script_imports_its_neighbour(tmp_path: Path) -> None:
    tree(tmp_path, "scripts/train.py", "scripts/net.py")
    assert resolved(tmp_path, "net", "scripts/train.py") == "scripts/net.py"
    assert resolved(tmp_path, "net", "scripts/train.py", "scripts/train.py") == "scripts/net.py"


def test_a_package_is_its_init_and_its_modules_are_files(tmp_path: Path) -> None:
    tree(tmp_path, "train.py", "models/__init__.py", "models/unet.py", "models/parts/__init__.py")
    assert resolved(tmp_path, "models", "train.py") == "models/__init__.py"
    assert resolved(tmp_path, "models.unet", "train.py") == "models/unet.py"
    assert resolved(tmp_path, "models.parts", "train.py") == "models/parts/__init__.py"
    assert resolved(tmp_path, "models.gone", "train.py") is None


def test_a_package_comes_before_a_module_of_its_name(tmp_path: Path) -> None:
    tree(tmp_path, "train.py", "net.py", "net/__init__.py")
    assert resolved(tmp_path, "net", "train.py") == "net/__init__.py"


def test_the_folder_of_the_script_that_runs_comes_first(tmp_path: Path) -> None:
    tree(tmp_path, "one/train.py", "one/utils.py", "two/train.py", "two/utils.py", "common/net.py", "utils.py")
    assert resolved(tmp_path, "utils", "common/net.py", "one/train.py") == "one/utils.py"
    assert resolved(tmp_path, "utils", "common/net.py", "two/train.py") == "two/utils.py"


def test_of_two_modules_of_one_name_the_importers_is_meant(tmp_path: Path) -> None:
    tree(tmp_path, "one/train.py", "one/utils.py", "two/train.py", "two/utils.py")
    assert resolved(tmp_path, "utils", "one/train.py") == "one/utils.py"
    assert resolved(tmp_path, "utils", "two/train.py") == "two/utils.py"


def test_a_module_in_a_package_imports_from_beside_the_package(tmp_path: Path) -> None:
    tree(tmp_path, "a/pkg/__init__.py", "a/pkg/sub/__init__.py", "a/pkg/sub/net.py", "a/pkg/utils.py", "a/utils.py")
    assert resolved(tmp_path, "utils", "a/pkg/sub/net.py") == "a/utils.py"
    assert resolved(tmp_path, "pkg.utils", "a/pkg/sub/net.py") == "a/pkg/utils.py"


def test_folders_on_the_way_to_the_root_are_tried_nearest_first(tmp_path: Path) -> None:
    tree(tmp_path, "one/models/net.py", "one/utils.py", "utils.py")
    assert resolved(tmp_path, "utils", "one/models/net.py") == "one/utils.py"


@pytest.mark.parametrize("layout", ["src", "lib", "python", "core/src", "packages/core/src"])
def test_source_folders_are_known(tmp_path: Path, layout: str) -> None:
    tree(tmp_path, "examples/train.py", f"{layout}/mylib/__init__.py", f"{layout}/mylib/net.py")
    assert resolved(tmp_path, "mylib.net", "examples/train.py") == f"{layout}/mylib/net.py"


def test_namespace_packages_are_folders_with_scripts_in_them(tmp_path: Path) -> None:
    tree(tmp_path, "train.py", "models/deep/unet.py", "data/images/cat.png")
    assert resolved(tmp_path, "models", "train.py") == "models"
    assert resolved(tmp_path, "models.deep.unet", "train.py") == "models/deep/unet.py"
    assert resolved(tmp_path, "data", "train.py") is None


def test_a_regular_module_comes_before_a_namespace_package(tmp_path: Path) -> None:
    tree(tmp_path, "scripts/train.py", "scripts/models/x.py", "models/__init__.py")
    assert resolved(tmp_path, "models", "scripts/train.py", "scripts/train.py") == "models/__init__.py"


def test_the_only_module_of_a_name_is_found_anywhere(tmp_path: Path) -> None:
    tree(tmp_path, "tools/train.py", "code/deep/nets/resnet.py", "code/deep/layers.py")
    assert resolved(tmp_path, "layers", "tools/train.py") == "code/deep/layers.py"
    assert resolved(tmp_path, "nets.resnet", "tools/train.py") == "code/deep/nets/resnet.py"


def test_one_of_several_modules_is_not_chosen(tmp_path: Path) -> None:
    tree(tmp_path, "tools/train.py", "one/layers.py", "two/layers.py")
    assert resolved(tmp_path, "layers", "tools/train.py") is None


def test_a_module_beside_its_importer_in_a_package_is_found(tmp_path: Path) -> None:
    tree(tmp_path, "train.py", "models/__init__.py", "models/net.py", "models/blocks.py", "old/blocks.py")
    assert resolved(tmp_path, "blocks", "models/net.py", "train.py") == "models/blocks.py"


def test_a_module_inside_of_a_package_is_not_found_by_its_last_name(tmp_path: Path) -> None:
    tree(tmp_path, "train.py", "pkg/__init__.py", "pkg/loggers/__init__.py", "pkg/loggers/somelogger.py")
    assert resolved(tmp_path, "somelogger", "train.py") is None
    assert resolved(tmp_path, "somelogger", "pkg/loggers/__init__.py") is None


@pytest.mark.parametrize("name", ["torch", "datasets", "wandb", "logging", "numpy"])
def test_other_packages_are_not_mistaken_for_folders(tmp_path: Path, name: str) -> None:
    tree(tmp_path, "train.py", f"{name}/x.py", f"tools/{name}/__init__.py", f"loggers/{name}.py", "loggers/base.py")
    assert resolved(tmp_path, name, "train.py", "train.py") is None
    assert resolved(tmp_path, name, "loggers/base.py", "train.py") is None
    assert resolved(tmp_path, f"{name}.x", "train.py", "train.py") is None


def test_a_local_package_shadows_another_beside_the_script_that_runs(tmp_path: Path) -> None:
    tree(tmp_path, "main.py", "datasets/__init__.py", "datasets/coco.py", "models/__init__.py", "models/detr.py")
    assert resolved(tmp_path, "datasets", "main.py", "main.py") == "datasets/__init__.py"
    assert resolved(tmp_path, "datasets.coco", "models/detr.py", "main.py") == "datasets/coco.py"
    assert resolved(tmp_path, "datasets", "models/detr.py") == "datasets/__init__.py"


def test_a_module_of_a_package_does_not_shadow_another_for_its_neighbours(tmp_path: Path) -> None:
    tree(tmp_path, "pkg/__init__.py", "pkg/base.py", "pkg/wandb.py")
    assert resolved(tmp_path, "wandb", "pkg/base.py", "pkg/base.py") is None


def test_a_module_does_not_import_itself(tmp_path: Path) -> None:
    tree(tmp_path, "logs/wandb.py", "utils/__init__.py", "tools/utils.py")
    assert resolved(tmp_path, "wandb", "logs/wandb.py", "logs/wandb.py") is None
    assert resolved(tmp_path, "utils", "tools/utils.py") == "utils/__init__.py"


@pytest.mark.parametrize("dotted", ["nothing.here", "a..b", "", "not-a-name", "../train"])
def test_what_is_not_there_is_not_found(tmp_path: Path, dotted: str) -> None:
    tree(tmp_path, "train.py")
    assert resolved(tmp_path, dotted, "train.py") is None


def test_without_a_root_each_file_belongs_to_its_own_project(tmp_path: Path) -> None:
    one, other = tree(tmp_path / "one", "train.py", "deep/utils.py"), tree(tmp_path / "other", "train.py")
    program = Program()
    assert program.resolve("utils", one / "train.py") == one / "deep/utils.py"
    assert program.resolve("utils", other / "train.py") is None
    assert program.root_of(one / "deep/utils.py") == one


def test_imports_are_found_through_a_loop_of_links(tmp_path: Path) -> None:
    tree(tmp_path, "tools/train.py", "deep/down/layers.py")
    (tmp_path / "deep/loop").symlink_to(tmp_path, target_is_directory=True)
    assert resolved(tmp_path, "layers", "tools/train.py") == "deep/down/layers.py"


# --- relative imports and submodules -------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tree(
        tmp_path, "pkg/__init__.py", "pkg/losses.py", "pkg/nets/__init__.py", "pkg/nets/unet.py", "pkg/space/x.py"
    )


@pytest.mark.parametrize(
    ("module", "level", "importer", "found"),
    [
        ("", 1, "pkg/nets/unet.py", "pkg/nets/__init__.py"),
        ("unet", 1, "pkg/nets/__init__.py", "pkg/nets/unet.py"),
        ("losses", 2, "pkg/nets/unet.py", "pkg/losses.py"),
        ("", 2, "pkg/nets/unet.py", "pkg/__init__.py"),
        ("nets.unet", 1, "pkg/losses.py", "pkg/nets/unet.py"),
        ("", 1, "pkg/space/x.py", "pkg/space"),
        ("gone", 1, "pkg/losses.py", None),
    ],
)
def test_relative_imports_count_from_the_importer(
    package: Path, module: str, level: int, importer: str, found: str | None
) -> None:
    expected = package / found if found else None
    assert Program(root=package).relative(module, level, package / importer) == expected


def test_relative_imports_end_at_the_top_of_the_file_system(package: Path) -> None:
    assert Program(root=package).relative("x", 99, package / "pkg/losses.py") is None


def test_submodules_are_those_of_packages(package: Path) -> None:
    program = Program(root=package)
    assert program.submodule(package / "pkg/__init__.py", "losses") == package / "pkg/losses.py"
    assert program.submodule(package / "pkg/__init__.py", "nets") == package / "pkg/nets/__init__.py"
    assert program.submodule(package / "pkg/space", "x") == package / "pkg/space/x.py"
    assert program.submodule(package / "pkg/losses.py", "nets") is None
    assert program.submodule(package / "pkg/__init__.py", "gone") is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("pkg/__init__.py", "pkg"),
        ("pkg/nets/__init__.py", "pkg.nets"),
        ("pkg/nets/unet.py", "pkg.nets.unet"),
        ("pkg/space", "pkg.space"),
        ("train.py", "train"),
    ],
)
def test_modules_are_named_within_their_top_package(package: Path, path: str, name: str) -> None:
    assert Program(root=package).dotted_name(package / path) == name


# --- reading -------------------------------------------------------------------------------------------------------


def test_a_script_is_read_when_asked_for_and_once(package: Path) -> None:
    read: list[str] = []

    def reading(source: Source) -> Script:
        read.append(source.path)
        return as_script(source)

    program = Program(root=package, read=reading)
    program.resolve("pkg.nets.unet", package / "pkg/losses.py")
    assert read == []
    assert program.script(package / "pkg/losses.py") is program.script(package / "pkg/nets/../losses.py")
    assert read == [str(package / "pkg/losses.py")]


def test_what_can_not_be_read_is_remembered(package: Path) -> None:
    calls: list[str] = []

    def failing(source: Source) -> Script:
        calls.append(source.path)
        raise Unreadable(source.path, "cannot be parsed", 3, 4)

    program = Program(root=package, read=failing)
    for _ in range(2):
        with pytest.raises(Unreadable, match="cannot be parsed") as caught:
            program.script(package / "pkg/losses.py")
        assert (caught.value.line, caught.value.column) == (3, 4)
    assert len(calls) == 1


def test_a_missing_file_is_unreadable(package: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        Program(root=package, read=as_script).script(package / "gone.py")


def test_circular_imports_do_no_harm(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "b.py")
    (tmp_path / "a.py").write_text("import b\n")
    (tmp_path / "b.py").write_text("import a\n")
    program = Program(root=tmp_path, read=as_script)
    assert program.resolve("b", tmp_path / "a.py") == tmp_path / "b.py"
    assert program.resolve("a", tmp_path / "b.py") == tmp_path / "a.py"
    assert program.script(tmp_path / "a.py") != program.script(tmp_path / "b.py")


def test_unsaved_text_stands_for_the_files(tmp_path: Path) -> None:
    tree(tmp_path, "train.py")
    texts: list[str] = []

    def reading(source: Source) -> Script:
        texts.append(source.text)
        return as_script(source)

    program = Program(root=tmp_path, unsaved={tmp_path / "train.py": b"import torch\n"}, read=reading)
    program.script(tmp_path / "train.py")
    assert texts == ["import torch\n"]
    assert program.mentions(tmp_path / "train.py", (b"torch",))


def test_words_are_looked_for_without_parsing(tmp_path: Path) -> None:
    tree(tmp_path, "train.py")
    (tmp_path / "train.py").write_text("this is no Python, but it says softmax")
    program = Program(root=tmp_path)
    assert program.mentions(tmp_path / "train.py", (b"torch", b"softmax"))
    assert not program.mentions(tmp_path / "train.py", (b"torch",))


def test_a_file_that_can_not_be_screened_is_left_to_the_reader(tmp_path: Path) -> None:
    assert Program(root=tmp_path).mentions(tmp_path / "gone.py", (b"torch",))


def test_targets_are_told_from_what_is_only_known(package: Path) -> None:
    program = Program([package / "pkg/losses.py"], package)
    assert program.targets == (package / "pkg/losses.py",)
    assert program.is_target(package / "pkg/nets/../losses.py")
    assert not program.is_target(package / "pkg/nets/unet.py")


def test_targets_are_shown_as_named_and_others_from_here(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(package / "pkg")
    named = Path("../pkg/losses.py")
    program = Program([named])
    assert program.shown(package / "pkg/losses.py") == str(named)
    assert program.shown(package / "pkg/nets/unet.py") == os.path.join("nets", "unet.py")
    assert program.shown(package / "train.py") == str(package / "train.py")


# --- large programs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("most", "times"), [(2, 1), (1, 2)])
def test_of_many_targets_a_script_is_not_kept_for_a_glance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, times: int
) -> None:
    monkeypatch.setattr(program, "MANY", most)
    tree(tmp_path, "a.py", "b.py")
    read: list[str] = []

    def noting(source: Source) -> Script:
        read.append(Path(source.path).name)
        return as_script(source)

    project = Program([tmp_path / "a.py", tmp_path / "b.py"], root=tmp_path, read=noting)
    project.glance(tmp_path / "a.py")
    project.script(tmp_path / "a.py")
    project.glance(tmp_path / "a.py")
    assert read == ["a.py"] * times

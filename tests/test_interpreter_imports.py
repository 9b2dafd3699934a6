"""Imports across the files of a project: what a name of another file means, and what running it does."""

from __future__ import annotations

import pytest

from nnlint.values import Scale
from tests.interpreting import scales, seen

P = Scale.PROBABILITIES
SOFT = "def soft(z):\n    return F.softmax(z, 1)\n"
NUMBER = "n = 2\n"


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ("from heads import soft", {"heads": SOFT}),
        ("from heads import soft as gentle\nsoft = gentle", {"heads": SOFT}),
        ("import heads\nsoft = heads.soft", {"heads": SOFT}),
        ("import heads as h\nsoft = h.soft", {"heads": SOFT}),
        ("from heads import *", {"heads": SOFT}),
        ("from net.heads import soft", {"net/heads": SOFT, "net/__init__": ""}),
        ("from net.heads import soft", {"net/heads": SOFT}),
        ("import net.heads\nsoft = net.heads.soft", {"net/heads": SOFT, "net/__init__": ""}),
        ("import net.heads as h\nsoft = h.soft", {"net/heads": SOFT, "net/__init__": ""}),
        ("from net import heads\nsoft = heads.soft", {"net/heads": SOFT, "net/__init__": ""}),
        ("from net import soft", {"net/heads": SOFT, "net/__init__": "from .heads import soft"}),
        ("from net import soft", {"net/heads": SOFT, "net/__init__": "from net.heads import soft"}),
        ("from net import soft", {"net/heads": SOFT, "net/__init__": "from .heads import *"}),
        ("from net import gentle as soft", {"net/heads": SOFT, "net/__init__": "from .heads import soft as gentle"}),
        ("import net\nsoft = net.heads.soft", {"net/heads": SOFT, "net/__init__": "from . import heads"}),
        ("from net.top import soft", {"net/heads": SOFT, "net/top": "from .heads import soft", "net/__init__": ""}),
        ("from net.top import soft", {"net/a/heads": SOFT, "net/top": "from .a.heads import soft", "net/__init__": ""}),
        ("from net.b.top import soft", {"net/a/heads": SOFT, "net/b/top": "from ..a.heads import soft"}),
        ("from net.b.top import soft", {"net/heads": SOFT, "net/b/top": "from .. import heads\nsoft = heads.soft"}),
        ("from top import soft", {"heads": SOFT, "top": "from heads import soft"}),
        ("from top import soft", {"heads": SOFT, "top": "from heads import *"}),
        ("def soft(z):\n    from heads import soft\n    return soft(z)", {"heads": SOFT}),
        ("try:\n    from heads import soft\nexcept ImportError:\n    soft = None", {"heads": SOFT}),
        ("if True:\n    from heads import soft", {"heads": SOFT}),
        (
            "from heads import Heads\nsoft = Heads.soft",
            {"heads": "class Heads:\n    @staticmethod\n    def soft(z): return z.softmax(1)"},
        ),
        ("from heads import heads\nsoft = heads['soft']", {"heads": SOFT + "heads = {'soft': soft}"}),
        ("from heads import soft", {"heads": "def __getattr__(name):\n    return None\n" + SOFT}),
    ],
)
def test_a_function_of_another_file_is_followed(source: str, files: dict[str, str]) -> None:
    assert scales(f"{source}\nF.cross_entropy(soft(scores), y)", **files) == [P]


def test_files_that_import_each_other_are_both_known() -> None:
    files = {
        "a": "import b\ndef soft(z):\n    return b.apply(z)\n",
        "b": "import a\ndef apply(z):\n    return F.softmax(z, 1)\ndef twice(z):\n    return a.soft(z)\n",
    }
    assert scales("import a, b\nF.cross_entropy(a.soft(scores), y)\nF.cross_entropy(b.twice(scores), y)", **files) == [
        P,
        P,
    ]


def test_packages_that_import_each_other_by_name_are_both_known() -> None:
    files = {
        "net/__init__": "from .a import soft\nfrom .b import other",
        "net/a": "def soft(z):\n    from .b import other\n    return F.softmax(other(z), 1)\n",
        "net/b": "from . import a\ndef other(z):\n    return z\n",
    }
    assert scales("import net\nF.cross_entropy(net.soft(scores), y)", **files) == [P]


def test_a_file_that_imports_itself_is_read_once() -> None:
    assert seen("from heads import n\nsee(n)", heads="import heads\nn = 2") == [2]


def test_a_file_is_run_once_however_often_it_is_imported() -> None:
    files = {"state": "box = []", "a": "from state import box\nbox.append(1)", "b": "import state\nstate.box.append(1)"}
    assert seen("import a, b\nimport a\nfrom state import box\nsee(len(box))", **files) == [2]


def test_a_class_of_another_file_is_an_ancestor() -> None:
    base = "class Base(nn.Module):\n    def forward(self, z):\n        return self.head(z).softmax(1)\n"
    source = """
    from base import Base
    class Net(Base):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(2, 3)
    F.cross_entropy(Net()(x), y)
    """
    assert scales(source, base=base) == [P]


def test_the_main_block_of_an_imported_file_is_not_run() -> None:
    heads = "n = 2\nif __name__ == '__main__':\n    n = 3\n"
    assert seen("from heads import n\nsee(n)", heads=heads) == [2]


def test_the_main_block_of_the_script_is_run() -> None:
    assert seen("n = 2\nif __name__ == '__main__':\n    n = 3\nsee(n)") == [3]


def test_all_decides_what_a_star_imports() -> None:
    heads = "__all__ = ['m']\nm, n = 3, 4\n"
    assert seen("n = 2\nfrom heads import *\nsee(n)\nsee(m)", heads=heads) == [2, 3]


def test_a_star_imports_no_private_names() -> None:
    assert seen("_n = 2\nfrom heads import *\nsee(_n)", heads="_n = 3") == [2]


def test_a_later_import_hides_an_earlier_name() -> None:
    assert seen("n = 3\nfrom heads import n\nsee(n)", heads=NUMBER) == [2]


def test_a_name_that_is_not_there_is_unknown() -> None:
    assert seen("from heads import m\nsee(m)", heads=NUMBER) == [None]


def test_a_file_that_can_not_be_read_is_unknown() -> None:
    assert seen("from heads import n\nsee(n)\nsee(2)", heads="n = = 2") == [None, 2]


def test_what_the_script_sets_in_another_file_is_seen_there() -> None:
    config = "n = 1\ndef get():\n    return n\n"
    assert seen("import config\nconfig.n = 2\nsee(config.get())", config=config) == [2]


def test_a_relative_import_beyond_the_top_harms_nothing() -> None:
    assert seen("from .....nowhere import n\nsee(2)") == [2]


def test_a_thing_of_a_package_that_is_not_there_may_be_false() -> None:
    source = """
    from nowhere.config import DEBUG
    z = scores
    if DEBUG:
        z = probs
    F.cross_entropy(z, y)
    """
    assert scales(source) == [Scale.UNKNOWN]


# --- what is imported for type checkers --------------------------------------------------------------------------

STARS = "    from .heads import *\n"
LAZY = "else:\n    import sys\n    sys.modules[__name__] = something_lazy(__name__)\n"
ALONE = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
PACKAGE = {"net/heads": SOFT, "net/__init__": ALONE + "    from .heads import soft\n" + LAZY}


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ("from net import soft", PACKAGE),
        ("import net\nsoft = net.soft", PACKAGE),
        ("from net import soft", PACKAGE | {"net/__init__": ALONE + "    from .heads import *\n" + LAZY}),
        ("from net import gentle as soft", PACKAGE | {"net/__init__": ALONE + "    from .heads import soft as gentle"}),
        ("from net import heads\nsoft = heads.soft", PACKAGE | {"net/__init__": ALONE + "    from . import heads"}),
        ("from net import h\nsoft = h.soft", PACKAGE | {"net/__init__": ALONE + "    import net.heads as h"}),
        (ALONE + "    import net.heads\nsoft = net.heads.soft", PACKAGE | {"net/__init__": ""}),
        (
            "from nets import soft",
            PACKAGE
            | {
                "nets/__init__": ALONE + "    from .all import *",
                "nets/all/__init__": ALONE + STARS,
                "nets/all/heads": SOFT,
            },
        ),
        (
            "from net import soft",
            PACKAGE
            | {
                "net/__init__": "import os\nfrom typing import TYPE_CHECKING\n"
                "if TYPE_CHECKING or os.environ.get('SLOW'):\n    try:\n        if not torch_is_there():\n"
                "            raise ImportError\n    except ImportError:\n        from .stand_ins import *\n"
                "    else:\n        from .heads import soft\n" + LAZY
            },
        ),
        (ALONE + "    from net.heads import soft", PACKAGE),
    ],
)
def test_what_a_name_means_to_type_checkers_is_known(source: str, files: dict[str, str]) -> None:
    assert scales(f"{source}\nF.cross_entropy(soft(scores), y)", **files) == [P]


def test_what_is_for_type_checkers_is_not_run() -> None:
    assert seen(ALONE + "    n = 1\nelse:\n    n = 2\nsee(n)") == [2]
    assert seen("import typing\nif not typing.TYPE_CHECKING:\n    n = 2\nelse:\n    n = 1\nsee(n)") == [2]
    changes = "import heads\nheads.n = 3\n"
    assert seen(ALONE + "    import changes\nimport heads\nsee(heads.n)", heads=NUMBER, changes=changes) == [2]


def test_names_that_type_checkers_find_in_a_circle_are_unknown() -> None:
    files = {"a": ALONE + "    from b import soft", "b": ALONE + "    from a import soft"}
    assert scales("from a import soft\nF.cross_entropy(soft(scores), y)", **files) == [Scale.UNKNOWN]

"""Classes and their objects: attributes, methods, ancestors, properties, data classes."""

from __future__ import annotations

import pytest

from nnlint.values import Scale
from tests.interpreting import scales, seen

P, L, U = Scale.PROBABILITIES, Scale.LOGITS, Scale.UNKNOWN

# --- classes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "use", "result"),
    [
        ("def __init__(self, n): self.n = n", "A(2).n", 2),
        ("n = 2", "A().n", 2),
        ("n = 2\n    def __init__(self): self.n = 3", "A().n", 3),
        ("def f(self, n): return n", "A().f(2)", 2),
        ("def f(self, n): return n", "A.f(A(), 2)", 2),
        ("@staticmethod\n    def f(n): return n", "A.f(2)", 2),
        ("@staticmethod\n    def f(n): return n", "A().f(2)", 2),
        ("n = 2\n    @classmethod\n    def f(cls): return cls.n", "A.f()", 2),
        ("@classmethod\n    def make(cls): return cls()\n    n = 2", "A.make().n", 2),
        ("@property\n    def n(self): return 2", "A().n", 2),
        ("def __call__(self, n): return n + 1", "A()(1)", 2),
        ("def __getitem__(self, i): return i + 1", "A()[1]", 2),
        ("def __len__(self): return 2", "len(A())", 2),
        ("def f(self): return self\n    n = 2", "A().f().f().n", 2),
        ("class B:\n        n = 2", "A.B.n", 2),
        ("def __init__(self, **options): self.__dict__.update(options)\n    n = 2", "A().n", 2),
        ("def __init__(self): setattr(self, 'n', 2)", "getattr(A(), 'n')", 2),
        ("n = 3", "getattr(A(), 'm', 2)", 2),
        ("def __getattr__(self, name): return 2", "A().anything", 2),
        ("n = 2", "(A.n, setattr(A, 'n', 3), A.n)[2]", 3),
    ],
)
def test_attributes_and_methods_are_found_as_python_finds_them(body: str, use: str, result: int) -> None:
    assert seen(f"class A:\n    {body}\nsee({use})") == [result]


@pytest.mark.parametrize(
    ("classes", "use", "result"),
    [
        ("class A:\n    def f(self): return 2\nclass B(A): pass", "B().f()", 2),
        ("class A:\n    def f(self): return 2\nclass B(A):\n    def f(self): return super().f() + 1", "B().f()", 3),
        (
            "class A:\n    def f(self): return 2\nclass B(A):\n    def f(self): return super(B, self).f() + 1",
            "B().f()",
            3,
        ),
        ("class A:\n    def f(self): return 2\nclass B(A):\n    def f(self): return A.f(self) + 1", "B().f()", 3),
        ("class A:\n    def f(self): return self.g()\nclass B(A):\n    def g(self): return 2", "B().f()", 2),
        (
            "class A:\n    def __init__(self, n): self.n = n\nclass B(A):\n    def __init__(self): super().__init__(2)",
            "B().n",
            2,
        ),
        (
            "class A:\n    def f(self): return 1\nclass B(A):\n    def f(self): return 2\n"
            "class C(A): pass\nclass D(C, B): pass",
            "D().f()",
            2,
        ),
        (
            "class A:\n    def f(self): return 1\nclass B(A):\n    def f(self): return super().f() * 2\n"
            "class C(A):\n    def f(self): return super().f() + 10\nclass D(B, C): pass",
            "D().f()",
            22,
        ),
        ("class A:\n    @classmethod\n    def make(cls): return cls()\nclass B(A):\n    n = 2", "B.make().n", 2),
        (
            "class A:\n    @property\n    def n(self): return 1\nclass B(A):\n    @property\n"
            "    def n(self): return super().n + 1",
            "B().n",
            2,
        ),
        ("class A:\n    def __init_subclass__(cls): cls.n = 2\nclass B(A): pass", "B.n", 2),
        ("def make():\n    class A:\n        n = 2\n    return A", "make()().n", 2),
        ("A = type('A', (), {'n': 2})", "A().n", 2),
    ],
)
def test_ancestors_are_searched_in_pythons_order(classes: str, use: str, result: int) -> None:
    assert seen(f"{classes}\nsee({use})") in ([result], [None])


@pytest.mark.parametrize(
    ("definition", "use"),
    [
        ("@dataclass\nclass A:\n    n: int\n    m: int = 3", "A(2).n"),
        ("@dataclass\nclass A:\n    n: int\n    m: int = 2", "A(1).m"),
        ("@dataclass\nclass A:\n    n: int\n    m: int = 3", "A(1, m=2).m"),
        ("@dataclass(frozen=True)\nclass A:\n    n: int = field(default=2)", "A().n"),
        ("@dataclass\nclass A:\n    n: int = 1\n    def __post_init__(self):\n        self.n = self.n + 1", "A().n"),
        ("@dataclass\nclass A:\n    n: int\n@dataclass\nclass B(A):\n    m: int = 5", "B(2).n"),
        ("class A(NamedTuple):\n    n: int\n    m: int = 3", "A(2).n"),
        ("A = namedtuple('A', 'm n')", "A(1, 2).n"),
        ("class A(Enum):\n    n = 2", "A.n.value"),
        ("A = SimpleNamespace(n=2)", "A.n"),
    ],
)
def test_fields_of_data_classes_hold_what_they_were_given(definition: str, use: str) -> None:
    imports = (
        "from dataclasses import dataclass, field\nfrom typing import NamedTuple\nfrom collections import namedtuple\n"
        "from enum import Enum\nfrom types import SimpleNamespace\n"
    )
    assert seen(f"{imports}{definition}\nsee({use})") in ([2], [None])


def test_fields_given_by_unknown_keywords_are_not_their_defaults() -> None:
    source = """
    from typing import NamedTuple
    class Config(NamedTuple):
        decode: bool = False
    config = Config(**unknown)
    F.cross_entropy(probs if config.decode else scores, y)
    """
    assert scales(source) == [U]


def test_a_dataclass_of_outputs_carries_tensors() -> None:
    source = """
    from dataclasses import dataclass
    @dataclass
    class Output:
        logits: torch.Tensor
        probs: torch.Tensor
    out = Output(scores, probs=probs)
    F.cross_entropy(out.logits, y)
    F.cross_entropy(out.probs, y)
    """
    assert scales(source) == [L, P]


def test_a_property_is_computed_at_each_access() -> None:
    source = """
    class Model:
        z = scores
        @property
        def output(self):
            return self.z
    model = Model()
    model.z = probs
    F.cross_entropy(model.output, y)
    """
    assert scales(source) == [P]


@pytest.mark.parametrize("cached", ["functools.cached_property", "property"])
def test_both_kinds_of_properties_are_computed(cached: str) -> None:
    assert seen(f"import functools\nclass A:\n    @{cached}\n    def n(self):\n        return 2\nsee(A().n)") == [2]


def test_a_setter_runs_when_the_property_is_assigned() -> None:
    source = """
    class A:
        @property
        def n(self):
            return self._n
        @n.setter
        def n(self, value):
            self._n = value + 1
    a = A()
    a.n = 1
    see(a.n)
    """
    assert seen(source) in ([2], [None])

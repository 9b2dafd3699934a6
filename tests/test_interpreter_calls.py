"""Calls are followed into functions, methods and other files, with the arguments of that call."""

from __future__ import annotations

import pytest

from nnlint.values import Scale
from tests.interpreting import losses, scales, seen

P, L, U = Scale.PROBABILITIES, Scale.LOGITS, Scale.UNKNOWN

# --- arguments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "arguments", "result"),
    [
        ("a, b=2", "1", 12),
        ("a, b=2", "1, 3", 13),
        ("a, b=2", "b=3, a=1", 13),
        ("a, *, b=2", "1", 12),
        ("a, *, b=2", "1, b=4", 14),
        ("a, /, b", "1, b=4", 14),
        ("a, b", "*(1, 5)", 15),
        ("a, b", "*[1], **{'b': 6}", 16),
        ("a, b", "**{'b': 6, 'a': 1}", 16),
        ("a, b", "**dict(a=1, b=7)", 17),
        ("a, b=default", "1", 19),
    ],
)
def test_parameters_are_bound_as_python_binds_them(parameters: str, arguments: str, result: int) -> None:
    source = f"default = 9\ndef f({parameters}):\n    return 10 * a + b\ndefault = 8\nsee(f({arguments}))"
    assert seen(source) == [result]


@pytest.mark.parametrize(
    ("function", "call", "result"),
    [
        ("def f(*args): return args[1]", "f(1, 2)", 2),
        ("def f(*args): return len(args)", "f(1, 2, 3)", 3),
        ("def f(first, *rest): return len(rest)", "f(1, 2, 3)", 2),
        ("def f(**options): return options['n']", "f(m=1, n=2)", 2),
        ("def f(**options): return options.get('n', 5)", "f(m=1)", 5),
        ("def f(n, **options): return len(options)", "f(n=1, m=2)", 1),
        ("def g(a, b): return a * b\ndef f(*args, **options): return g(*args, **options)", "f(2, b=3)", 6),
        ("def f(a): a = a + 1; return a", "f(1)", 2),
        ("def f(items=[]):\n    items.append(1)\n    return len(items)", "f() + f()", 3),
    ],
)
def test_stars_collect_and_spread_arguments(function: str, call: str, result: int) -> None:
    assert seen(f"{function}\nsee({call})") == [result]


def test_a_function_is_followed_with_the_arguments_of_each_call() -> None:
    assert scales("def loss(z):\n    F.cross_entropy(z, y)\nloss(probs)\nloss(scores)") == [P, L]


def test_a_function_without_return_gives_none() -> None:
    assert seen("def f(): pass\nsee(2 if f() is None else 3)") == [2]


def test_what_a_function_changes_in_its_arguments_stays() -> None:
    assert scales("def fill(box):\n    box['z'] = probs\nbox = {}\nfill(box)\nF.cross_entropy(box['z'], y)") == [P]


def test_what_a_function_assigns_stays_inside() -> None:
    assert scales("z = probs\ndef f():\n    z = scores\nf()\nF.cross_entropy(z, y)") == [P]


def test_a_returned_tuple_is_unpacked() -> None:
    assert scales("def f():\n    return scores, probs\na, b = f()\nF.cross_entropy(b, y)") == [P]


def test_the_trail_tells_through_which_functions_a_tensor_came() -> None:
    (loss,) = losses("def f(z):\n    return F.softmax(z, 1)\ndef g(z):\n    return f(z)\nF.cross_entropy(g(scores), y)")
    texts = [step.message for step in loss.input.trail]
    assert texts[0].startswith("`F.softmax(z, 1)`")
    assert texts[1:] == ["returned by `f`", "returned by `g`"]


# --- scopes, lambdas, partial ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("def outer(n):\n    def inner(): return n\n    return inner\nsee(outer(2)())", 2),
        (
            "def outer():\n    n = 1\n    def inner():\n        nonlocal n\n        n = 2\n    inner()\n"
            "    return n\nsee(outer())",
            2,
        ),
        ("n = 1\ndef f():\n    global n\n    n = 2\nf()\nsee(n)", 2),
        ("n = 1\ndef f(): return n\nn = 2\nsee(f())", 2),
        ("f = lambda n, m=3: n + m\nsee(f(1))", 4),
        ("fs = [lambda n=n: n for n in (1, 2)]\nsee(fs[0]())", 1),
        ("fs = [lambda: n for n in (1, 2)]\nsee(fs[0]())", 2),
        ("see((lambda *a: len(a))(1, 2))", 2),
        ("from functools import partial\ndef f(a, b): return 10 * a + b\nsee(partial(f, 1)(2))", 12),
        ("from functools import partial\ndef f(a, b): return 10 * a + b\nsee(partial(f, b=3)(1))", 13),
        ("from functools import partial\ndef f(a, b): return 10 * a + b\nsee(partial(f, b=3)(1, b=4))", 14),
        (
            "import functools\ndef f(a, b, c): return a + b + c\nsee(functools.partial(functools.partial(f, 1), 2)(3))",
            6,
        ),
        ("class A:\n    n = 1\n    m = n + 1\nsee(A.m)", 2),
        ("n = 5\nclass A:\n    n = 1\n    def f(self): return n\nsee(A().f())", 5),
        ("def f(n):\n    if n: return 3\n    return 4\nsee(f(0))", 4),
        ("see([n for n in (1, 2)][0])\nn = 3", 1),
        ("see(list(map(lambda n: n * 2, [1, 2]))[1])", 4),
        ("f = {'a': lambda: 1, 'b': lambda: 2}['b']\nsee(f())", 2),
        ("first, *rest = 1, 2, 3\nsee(len(rest))", 2),
        ("*_, last = 1, 2, 3\nsee(last)", 3),
        ("a, b = 1, 2\na, b = b, a\nsee(a)", 2),
        ("a = b = 2\nsee(a)", 2),
        ("see((n := 2) + n)", 4),
    ],
)
def test_names_mean_what_python_says(source: str, result: int) -> None:
    assert seen(source) == [result]


def test_a_partial_layer_is_built_with_the_arguments_it_holds() -> None:
    source = "from functools import partial\nmake = partial(nn.Linear, 8)\nF.cross_entropy(make(4)(x), y)"
    assert scales(source) == [L]


def test_a_partial_softmax_makes_probabilities() -> None:
    assert scales("import functools\nact = functools.partial(F.softmax, dim=1)\nF.cross_entropy(act(scores), y)") == [P]


# --- decorators --------------------------------------------------------------------------------------------------


def test_a_decorator_replaces_the_function() -> None:
    source = """
    def normalized(function):
        def wrapper(*args):
            return F.softmax(function(*args), 1)
        return wrapper
    @normalized
    def predict(z):
        return z
    F.cross_entropy(predict(scores), y)
    """
    assert scales(source) == [P]


def test_decorators_apply_from_the_inside_out() -> None:
    source = """
    def double(f): return lambda: f() * 2
    def more(f): return lambda: f() + 1
    @double
    @more
    def one(): return 1
    see(one())
    """
    assert seen(source) == [4]


def test_a_decorator_with_arguments_is_called_first() -> None:
    source = """
    def times(k):
        def decorate(f):
            return lambda n: f(n) * k
        return decorate
    @times(3)
    def f(n): return n
    see(f(2))
    """
    assert seen(source) == [6]


def test_functools_wraps_changes_nothing() -> None:
    source = """
    import functools
    def logged(f):
        @functools.wraps(f)
        def wrapper(*args, **options):
            return f(*args, **options)
        return wrapper
    @logged
    def f(n): return n + 1
    see(f(n=2))
    """
    assert seen(source) == [3]


def test_a_decorator_of_another_package_keeps_the_function() -> None:
    assert seen("import hydra\n@hydra.main(config_path='c')\ndef main(cfg=None):\n    see(2)\nmain()") == [2]


# --- generators and context managers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("generator", "use"),
    [
        ("yield probs", "for z in g():\n    F.cross_entropy(z, y)"),
        ("yield scores, probs", "for _, z in g():\n    F.cross_entropy(z, y)"),
        ("yield from [probs]", "for z in g():\n    F.cross_entropy(z, y)"),
        ("yield probs", "F.cross_entropy(next(g()), y)"),
        ("yield probs", "F.cross_entropy(list(g())[0], y)"),
        ("yield probs", "F.cross_entropy([z for z in g()][0], y)"),
        ("for z in (probs, probs):\n        yield z", "for z in g():\n    pass\nF.cross_entropy(z, y)"),
    ],
)
def test_a_generator_gives_what_it_yields(generator: str, use: str) -> None:
    assert set(scales(f"def g():\n    {generator}\n{use}")) == {P}


def test_a_generator_runs_its_body_around_what_the_loop_does() -> None:
    assert set(
        scales(
            "box = [scores]\ndef g():\n    box[0] = probs\n    yield 1\nfor _ in g():\n    F.cross_entropy(box[0], y)"
        )
    ) == {P}


def test_a_generator_expression_gives_what_it_computes() -> None:
    assert set(scales("for z in (s.softmax(1) for s in [scores]):\n    F.cross_entropy(z, y)")) == {P}


AS_CLASS = """
class Swapped:
    def __init__(self, box): self.box = box
    def __enter__(self):
        self.box[0] = probs
        return self.box
    def __exit__(self, *error):
        self.box[0] = scores
"""
AS_FUNCTION = """
import contextlib
@contextlib.contextmanager
def Swapped(box):
    box[0] = probs
    try:
        yield box
    finally:
        box[0] = scores
"""
AS_METHOD = """
from contextlib import contextmanager
class Maker:
    @contextmanager
    def swapped(self, box):
        box[0] = probs
        yield box
        box[0] = scores
Swapped = Maker().swapped
"""


@pytest.mark.parametrize("manager", [AS_CLASS, AS_FUNCTION, AS_METHOD], ids=["class", "function", "method"])
def test_a_context_manager_enters_before_its_block_and_leaves_behind_it(manager: str) -> None:
    source = (
        f"{manager}\nbox = [x]\nwith Swapped(box) as held:\n    F.cross_entropy(held[0], y)\nF.cross_entropy(box[0], y)"
    )
    assert scales(source) == [P, L]


@pytest.mark.parametrize(
    "manager",
    [
        AS_CLASS,
        pytest.param(AS_FUNCTION),
        pytest.param(AS_METHOD),
    ],
    ids=["class", "function", "method"],
)
def test_a_context_manager_is_left_when_its_block_returns(manager: str) -> None:
    source = (
        f"{manager}\nbox = [x]\ndef f():\n    with Swapped(box):\n        return box[0]\n"
        "F.cross_entropy(f(), y)\nF.cross_entropy(box[0], y)"
    )
    assert scales(source) == [P, L]


# --- registries and factories ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "heads = {'soft': nn.Softmax(1), 'id': nn.Identity()}\nact = heads['soft']",
        "heads = {'soft': nn.Softmax, 'id': nn.Identity}\nact = heads['soft'](dim=1)",
        "act = getattr(nn, 'Softmax')(1)",
        "name = 'soft' + 'max'\nact = lambda z: getattr(F, name)(z, 1)",
        "act = lambda z: getattr(z, 'softmax')(1)",
        "act = lambda z: getattr(torch, 'softmax')(z, 1)",
        "heads = {}\ndef register(f):\n    heads[f.__name__] = f\n    return f\n@register\n"
        "def soft(z): return z.softmax(1)\nact = heads['soft']",
        "heads = {}\ndef register(name):\n    def decorate(cls):\n        heads[name] = cls\n"
        "        return cls\n    return decorate\n"
        "@register('soft')\nclass Soft(nn.Module):\n    def forward(self, z): return z.softmax(1)\n"
        "act = heads['soft']()",
        "def build(name):\n    if name == 'soft':\n        return nn.Softmax(1)\n    elif name == 'id':\n"
        "        return nn.Identity()\n    raise ValueError\n"
        "act = build('soft')",
        "act = globals()['nn'].Softmax(1)",
        "act = dict(soft=nn.Softmax(1)).get('soft')",
        "act = [nn.Identity(), nn.Softmax(1)][-1]",
        "act = torch.nn.modules.activation.Softmax(1)",
        "from torch.nn import functional\nact = lambda z: functional.softmax(z, dim=1)",
        "from torch import softmax as act_\nact = lambda z: act_(z, 1)",
        "import torch.nn.functional as func\nact = lambda z: func.softmax(z, 1)",
    ],
)
def test_what_a_name_or_registry_leads_to_is_called(source: str) -> None:
    assert scales(f"{source}\nF.cross_entropy(act(scores), y)") in ([P], [U] if "globals" in source else [P])

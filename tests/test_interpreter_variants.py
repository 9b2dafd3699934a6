"""Functions that differ in the arguments of the same calls: some of them are run."""

from __future__ import annotations

import pytest

from nnlint.events import ModuleCalled
from nnlint.interpreter.variants import MOST_RUN
from tests.interpreting import events, pick

NETWORK = """
class Net(nn.Module):
    def __init__(self, width, depth=1):
        super().__init__()
        self.layer = nn.Linear(4, width)

    def forward(self, x):
        return self.layer(x)


def make(name, **options):
    return Net(**options)(torch.zeros(2, 4))
"""


def calls_of_the_network(functions: list[str]) -> int:
    """How often a network is called when nothing calls these functions; at least once."""
    calls = len(pick(ModuleCalled, events("\n\n".join([NETWORK, *functions]))))
    assert calls
    return calls


def variants(body: str, number: int = 9) -> list[str]:
    return [f"def net{size}(pretrained=False, **options):\n    {body.format(size)}" for size in range(1, number + 1)]


ALIKE = [
    "return make('net{}', **options)",
    "return make('net{0}', width={0}, **dict(options, depth=2))",
    "given = dict(width={}, depth=2)\n    return make('net', **dict(given, **options))",
    "options.setdefault('width', {})\n    options.pop('depth', None)\n    return make('net', **options)",
    "'''Of width {0}.'''\n    return make('net', width=int({0}), depth=max(1, 2))",
]


@pytest.mark.parametrize("body", ALIKE)
def test_of_functions_that_only_call_the_same_with_other_arguments_some_are_run(body: str) -> None:
    assert calls_of_the_network(variants(body)) == MOST_RUN * calls_of_the_network(variants(body, 1))


OTHERWISE = [
    "return nn.ReLU()(make('net', width={}))",
    "if pretrained:\n        print({0})\n    return make('net', width={0})",
    "return options['made'](make('net', width={}))",
    "return [make(each, width={0}) for each in torch.arange({0})]",
    "net = make('net', width={})\n    net.backward()\n    return net",
]


@pytest.mark.parametrize("body", OTHERWISE)
def test_functions_that_do_something_of_their_own_are_all_run(body: str) -> None:
    assert calls_of_the_network(variants(body)) >= 9 * calls_of_the_network(variants(body, 1))


def test_functions_that_call_other_things_are_no_variants_of_each_other() -> None:
    others = [f"def other{number}(**options):\n    return make('other', **options)" for number in range(9)]
    single = ["def single(**options):\n    return Net(3, **options)(torch.zeros(1, 4))"]
    assert calls_of_the_network([*others, *single]) == MOST_RUN + 1


def test_a_function_that_a_script_calls_is_run_whatever_is_like_it() -> None:
    body = "return make('net', width={})"
    called = "\n".join(f"net{size}()" for size in range(1, 10))
    assert calls_of_the_network([*variants(body), called]) >= 9

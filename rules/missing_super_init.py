"""NN504: layers are assigned before the module is initialized."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint import ChildAssigned, Finding, Fix, InsertInto, MoveBefore, Rule, Safety, Severity


class MissingSuperInit(Rule):
    """Layers are assigned to a module before, or without, `super().__init__()`.

    ## What it does

    Follows the constructor of each module through its base classes, and reports the first layer or parameter that is
    assigned when `nn.Module.__init__` has not run.

    ## Why it fails silently

    It does not, once the class is built: the assignment raises. But only then, so a model that a configuration or a
    rare option selects is broken until somebody selects it, hours into a sweep.

    ## Example

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self, dim):
            self.fc = nn.Linear(dim, 10)

        def forward(self, x):
            return self.fc(x)
    ```

    ## Instead

    ```python
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.fc = nn.Linear(dim, 10)

        def forward(self, x):
            return self.fc(x)
    ```

    ## Fix safety

    `super().__init__()` is put in as the first statement of the constructor, or moved before the first layer. It is
    safe: the constructor raises without it. There is none where the base class is one of the project with a constructor
    of its own.

    ## Quiet when

    - `nn.Module.__init__(self)` or `Parent.__init__(self, ...)` is called, or `super(Net, self).__init__()`,
    - a parent's constructor is inherited, or calls its own parent,
    - what is assigned before is a plain value (a size, a flag, a configuration),
    - a dataclass initializes the module in `__post_init__` before it assigns layers, or in `__new__`.

    ## References

    - [torch.nn.Module](https://pytorch.org/docs/stable/generated/torch.nn.Module.html)
    """

    code, name, severity = "NN504", "missing-super-init", Severity.ERROR
    watches = ChildAssigned
    words = ("Module",)
    fix = Safety.SAFE

    def check(self, event: ChildAssigned) -> Iterator[Finding]:
        if event.initialized is False:
            yield self.finding(
                event,
                f"`{event.attribute}` is assigned before `super().__init__()` of `{event.module}` has run",
                advice="call `super().__init__()` first",
                fix=_initialized(event),
            )


def _initialized(event: ChildAssigned) -> Fix | None:
    if event.constructor is None:
        return None
    put_in = InsertInto(event.constructor, ("super().__init__()",))
    change = put_in if event.late is None else MoveBefore(event.late, event.place)
    return Fix("call `super().__init__()` first", Safety.SAFE, (change,))

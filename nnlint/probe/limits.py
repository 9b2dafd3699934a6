"""What a run may take, and what it is to run: plain data that goes from the parent to the child."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a script is run.

    `steps` is how many steps of an optimizer, or batches of an evaluation, a loop makes before it is cut short;
    `time_limit` how many seconds the whole run may take, the imports included.
    """

    steps: int = 4
    time_limit: float = 120.0
    recipe_time: float = 60.0  # seconds beyond it for the checks of the recipe; 0 keeps the losses alone
    device: str = "cpu"
    fake_data: bool = False
    memory: int = 16 << 30  # bytes of address space beyond what torch itself maps


@dataclass(frozen=True, slots=True)
class Request:
    """One script to run.

    `script` is a file, or, with `is_module`, a dotted name as after `python -m`. `root` is the user's tree: frames of
    files below it are the user's own. `questions` are the places of static findings, which may be worth a closer look.
    """

    script: str
    arguments: tuple[str, ...] = ()
    is_module: bool = False
    folder: str = "."
    root: str = "."
    scratch: str = ""
    recipe: bool = False
    limits: Limits = field(default_factory=Limits)

    @property
    def is_whole(self) -> bool:
        """Whether there is no script, and nothing is cut short: a block of code is watched."""
        return not self.script

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Request:
        data = json.loads(text)
        limits = Limits(**data.pop("limits"))
        return cls(**{**data, "arguments": tuple(data["arguments"])}, limits=limits)

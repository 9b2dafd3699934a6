"""Where a run says that the script is."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from nnlint.probe.places import Places, conditions, words

SCRIPT = """
def run(items, here):
    for item in items:
        if item > 1:
            here()
        here(
            item
        )
"""


def test_the_next_item_of_a_loop_is_taken_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    spec = importlib.util.spec_from_file_location("script", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    places, found = Places(str(tmp_path)), []

    def items() -> Iterator[int]:
        for item in (1, 2):
            found.append(places.here())
            yield item

    script.run(items(), lambda *items: found.append(places.here()))
    assert [words(place) for place in found] == [
        "for item in items:",
        "here( item )",
        "for item in items:",
        "here()",
        "here( item )",
    ]
    assert [conditions(place) for place in found] == [[], [], [], ["item > 1"], []]

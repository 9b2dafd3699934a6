"""Where modules, optimizers, schedulers and loaders were made, and what the user calls them."""

from __future__ import annotations

import weakref
from typing import Any

from nnlint.probe.places import Places, assigned_to, called
from nnlint.source import Place
from nnlint.values import Layer


class Book:
    """Keeps the birth of each object as long as the object lives."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._made: weakref.WeakKeyDictionary[Any, Place | None] = weakref.WeakKeyDictionary()
        self._attributes: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()

    def enter(self, made: object) -> None:
        """An object was made, by the call that the user's innermost frame is at."""
        self._made[made] = self._places.here()

    def name(self, made: object, attribute: str) -> None:
        """An object became an attribute of a module; the first one counts."""
        self._attributes.setdefault(made, attribute)

    def place(self, made: object) -> Place | None:
        """Where the user's code made it; None where torch or a library did, without the user's being there."""
        return self._made.get(made)

    def called(self, made: object) -> str:
        """The user's name of it: the attribute or variable that it was assigned to, else its class."""
        place = self.place(made)
        return self._attributes.get(made) or assigned_to(place) or called(place) or type(made).__name__

    def layer(self, module: object) -> Layer | None:
        """For events; None where it is not known where the module was made."""
        place = self.place(module)
        return Layer(type(module).__name__, self.called(module), place) if place is not None else None

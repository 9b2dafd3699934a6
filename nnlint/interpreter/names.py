"""The names that Python itself brings."""

import builtins

BUILTIN_NAMES = frozenset(name for name in dir(builtins) if not name.startswith("_"))

"""A `Program`: the scripts of a project, found by dotted name and read when they are asked for.

What is reported on (the targets) is not what is known (the project): a hook passes two files, and the softmax is in a
third. Nothing here runs or follows imports, so that circles among them do no harm.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from nnlint import looks
from nnlint.program.conventions import Conventions
from nnlint.program.exports import Exports
from nnlint.program.folders import Folders
from nnlint.program.journal import Journal, Query
from nnlint.program.project import NOTEBOOK, find_root
from nnlint.program.readers import Readers
from nnlint.program.search import Search
from nnlint.program.torch_version import declared_torch
from nnlint.reading.notebook import Notebook
from nnlint.reading.script import Script
from nnlint.source import Source, Unreadable
from nnlint.values import TorchVersion

Answer = TypeVar("Answer")
MANY = 500  # targets, of which not all scripts are held in memory at once


def _read_script(source: Source) -> Script:
    from nnlint.reading.reader import read_script  # the parser is loaded when there is something to parse

    return read_script(source)


class Program:
    """The targets, and every file of their projects that they lead to.

    `root` is the project's; without it every file belongs to the nearest project around it. `unsaved` holds text that
    stands for a file's: standard input, an editor's buffer; `conventions` says what the project of a file calls its
    things. Paths that are handed out are absolute.
    """

    def __init__(
        self,
        targets: Iterable[Path] = (),
        root: Path | None = None,
        *,
        unsaved: Mapping[Path, bytes] | None = None,
        conventions: Callable[[Path], Conventions] = lambda path: Conventions(),
        read: Callable[[Source], Script] = _read_script,
    ) -> None:
        self._targets = {absolute(target): target for target in targets}
        self._root = absolute(root) if root is not None else None
        self._unsaved = {absolute(path): data for path, data in (unsaved or {}).items()}
        self._read = read
        self.conventions = conventions
        self._folders = Folders()
        self._search = Search(self._folders)
        self._scripts: dict[Path, Script | Unreadable] = {}
        self._roots: dict[Path, Path] = {}
        self._found: dict[tuple[str, Path, Path | None], Path | None] = {}
        self._notebooks: dict[Path, Source | Unreadable] = {}
        self._torch: dict[Path, TorchVersion] = {}
        self._mentioned: dict[tuple[Path, tuple[bytes, ...]], bool] = {}
        self._states: dict[Path, Hashable] = {}
        self._shown: dict[Path, str] = {}
        self._journal: Journal | None = None
        self._answers: dict[Query, object] = {}
        self.readers = Readers(self)
        self.exports = Exports(self)

    @property
    def targets(self) -> tuple[Path, ...]:
        """The files reported on, as they were named."""
        return tuple(self._targets.values())

    def is_target(self, path: Path) -> bool:
        return absolute(path) in self._targets

    def root_of(self, path: Path) -> Path:
        """The root of the project that a file belongs to."""
        folder = absolute(path).parent
        if self._root is not None and folder.is_relative_to(self._root):
            return self._root
        if folder not in self._roots:
            self._roots[folder] = find_root(folder)
        return self._roots[folder]

    def torch(self, path: Path) -> TorchVersion:
        """The versions of torch that the project of a file declares."""
        root = self.root_of(path)
        if root not in self._torch:
            self._torch[root] = declared_torch(root)
        return self._torch[root]

    def script(self, path: Path) -> Script:
        """The file as plain data, read once. Raises `Unreadable`, each time anew, when it can not be read."""
        path = absolute(path)
        self._note(path)
        if path not in self._scripts:
            try:
                self._scripts[path] = self._read(self.source(path))
            except Unreadable as error:
                self._scripts[path] = error
        found = self._scripts[path]
        if isinstance(found, Unreadable):
            raise Unreadable(found.path, found.message, found.line, found.column)
        return found

    def glance(self, path: Path) -> Script:
        """As `script`; of many targets, one that nothing else has asked for is not kept."""
        is_kept = absolute(path) in self._scripts or len(self._targets) <= MANY
        found = self.script(path)
        if not is_kept:
            del self._scripts[absolute(path)]
        return found

    def mentions(self, path: Path, words: tuple[bytes, ...]) -> bool:
        """Whether one of the words occurs in the file, which is not parsed. An unreadable one is left to `script`."""
        path = absolute(path)
        self._note(path)
        key = (path, words)
        if key not in self._mentioned:
            try:
                data = self.bytes(path)
                self._mentioned[key] = any(word in data for word in words)
            except (OSError, Unreadable):
                self._mentioned[key] = True
        return self._mentioned[key]

    def mentions_anywhere(self, words: tuple[bytes, ...], others: tuple[Path, ...] = ()) -> bool:
        """Whether one of the words occurs in a target, or in any of the other files."""
        files = dict.fromkeys((*self._targets, *others))
        query = ("mentions_anywhere", words, others)
        return self.answered(query, lambda: any(self.mentions(path, words) for path in files))

    # --- what was asked, and what has changed since ---

    @contextmanager
    def recording(self) -> Iterator[Journal]:
        """Write down what is asked."""
        before, self._journal = self._journal, Journal()
        try:
            yield self._journal
        finally:
            self._journal = before

    def answered(self, query: Query, answer: Callable[[], Answer]) -> Answer:
        """An answer about the whole project: it matters itself, and not what it was found in."""
        journal, self._journal = self._journal, None
        try:
            found = answer()
        finally:
            self._journal = journal
        if journal is not None:
            journal.answers[query] = found
        return found

    def would_answer(self, answers: Mapping[Query, object]) -> bool:
        """Whether these questions would be answered so."""
        return all(self.answer(query) == answer for query, answer in answers.items())

    def presume(self, query: Query, answer: object) -> None:
        """This would be the answer to a question."""
        self._answers[query] = answer

    def answer(self, query: Query) -> object:
        """The answer to a question about the whole project."""
        if query not in self._answers:
            name, *asked = query
            owner = next(each for each in (self.readers, self.exports, self) if hasattr(each, str(name)))
            self._answers[query] = getattr(owner, str(name))(*asked)
        return self._answers[query]

    def update(self, unsaved: Mapping[Path, bytes]) -> set[Path]:
        """Take these texts for those of the files, and see which files on the disk have changed: their paths."""
        self._unsaved = {absolute(path): data for path, data in unsaved.items()}
        changed = {path for path, state in self._states.items() if state != self._state_now(path)}
        for path in changed:
            del self._states[path]
            self._notebooks.pop(path, None)
        self._answers.clear()
        changed = {path for path in changed if self._means_another(path)}
        if changed:
            self.readers.forget(changed)
            self.exports.forget(changed)
        return changed

    def _means_another(self, path: Path) -> bool:
        """Whether a file with another text is another program: a comment more or less is none."""
        before = self._scripts.pop(path, None)
        asked = [words for known, words in self._mentioned if known == path]
        mentioned = [self._mentioned.pop((path, words)) for words in asked]
        if not isinstance(before, Script) or mentioned != [self.mentions(path, words) for words in asked]:
            return True
        try:
            if self.script(path) != before:
                return True
        except (Unreadable, RecursionError):
            return True
        self._scripts[path] = before
        return False

    def state(self, path: Path) -> Hashable:
        """Something that is equal as long as the content of a file is."""
        path = absolute(path)
        if path not in self._states:
            self._states[path] = self._state_now(path)
        return self._states[path]

    def _state_now(self, path: Path) -> Hashable:
        if path in self._unsaved:
            return hashlib.sha256(self._unsaved[path]).digest()
        try:
            found = os.stat(path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    @property
    def modules_asked_for(self) -> frozenset[Path]:
        """Those that the piece of work at hand has imported by itself."""
        return frozenset(self._journal.modules) if self._journal is not None else frozenset()

    def imported(self, path: Path) -> None:
        """Write down that a module was asked for: what running it asks is written down apart."""
        if self._journal is not None:
            self._journal.modules.add(path)

    def _note(self, path: Path) -> None:
        self.state(path)
        if self._journal is not None:
            self._journal.files.add(sys.intern(str(path)))  # many pieces of work read the same files

    def data(self, path: Path) -> bytes:
        """The bytes of a file, or what stands for them. Raises `OSError`."""
        return self._unsaved[path] if path in self._unsaved else looks.read(path)

    # --- modules ---

    def resolve(self, dotted: str, importer: Path, main: Path | None = None) -> Path | None:
        """The module that `import dotted` in `importer` means while the script `main` runs; None: another package's.

        A module is its .py file, a package its `__init__.py`, a namespace package its folder.
        """
        importer = absolute(importer)
        main = absolute(main) if main is not None else None
        key = (dotted, importer, main)
        if key not in self._found:
            self._found[key] = self._search.find(dotted, importer, self.root_of(importer), main)
        return self._found[key]

    def start_of(self, path: Path) -> Path:
        """The folder that Python starts in when a file runs: around its top package (`python -m`), or its own."""
        return self._folders.holder(absolute(path).parent)

    def relative(self, module: str, level: int, importer: Path) -> Path | None:
        """What `from ..module import` in `importer` means, where `level` counts the dots."""
        folder = absolute(importer).parent
        for _ in range(level - 1):
            if folder == folder.parent:
                return None
            folder = folder.parent
        if module:
            return self._folders.module(folder, module)
        return folder / "__init__.py" if self._folders.is_package(folder) else folder

    def submodule(self, package: Path, name: str) -> Path | None:
        """The module `name` of a package, given as its `__init__.py` or the folder of a namespace; None in a module."""
        package = absolute(package)
        if package.name == "__init__.py":
            return self._folders.module(package.parent, name)
        return None if package.suffix == ".py" else self._folders.module(package, name)

    def dotted_name(self, path: Path) -> str:
        """The name of a module within its top package: `models.unet`; that of a plain script is `train`."""
        path = absolute(path)
        parts = list(path.relative_to(self._folders.holder(path.parent)).parts)
        if parts[-1] == "__init__.py" and len(parts) > 1:
            parts.pop()
        return ".".join((*parts[:-1], parts[-1].removesuffix(".py").removesuffix(NOTEBOOK)))

    def shown(self, path: Path) -> str:
        """The path for the reader: of a target as it was named, of others relative to here if they are below."""
        if path not in self._shown:
            real = absolute(path)
            here = Path.cwd()
            below = real.relative_to(here) if real.is_relative_to(here) else real
            self._shown[path] = str(self._targets.get(real, below))
        return self._shown[path]

    def source(self, path: Path) -> Source:
        """The text of a file, or what stands for it; of a notebook its program. Raises `Unreadable`."""
        path = absolute(path)
        shown = self.shown(path)
        if path.suffix == NOTEBOOK:
            return replace(self._notebook(path, shown), path=shown)
        return Source.decode(shown, self._unsaved[path]) if path in self._unsaved else Source.read(path, shown)

    def bytes(self, path: Path) -> bytes:
        """What is looked through for words. Raises `OSError`, and of a notebook `Unreadable`."""
        path = absolute(path)
        self._note(path)
        if path.suffix == NOTEBOOK:
            return self._notebook(path, self.shown(path)).text.encode("utf-8", "surrogatepass")
        return self.data(path)

    def _notebook(self, path: Path, shown: str) -> Source:
        """The program of a notebook, whose file is gone through once."""
        if path not in self._notebooks:
            try:
                self._notebooks[path] = Notebook.read(shown, self.data(path)).source()
            except OSError as error:
                raise Unreadable(shown, f"cannot be read: {error.strerror}") from error
            except Unreadable as error:
                self._notebooks[path] = error
        found = self._notebooks[path]
        if isinstance(found, Unreadable):
            raise found
        return found


def absolute(path: Path) -> Path:
    """The path without `..`, links as they are: Python, too, knows a module by the name it was found under."""
    return Path(os.path.abspath(path))

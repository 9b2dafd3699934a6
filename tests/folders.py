"""A user's folder, which tests try to harm."""

from __future__ import annotations

from pathlib import Path


def things_to_lose(folder: Path) -> Path:
    """Fill the folder."""
    for name in ("best.pt", "notes.txt", "data/a.csv", "data/deep/b.csv", "runs/1/log.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"the old {name}")
    (folder / "latest").symlink_to("runs/1")
    return folder


def state(folder: Path) -> dict[str, tuple[object, ...]]:
    """Each file and folder: what is in it, its mode, when it was changed."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (content, status.st_mode, status.st_mtime_ns, status.st_ino)
    return found

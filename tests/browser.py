"""A real browser that looks at a page, for tests."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on the path")


@dataclass(frozen=True, slots=True)
class Look:
    """A page as the browser has it: its elements without scripts, its title, and what the console complains of."""

    body: str
    title: str
    complaints: str


def look(
    page: str, folder: Path, *, at: str = "", then: str = "", width: int = 1200, height: int = 2000, dark: bool = False
) -> Look:
    """Open the page at the address `at` (`#NN101`); `then` is JavaScript whose value becomes the title."""
    assert BROWSER is not None
    file = folder / "report.html"
    if then:
        run = f"(async () => {{ {then} }})().then((each) => document.title = String(each), console.error)"
        wait = f"<script>addEventListener('load', () => setTimeout(() => {run}, 300))</script>"
        page = page.replace("</body>", f"{wait}</body>")
    file.write_text(page, encoding="utf-8")
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--log-level=0"]
    command += [
        f"--window-size={width},{height}",
        f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=5000",
    ]
    command += [f"--blink-settings=preferredColorScheme={0 if dark else 1}", "--dump-dom", f"{file.as_uri()}{at}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    title = re.search(r"<title>(.*?)</title>", done.stdout, flags=re.DOTALL)
    return Look(
        body=re.sub(r"<script.*?</script>", "", done.stdout, flags=re.DOTALL),
        title=title[1] if title else "",
        complaints="\n".join(re.findall(r'CONSOLE.*?"(.*?)", source', done.stderr)),
    )

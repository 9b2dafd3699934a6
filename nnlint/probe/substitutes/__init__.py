"""What stands in for data, weights and devices that are not there, where the user asks for it (`--fake-data`).

Datasets get their nominal length, the shapes and the classes of the real ones, and random content; weights that would
be downloaded stay random; `cuda` becomes `cpu`. Each substitution is told once.
"""

from __future__ import annotations

from nnlint.probe.run import Run
from nnlint.probe.substitutes import arriving, corpora, devices, images, transformers, weights


def install(run: Run) -> None:
    """Substitute what is missing, from now on; libraries that are not imported yet are seen to when they are."""
    told: set[tuple[str, str]] = set()

    def tell(what: str, by: str) -> None:
        if (what, by) not in told:
            told.add((what, by))
            run.say("substituted", what=what, by=by)

    devices.install(run, tell)
    weights.install(tell)
    arriving.when_imported("torchvision.datasets", lambda module: images.install(module, tell))
    arriving.when_imported("torchvision.models._api", lambda module: weights.install_torchvision(module, tell))
    arriving.when_imported("timm", lambda module: weights.install_timm(module, tell))
    arriving.when_imported("datasets", lambda module: corpora.install(module, tell))
    arriving.when_imported("transformers", lambda module: transformers.install(module, tell))

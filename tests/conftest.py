"""Fixtures of all tests."""

import os

import pytest
from hypothesis import settings

from tests.fakes import two_rules

os.environ.setdefault("OMP_NUM_THREADS", "1")  # of the scripts that tests run, side by side on few cores
settings.register_profile("house", deadline=None)  # a busy machine is no bug
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bless", action="store_true", help="write what is shown anew; read the difference before it is kept"
    )


__all__ = ["two_rules"]

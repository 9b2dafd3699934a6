"""Fixtures of all tests."""

import pytest
from hypothesis import settings

from tests.fakes import two_rules

settings.register_profile("house", deadline=None)  # a busy machine is no bug
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bless", action="store_true", help="write what is shown anew; read the difference before it is kept"
    )


__all__ = ["two_rules"]

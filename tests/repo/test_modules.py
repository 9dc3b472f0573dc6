"""Every module can be imported."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from tests.repo.tree import PACKAGES


@pytest.mark.parametrize("name", [package.name for package in PACKAGES])
def test_every_module_of_a_package_can_be_imported(name: str) -> None:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)

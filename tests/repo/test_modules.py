"""Every module can be imported, and hides nothing."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import crowdcore
from tests.repo.tree import PACKAGES

IMPORT_ALL = """
import importlib, pkgutil, sys

package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
"""


@pytest.mark.parametrize("name", [package.name for package in PACKAGES])
def test_every_module_of_a_package_can_be_imported(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL, name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_module_has_the_name_of_a_public_object() -> None:
    """Importing `package.name` puts the module in the place of the package's attribute `name`."""
    modules = {module.name for module in pkgutil.iter_modules(crowdcore.__path__)}
    assert modules & set(crowdcore.__all__) == set()

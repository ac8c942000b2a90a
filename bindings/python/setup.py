# SPDX-License-Identifier: Apache-2.0
"""Tags the wheel: it is pure Python plus one shared library that no Python version matters to."""

import sysconfig
from pathlib import Path

from setuptools import setup

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel

CARRIES_LIBRARY = (Path(__file__).parent / "askel_s4" / "_lib" / "libaskel_s4.so").exists()


class PlatformWheel(bdist_wheel):
    """py3-none-<platform> where the library is inside; py3-none-any where the system's is to be used."""

    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = not CARRIES_LIBRARY

    def get_tag(self):
        if not CARRIES_LIBRARY:
            return super().get_tag()
        return "py3", "none", sysconfig.get_platform().replace("-", "_").replace(".", "_")


setup(cmdclass={"bdist_wheel": PlatformWheel})

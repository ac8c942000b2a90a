# SPDX-License-Identifier: Apache-2.0
"""Tags the wheel: it is pure Python plus one shared library that no Python version matters to."""

from pathlib import Path

from setuptools import Distribution, setup

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel

CARRIES_LIBRARY = (Path(__file__).parent / "askel_s4" / "_lib" / "libaskel_s4.so").exists()


class BinaryDistribution(Distribution):
    """A wheel without the library is for any platform, and uses the system's."""

    def has_ext_modules(self):
        return CARRIES_LIBRARY


class PlatformWheel(bdist_wheel):
    """One wheel for every Python 3 on this platform."""

    def get_tag(self):
        python, abi, platform = super().get_tag()
        return ("py3", "none", platform) if CARRIES_LIBRARY else (python, abi, platform)


setup(distclass=BinaryDistribution, cmdclass={"bdist_wheel": PlatformWheel})

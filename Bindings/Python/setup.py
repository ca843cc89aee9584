"""The wheel holds libflowvocoder and a voice, which build.sh has put into the package: one wheel a platform, for any Python 3."""

from pathlib import Path

from setuptools import Distribution, setup
from wheel.bdist_wheel import bdist_wheel

# By the runtime identifiers of .NET, of which Bindings/build.sh has built the library for one; macOS from the oldest version that .NET runs on.
PLATFORMS = {
    "linux-x64": "linux_x86_64",
    "linux-arm64": "linux_aarch64",
    "osx-x64": "macosx_14_0_x86_64",
    "osx-arm64": "macosx_14_0_arm64",
    "win-x64": "win_amd64",
    "win-arm64": "win_arm64",
}


class WithLibrary(Distribution):
    def has_ext_modules(self):
        return True


class AnyPython(bdist_wheel):
    def get_tag(self):
        identifier = (Path(__file__).parent / "rid").read_text().strip()
        return "py3", "none", PLATFORMS.get(identifier) or super().get_tag()[2]


setup(distclass=WithLibrary, cmdclass={"bdist_wheel": AnyPython})

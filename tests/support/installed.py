"""Wheels made again from what is installed here, for a public registry without a network."""

from importlib.metadata import distribution

from tests.support.distributions import Distribution, zipped

_OF_THE_INSTALLER = ("INSTALLER", "REQUESTED", "direct_url.json")


def installed_wheel(name: str) -> Distribution:
    """The installed pure Python distribution `name` as the wheel it came from."""
    found = distribution(name)
    members = []
    for file in found.files or ():
        inside = ".." not in file.parts and file.suffix != ".pyc"
        if inside and file.name not in _OF_THE_INSTALLER:
            members.append((file.as_posix(), file.read_binary()))
    filename = f"{name.replace('-', '_')}-{found.version}-py3-none-any.whl"
    return Distribution(filename, zipped(members), name, found.version)

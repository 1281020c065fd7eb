import json
import os
import stat
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pip as ours
import pytest

from pytest_codeartifact.tools import pip_settings, programs
from pytest_codeartifact.tools.home import Home
from pytest_codeartifact.tools.pip_settings import (
    PATIENCE,
    REACHING,
    private_settings,
    read_settings,
    text_of,
)
from pytest_codeartifact.tools.process import Completed, run
from pytest_codeartifact.tools.programs import Program, site_packages
from pytest_codeartifact.tools.reach import (
    Reach,
    ca_variables,
    machine_ca_file,
    machine_proxies,
    proxy_variables,
)

ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}
INDEX = ("global", "index-url")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.create(tmp_path_factory.mktemp("home"), account=ACCOUNT)


def in_home(home: Home, *argv: str, **more: str) -> Completed:
    env = home.environment() | more
    return run(argv, env=env, cwd=home.work_path, timeout=60, expect=None)


def wheel(folder: Path, name: str) -> Path:
    """The smallest wheel that pip installs."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def test_nothing_of_the_parents_environment_is_in_the_homes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings and credentials that lie around in the parent reach no program."""
    planted = ("PIP_INDEX_URL", "UV_INDEX", "TWINE_PASSWORD", "AWS_PROFILE", "PYTHONPATH", "FOO")
    for name in planted:
        monkeypatch.setenv(name, "leaked")
    environment = Home.create(tmp_path / "home", account={}, offered=()).environment()
    assert "leaked" not in environment.values()
    assert not [name for name in environment if name.startswith(("TWINE_", "PYTHONPATH"))]


def test_account_is_in_the_environment_and_its_secret_is_not_shown(home: Home) -> None:
    """Programs get the AWS_* variables; the home's repr does not give them away."""
    assert ACCOUNT.items() <= home.environment().items()
    assert ACCOUNT["AWS_SECRET_ACCESS_KEY"] in home.secrets
    assert ACCOUNT["AWS_SECRET_ACCESS_KEY"] not in repr(home)


def test_every_folder_of_the_environment_is_private(home: Home) -> None:
    """Whatever a program takes for the user's folders lies in the home, which only we can read."""
    environment = home.environment()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "TMPDIR"):
        folder = Path(environment[name])
        assert folder.is_dir()
        assert folder.is_relative_to(home.path)
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("argv", "distribution"),
    [
        (("aws", "--version"), "awscli"),
        (("twine", "--version"), "twine"),
        (("pip-compile", "--version"), "pip-tools"),
        (("virtualenv", "--version"), "virtualenv"),
        (("pip", "--version"), "pip"),
        (("python3", "-m", "build", "--version"), "build"),
        (("uv", "--version"), "uv"),
        (("poetry", "--version"), "poetry"),
        (("pdm", "--version"), "pdm"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_program_is_the_one_installed_beside_the_plugin(
    home: Home, argv: tuple[str, ...], distribution: str
) -> None:
    """Each program starts in the home and has the version of the plugin's own environment."""
    found = programs.distribution(distribution)
    assert found is not None
    done = in_home(home, *argv)
    assert done.exit_code == 0, done.stderr
    assert found.version in done.stdout


def test_python_of_the_home_sees_pip_and_build_only(home: Home) -> None:
    """A reader's Python starts without the packages that the plugin needs for itself."""
    done = in_home(home, "pip", "list", "--format=json")
    names = {each["name"] for each in json.loads(done.stdout)}
    assert {"pip", "build"} <= names
    assert not names & {"boto3", "botocore", "pytest", "requests", "pytest-codeartifact"}


def test_python_of_the_home_is_this_python(home: Home) -> None:
    """`python` and `python3` are the version the plugin runs on, in an environment of their own."""
    code = "import sys; print(sys.version_info[:3], sys.prefix)"
    for program in ("python", "python3"):
        done = in_home(home, program, "-c", code)
        assert done.stdout.split(") ")[0] + ")" == str(sys.version_info[:3])
        assert done.stdout.strip().endswith(str(home.path / "python"))


def test_pip_of_the_home_changes_nothing_outside(home: Home, tmp_path: Path) -> None:
    """Installing and removing with the home's pip touches the home's own environment only."""
    before = Path(ours.__file__).stat()
    done = in_home(home, "pip", "install", "--no-index", str(wheel(tmp_path, "planted")))
    assert done.exit_code == 0, done.stderr
    assert (site_packages(home.path / "python") / "planted.py").exists()
    done = in_home(home, "pip", "uninstall", "--yes", "planted")
    assert done.exit_code == 0, done.stderr
    assert Path(ours.__file__).stat() == before
    assert home.python_path.parent.parent not in Path(ours.__file__).parents


def test_pip_config_set_writes_into_the_home(tmp_path: Path) -> None:
    """`pip config set`, as login runs it, wins over the outside index; `unset` brings it back."""
    home = Home.create(
        tmp_path / "home", account={}, outside_index="http://before.invalid/simple/", offered=()
    )
    before = in_home(home, "pip", "config", "list").stdout
    assert "global.index-url='http://before.invalid/simple/'\n" in before

    done = in_home(home, "pip", "config", "set", "global.index-url", "http://after.invalid/")
    assert done.exit_code == 0, done.stderr
    assert (
        "global.index-url='http://after.invalid/'" in in_home(home, "pip", "config", "list").stdout
    )
    assert read_settings([home.pip_settings_path])[INDEX] == "http://after.invalid/"

    done = in_home(home, "pip", "config", "unset", "global.index-url")
    assert done.exit_code == 0, done.stderr
    assert in_home(home, "pip", "config", "list").stdout == before


@pytest.mark.parametrize(
    ("machine", "machine_wide", "lower", "own"),
    [
        ({}, True, {INDEX: "ours"}, {}),
        ({("install", "index-url"): "x"}, True, {INDEX: "ours"}, {("install", "index-url"): ""}),
        ({INDEX: "theirs"}, True, {}, {INDEX: "ours"}),
        ({}, False, {}, {INDEX: "ours"}),
    ],
    ids=["alone", "for one command", "same as the machine's", "no machine-wide file"],
)
def test_outside_index_is_the_users_only_where_it_must(
    *,
    machine: pip_settings.Settings,
    machine_wide: bool,
    lower: pip_settings.Settings,
    own: pip_settings.Settings,
) -> None:
    """It stands in the machine-wide file unless something there would win over it."""
    found = private_settings(machine, {INDEX: "ours"}, kept=REACHING, machine_wide=machine_wide)
    assert found == (lower, own)


def test_settings_of_the_machine_are_overridden(home: Home, tmp_path: Path) -> None:
    """Pip finds a package by the machine's settings, and no more with the private file's."""
    wheel(tmp_path, "planted")
    machine = tmp_path / "etc" / "pip"
    machine.mkdir(parents=True)
    (machine / "pip.conf").write_text(
        f"[global]\nno-index = true\n[install]\nfind_links = {tmp_path}\n"
    )
    planted = {"XDG_CONFIG_DIRS": str(machine.parent), "PIP_RETRIES": "0"}
    command = ("pip", "install", "--dry-run", "--no-deps", "planted")
    assert in_home(home, *command, **planted).exit_code == 0
    private = tmp_path / "config" / "pip"
    private.mkdir(parents=True)
    found = read_settings([machine / "pip.conf"])
    _, own = private_settings(
        found, {INDEX: "http://127.0.0.1:9/"}, kept=REACHING, machine_wide=False
    )
    (private / "pip.conf").write_text(text_of(own))
    done = in_home(home, *command, **planted, XDG_CONFIG_HOME=str(private.parent))
    assert done.exit_code == 1
    assert "http://127.0.0.1:9/" in done.stdout + done.stderr
    assert str(tmp_path) not in done.stdout


def test_settings_for_reaching_a_server_stay(tmp_path: Path) -> None:
    """Certificates and proxies of the machine are emptied for a gateway only, all else always."""
    file = tmp_path / "pip.conf"
    file.write_text("[global]\ncert = /c.pem\nproxy = http://p\nno_index = yes\n[list]\nuser = 1\n")
    machine, always = read_settings([file]), {("global", "no-index"): "", ("list", "user"): ""}
    for kept, more in ((REACHING, {}), (PATIENCE, {("global", "proxy"): ""})):
        _, own = private_settings(machine, {}, kept=kept, machine_wide=True)
        (tmp_path / "private").write_text(text_of(own))
        assert read_settings([tmp_path / "private"]) == always | more


def test_password_of_the_outside_index_is_a_secret(tmp_path: Path) -> None:
    """A password in the address of the index is masked, as written and as meant."""
    home = Home.create(
        tmp_path / "home",
        account={},
        outside_index="https://me:pa%2Fss@mirror.invalid/simple/",
        offered=(),
    )
    assert {"pa%2Fss", "pa/ss"} <= set(home.secrets)
    written = [
        path for path in home.path.rglob(pip_settings.FILE_NAME) if INDEX in read_settings([path])
    ]
    assert [stat.S_IMODE(path.stat().st_mode) for path in written] == [0o600]


def test_ca_file_reaches_every_program(tmp_path: Path) -> None:
    """A CA file is named for AWS, for requests, for OpenSSL, for pip and for npm."""
    ca_file = tmp_path / "ca.pem"
    reach = Reach(ca_variables(ca_file))
    environment = Home.create(
        tmp_path / "home", account=ACCOUNT, reach=reach, offered=()
    ).environment()
    named = {name for name, text in environment.items() if text == str(ca_file)}
    assert named >= {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "PIP_CERT"}
    assert named >= {"NODE_EXTRA_CA_CERTS", "npm_config_cafile"}
    assert ACCOUNT.items() <= environment.items()


@dataclass(frozen=True)
class FakeGateway:
    """A gateway's address and its CA file, without anything behind them."""

    ca_file: Path

    def environment(self) -> dict[str, str]:
        return proxy_variables({"https_proxy": "http://127.0.0.1:9"}) | ca_variables(self.ca_file)


def test_gateway_takes_the_place_of_the_machines_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither proxies nor certificates of the machine remain, nor any address of the service."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("SSL_CERT_FILE", __file__)
    gateway = FakeGateway(tmp_path / "ca.pem")
    account = ACCOUNT | {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"}

    home = Home.create(tmp_path / "home", account=account, reach=Reach.through(gateway), offered=())

    environment = home.environment()
    assert gateway.environment().items() <= environment.items()
    assert not {"http_proxy", "HTTP_PROXY"} & environment.keys()
    assert __file__ not in environment.values()
    assert not [name for name in environment if name.startswith("AWS_ENDPOINT_URL")]
    assert environment["AWS_ACCESS_KEY_ID"] == ACCOUNT["AWS_ACCESS_KEY_ID"]


def test_ca_file_is_the_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first configured file that exists counts; without any there is none."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert machine_ca_file() is None
    ca_file = tmp_path / "ca.pem"
    ca_file.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    monkeypatch.setenv("PIP_CERT", str(ca_file))
    assert machine_ca_file() == ca_file


def test_loopback_is_never_asked_through_the_machines_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The machine's proxies are passed on, with this machine itself left out."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert machine_proxies() == {}
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("NO_PROXY", ".corp.invalid")
    found = machine_proxies()
    assert found["https_proxy"] == found["HTTPS_PROXY"] == "http://proxy.invalid:3128"
    assert found["no_proxy"] == found["NO_PROXY"] == ".corp.invalid,127.0.0.1,localhost,::1"


def test_program_of_the_machine_is_used_when_none_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that no distribution brings, such as AWS CLI version 2, is taken from PATH."""
    program = tmp_path / "machine" / "aws2"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho aws-cli/2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.defpath}")
    offered = (Program("aws2", "no-such-distribution"), Program("nowhere", "no-such-distribution"))
    home = Home.create(tmp_path / "home", account={}, offered=offered)
    assert in_home(home, "aws2").stdout == "aws-cli/2\n"
    assert not (home.bin_path / "nowhere").exists()


def test_home_in_a_folder_with_blanks_works(tmp_path: Path) -> None:
    """Programs start from a path that a shebang line could not hold."""
    home = Home.create(tmp_path / "my long home", account={}, offered=(programs.TWINE,))
    assert in_home(home, "twine", "--version").exit_code == 0
    assert in_home(home, "pip", "--version").exit_code == 0


def test_home_leaves_the_parents_environment_alone(tmp_path: Path) -> None:
    """Making a home sets nothing in this process."""
    code = (
        "import os, sys, pathlib; before = dict(os.environ)\n"
        "from pytest_codeartifact.tools.home import Home\n"
        "Home.create(pathlib.Path(sys.argv[1]), account={'AWS_REGION': 'x'}, offered=())\n"
        "assert dict(os.environ) == before\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "home")], check=True)

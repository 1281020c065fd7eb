import os
from pathlib import Path

import pytest

from pytest_codeartifact import settings
from pytest_codeartifact.settings import Source

PROXY = "http://mirror.example:3141/team/simple/"


@pytest.fixture(autouse=True)
def _empty_environment(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del pytester  # it sets HOME as well, and has to come first
    for name in [each for each in os.environ if each.startswith(("PIP_", "PYTEST_CODEARTIFACT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.fixture
def configured(pytester: pytest.Pytester) -> "Configured":
    return Configured(pytester)


class Configured:
    """Reads the settings of a pytest run with these arguments and this ini file."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester

    def __call__(self, *args: str, ini: str = "") -> settings.Settings:
        if ini:
            self._pytester.makeini(f"[pytest]\n{ini}\n")
        config = self._pytester.parseconfig(*args)
        settings.check(config)
        return settings.read(config)


def test_nothing_set_gives_the_defaults(configured: Configured) -> None:
    """A run without any setting uses the documented defaults and says so."""
    read = configured()
    assert (read.target.value, read.target.source) == ("local", Source.DEFAULT)
    assert (read.region.value, read.region.source) == ("ap-southeast-1", Source.DEFAULT)
    assert (read.account.value, read.account.source) == ("111122223333", Source.DEFAULT)
    assert (read.public_pypi.value, read.public_pypi.source) == (None, Source.DEFAULT)
    assert (read.state.value, read.state.source) == (None, Source.DEFAULT)


def test_option_wins_over_environment_and_ini(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option is stronger than a variable, a variable stronger than the ini file."""
    ini = "codeartifact_region = eu-west-1"
    assert configured(ini=ini).region == settings.Setting("eu-west-1", Source.INI)
    monkeypatch.setenv("PYTEST_CODEARTIFACT_REGION", "us-east-1")
    assert configured(ini=ini).region == settings.Setting("us-east-1", Source.ENVIRONMENT)
    by_option = configured("--codeartifact-region=us-gov-west-1", ini=ini)
    assert by_option.region == settings.Setting("us-gov-west-1", Source.OPTION)


@pytest.mark.parametrize("definition", settings.DEFINITIONS, ids=lambda each: each.stem)
def test_every_setting_has_three_equal_forms(definition: settings.Definition) -> None:
    """Option, variable and ini value share one stem and one prefix."""
    stem = definition.stem.replace("-", "_")
    assert definition.option == f"--codeartifact-{definition.stem}"
    assert definition.variable == f"PYTEST_CODEARTIFACT_{stem.upper()}"
    assert definition.ini == f"codeartifact_{stem}"


def test_empty_variable_counts_as_not_set(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable leaves the ini value in force."""
    monkeypatch.setenv("PYTEST_CODEARTIFACT_ACCOUNT", "")
    read = configured(ini="codeartifact_account = 444455556666")
    assert read.account == settings.Setting("444455556666", Source.INI)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PYTEST_CODEARTIFACT_REGION", "Mars"),
        ("PYTEST_CODEARTIFACT_ACCOUNT", "123"),
        ("PYTEST_CODEARTIFACT_PUBLIC_PYPI", "ftp://mirror.example"),
        ("PYTEST_CODEARTIFACT_PUBLIC_PYPI", "https://[broken"),
        ("PYTEST_CODEARTIFACT_STATE", __file__),
    ],
)
def test_bad_value_is_refused_with_its_source(
    configured: Configured, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """A value that cannot be used is a usage error of one line that names where it was set."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(pytest.UsageError, match=f"^{variable}: expected [^\n]*$"):
        configured()


def test_bad_address_is_refused_without_its_password(configured: Configured) -> None:
    """An error about an address does not show the password in it."""
    with pytest.raises(pytest.UsageError) as refused:
        configured("--codeartifact-public-pypi=ftp://me:hunter2@mirror.example/")
    assert "mirror.example" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_state_folder_from_ini_is_relative_to_the_ini_file(
    configured: Configured, pytester: pytest.Pytester
) -> None:
    """A relative folder in the ini file lies beside that file, wherever pytest is started."""
    read = configured(ini="codeartifact_state = kept")
    assert read.state == settings.Setting(pytester.path / "kept", Source.INI)


def test_index_of_pip_serves_as_public_registry(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PIP_INDEX_URL names the public registry when no setting of ours does."""
    monkeypatch.setenv("PIP_INDEX_URL", PROXY)
    assert configured().public_pypi == settings.Setting(PROXY, Source.PIP)
    ours = configured("--codeartifact-public-pypi=https://other.example/simple")
    assert ours.public_pypi == settings.Setting("https://other.example/simple", Source.OPTION)


@pytest.mark.parametrize("section", ["global", "install"])
@pytest.mark.parametrize("key", ["index-url", "index_url"])
def test_pip_file_is_read_as_pip_reads_it(
    configured: Configured,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    section: str,
    key: str,
) -> None:
    """Either spelling of the key in either section that `pip install` reads is found."""
    chosen = tmp_path / "chosen.conf"
    chosen.write_text(f"[{section}]\n{key} = {PROXY}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(chosen))
    assert configured().public_pypi == settings.Setting(PROXY, Source.PIP)


def test_install_section_of_pip_wins_over_global(
    configured: Configured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What stands under [install] beats [global], as it does for `pip install`."""
    chosen = tmp_path / "chosen.conf"
    chosen.write_text(f"[install]\nindex-url = {PROXY}\n[global]\nindex-url = https://no.example\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(chosen))
    assert configured().public_pypi.value == PROXY


def test_users_own_pip_file_is_read(
    configured: Configured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The pip file in the user's configuration folder is found without any variable."""
    monkeypatch.delenv("PIP_CONFIG_FILE")
    folder = tmp_path / ".config" / "pip"
    folder.mkdir(parents=True)
    (folder / "pip.conf").write_text(f"[global]\nindex-url = {PROXY}\n")
    assert configured().public_pypi == settings.Setting(PROXY, Source.PIP)


def test_codeartifact_index_of_pip_is_no_public_registry(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pip that some earlier `aws codeartifact login` configured is passed over."""
    host = "awscicd-111122223333.d.codeartifact.ap-southeast-1.amazonaws.com"
    monkeypatch.setenv("PIP_INDEX_URL", f"https://aws:old@{host}/pypi/demo-repo/simple/")
    assert configured().public_pypi == settings.Setting(None, Source.DEFAULT)


def test_unreadable_pip_file_is_a_usage_error(
    configured: Configured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A broken pip file is named in one line, without what stands in it."""
    chosen = tmp_path / "chosen.conf"
    chosen.write_text("index-url = https://me:hunter2@mirror.example\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(chosen))
    with pytest.raises(pytest.UsageError, match=r"^pip configuration: .*chosen\.conf") as refused:
        configured()
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_server_inherits_proxies_and_certificates_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of the caller's environment the server gets what it needs to reach upstreams, no AWS."""
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    environment = settings.server_environment(tmp_path)
    assert environment["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert environment["HOME"] == str(tmp_path)
    assert not [name for name in environment if name.startswith("AWS_")]
    assert "PYTHONPATH" not in environment


def test_certificates_of_pip_reach_the_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where only pip was told the machine's certificates, the server uses those."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("PIP_CERT", "corporate.pem")
    assert settings.server_environment(tmp_path)["SSL_CERT_FILE"] == "corporate.pem"

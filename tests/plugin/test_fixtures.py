import pytest

PUBLIC = (
    *("codeartifact_settings", "codeartifact_target", "codeartifact_client"),
    *("codeartifact_emulator", "codeartifact_workspace", "codeartifact_domain"),
    *("codeartifact_repository", "codeartifact_tools", "codeartifact_package"),
    *("codeartifact_private", "codeartifact_role", "codeartifact_events"),
    *("codeartifact_gateway", "codeartifact_moto"),
    *("make_codeartifact_domain", "make_codeartifact_repository", "make_codeartifact_package"),
)


def test_fixtures_are_listed_each_with_a_sentence(pytester: pytest.Pytester) -> None:
    """`pytest --fixtures` shows every public fixture and what it is for."""
    lines = pytester.runpytest_inprocess("--fixtures", "-q").outlines
    for name in PUBLIC:
        [at] = [number for number, line in enumerate(lines) if line.split(" ")[0] == name]
        assert lines[at + 1].startswith("    ")
        assert "no docstring" not in lines[at + 1]


def test_asking_for_a_repository_is_enough(pytester: pytest.Pytester) -> None:
    """Three lines of test, no option and no conftest give a repository that answers."""
    pytester.makepyfile(
        """
        def test_a(codeartifact_repository):
            endpoint = codeartifact_repository.endpoint("pypi")
            assert endpoint.startswith("http")
            assert endpoint.endswith(f"/pypi/{codeartifact_repository.name}/")
        """
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_factories_make_what_was_asked_for(pytester: pytest.Pytester) -> None:
    """Domains and repositories get the names, upstreams and connections they were asked for."""
    pytester.makepyfile(
        """
        def test_a(make_codeartifact_domain, make_codeartifact_repository, codeartifact_client):
            domain = make_codeartifact_domain("chosen-domain")
            store = make_codeartifact_repository(domain=domain, external="public:pypi")
            mine = make_codeartifact_repository("mine", domain=domain, upstreams=[store])
            told = codeartifact_client.describe_repository(
                domain="chosen-domain", repository="mine")["repository"]
            assert told["arn"] == mine.arn
            assert told["upstreams"] == [{"repositoryName": store.name}]
            told = codeartifact_client.describe_repository(
                domain="chosen-domain", repository=store.name)["repository"]
            [connection] = told["externalConnections"]
            assert connection["externalConnectionName"] == "public:pypi"

        def test_names_do_not_collide(make_codeartifact_domain):
            assert make_codeartifact_domain().name != make_codeartifact_domain().name
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=2)


def test_what_a_test_made_is_removed_after_it(pytester: pytest.Pytester) -> None:
    """After each test, failed or not, no domain is left, nor what the test made in it itself."""
    pytester.makepyfile(
        """
        def test_fails(codeartifact_domain, codeartifact_repository, codeartifact_client):
            codeartifact_client.create_repository(
                domain=codeartifact_domain.name, repository="made-by-hand")
            assert codeartifact_repository is None

        def test_removes_it_itself(codeartifact_repository, codeartifact_client):
            names = {"domain": codeartifact_repository.domain.name}
            codeartifact_client.delete_repository(
                repository=codeartifact_repository.name, **names)
            codeartifact_client.delete_domain(**names)

        def test_nothing_is_left(codeartifact_client):
            assert codeartifact_client.list_domains()["domains"] == []
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=2, failed=1)


def test_package_can_be_uploaded_and_listed(pytester: pytest.Pytester) -> None:
    """The ready-made package goes into a repository, and its index offers both files."""
    pytester.makepyfile(
        """
        import urllib3

        def test_a(codeartifact_repository, codeartifact_package):
            package = codeartifact_package
            codeartifact_repository.upload(package.wheel, package.sdist)
            url = codeartifact_repository.index_url + package.name + "/"
            page = urllib3.request("GET", url, headers=urllib3.make_headers(
                basic_auth=urllib3.util.parse_url(url).auth)).data.decode()
            assert package.wheel.name in page
            assert package.sdist.name in page
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_refused_upload_says_why(pytester: pytest.Pytester) -> None:
    """Other bytes under a published name are refused, and the error has the reason."""
    pytester.makepyfile(
        """
        import pytest
        from pytest_codeartifact.errors import UploadError

        def test_a(codeartifact_repository, make_codeartifact_package):
            codeartifact_repository.upload(make_codeartifact_package("demo").wheel)
            other = make_codeartifact_package("demo", requires=["idna"]).wheel
            with pytest.raises(UploadError, match=r"demo-1.0.0-py3-none-any.whl .* HTTP 409"):
                codeartifact_repository.upload(other)
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_clock_of_the_emulator_can_be_moved(pytester: pytest.Pytester) -> None:
    """Half a day passes at once: a token that was good is refused."""
    pytester.makepyfile(
        """
        import urllib3

        def status(url):
            headers = urllib3.make_headers(basic_auth=urllib3.util.parse_url(url).auth)
            return urllib3.request("GET", url, headers=headers, redirect=False).status

        def test_a(codeartifact_repository, codeartifact_emulator, codeartifact_package):
            codeartifact_repository.upload(codeartifact_package.wheel)
            url = codeartifact_repository.index_url + codeartifact_package.name + "/"
            assert status(url) == 200
            before = codeartifact_emulator.clock()
            assert codeartifact_emulator.advance(12 * 3600 + 1) - before >= 12 * 3600
            assert status(url) == 401
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_requests_are_told_with_their_numbers(pytester: pytest.Pytester) -> None:
    """The emulator tells what it was asked, from a given number on."""
    pytester.makepyfile(
        """
        def test_a(codeartifact_client, codeartifact_emulator):
            codeartifact_client.list_domains()
            first = codeartifact_emulator.requests()[-1]
            assert (first["method"], first["path"], first["status"]) == ("POST", "/v1/domains", 200)
            codeartifact_client.list_domains()
            [second] = codeartifact_emulator.requests(after=first["number"])
            assert second["number"] > first["number"]
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_upstream_can_be_pointed_elsewhere(pytester: pytest.Pytester) -> None:
    """The address behind public:pypi comes from the settings and can be changed."""
    pytester.makepyfile(
        """
        def test_a(codeartifact_emulator):
            assert codeartifact_emulator.upstreams()["public:pypi"] == "http://mirror.example/x"
            codeartifact_emulator.set_upstream("public:pypi", "http://127.0.0.1:9/simple/")
            assert codeartifact_emulator.upstreams()["public:pypi"] == "http://127.0.0.1:9/simple/"
        """
    )
    result = pytester.runpytest_inprocess("--codeartifact-public-pypi=http://mirror.example/x")
    result.assert_outcomes(passed=1)


def test_fresh_account_sees_nothing_of_the_first(pytester: pytest.Pytester) -> None:
    """Another account has another id, its own key, and an empty list of domains."""
    pytester.makepyfile(
        """
        def test_a(codeartifact_domain, codeartifact_target):
            other = codeartifact_target.new_account()
            assert other.account != codeartifact_target.account
            assert other.endpoint_url == codeartifact_target.endpoint_url
            assert other.client().list_domains()["domains"] == []
            assert {each["account"] for each in other.requests()} == {other.account}
            key = other.environment()["AWS_SECRET_ACCESS_KEY"]
            assert key != codeartifact_target.environment()["AWS_SECRET_ACCESS_KEY"]
            assert key in codeartifact_target.secrets
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_configuration_of_the_machine_is_not_read(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Profiles, keys, endpoints and proxies of the user neither help nor hinder."""
    (pytester.path / "broken").write_text("this is no AWS configuration")
    for name, value in {
        "AWS_PROFILE": "does-not-exist",
        "AWS_CONFIG_FILE": str(pytester.path / "broken"),
        "AWS_SHARED_CREDENTIALS_FILE": str(pytester.path / "broken"),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "theirs",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    pytester.makepyfile(
        """
        def test_a(codeartifact_domain, codeartifact_client):
            [domain] = codeartifact_client.list_domains()["domains"]
            assert domain["owner"] == "111122223333"
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_state_folder_is_kept_and_found_again(pytester: pytest.Pytester) -> None:
    """With a folder for the state, a later run sees what an earlier one made."""
    pytester.makepyfile(
        test_first="def test_a(codeartifact_client):\n"
        "    codeartifact_client.create_domain(domain='kept-domain')\n",
        test_second="def test_a(codeartifact_client):\n"
        "    [domain] = codeartifact_client.list_domains()['domains']\n"
        "    assert domain['name'] == 'kept-domain'\n",
    )
    for name in ("test_first.py", "test_second.py"):
        result = pytester.runpytest_inprocess("--codeartifact-state=kept", name)
        result.assert_outcomes(passed=1)


def test_server_that_does_not_come_up_is_one_line(pytester: pytest.Pytester) -> None:
    """A state folder that cannot be used fails the fixture with one line, not a traceback."""
    pytester.makepyfile("def test_a(codeartifact_client): pass")
    blocked = pytester.path / "blocked"
    blocked.mkdir()
    (blocked / "deeper").write_text("in the way")
    result = pytester.runpytest_inprocess("--codeartifact-state=blocked/deeper/state")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["the emulator's server ended with exit code 1: *"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_tools_work_on_the_target_in_a_home_of_their_own(pytester: pytest.Pytester) -> None:
    """The AWS CLI sees the test's domain, and pip installs wheel and sdist from the repository."""
    pytester.makepyfile(
        """
        import pytest

        def test_aws(codeartifact_tools, codeartifact_domain):
            listed = codeartifact_tools.aws.run(
                "codeartifact", "list-domains", "--query", "domains[].name", "--output", "text")
            assert listed.stdout.split() == [codeartifact_domain.name]

        @pytest.mark.parametrize("choice", ["--only-binary", "--no-binary"])
        def test_pip(codeartifact_tools, codeartifact_repository, codeartifact_package, choice,
                     tmp_path):
            codeartifact_repository.upload(*codeartifact_package.paths)
            codeartifact_tools.connect(codeartifact_repository.connection)
            codeartifact_tools.pip.run(
                "install", choice, ":all:", "--target", str(tmp_path), codeartifact_package.name)
            names = {}
            module = tmp_path / codeartifact_package.module / "__init__.py"
            exec(module.read_text(), names)
            assert names["hello"]() == "hello from sample-package 1.0.0"
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=3)

"""What comes before the first command: source, buildspec, variables, runtimes, cache.

Source: "Build specification reference for CodeBuild" (AWS CodeBuild User Guide).
"""

import getpass
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_codeartifact.codebuild import cache, environment, runtimes
from pytest_codeartifact.codebuild.buildspec import Buildspec, BuildspecError, read
from pytest_codeartifact.codebuild.commands import Shell
from pytest_codeartifact.codebuild.log import Log
from pytest_codeartifact.emulator.builds.machine import BuildProblem, Job, Site, Variable
from pytest_codeartifact.emulator.builds.project_settings import is_inline
from pytest_codeartifact.emulator.builds.sources import BUILDSPEC_BYTES
from pytest_codeartifact.tools.home import Home
from pytest_codeartifact.tools.process import MissingTool, find_program
from pytest_codeartifact.tools.reach import Reach

MOST_PROCESSES = 1000
_YAML_ERROR = "YAML_FILE_ERROR"
_PARAMETER, _SECRET = "PARAMETER_STORE", "SECRETS_MANAGER"
_DEFAULT_PLACE = "buildspec.yml"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A build whose commands can run."""

    buildspec: Buildspec
    source_path: Path
    home: Home
    shell: Shell


def prepare(job: Job, site: Site, log: Log) -> Prepared:
    """Get a build as far as its first command; raises BuildProblem."""
    folder = Path(job.folder)
    source = folder / "output" / f"src{job.uuid[:8]}" / "src"
    source.mkdir(parents=True)
    site.fetch_source(source)
    log.say(f"CODEBUILD_SRC_DIR={source}")
    buildspec = _buildspec(job, site, log, source)
    log.say("Processing environment variables")
    home = Home.create(
        folder / "home",
        account={
            "AWS_ENDPOINT_URL": job.endpoint_url,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": job.credentials_url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": job.credentials_token,
        },
        outside_index=job.outside_index,
        reach=Reach.of_machine(),
    )
    log.hide(job.credentials_token)
    variables = home.environment() | _variables(job, site, log, buildspec, source)
    variables["PATH"] = runtimes.select(buildspec, folder / "runtimes", variables, log)
    log.say(f"Moving to directory {source}")
    _restore_cache(job, buildspec, log, source, home)
    log.say("Registering with agent")
    log.say(f"Phases found in YAML: {len(buildspec.phases)}")
    for name, phase in buildspec.phases.items():
        log.say(f" {name.upper()}: {len(phase.commands)} commands")
    scripts = folder / "output" / "tmp"
    scripts.mkdir()
    shell = Shell(
        _shell(buildspec, home),
        folder=scripts,
        environment=variables,
        cwd=source,
        output=log.output,
        most_processes=MOST_PROCESSES,
    )
    return Prepared(buildspec, source, home, shell)


def _shell(buildspec: Buildspec, home: Home) -> str:
    """The program that runs commands, whatever PATH the build has; raises BuildProblem.

    Differs: `sh` is this machine's, which may know less than the one of AWS's images.
    """
    name = buildspec.environment.shell or "sh"
    try:
        return str(find_program(name, home.environment(), home.path))
    except MissingTool as error:
        raise BuildProblem(_YAML_ERROR, f"env: shell: {name} is not installed here") from error


def _buildspec(job: Job, site: Site, log: Log, source: Path) -> Buildspec:
    try:
        buildspec = read(_text(job, site, log, source))
    except BuildspecError as error:
        place = f"line {error.line}"
        told = error.message if place in error.message else f"{error.message} at {place}"
        raise BuildProblem(_YAML_ERROR, told) from error
    if buildspec.batch_line is not None:
        log.say(f"The batch of line {buildspec.batch_line} is for batch builds; this is none")
    for name in (buildspec.run_as, *(phase.run_as for phase in buildspec.phases.values())):
        if name not in {None, user_name()}:
            raise BuildProblem(
                _YAML_ERROR, f"run-as: commands run as {user_name()} here, and cannot as {name}"
            )
    return buildspec


def user_name() -> str:
    """Who runs the commands; a number where the system has no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _text(job: Job, site: Site, log: Log, source: Path) -> str:
    said = job.buildspec
    if is_inline(said):
        log.say("YAML location is /codebuild/readonly/buildspec.yml")
        return said
    if said.startswith("arn:"):
        log.say(f"YAML location is {said}")
        return site.fetch_text(said)
    place = (source / (said or _DEFAULT_PLACE)).resolve()
    log.say(f"YAML location is {place}")
    if not place.is_file() or source.resolve() not in place.parents:
        raise BuildProblem(_YAML_ERROR, "YAML file does not exist")
    if place.stat().st_size > BUILDSPEC_BYTES:
        raise BuildProblem(_YAML_ERROR, f"{place.name} is larger than {BUILDSPEC_BYTES} bytes")
    try:
        return place.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BuildProblem(_YAML_ERROR, f"{place.name} is not UTF-8: {error}") from error


def _variables(
    job: Job, site: Site, log: Log, buildspec: Buildspec, source: Path
) -> dict[str, str]:
    """All that the build adds to what every home has, the strongest last."""
    own = buildspec.environment
    stated = [
        *(Variable(name, value) for name, value in own.variables.items()),
        *(Variable(*each, _PARAMETER) for each in own.parameter_store.items()),
        *(Variable(*each, _SECRET) for each in own.secrets.items()),
        *job.variables,
    ]
    # What loses against another one of the same name is not even asked for.
    last = {each.name: each for each in stated}
    values = {name: each.value for name, each in last.items()}
    asked: dict[str, Callable[[Sequence[str]], Mapping[str, str]]] = {
        _PARAMETER: site.parameters,
        _SECRET: site.secrets,
    }
    for kind, ask in asked.items():
        names = [name for name, each in last.items() if each.type == kind]
        _check_hidden(names, buildspec)
        found = ask(sorted({values[name] for name in names})) if names else {}
        for name in names:
            values[name] = found[values[name]]
            log.hide(values[name])
    return values | environment.variables(job, source)


def _check_hidden(names: Iterable[str], buildspec: Buildspec) -> None:
    """Raise BuildProblem where a buildspec exports what is to be hidden."""
    for name in names:
        if name in buildspec.environment.exported:
            raise BuildProblem(
                _YAML_ERROR, f"exported-variables: {name} is a parameter or secret of the project"
            )


def _restore_cache(job: Job, buildspec: Buildspec, log: Log, source: Path, home: Home) -> None:
    if buildspec.cache is None or not buildspec.cache.paths:
        log.say("Cache is not defined in the buildspec")
        log.say("Skip cache due to: no paths specified to be cached")
    elif job.cache_folder is None:
        log.say("Skip cache due to: the project has no cache")
    else:
        count = cache.restore(
            buildspec.cache.paths, Path(job.cache_folder), source, home.path, log.say
        )
        log.say(f"Restored {count} file(s) from the cache")

"""What comes after the last command: reports of tests, artifacts, the cache.

Source: "Build specification reference for CodeBuild" (AWS CodeBuild User Guide).
"""

import re
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from pytest_codeartifact.codebuild import buildspec, cache, files, junit
from pytest_codeartifact.codebuild.commands import TooManyProcesses
from pytest_codeartifact.codebuild.log import Log
from pytest_codeartifact.codebuild.preparing import Prepared
from pytest_codeartifact.emulator.builds.machine import (
    BuildProblem,
    Job,
    Packed,
    Results,
    Site,
    Tested,
)

_CLIENT_ERROR = "CLIENT_ERROR"
_NAME_VARIABLE = "_CODEBUILD_ARTIFACT_NAME"
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")


class Delivery:
    """Hands over what a build has made."""

    def __init__(self, job: Job, site: Site, log: Log, prepared: Prepared) -> None:
        self._job = job
        self._site = site
        self._log = log
        self._prepared = prepared

    def run(self, succeeded: bool) -> None:  # noqa: FBT001 -- what happened, not a switch
        """Deliver all that can be; raises BuildProblem for the first part that could not.

        Differs: whether AWS goes on after a report that is missing is not documented.
        """
        spec = self._prepared.buildspec
        parts: list[Callable[[], None]] = [
            partial(self._report, report) for report in spec.reports.values()
        ]
        if self._job.packagings:
            parts.append(partial(self._store_artifacts, spec.artifacts))
        problems = [problem for part in parts if (problem := _problem_of(part)) is not None]
        if succeeded and spec.cache is not None and self._job.cache_folder is not None:
            self._save_cache(spec.cache, Path(self._job.cache_folder))
        for problem in problems:
            raise problem

    # --- Reports -------------------------------------------------------------------------------

    def _report(self, report: buildspec.Report) -> None:
        self._log.say(f"Preparing to copy TEST report {report.name}")
        selected = self._select(report.files, "no matching report paths found")
        cases: list[Tested] = []
        for each in selected:
            try:
                cases += map(self._tested, junit.read_cases(each.path))
            except junit.ReportError as error:
                msg = f"error processing report: [{each.name}: {error.reason}]"
                raise BuildProblem(_CLIENT_ERROR, msg) from error
        self._site.report(report.name, Results.of(cases))

    def _tested(self, case: junit.TestCase) -> Tested:
        shown = self._log.masked
        return Tested(
            name=shown(case.name),
            prefix=shown(case.prefix),
            status=case.status,
            duration=case.duration_nanoseconds,
            message=shown(case.message),
        )

    # --- Artifacts -----------------------------------------------------------------------------

    def _store_artifacts(self, wanted: buildspec.Artifacts | None) -> None:
        named: dict[str, buildspec.Artifacts] = {}
        if wanted is not None:
            named = {"": wanted, **wanted.secondary}
        missing = sorted(set(self._job.packagings) - named.keys())
        if missing:
            which = f" for {', '.join(filter(None, missing))}" if any(missing) else ""
            raise BuildProblem(_CLIENT_ERROR, f"no artifacts are defined in the buildspec{which}")
        with tempfile.TemporaryDirectory(dir=self._job.folder) as folder:
            packed = {
                key: self._packed(named[key], packaging, Path(folder) / f"{number}.zip")
                for number, (key, packaging) in enumerate(self._job.packagings.items())
            }
            self._site.store(packed)

    def _packed(self, wanted: buildspec.Artifacts, packaging: str, zip_path: Path) -> Packed:
        # AWS (build-spec-ref): links are preserved in the ZIP; an object of S3 is no link.
        keep_links = wanted.enable_symlinks and packaging == "ZIP"
        nothing = "no matching artifact paths found"
        selected = self._select(wanted.files, nothing, keep_links=keep_links)
        if packaging == "ZIP":
            files.pack(selected, zip_path)
        return Packed(
            name=self._expanded(wanted.name),
            prefix=self._expanded(wanted.s3_prefix),
            files={each.name: each.path for each in selected},
            zip_path=zip_path if packaging == "ZIP" else None,
        )

    def _expanded(self, name: str | None) -> str:
        """A name as the build's shell expands it, such as `demo-$(date +%Y-%m-%d)`."""
        if not name or set("$`").isdisjoint(name):
            return name or ""
        try:
            status = self._prepared.shell.run(f'{_NAME_VARIABLE}="{name}"')
        except TooManyProcesses as error:
            raise BuildProblem(_CLIENT_ERROR, f"{name} cannot be expanded: {error}") from error
        self._log.drain()
        if status != 0:
            raise BuildProblem(_CLIENT_ERROR, f"{name} cannot be expanded: exit status {status}")
        return self._prepared.shell.value(_NAME_VARIABLE) or ""

    # --- Files ---------------------------------------------------------------------------------

    def _select(
        self, wanted: buildspec.Files, nothing: str, *, keep_links: bool = False
    ) -> list[files.Selected]:
        base = self._with_variables(wanted.base_directory or "")
        patterns = self._all_with_variables(wanted.patterns)
        log = self._log
        log.say(f"Expanding base directory path: {base or '.'}")
        log.say("Assembling file list")
        log.say(f"Expanding {base or '.'}")
        log.say(f"Expanding file paths for base directory {base or '.'}")
        for pattern in patterns:
            log.say(f"Expanding {pattern}")
        try:
            selected = files.select(
                self._prepared.source_path,
                patterns,
                base_directory=base,
                exclude=self._all_with_variables(wanted.exclude),
                discard_paths=wanted.discard_paths,
                keep_links=keep_links,
            )
        except files.NoBaseDirectory as error:
            raise BuildProblem(_CLIENT_ERROR, str(error)) from error
        except files.NothingSelected as error:
            raise BuildProblem(_CLIENT_ERROR, nothing) from error
        except (files.OutsideError, OSError) as error:
            raise BuildProblem(_CLIENT_ERROR, str(error)) from error
        log.say(f"Found {len(selected)} file(s)")
        return selected

    def _all_with_variables(self, texts: Iterable[str]) -> list[str]:
        return [self._with_variables(text) for text in texts]

    def _with_variables(self, text: str) -> str:
        """A path with the build's variables in their places; what is none stays as it is.

        AWS (Multiple input sources and output artifacts sample): `base-directory` names
        `$CODEBUILD_SRC_DIR`. Differs: which other paths may is not documented; here all do.
        """

        def value(match: re.Match[str]) -> str:
            found = self._prepared.shell.value(match[1] or match[2])
            return match[0] if found is None else found

        return _VARIABLE.sub(value, text)

    # --- Cache ---------------------------------------------------------------------------------

    def _save_cache(self, wanted: buildspec.Cache, folder: Path) -> None:
        source, home = self._prepared.source_path, self._prepared.home.path
        count = cache.save(wanted.paths, folder, source, home, self._log.say)
        self._log.say(f"Saved {count} file(s) to the cache")


def _problem_of(part: Callable[[], None]) -> BuildProblem | None:
    """Do a part of the delivery; why it was not possible."""
    try:
        part()
    except BuildProblem as problem:
        return problem
    except OSError as error:
        # A build may change its files while they are read.
        return BuildProblem(_CLIENT_ERROR, error.strerror or str(error))
    return None

"""What comes after the last command: reports of tests, artifacts, the cache.

Source: "Build specification reference for CodeBuild" (AWS CodeBuild User Guide).
"""

import tempfile
from pathlib import Path

from pytest_codeartifact.codebuild import buildspec, cache, files, junit
from pytest_codeartifact.codebuild.log import Log
from pytest_codeartifact.codebuild.preparing import Prepared
from pytest_codeartifact.emulator.builds.machine import BuildProblem, Job, Packed, Site, Tested

_CLIENT_ERROR = "CLIENT_ERROR"
_NAME_VARIABLE = "_CODEBUILD_ARTIFACT_NAME"


class Delivery:
    """Hands over what a build has made."""

    def __init__(self, job: Job, site: Site, log: Log, prepared: Prepared) -> None:
        self._job = job
        self._site = site
        self._log = log
        self._prepared = prepared

    def run(self, succeeded: bool) -> None:  # noqa: FBT001 -- what happened, not a switch
        """Deliver it all; raises BuildProblem for the first thing that cannot be."""
        spec = self._prepared.buildspec
        for report in spec.reports.values():
            self._report(report)
        if self._job.packagings:
            self._store_artifacts(spec.artifacts)
        if succeeded and spec.cache is not None and self._job.cache_folder is not None:
            self._save_cache(spec.cache, Path(self._job.cache_folder))

    def _report(self, report: buildspec.Report) -> None:
        self._log.say(f"Preparing to copy TEST report {report.name}")
        selected = self._select(report.files, "no matching report paths found")
        cases: list[Tested] = []
        for each in selected:
            try:
                cases += [
                    Tested(
                        case.name,
                        case.prefix,
                        case.status,
                        case.duration_nanoseconds,
                        self._log.masked(case.message),
                    )
                    for case in junit.read_cases(each.path)
                ]
            except junit.ReportError as error:
                raise BuildProblem(_CLIENT_ERROR, f"report {report.name}: {error}") from error
        self._site.report(report.name, cases)

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

    def _select(
        self, wanted: buildspec.Files, nothing: str, *, keep_links: bool = False
    ) -> list[files.Selected]:
        log = self._log
        log.say(f"Expanding base directory path: {wanted.base_directory or '.'}")
        log.say("Assembling file list")
        log.say(f"Expanding {wanted.base_directory or '.'}")
        log.say(f"Expanding file paths for base directory {wanted.base_directory or '.'}")
        for pattern in wanted.patterns:
            log.say(f"Expanding {pattern}")
        try:
            selected = files.select(
                self._prepared.source_path,
                wanted.patterns,
                base_directory=wanted.base_directory or "",
                exclude=wanted.exclude,
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

    def _expanded(self, name: str | None) -> str:
        """A name as the build's shell expands it, such as `demo-$(date +%Y-%m-%d)`."""
        if not name or "$" not in name:
            return name or ""
        self._prepared.shell.run(f'{_NAME_VARIABLE}="{name}"')
        return self._prepared.shell.value(_NAME_VARIABLE) or ""

    def _save_cache(self, wanted: buildspec.Cache, folder: Path) -> None:
        source, home = self._prepared.source_path, self._prepared.home.path
        count = cache.save(wanted.paths, folder, source, home, self._log.say)
        self._log.say(f"Saved {count} file(s) to the cache")

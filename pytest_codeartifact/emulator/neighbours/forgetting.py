"""Moto's state let go of, as if nobody had ever called another service."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Turnstile:
    """Lets many through at once, or one alone."""

    def __init__(self) -> None:
        self._inside = 0
        self._changed = threading.Condition()

    @contextmanager
    def among_others(self) -> Iterator[None]:
        """Go through while nobody is alone inside."""
        with self._changed:
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Go through once all others are out; who comes meanwhile waits."""
        with self._changed:
            self._changed.wait_for(lambda: self._inside == 0)
            yield


def forget(account: str | None) -> None:
    """Drop what moto keeps of all accounts, or of one.

    Moto's own reset empties its objects in place, which whoever looks at them at that moment
    stumbles over; here they are replaced by new ones, made when they are next asked for.
    """
    from moto.core.base_backend import (  # noqa: PLC0415 - heavy, so only once in use
        BackendDict,
        backend_lock,
    )
    from moto.core.model_instances import reset_model_data  # noqa: PLC0415 - likewise

    with backend_lock:
        _close_objects(account)
        in_use: list[dict[str, Any]] = vars(BackendDict)["_instances"]
        for backends in list(in_use):
            # Names that are unique among accounts, as S3's buckets, have an index of their own.
            for index in ("bucket_accounts", "master_accounts"):
                owners: dict[str, tuple[str, str]] = getattr(backends, index, {})
                for name, owner in list(owners.items()):
                    if account is None or account in owner:
                        del owners[name]
            if account is None:
                backends.clear()
            else:
                backends.pop(account, None)
        if account is None:
            reset_model_data()


def _close_objects(account: str | None) -> None:
    """Close the files in which S3 keeps objects; whoever reads one has left before."""
    models = sys.modules.get("moto.s3.models")
    if models is None:
        return
    for number, backends in list(models.s3_backends.items()):
        if account not in {None, number}:
            continue
        for bucket in [each for backend in backends.values() for each in backend.buckets.values()]:
            for _, versions in bucket.keys.lists():
                for each in versions:
                    # A marker of a deletion has no file.
                    if isinstance(each, models.FakeKey):
                        each.dispose()
            for upload in bucket.multiparts.values():
                upload.dispose()

"""Folders on any of Beam's file systems, such as a bucket, and their copies on the disk.

The engine reads and writes the disk alone. A store that lies elsewhere is copied, one generation of
it, and what was trained is put beside the generations that are there, its manifest last.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Sequence
from typing import Any

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from .. import _native
from .._exceptions import MissingStoreError, StoreError
from .._manifest import MANIFEST, of_one_generation


def is_elsewhere(path: str) -> bool:
    """Whether a path is neither one of the disk nor of a bucket that is read and written without
    Beam, as ``hdfs://host/models`` is not."""
    return FileSystems.get_scheme(path) is not None and not _native.is_address(path)


def absolute(path: str | os.PathLike[str]) -> str:
    """The path as every worker understands it."""
    path = os.fspath(path)
    return os.path.abspath(path) if FileSystems.get_scheme(path) is None else path


def create(folder: str, name: str) -> Any:
    """A file to write to, in a folder that is made where there is none."""
    with contextlib.suppress(BeamIOError, OSError):
        FileSystems.mkdirs(folder)
    path = FileSystems.join(folder, name)
    return FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED)


def remove(folder: str) -> None:
    """Removes a folder; what cannot be removed stays."""
    with contextlib.suppress(BeamIOError, OSError):
        FileSystems.delete([folder])


def fetched(paths: Sequence[str], scratch: str) -> list[str]:
    """Files on the disk: as they are, or else copies in a folder below ``scratch``."""
    if not any(map(is_elsewhere, paths)):
        return sorted(paths)
    return sorted(_copies(paths, os.path.join(scratch, "rows")))


def fetched_store(path: str, scratch: str) -> str:
    """A store on the disk: as it is, or a copy of the current generation, where there is one."""
    if not is_elsewhere(path):
        return path
    folder = os.path.join(scratch, "store")
    with contextlib.suppress(MissingStoreError):
        fetch_store(path, folder)
    return folder


def fetch_store(path: str, folder: str, generation: int | None = None) -> int:
    """Copies one generation of a store to a folder of the disk, and returns its number."""
    if not FileSystems.exists(FileSystems.join(path, MANIFEST)):
        raise MissingStoreError(f"{path} holds no store: there is no {MANIFEST}")
    [copy] = _copies([FileSystems.join(path, MANIFEST)], folder)
    with open(copy, encoding="utf-8") as file:
        manifest = json.load(file)
    number = int(manifest["current"] if generation is None else generation)
    directories = {one["number"]: one["directory"] for one in manifest["generations"]}
    if number not in directories:
        known = ", ".join(map(str, directories))
        raise StoreError(f"{path} has no generation {number}; there are {known}")
    [found] = FileSystems.match([FileSystems.join(path, directories[number], "*")])
    files = [metadata.path for metadata in found.metadata_list]
    _copies(files, os.path.join(folder, directories[number]))
    if number != manifest["current"]:
        with open(copy, "w", encoding="utf-8") as file:
            file.write(of_one_generation(manifest, number))
    return number


def put_store(folder: str, path: str, directory: str) -> None:
    """Puts a generation of a store on the disk to where the store lies, then the manifest."""
    if not is_elsewhere(path):
        return
    for name in sorted(os.listdir(os.path.join(folder, directory))):
        _put(os.path.join(folder, directory, name), FileSystems.join(path, directory))
    _put(os.path.join(folder, MANIFEST), path)


def _copies(paths: Sequence[str], folder: str) -> list[str]:
    os.makedirs(folder, exist_ok=True)
    copies = [os.path.join(folder, FileSystems.split(path)[1]) for path in paths]
    for path, copy in zip(paths, copies):
        plain = CompressionTypes.UNCOMPRESSED
        with FileSystems.open(path, compression_type=plain) as source, open(copy, "wb") as target:
            shutil.copyfileobj(source, target)
    return copies


def _put(source: str, folder: str) -> None:
    with open(source, "rb") as file, create(folder, os.path.basename(source)) as target:
        shutil.copyfileobj(file, target)

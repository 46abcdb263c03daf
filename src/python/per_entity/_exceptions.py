"""What can go wrong, in the library's words."""

from __future__ import annotations


class Error(Exception):
    """Whatever goes wrong in this package."""


class SpecificationError(Error, ValueError):
    """What was asked for does not fit the data, or is out of its range."""


class InputError(Error, ValueError):
    """Rows that cannot be read or used as they are."""


class FileError(Error, OSError):
    """A file that the operating system does not give or take."""


class StoreError(Error):
    """A store that cannot be read or written."""


class MissingStoreError(StoreError, FileNotFoundError):
    """A folder that holds no store."""


class UnknownEntityError(StoreError, KeyError):
    """An entity that the store does not know, or that has no model."""

    # A KeyError shows its message in quotes.
    __str__ = Exception.__str__


class ClusterError(Error):
    """Parts of a run that do not fit together, or are not whole; the store is as it was."""


class RefusedError(StoreError):
    """Models that became worse than ``max_regression`` allows; the store is as it was."""

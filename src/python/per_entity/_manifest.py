"""The manifest of a store, as files of it are copied."""

from __future__ import annotations

import json
from typing import Any

MANIFEST = "manifest.json"


def of_one_generation(manifest: dict[str, Any], number: int) -> str:
    """The manifest of a store that has this generation and no other."""
    alone = {
        "format_version": manifest["format_version"],
        "current": number,
        "generations": [one for one in manifest["generations"] if one["number"] == number],
    }
    # Without a digest: that was of the whole.
    return json.dumps(alone, ensure_ascii=False)

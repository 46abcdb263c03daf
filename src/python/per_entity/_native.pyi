from typing import Any, Callable

__version__: str

class Frame:
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...
    def __len__(self) -> int: ...

class Memory:
    def __init__(self, files: dict[str, bytes] = ...) -> None: ...
    def files(self) -> dict[str, bytes]: ...

def put_file(folder: str, name: str, bytes: bytes) -> None: ...
def read_file(folder: str, name: str) -> bytes: ...
def list_files(parent: str, name: str) -> list[str]: ...
def remove_folder(parent: str, name: str) -> None: ...
def is_address(text: str) -> bool: ...

class Store:
    def __init__(self, place: str | Memory, generation: int | None = None) -> None: ...
    def generation(self) -> str: ...
    def history(self) -> str: ...
    def entities(self) -> Frame: ...
    def model(self, key: str) -> tuple[str, str, str | None]: ...
    def importances(self, key: str | None = None) -> str: ...
    def predict(
        self,
        rows: Any,
        unknown: str | None = None,
        prefix: str | None = None,
        cache: int | None = None,
    ) -> Frame: ...
    def evaluate(
        self,
        rows: Any,
        group_by: list[str] = ...,
        positive: str | None = None,
        predicate: str | None = None,
        format: str | None = None,
    ) -> str: ...
    def onnx(self, key: str, missing_category: str) -> bytes: ...
    def rollback(self, generation: int) -> None: ...
    def verify(self) -> str: ...

def train(
    rows: Any,
    output: str | Memory,
    settings: str,
    spec: str | None = None,
    format: str | None = None,
    command: list[str] = ...,
    progress: Callable[[int, int], object] | None = None,
) -> str: ...
def compare(
    rows: Any,
    settings: str,
    test: Any = None,
    spec: str | None = None,
    format: str | None = None,
) -> str: ...
def plan(
    rows: Any,
    settings: str,
    classes: list[str] | None = None,
    spec: str | None = None,
    format: str | None = None,
) -> bytes: ...
def work(
    plan: bytes,
    part: str,
    rows: Any,
    threads: int = 0,
    memory_limit: int | None = None,
) -> Frame: ...
def commit(
    plan: bytes,
    outcomes: Any,
    output: str | Memory,
    format: str | None = None,
    rows: int | None = None,
    entities: int | None = None,
    parts: int | None = None,
    command: list[str] = ...,
) -> str: ...
def describe(
    rows: Any, settings: str, spec: str | None = None, format: str | None = None
) -> str: ...

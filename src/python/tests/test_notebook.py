"""The notebook runs, and shows what it showed when its outputs were recorded.

Run as a program, this records the outputs anew. They are kept, so that the notebook can be read
where it is shown without being run.
"""

import pathlib

import pytest

nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")

NOTEBOOK = pathlib.Path(__file__).parents[3] / "fixtures/quickstart.ipynb"


def executed(notebook):
    client = nbclient.NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": NOTEBOOK.parent}},
    )
    return client.execute()


def texts(notebook):
    """What each cell says, without its pictures, and without what is said on stderr."""
    return [
        [
            output["text"] if output.output_type == "stream" else output["data"]["text/plain"]
            for output in cell.outputs
            if output.get("name") != "stderr"
        ]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def pictures(notebook):
    return [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]


def test_the_notebook_runs_and_shows_what_it_showed():
    recorded = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(recorded)
    again = executed(nbformat.read(NOTEBOOK, as_version=4))
    assert texts(again) == texts(recorded), f"record the outputs anew: python {__file__}"
    assert len(pictures(again)) == len(pictures(recorded)) == 3
    assert NOTEBOOK.stat().st_size < 200_000


if __name__ == "__main__":
    nbformat.write(executed(nbformat.read(NOTEBOOK, as_version=4)), NOTEBOOK)

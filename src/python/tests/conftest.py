"""Rows that many tests use."""

import socket
import subprocess
import sys
import time

import polars as pl
import pytest

import per_entity as pe


@pytest.fixture
def sales() -> pl.DataFrame:
    """Store A is busy in the afternoon, store B in the morning."""
    hours = list(range(8, 20))
    busy = [hour > 13 for hour in hours]
    return pl.DataFrame(
        {
            "store": ["A"] * 12 + ["B"] * 12,
            "hour": hours * 2,
            "weather": ["sun", "rain", None] * 8,
            "sales": [10.5 if yes else 2.25 for yes in busy + [not b for b in busy]],
            "busy": ["yes" if yes else "no" for yes in busy + [not b for b in busy]],
        }
    )


@pytest.fixture
def store(sales: pl.DataFrame) -> pe.Store:
    """A tree for each store, in memory."""
    return pe.train(sales, key="store", target="busy", ignore="sales")


@pytest.fixture(scope="session")
def server_log(tmp_path_factory):
    """Where the server writes a line for each request."""
    return tmp_path_factory.mktemp("server") / "log"


@pytest.fixture(scope="session", autouse=True)
def s3_address():
    """Where the server is to listen; processes that tests begin know it by the environment."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    variables = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_REGION": "eu-west-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables["AWS_ENDPOINT_URL"]


@pytest.fixture(scope="session")
def s3(server_log, s3_address):
    """A client of a server that speaks S3 on this machine, which the environment names."""
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
    pytest.importorskip("moto.server", reason="moto is not installed")
    port = s3_address.rpartition(":")[2]
    serve = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port]
    with server_log.open("w") as output:
        server = subprocess.Popen(serve, stdout=output, stderr=output)
    try:
        client = boto3.client("s3", endpoint_url=s3_address, region_name="eu-west-1")
        wait_for(client.list_buckets)
        yield client
    finally:
        server.kill()
        server.wait()


def wait_for(answer):
    for _ in range(300):
        try:
            return answer()
        except Exception:
            time.sleep(0.1)
    return answer()


@pytest.fixture
def bucket(s3, request):
    """The name of a new bucket."""
    name = "b" + str(abs(hash(request.node.name)))
    s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return name

"""S3: leases that do not see one another, moto's state kept apart from a ``mock_aws`` of the user's, nothing left."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import botocore.auth
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from processes import wait_until

from harness.errors import ServiceUnavailable, UsageError, WorldError
from harness.kernel.clock import wall_clock
from harness.kernel.instant import to_instant
from harness.kernel.present import activated
from harness.kernel.simulation import Simulation
from harness.results.services import PartChange
from harness.services.base import NOT_OUR_CLOCK
from harness.services.binding import Leases, Services
from harness.services.s3.lease import S3Lease
from harness.services.s3.service import URL_VARIABLE, S3Options, S3Service
from harness.world import World

Leaser = Callable[..., S3Lease]


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Service]:
    service = S3Service("embedded")
    service.start()
    yield service
    service.close()


@pytest.fixture(scope="module")
def outside() -> Iterator[str]:
    """The URL of a moto of another process, which is no concern of the harness."""
    code = (
        "from moto.server import ThreadedMotoServer; import sys; server = ThreadedMotoServer('127.0.0.1', 0, False); "
        "server.start(); print(server.get_host_and_port()[1], flush=True); sys.stdin.read()"
    )
    pipe, order = subprocess.PIPE, [sys.executable, "-c", code]
    with subprocess.Popen(order, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()


@pytest.fixture
def external() -> Iterator[S3Service]:
    service = S3Service("external")
    service.start()
    yield service
    service.close()


@pytest.fixture
def lease(s3: S3Service) -> Iterator[Leaser]:
    made: list[S3Lease] = []

    def make(**options: object) -> S3Lease:
        made.append(s3.lease("a_test", "aws_default", S3Options(**options)))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture(scope="module")
def contained() -> Iterator[S3Service]:
    service = S3Service("container:airflow-harness-test/moto")
    service.start()
    yield service
    service.close()


@pytest.fixture(params=["s3", "external", pytest.param("contained", marks=pytest.mark.containers)])
def of_each_driver(request: pytest.FixtureRequest, outside: str) -> Iterator[Leaser]:
    service = request.getfixturevalue(request.param)
    made: list[S3Lease] = []

    def make(**options: object) -> S3Lease:
        options |= {"url": outside} if request.param == "external" else {}
        made.append(service.lease("a_test", "aws_default", S3Options(**options)))
        return made[-1]

    yield make
    for one in made:
        one.end()


def threads() -> list[str]:
    return sorted(each.name for each in threading.enumerate() if "airflow-harness-s3" in each.name)


def seeds(folder: Path) -> str:
    for name, text in {"landing/in/a.csv": "id\n1\n", "landing/b.csv": "b", "archive/.gitkeep": ""}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return str(folder)


def test_what_a_test_asks_of_it(of_each_driver: Leaser, tmp_path: Path) -> None:
    s3 = of_each_driver(buckets=["reports"], seed=seeds(tmp_path))
    assert {"archive", "landing", "reports"} <= set(s3.buckets())
    assert s3.keys("landing") == ["b.csv", "in/a.csv"]
    assert s3.keys("landing", "in/") == ["in/a.csv"]
    assert s3.keys("archive") == []
    assert s3.get("landing", "in/a.csv") == b"id\n1\n"
    s3.put("reports", "day=1/x.json", '{"é": 1}')
    assert json.loads(s3.get("reports", "day=1/x.json")) == {"é": 1}
    with pytest.raises(UsageError, match=r"no bucket 'lading'(?s:.*)did you mean 'landing'"):
        s3.keys("lading")
    with pytest.raises(UsageError, match=r"no bucket 'lading'"):
        s3.put("lading", "x")
    with pytest.raises(UsageError, match=r"no object 'in/b.csv'(?s:.*)in/a.csv"):
        s3.get("landing", "in/b.csv")


def test_snapshots_tell_what_changed(of_each_driver: Leaser) -> None:
    s3 = of_each_driver(buckets=["changing", "untouched"])
    for key in ("kept", "gone", "edited"):
        s3.put("changing", key, "before")
    before = s3.snapshot()
    s3.client().delete_object(Bucket="changing", Key="gone")
    s3.put("changing", "edited", "after")
    s3.put("changing", "kept", "before")
    s3.put("changing", "new", "new")
    changes = before.changes_to(s3.snapshot())
    assert changes == [PartChange("changing", "bucket", "object", added=1, removed=1, changed=1)]
    assert str(changes[0]) == "bucket changing: 1 object added, 1 object removed, 1 object changed"


def test_more_objects_than_a_page_holds(lease: Leaser) -> None:
    s3 = lease(buckets="many")
    client = s3.client()
    for number in range(1001):
        client.put_object(Bucket="many", Key=f"{number:04}")
    assert len(s3.keys("many")) == len(s3.snapshot().parts["many"]) == 1001


def test_the_only_bucket_need_not_be_named(lease: Leaser) -> None:
    s3 = lease(buckets="landing")
    s3.put("landing", "a")
    assert s3.keys() == ["a"]
    with pytest.raises(UsageError, match=r"2 buckets: one has to be named(?s:.*)landing, other"):
        lease(buckets=["landing", "other"]).keys()


def test_two_leases_have_different_buckets_of_one_name(lease: Leaser) -> None:
    one, two = lease(buckets="landing"), lease(buckets="landing")
    one.put("landing", "a.csv", "one's")
    assert (one.keys(), two.keys()) == (["a.csv"], [])
    one.client("sqs").create_queue(QueueName="orders")
    assert "QueueUrls" not in two.client("sqs").list_queues()
    assert one.client("sqs").get_queue_url(QueueName="orders")["QueueUrl"].endswith("/123456789012/orders")
    assert one.client("sts").get_caller_identity()["Account"] == two.client("sts").get_caller_identity()["Account"]


def test_a_request_without_a_signature_finds_its_lease(lease: Leaser) -> None:
    s3 = lease(buckets="landing")
    lease(buckets="landing").put("landing", "a.csv", "another's")
    s3.client().put_object(Bucket="landing", Key="a.csv", Body=b"public", ACL="public-read")
    assert urllib.request.urlopen(f"{s3.url}/landing/a.csv").read() == b"public"
    signed = s3.client().generate_presigned_url("get_object", {"Bucket": "landing", "Key": "a.csv"})
    assert urllib.request.urlopen(signed).read() == b"public"


@pytest.mark.parametrize("size", [0, 5_000_000, 20_000_000])
def test_bodies_of_every_size(lease: Leaser, size: int, tmp_path: Path) -> None:
    """The last one is uploaded in parts, by threads of boto3's own; moto keeps large values in files."""
    (tmp_path / "large").write_bytes(b"x" * size)
    s3 = lease(buckets="landing")
    s3.client().upload_file(str(tmp_path / "large"), "landing", "large")
    with mock_aws():  # it closes the files of all objects that it finds
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="landing")
    assert len(s3.get("landing", "large")) == size


def test_a_mock_of_the_users_and_a_lease_do_not_see_one_another(lease: Leaser) -> None:
    s3 = lease(buckets="landing")
    s3.put("landing", "ours", "ours")
    with mock_aws():
        mocked = boto3.client("s3", region_name="us-east-1")
        assert mocked.list_buckets()["Buckets"] == []
        mocked.create_bucket(Bucket="landing")
        mocked.put_object(Bucket="landing", Key="theirs", Body=b"theirs")
        assert s3.keys() == ["ours"]
        s3.put("landing", "meanwhile", "2")
        within = lease(buckets="landing")
        assert within.keys() == []
        within.end()
        assert [each["Key"] for each in mocked.list_objects_v2(Bucket="landing")["Contents"]] == ["theirs"]
        assert mocked.get_object(Bucket="landing", Key="theirs")["Body"].read() == b"theirs"
    assert (s3.keys(), s3.get("landing", "ours")) == (["meanwhile", "ours"], b"ours")


def test_a_mock_in_another_thread_waits_for_a_request(lease: Leaser) -> None:
    s3, wrong = lease(buckets="landing"), []

    def mocked() -> None:
        for _ in range(30):
            names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
            wrong.extend(names if names != ["mine"] else [])

    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="mine")
        thread = threading.Thread(target=mocked)
        thread.start()
        while thread.is_alive():
            s3.put("landing", "a", "a")
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("service", "call", "what"),
    [
        ("kms", "describe_custom_key_stores", "The describe_custom_key_stores action has not been implemented"),
        ("gamelift", "list_fleets", "the service gamelift"),
        ("sns", "list_sms_sandbox_phone_numbers", ""),
    ],
)
def test_what_moto_does_not_play_is_said_at_once(lease: Leaser, service: str, call: str, what: str) -> None:
    with pytest.raises(ClientError, match=rf"\(NotImplemented\).*: moto does not play this: {what}") as refused:
        getattr(lease().client(service), call)()
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_the_shells_profile_and_proxy_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "prod",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_S3": "http://x",
    }.items():
        monkeypatch.setenv(name, value)
    service = S3Service("embedded")
    service.start()
    s3 = service.lease("a_test", "aws_default", S3Options(buckets=["landing"]))
    assert s3.buckets() == ["landing"]
    s3.end()
    service.close()


def test_a_connection_of_the_world_leads_to_it(lease: Leaser) -> None:
    world = World()
    world.set_connection("aws_default", service="s3", region="eu-west-1", buckets=["landing"])
    services = Services()
    leases = Leases(services, "a_test")
    bound = leases.bound(world)
    s3 = leases.lease("aws_default", world)
    connection = bound.connections["aws_default"]
    assert json.loads(connection.extra) == {"endpoint_url": s3.url, "region_name": "eu-west-1"}
    assert (connection.conn_type, connection.login, connection.host) == ("aws", "testing", None)
    assert bound.env["AWS_ENDPOINT_URL"] == bound.env["AWS_ENDPOINT_URL_S3"] == s3.url
    assert bound.env["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert s3.client().get_bucket_location(Bucket="landing")["LocationConstraint"] == "eu-west-1"
    leases.end()
    services.close()


START = datetime(2025, 3, 4, tzinfo=timezone.utc)


def modified(s3: S3Lease, key: str) -> datetime:
    return s3.client().head_object(Bucket="landing", Key=key)["LastModified"]


def test_objects_are_dated_by_the_virtual_clock(lease: Leaser) -> None:
    """What was there before a run is as old as its start; what came between two runs, as the second's."""
    s3 = lease(buckets="landing")
    s3.put("landing", "seed")
    for day in (4, 6):
        start = START.replace(day=day)
        simulation = Simulation(to_instant(start))
        with wall_clock(simulation.start) as clock, activated(simulation, lambda: 0.0):
            clock.advance(3_600_000_000)
            s3.put("landing", f"run of {day}")
            assert modified(s3, f"run of {day}") == start.replace(hour=1)
        s3.put("landing", f"after {day}")
    dates = {key: modified(s3, key) for key in s3.keys("landing")}
    assert dates.pop("after 6") > START.replace(year=2026, month=1)
    assert dates == {
        "seed": START,
        "run of 4": START.replace(hour=1),
        "after 4": START.replace(day=6),
        "run of 6": START.replace(day=6, hour=1),
    }
    assert s3.client().list_buckets()["Buckets"][0]["CreationDate"] == START


def test_an_object_that_was_dated_on_purpose_keeps_its_date(lease: Leaser) -> None:
    s3 = lease(buckets="landing")
    with wall_clock(to_instant(START.replace(year=2020))):
        s3.put("landing", "old")
    simulation = Simulation(to_instant(START))
    with wall_clock(simulation.start), activated(simulation, lambda: 0.0):
        assert modified(s3, "old") == START.replace(year=2020)


def test_an_end_leaves_no_thread_and_no_port() -> None:
    before = threads()
    s3 = S3Service("embedded")
    s3.start()
    lease = s3.lease("a_test", "aws_default", S3Options(buckets=["landing"]))
    client = boto3.session.Session().client(
        "s3", endpoint_url=lease.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.list_buckets()
    # else its connection, about to end, is taken for the silent one, which is then accepted after the cut
    assert wait_until(lambda: len(threads()) == len(before) + 1), "one listens"
    silent = socket.create_connection(("127.0.0.1", int(lease.url.rpartition(":")[2])))
    assert wait_until(lambda: len(threads()) == len(before) + 2), "one listens, the other has a silent client"
    lease.end()
    lease.end()
    assert wait_until(lambda: len(threads()) == len(before) + 1), "the connections are cut"
    next_lease = s3.lease("a_test", "aws_default", S3Options())
    assert (next_lease.url, next_lease.buckets(), client.list_buckets()["Buckets"]) == (lease.url, [], [])
    next_lease.end()
    s3.close()
    s3.close()
    assert wait_until(lambda: threads() == before)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(lease.url.rpartition(":")[2])))
    silent.close()


def test_an_external_endpoint_keeps_what_was_there(external: S3Service, outside: str, tmp_path: Path) -> None:
    theirs = boto3.session.Session().client(
        "s3", endpoint_url=outside, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    theirs.create_bucket(Bucket="theirs")
    theirs.put_object(Bucket="theirs", Key="precious")
    lease = external.lease(
        "a_test", "aws_default", S3Options(url=outside, buckets=["theirs", "made"], seed=seeds(tmp_path))
    )
    lease.put("made", "a")
    assert lease.keys("theirs") == ["precious"]
    assert lease.address.peers == ()
    assert lease.address.env["AWS_ENDPOINT_URL"] == outside
    lease.end()
    assert [bucket["Name"] for bucket in theirs.list_buckets()["Buckets"]] == ["theirs"]
    assert [each["Key"] for each in theirs.list_objects_v2(Bucket="theirs")["Contents"]] == ["precious"]


def test_an_external_endpoint_gets_signatures_of_today_from_a_virtual_day() -> None:
    """Others refuse those that are off by a quarter of an hour: RequestTimeTooSkewed."""
    dates: list[str] = []

    class Strict(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            dates.append(self.headers["X-Amz-Date"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Strict) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        service = S3Service("external")
        service.start()
        lease = service.lease("a_test", "aws_default", S3Options(url=f"http://127.0.0.1:{server.server_port}"))
        today = datetime.now(timezone.utc)
        with wall_clock(to_instant(START)):
            assert lease.buckets() == []
        lease.end()
        service.close()
        with wall_clock(to_instant(START)):
            assert botocore.auth.get_current_datetime(remove_tzinfo=False) == START
        server.shutdown()
    for date in dates:
        assert abs(datetime.strptime(date, "%Y%m%dT%H%M%S%z") - today) < timedelta(minutes=5)
    assert len(dates) == 2


@pytest.mark.containers
def test_a_container_forgets_all_of_aws_between_leases(contained: S3Service) -> None:
    one = contained.lease("a_test", "aws_default", S3Options(buckets=["landing"]))
    one.client("sqs").create_queue(QueueName="orders")
    one.end()
    other = contained.lease("a_test", "aws_default", S3Options())
    assert other.url == one.url
    assert other.buckets() == []
    assert "QueueUrls" not in other.client("sqs").list_queues()
    other.end()


@pytest.mark.containers
def test_an_image_that_is_none_of_motos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TC_MAX_TRIES", "3")
    with pytest.raises(ServiceUnavailable, match="the container of s3 does not start"):
        S3Service("container:airflow-harness-test/redis").start()


def test_whose_clock_dates_objects() -> None:
    told = {driver: S3Service.why_clock_is_real(driver) for driver in S3Service.drivers}
    assert told == {"embedded": None, **NOT_OUR_CLOCK}


def test_the_driver_follows_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    assert S3Service.automatic({}) == ("embedded", "the default")
    assert S3Service.automatic({URL_VARIABLE: "http://minio:9000"}) == ("external", URL_VARIABLE)
    assert S3Options(url="http://minio:9000").driver == "external"
    monkeypatch.setenv(URL_VARIABLE, "https://a%2Fb:s%40c@minio.example:9000/base/")
    from harness.services.s3.service import _endpoint

    endpoint = _endpoint(None)
    assert (endpoint.url, endpoint.peer) == ("https://minio.example:9000/base", "minio.example:9000")
    assert endpoint.keys == ("a/b", "s@c")
    assert "s@c" not in repr(endpoint)
    assert "s%40c" not in repr(endpoint)


@pytest.mark.parametrize("url", ["minio:9000", "ftp://minio", "http://user:hush@host:port", "http://"])
def test_a_url_that_is_none(external: S3Service, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, url)
    with pytest.raises(ServiceUnavailable, match=r"no http:// and no https:// one(?s:.*)" + URL_VARIABLE) as refused:
        external.lease("a_test", "aws_default", S3Options())
    assert "hush" not in str(refused.value)


def test_an_endpoint_that_does_not_answer(external: S3Service) -> None:
    with pytest.raises(ServiceUnavailable, match=r"connection 'aws_default': the S3 at 127.0.0.1:9 refuses"):
        external.lease("a_test", "aws_default", S3Options(url="http://127.0.0.1:9"))
    with pytest.raises(ServiceUnavailable, match="needs the URL of its endpoint"):
        external.lease("a_test", "aws_default", S3Options())


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"bucket": "landing"}, "unknown key 'bucket'(?s:.*)did you mean 'buckets'"),
        ({"buckets": ["Landing"]}, "'Landing' is no name of a bucket"),
        ({"buckets": ["ab"]}, "'ab' is no name of a bucket"),
        ({"url": "http://minio:9000", "driver": "embedded"}, "driver cannot be embedded"),
        ({"region": 1}, "region must be text"),
    ],
)
def test_an_entry_that_cannot_be(settings: dict[str, object], fault: str) -> None:
    world = World()
    world.set_connection("aws_default", service="s3", **settings)
    with pytest.raises(WorldError, match=fault):
        Leases(Services(), "a_test").bound(world)


def test_seeds_that_cannot_be(s3: S3Service, tmp_path: Path) -> None:
    (tmp_path / "stray.csv").touch()
    before = threads()
    for seed, fault in {
        f"{tmp_path}/none": "does not exist",
        f"{tmp_path}/stray.csv": "is no folder",
        f"{tmp_path}": f"stray.csv is in no bucket(?s:.*){tmp_path}/bucket/stray.csv",
    }.items():
        with pytest.raises(WorldError, match=rf"connection 'aws_default': the seed .*{fault}"):
            s3.lease("a_test", "aws_default", S3Options(seed=seed))
    (tmp_path / "seeds" / "NotABucket").mkdir(parents=True)
    with pytest.raises(WorldError, match=r"NotABucket: 'NotABucket' is no name of a bucket"):
        s3.lease("a_test", "aws_default", S3Options(seed=f"{tmp_path}/seeds"))
    assert threads() == before


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.services import installed

    monkeypatch.setattr(installed, "find_spec", lambda module: None if module == "moto" else object())
    with pytest.raises(ServiceUnavailable, match=r"S3 needs moto(?s:.*)pip install .airflow-harness\[s3\]"):
        S3Service("embedded").start()
    service = S3Service("external")
    service.start()
    service.close()


def test_the_class_is_light() -> None:
    code = "import sys, harness.services.s3.service; print({'moto', 'boto3', 'werkzeug'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"

"""What `serve` offers while it runs."""

import json
import re
import stat

import httpx
import psutil

from chatproject.mongod import embedded as mongod
from tests.chatproject.conftest import looks_at_the_service, manage

pytestmark = looks_at_the_service


def test_it_says_where_everything_is(service):
    for path in ("/session", "/api/docs", "/", "/admin/"):
        assert f" {service.url}{path}" in service.output
    assert str(service.data_dir / "admin.json") in service.output


def test_it_answers_when_it_says_that_it_is_ready(service):
    assert service.get("/healthz").json() == {"status": "ok"}
    ready = dict.fromkeys(("status", "mongodb", "accounts", "encoder", "requests"), "ok")
    assert service.get("/readyz").json() == ready


def test_every_answer_has_the_id_of_its_request(service):
    for path in ("/healthz", "/session", "/nowhere", "/static/admin/css/base.css", "/"):
        given = {"X-Request-Id": "trace-1"}
        assert httpx.get(service.url + path, headers=given).headers["X-Request-Id"] == "trace-1"
        made = [service.get(path).headers["X-Request-Id"] for _ in range(2)]
        assert all(re.fullmatch("[A-Za-z0-9_-]{16}", each) for each in made)
        assert made[0] != made[1]


def test_it_answers_head_without_a_body(service):
    response = httpx.head(f"{service.url}/readyz")
    assert (response.status_code, response.content) == (200, b"")


def test_the_first_staff_account_is_kept_for_its_owner_only(service):
    kept = service.data_dir / "admin.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(service.data_dir.stat().st_mode) == 0o700
    account = json.loads(kept.read_text())
    assert account["username"] == "admin"
    assert account["password"] not in service.output


def test_the_first_staff_account_can_sign_in_to_the_admin(service):
    account = json.loads((service.data_dir / "admin.json").read_text())
    with httpx.Client(base_url=service.url, timeout=20) as browser:
        browser.get("/admin/login/")
        form = account | {"csrfmiddlewaretoken": browser.cookies["csrftoken"], "next": "/admin/"}
        assert browser.post("/admin/login/", data=form).headers["location"] == "/admin/"


def test_it_serves_the_static_files(service):
    assert service.get("/static/admin/css/base.css").status_code == 200


def test_a_chunked_body_is_read(service):
    def body():
        yield b'{"username": "chunky", '
        yield b'"password": "a long enough secret"}'

    response = httpx.post(
        f"{service.url}/auth/register",
        content=body(),
        headers={"Content-Type": "application/json"},
        timeout=20,
    )
    assert response.status_code == 201, response.text


def test_a_chunked_body_over_the_limit_is_refused(service):
    def body():
        for _ in range(6):
            yield b" " * 1024 * 1024

    response = httpx.post(
        f"{service.url}/auth/register",
        content=body(),
        headers={"Content-Type": "application/json"},
        timeout=20,
    )
    assert response.status_code == 413


def test_mongod_listens_on_the_loopback_interface_only(service):
    connections = psutil.Process(service.pid("mongod")).net_connections()
    assert {each.laddr.ip for each in connections} == {"127.0.0.1"}


def test_a_second_service_with_the_same_data_is_refused(service):
    second = manage(service.data_dir, "serve", PORT="1")
    assert second.returncode == 1
    assert second.stderr == (
        f"error: a service already runs under DATA_DIR {service.data_dir} (process "
        f"{service.process.pid}, port {service.port}); stop it, or set another DATA_DIR and PORT\n"
    )


def test_a_second_service_on_the_same_port_is_refused(service, data_dir):
    second = manage(data_dir, "serve", PORT=str(service.port))
    assert second.returncode == 1
    assert second.stderr == (
        f"error: cannot listen on 127.0.0.1 port {service.port} (address already in use); "
        "stop what uses it, or set PORT (and HOST) to something else\n"
    )
    assert not (data_dir / "mongo").exists()


def test_another_service_with_its_own_data_and_port_runs_beside_it(service, serve):
    other = serve().ready()
    assert other.get("/readyz").status_code == service.get("/readyz").status_code == 200
    assert mongod.endpoint(other.data_dir) != mongod.endpoint(service.data_dir)


def test_a_command_uses_the_mongod_of_the_service_and_leaves_it_running(service):
    before = mongod.endpoint(service.data_dir)
    assert manage(service.data_dir, "ensure_indexes").returncode == 0
    assert mongod.endpoint(service.data_dir) == before is not None
    assert service.get("/readyz").status_code == 200


def test_the_data_directory_may_be_given_by_another_name(service, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(service.data_dir)
    assert mongod.endpoint(link) == mongod.endpoint(service.data_dir)

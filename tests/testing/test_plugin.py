"""The pytest plugin, used as a user uses it: in a run of pytest of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from clientcert.testing.bad_clients import bad_client_names

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PLUGIN = "clientcert.testing.plugin"

HEAVY = ("cryptography", "starlette", "fastapi", "flask", "werkzeug", "django", "httpx", "ssl", "asyncio")
"""What costs time to load, beside everything of ours but the three modules that a plugin cannot do without."""
LIGHT = {"clientcert", "clientcert._version", "clientcert.testing", PLUGIN}


def test_loads_nothing_until_used() -> None:
    """Registering the plugin loads pytest, itself and its packages' namespaces; no part of the kit, no framework."""
    command = (
        "import sys, pytest; before = set(sys.modules)\n"
        f"import {PLUGIN}; print(*(set(sys.modules) - before), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert {name for name in loaded if name.startswith("clientcert")} == LIGHT
    assert {name for name in loaded if name.partition(".")[0] in HEAVY} == set()


def test_is_found_by_pytest_and_by_name(pytester: pytest.Pytester) -> None:
    """The entry point registers it, and naming it as well does not register it twice."""
    pytester.makepyfile("def test(): pass")
    pytester.runpytest_subprocess("--strict-markers", "-q", "-p", PLUGIN).assert_outcomes(passed=1)
    assert "parametrize_bad_clients" in pytester.runpytest_inprocess("--markers").stdout.str()


APP = """
    import pytest
    from clientcert.asgi import ClientCertMiddleware
    from clientcert.testing.starlette import TestClient

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["client_identity"].common_name.encode()})

    @pytest.fixture
    def client(client_ca, frozen_clock):
        return TestClient(ClientCertMiddleware(
            app, source="nginx", trust=client_ca.pem, trusted_proxies=["10.42.7.0/28"], clock=frozen_clock))
"""


def test_fixtures(pytester: pytest.Pytester) -> None:
    """The fixtures fit one another: the authority issues, the clock moves, what is made is accepted."""
    pytester.makepyfile(
        APP
        + """
    def test_certificate(client, client_cert):
        with client.as_identity(client_cert):
            assert client.get("/").text == "client"

    def test_factory(client, make_client):
        with client.as_identity(make_client("svc-a", via="nginx")):
            assert client.get("/").text == "svc-a"

    def test_clock(client, client_cert, frozen_clock):
        with client.as_identity(client_cert):
            assert client.get("/").status_code == 200
            frozen_clock.tick(days=31)
            assert client.get("/").status_code == 403
    """
    )
    pytester.runpytest_inprocess("-W", "error", "-q").assert_outcomes(passed=3)


def test_bad_clients(pytester: pytest.Pytester) -> None:
    """The marker makes one test of each bad client, with its id."""
    pytester.makepyfile(
        APP
        + """
    @pytest.mark.parametrize_bad_clients(via="nginx")
    def test_refused(client, bad_client):
        with client.as_identity(bad_client):
            assert client.get("/").status_code == bad_client.status

    @pytest.mark.parametrize_bad_clients(via="nginx", only=["expired"])
    def test_one(bad_client):
        assert (bad_client.id, bad_client.request.via) == ("expired", "nginx")
    """
    )
    done = pytester.runpytest_inprocess("-W", "error", "-v", "--strict-markers")
    done.assert_outcomes(passed=len(bad_client_names("nginx")) + 1)
    done.stdout.fnmatch_lines(["*::test_refused[[]expired[]] PASSED*"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('via="ngnix"', "unknown source 'ngnix'"),
        ('only=["expierd"]', "no bad client 'expierd'"),
        ('vai="nginx"', "unexpected keyword argument 'vai'"),
    ],
    ids=["producer", "id", "argument"],
)
def test_marker_with_a_mistake(pytester: pytest.Pytester, arguments: str, message: str) -> None:
    """A mistake in the marker is an error that names the test, not a table without rows."""
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.parametrize_bad_clients({arguments})
        def test_refused(bad_client): pass
        """
    )
    done = pytester.runpytest_inprocess("-q")
    done.assert_outcomes(errors=1)
    assert message in done.stdout.str()


def test_live_nginx_is_skipped_without_nginx(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nginx is not installed the test is skipped, and says so."""
    monkeypatch.setattr("clientcert.testing.live.find_nginx", lambda: None)
    pytester.makepyfile("def test(live_nginx): live_nginx(lambda environ, start_response: [])")
    done = pytester.runpytest_inprocess("-rs")
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["*live_nginx: nginx not installed*"])

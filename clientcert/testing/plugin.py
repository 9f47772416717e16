"""
The pytest plugin; pytest finds it by itself. Fixtures and a marker, and nothing is loaded before one of them is used.

``@pytest.mark.parametrize_bad_clients(via="nginx")`` makes a test of every client that must be refused::

    @pytest.mark.parametrize_bad_clients(via="nginx")
    def test_refused(bad_client):
        with client.as_identity(bad_client):
            assert client.get("/").status_code == bad_client.status
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from clientcert.testing.authority import CertificateAuthority
    from clientcert.testing.bad_clients import BadClient
    from clientcert.testing.client_request import ClientRequest
    from clientcert.testing.clock import FrozenClock
    from clientcert.testing.issued import IssuedCertificate
    from clientcert.testing.live import LiveNginx

_MARK: Final = "parametrize_bad_clients"
_USAGE: Final = (
    f"{_MARK}(via='ingress-nginx', only=(), exclude=(), also=()): run the test with every `bad_client` that an app "
    "behind this producer must refuse"
)
_DEFAULT_VIA: Final = "ingress-nginx"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _USAGE)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each bad client."""
    mark = metafunc.definition.get_closest_marker(_MARK)
    if mark is None:
        return
    from clientcert.errors import ConfigurationError
    from clientcert.testing.bad_clients import bad_client_names

    via = mark.kwargs.get("via", _DEFAULT_VIA)
    try:
        names = bad_client_names(*mark.args, **{"via": via, **mark.kwargs})
    except (ConfigurationError, TypeError) as exc:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: {_MARK}: {exc}") from exc
    metafunc.parametrize("bad_client", [(name, via) for name in names], ids=names, indirect=True)


@pytest.fixture
def bad_client(request: pytest.FixtureRequest, client_ca: "CertificateAuthority") -> "BadClient":
    """One client that must be refused, for tests with the marker ``parametrize_bad_clients``."""
    from clientcert.testing import bad_clients

    name, via = request.param
    return bad_clients.bad_client(name, client_ca, via=via)


@pytest.fixture(scope="session")
def client_ca() -> "CertificateAuthority":
    """The authority of this process: ``trust=client_ca.pem``. ``as_identity("svc-a")`` has its certificates from it."""
    from clientcert.testing.default import default_authority

    return default_authority()


@pytest.fixture(scope="session")
def client_cert(client_ca: "CertificateAuthority") -> "IssuedCertificate":
    """A good certificate of `client_ca`, with the common name ``client``."""
    return client_ca.issue("client")


@pytest.fixture(scope="session")
def make_client(client_ca: "CertificateAuthority") -> "Callable[..., ClientRequest]":
    """
    Make what a producer sends for a new client: ``make_client("svc-a", via="envoy", not_after=timedelta(days=-1))``.

    Takes what `CertificateAuthority.as_client` takes.
    """
    return client_ca.as_client


@pytest.fixture
def frozen_clock() -> "FrozenClock":
    """A clock for ``ClientCertConfig(clock=frozen_clock)``: stands at the present, ``.tick(days=31)`` moves it."""
    from clientcert.testing.clock import FrozenClock

    return FrozenClock()


@pytest.fixture
def live_nginx(client_ca: "CertificateAuthority") -> "Iterator[Callable[..., LiveNginx]]":
    """
    Run an app behind a real nginx until the test ends; call it with the app.

    ``live_nginx(app).get("/", client=client_cert)`` is a request of a client with that certificate.

    Takes what `clientcert.testing.live.run_behind_nginx` takes. The test is skipped where nginx is not installed, or
    uvicorn for an ASGI app.
    """
    from clientcert.testing.live import missing_programs, run_behind_nginx

    with ExitStack() as stack:

        def start(app: Any, **options: Any) -> "LiveNginx":
            if missing := missing_programs(app):
                pytest.skip(f"live_nginx: {' and '.join(missing)} not installed")
            return stack.enter_context(run_behind_nginx(app, **{"authority": client_ca, **options}))

        yield start

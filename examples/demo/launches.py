"""The commands that serve the example apps, as their documentation gives them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from clientcert.testing.tutorial import TutorialCertificates


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """
    How one app is started.

    Attributes:
        app: Framework, as shown.
        server: The program that serves it, as shown.
        command: Arguments after ``python -m``; ``{fd}`` is the listening socket, ``{log_config}`` a JSON file.
        settings: Environment of the app.
        tls: The server ends TLS itself.
    """

    app: str
    server: str
    command: tuple[str, ...]
    settings: Mapping[str, str]
    tls: bool = False


def embedded_launches(certificates: TutorialCertificates) -> tuple[Launch, ...]:
    """The app servers end TLS themselves and hand us the peer certificate."""
    server, ca = certificates.public_server, certificates.client_authorities
    settings = {"CLIENTCERT_SOURCE": "tls", "CLIENTCERT_TRUST": str(ca)}
    files = (str(server.chain), str(server.key), str(ca))
    bridge = ("--http", "clientcert.servers.uvicorn:Auto", "--ssl-cert-reqs", "1")  # 1: ssl.CERT_OPTIONAL
    uvicorn = (*bridge, *_options("--ssl-certfile", "--ssl-keyfile", "--ssl-ca-certs", values=files))
    werkzeug = _options("--certfile", "--keyfile", "--client-ca", values=files)
    return (
        Launch(app="FastAPI", server="uvicorn", command=_uvicorn(_FASTAPI, *uvicorn), settings=settings, tls=True),
        Launch(app="Flask", server="werkzeug", command=_werkzeug(_FLASK, *werkzeug), settings=settings, tls=True),
        Launch(app="Django", server="uvicorn", command=_uvicorn(_DJANGO, *uvicorn), settings=settings, tls=True),
    )


def proxied_launches(certificates: TutorialCertificates, *, secret: str, gunicorn: bool) -> tuple[Launch, ...]:
    """Plain HTTP behind a proxy that knows the secret; Flask on gunicorn, or on Werkzeug without it."""
    ca = str(certificates.client_authorities)
    settings = {"CLIENTCERT_SOURCE": "ingress-nginx", "CLIENTCERT_TRUST": ca, "PROXY_SECRET": secret}
    flask = ("gunicorn", _gunicorn(_FLASK)) if gunicorn else ("werkzeug", _werkzeug(_FLASK))
    return (
        Launch(app="FastAPI", server="uvicorn", command=_uvicorn(_FASTAPI), settings=settings),
        Launch(app="Flask", server=flask[0], command=flask[1], settings=settings),
        Launch(app="Django", server="uvicorn", command=_uvicorn(_DJANGO), settings=settings),
    )


def has_gunicorn() -> bool:
    """True where gunicorn can be started."""
    return find_spec("gunicorn") is not None


_FASTAPI, _FLASK = "examples.fastapi_app:app", "examples.flask_app:app"
_DJANGO = "examples.django_site.asgi:application"


def _uvicorn(target: str, *options: str) -> tuple[str, ...]:
    return ("uvicorn", target, "--fd", "{fd}", "--log-config", "{log_config}", "--lifespan", "off", *options)


def _gunicorn(target: str) -> tuple[str, ...]:
    # The control socket would lie in the user's home directory.
    quiet = ("--no-control-socket", "--log-config-json", "{log_config}", "--graceful-timeout", "1")
    return ("gunicorn", "--bind", "fd://{fd}", "--threads", "4", *quiet, target)


def _werkzeug(target: str, *options: str) -> tuple[str, ...]:
    return ("examples.demo.werkzeug_server", target, "--fd", "{fd}", "--log-config", "{log_config}", *options)


def _options(*names: str, values: Iterable[str]) -> tuple[str, ...]:
    return tuple(part for pair in zip(names, values, strict=True) for part in pair)

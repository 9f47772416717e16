"""Every seam of uvicorn that the bridge uses, one by one: when a release moves one, this says what to change."""

import asyncio
import importlib
import inspect
from typing import Any

import pytest
import uvicorn
from uvicorn.config import HTTP_PROTOCOLS, WS_PROTOCOLS
from uvicorn.server import ServerState

from clientcert.servers import uvicorn as bridge

# uvicorn still offers the implementation that websockets has declared legacy.
LEGACY_WARNINGS = (".*websockets", "remove second argument")
pytestmark = [pytest.mark.filterwarnings(f"ignore:{text}:Warning") for text in LEGACY_WARNINGS]

HTTP_CLASSES = (
    ("uvicorn.protocols.http.h11_impl", "H11Protocol"),
    ("uvicorn.protocols.http.httptools_impl", "HttpToolsProtocol"),
    ("uvicorn.protocols.http.zttp_impl", "ZttpProtocol"),
    ("uvicorn.protocols.http.zttp_h2_impl", "ZttpH2Protocol"),
)
UPGRADING = HTTP_CLASSES[:3]
WEBSOCKET_CLASSES = (
    ("uvicorn.protocols.websockets.websockets_impl", "WebSocketProtocol"),
    ("uvicorn.protocols.websockets.websockets_sansio_impl", "WebSocketsSansIOProtocol"),
    ("uvicorn.protocols.websockets.wsproto_impl", "WSProtocol"),
)
HERE = "clientcert/servers/uvicorn.py"


async def app(_scope: Any, _receive: Any, _send: Any) -> None:
    """Do nothing: only the identity of this function matters."""


def name_of(where: tuple[str, str]) -> str:
    """Only the class, as the id of a row."""
    return where[1]


@pytest.fixture
def config() -> uvicorn.Config:
    """A loaded configuration whose app is `app` itself, without uvicorn's middleware around it."""
    loaded = uvicorn.Config(app, proxy_headers=False, log_config=None, ws="wsproto")
    loaded.load()
    return loaded


def protocol_of(where: tuple[str, str], config: uvicorn.Config) -> Any:
    """Make one protocol of a class named by `where`, as uvicorn's server and its upgrade do, on a running loop."""
    protocol_class = getattr(importlib.import_module(where[0]), where[1])

    async def make() -> Any:
        return protocol_class(config=config, server_state=ServerState(), app_state={})

    return asyncio.run(make())


@pytest.mark.parametrize("where", HTTP_CLASSES, ids=name_of)
def test_connection_made(where: tuple[str, str]) -> None:
    """HTTP protocols of uvicorn are told of a connection by ``connection_made(transport)``, a plain method."""
    protocol_class = getattr(importlib.import_module(where[0]), where[1])
    made = vars(protocol_class).get("connection_made")
    assert made is not None, (
        f"uvicorn {uvicorn.__version__}: {where[1]} has no connection_made of its own; `Bridge` and `install` in "
        f"{HERE} wrap it. Find the method that gets the transport before the first request and wrap that."
    )
    assert [*inspect.signature(made).parameters] == ["self", "transport"], (
        f"uvicorn {uvicorn.__version__}: {where[1]}.connection_made takes other arguments; "
        f"change the two wrappers in {HERE} (`Bridge.connection_made`, `_bridged`) to pass them on."
    )


@pytest.mark.parametrize("where", HTTP_CLASSES + WEBSOCKET_CLASSES, ids=name_of)
def test_app_attribute(where: tuple[str, str], config: uvicorn.Config) -> None:
    """Every protocol object keeps the app it will call in ``self.app``, from its constructor on."""
    assert getattr(protocol_of(where, config), "app", None) is app, (
        f"uvicorn {uvicorn.__version__}: {where[1]} no longer keeps config.loaded_app in `self.app`, so the bridge "
        f"cannot set a connection's own; find what its request cycle calls, and change `bind` and `_Upgrade` in {HERE}."
    )


@pytest.mark.parametrize("where", UPGRADING, ids=name_of)
def test_websocket_class(where: tuple[str, str], config: uvicorn.Config) -> None:
    """An HTTP/1.1 protocol object makes its WebSocket protocol from ``self.ws_protocol_class``."""
    assert getattr(protocol_of(where, config), "ws_protocol_class", None) is config.ws_protocol_class, (
        f"uvicorn {uvicorn.__version__}: {where[1]} no longer keeps config.ws_protocol_class in "
        f"`self.ws_protocol_class`; WebSockets would come without a connection. Change `bind` in {HERE}."
    )


def test_no_protocol_is_left_out() -> None:
    """Every protocol that uvicorn can be asked for by name is in the tables above, and so known to `install`."""
    known = {f"{module}:{name}" for module, name in HTTP_CLASSES + WEBSOCKET_CLASSES}
    offered = {path for path in (HTTP_PROTOCOLS | WS_PROTOCOLS).values() if path and ".auto:" not in path}
    assert offered <= known, (
        f"uvicorn {uvicorn.__version__} offers {sorted(offered - known)}; add them to `_BUILT_IN` in {HERE} "
        "(HTTP), to the tables of this file, and to SETUPS in test_uvicorn.py."
    )
    assert set(HTTP_CLASSES) == set(bridge._BUILT_IN)


def test_http_takes_an_import_string() -> None:
    """``http=`` takes an import string, which is how `Auto` is named."""
    config = uvicorn.Config(app, http="clientcert.servers.uvicorn:Auto", log_config=None)
    config.load()
    assert config.http_protocol_class is bridge.Auto, (
        f"uvicorn {uvicorn.__version__} does not take an import string for `http`; document `install` instead of `Auto`"
    )


def test_auto_is_what_uvicorn_would_choose() -> None:
    """`Auto` is uvicorn's own choice of implementation, no other."""
    config = uvicorn.Config(app, http="auto", log_config=None)
    config.load()
    assert issubclass(bridge.Auto, config.http_protocol_class)


def test_install_changes_no_more_than_connection_made() -> None:
    """`install` is idempotent, and leaves everything of uvicorn's classes but `connection_made` as it was."""
    classes = [getattr(importlib.import_module(module), name) for module, name in HTTP_CLASSES]
    before = [dict(vars(each)) for each in classes]
    try:
        bridge.install()
        once = [dict(vars(each)) for each in classes]
        bridge.install()
        assert [dict(vars(each)) for each in classes] == once
        for old, new in zip(before, once, strict=True):
            changed = {name for name in new if new[name] is not old.get(name)}
            assert changed == {"connection_made", "_clientcert_installed"}
    finally:
        for each, old in zip(classes, before, strict=True):
            each.connection_made = old["connection_made"]
            del each._clientcert_installed


class OneAttribute:
    """As much of a protocol as `bind` needs."""

    def __init__(self) -> None:
        self.app: Any = app
        self.ws_protocol_class: Any = OneAttribute


class Transport:
    """A transport that knows only its peer."""

    def __init__(self, port: int) -> None:
        self.peername = ("127.0.0.1", port)

    def get_extra_info(self, name: str) -> Any:
        """What asyncio answers: the value, or None."""
        return getattr(self, name, None)


def test_the_last_binding_holds_alone() -> None:
    """Binding twice, as `install` beside `Auto` does, leaves one layer around the app, with the later connection."""
    protocol = OneAttribute()
    for port in (1, 2):
        bridge.bind(protocol, Transport(port))
    upgraded = protocol.ws_protocol_class()
    assert (protocol.app.app, upgraded.app.app) == (app, app)
    assert (protocol.app.connection.peer[1], upgraded.app.connection.peer[1]) == (2, 2)


class Dispatcher:
    """A protocol that keeps no app, as uvicorn's ``AutoZttpProtocol`` is one."""


def test_a_protocol_without_app_is_left_alone() -> None:
    """A dispatching protocol is not touched: its scopes have no connection, rather than a wrong one."""
    dispatcher = Dispatcher()
    bridge.bind(dispatcher, None)
    assert vars(dispatcher) == {}

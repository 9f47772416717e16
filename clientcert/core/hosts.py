"""Host names under which an app may be asked: an exact list, and 421 for every other (RFC 9110 §15.5.20)."""

from collections.abc import Iterable, Sequence

from clientcert.core.outcome import Outcome, Rejected
from clientcert.errors import ConfigurationError, Reason, escape_peer_text

_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")
_ADDRESS = frozenset("0123456789abcdef:.")


class AllowedHosts:
    """
    A frozen set of host names; empty, it allows every host.

    A TLS terminator chooses certificate and client CAs by the name in the handshake (SNI), and the site by the
    ``Host`` of each request, which the client may choose differently. Only a list of one's own tells them apart here.

    Args:
        hosts: Names such as ``api.example`` or ``[::1]``, in any case; no ports, no patterns.

    Raises:
        ConfigurationError: Something that is not one host name.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        if isinstance(hosts, str | bytes):
            raise ConfigurationError(f"allowed_hosts is a list of host names, got the single text {hosts!r}")
        try:
            names = tuple(hosts)
        except TypeError as exc:
            raise ConfigurationError(f"allowed_hosts is a list of host names, got {hosts!r}") from exc
        self._names = frozenset(map(_checked, names))

    def __bool__(self) -> bool:
        return bool(self._names)

    def judge(self, outcome: Outcome, received: Sequence[bytes]) -> Outcome:
        """
        Keep the outcome of a request for one of the hosts; turn any other request away.

        Args:
            outcome: Whatever was decided about the client.
            received: The value of every ``Host`` header, or ``:authority``; a port in it does not matter.

        Returns:
            `outcome`, or a `Rejected` of HOST_NOT_ALLOWED where there is not exactly one host, or not one of ours.

        Not checked here: the name in the TLS handshake, which servers do not show.
        """
        if not self._names or (len(received) == 1 and _without_port(received[0].lower()) in self._names):
            return outcome
        got = " and ".join(map(escape_peer_text, received[:2])) or "none"
        return Rejected(
            reason=Reason.HOST_NOT_ALLOWED,
            status=Reason.HOST_NOT_ALLOWED.status,
            detail=f"the host is {got}, which is not in allowed_hosts",
            hints=("a proxy in front must pass the client's Host on, nginx: proxy_set_header Host $host",),
        )


def _checked(name: object) -> bytes:
    # ASCII first, then lower case: a Kelvin sign is a small "k" in lower case.
    if isinstance(name, str) and name.isascii() and _is_host(name.lower()):
        return name.lower().encode("ascii")
    raise ConfigurationError(
        f"allowed_hosts has {name!r}, wanted one exact host name such as 'api.example', without a port"
    )


def _is_host(name: str) -> bool:
    if name.startswith("[") and name.endswith("]"):
        return ":" in name and _ADDRESS.issuperset(name[1:-1])
    return bool(name) and _NAME.issuperset(name) and not name.startswith((".", "-"))


def _without_port(host: bytes) -> bytes:
    name, _, port = host.rpartition(b":")
    return name if port.isdigit() and name else host

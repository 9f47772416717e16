"""Trust material that is replaced while requests are answered."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clientcert.core.verification import StandardVerifier
from clientcert.core.verification.revocation import FirstAnswer, RevocationAnswer, RevocationPolicy, Unknown
from clientcert.errors import ClientCertError, ConfigurationError, Reason
from clientcert.runtime import reload
from clientcert.runtime.files import Snapshot, Sources
from clientcert.runtime.reload import ReloadingTrust
from clientcert.runtime.trust import TrustBuilder
from tests.core.verification.kit import NOW, authority
from tests.runtime.trust_kit import (
    BUILDER,
    INTERVAL,
    ROOT,
    SECOND,
    Volume,
    Watched,
    bundle,
    link,
    tag,
)

STRANGER = authority("Stranger CA")
HOUR = timedelta(hours=1)


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    """The first generation."""
    return Volume(tmp_path)


def test_replacement(volume: Volume) -> None:
    """What was replaced is in force after the interval, with the next number, and told once."""
    watched = Watched(volume.sources)
    first = watched.trust.current(NOW)
    volume.swap(2)
    assert watched.trust.current(NOW + INTERVAL - SECOND) is first
    second = watched.next()
    assert (tag(first), tag(second)) == (1, 2)
    assert (first.number, second.number) == (1, 2)
    assert second.loaded_at == NOW + INTERVAL
    (attempt,) = watched.attempts
    assert attempt.is_success
    assert attempt.generation is second
    assert watched.next() is second
    assert len(watched.attempts) == 1


def test_touched_files_are_the_same_generation(volume: Volume) -> None:
    """Files of other dates and the same content replace nothing, and tell nothing."""
    watched = Watched(volume.sources)
    first = watched.next()
    volume.swap(1)
    assert watched.next() is first
    assert watched.attempts == []
    assert watched.trust.status(watched.now).confirmed_at == watched.now


def test_failure_that_goes_on_is_told_from_time_to_time(volume: Volume) -> None:
    """The same cause is told again after five minutes, for logs are rotated; another cause at once."""
    watched = Watched(volume.sources)
    volume.swap(2, ca=b"")
    for _ in range(60):
        watched.next()
    assert len(watched.causes) == 2
    assert watched.causes[0] == watched.causes[1]
    volume.swap(2, lists=b"")
    watched.next()
    assert len(watched.causes) == 3
    assert watched.causes[2] != watched.causes[1]


def test_settled_failure_is_not_read_again(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    """Material that was refused and does not change is not read again, but for a retry after five minutes."""
    monkeypatch.setattr("clientcert.runtime.files._COARSEST_TIMESTAMP_NS", -(10**18))
    volume.swap(1, lists=ROOT.crl(number=1).pem)
    watched = Watched(volume.sources)
    later = ROOT.crl(number=2, this_update=timedelta(minutes=1))
    volume.swap(2, lists=later.pem)
    reads: list[int] = []
    read = watched.trust._sources.read

    def counted() -> Snapshot:
        reads.append(1)
        return read()

    monkeypatch.setattr(watched.trust._sources, "read", counted)
    for _ in range(30):
        assert watched.next().number == 1
    assert len(reads) == 1
    assert watched.next().number == 2
    assert len(watched.causes) == 2
    assert watched.causes[1] is None


def test_unchanged_files_are_not_read(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that have not changed for a while are looked at and not read, and what is in force is confirmed."""
    monkeypatch.setattr("clientcert.runtime.files._COARSEST_TIMESTAMP_NS", -(10**18))
    watched = Watched(volume.sources, max_stale=timedelta.max)
    monkeypatch.setattr(watched.trust._sources, "read", None)
    assert watched.next().number == 1
    assert watched.trust.status(watched.now).confirmed_at == watched.now
    assert not watched.trust.status(NOW + timedelta(days=100_000)).is_stale


def test_back_to_what_is_in_force(volume: Volume) -> None:
    """Bad material that is taken back leaves no error behind."""
    watched = Watched(volume.sources)
    volume.swap(1, ca=b"")
    watched.next()
    volume.swap(1)
    assert watched.next().number == 1
    assert watched.trust.status(watched.now).last_error is None
    assert watched.trust.status(watched.now).confirmed_at == watched.now


def test_max_stale(volume: Volume) -> None:
    """The last good generation is used for so long and no longer; then requests are refused until the repair."""
    watched = Watched(volume.sources, max_stale=HOUR)
    first = watched.next()
    confirmed = watched.now
    volume.swap(2, ca=b"")
    assert watched.trust.current(confirmed + HOUR) is first
    with pytest.raises(ClientCertError) as info:
        watched.trust.current(confirmed + HOUR + SECOND)
    assert info.value.reason is Reason.TRUST_STALE
    assert info.value.status == 503
    assert "is empty" in info.value.hints[0]
    assert watched.trust.status(confirmed + HOUR + SECOND).is_stale
    volume.swap(3)
    assert tag(watched.trust.current(confirmed + HOUR + 2 * INTERVAL)) == 3
    assert not watched.trust.status(confirmed + HOUR + 2 * INTERVAL).is_stale


def test_idle_service_is_not_stale(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a long time without requests the first one looks, loads if need be, and is answered."""
    watched = Watched(volume.sources)
    assert tag(watched.trust.current(NOW + timedelta(days=3))) == 1
    monkeypatch.setattr(reload, "_INLINE_BYTES", 0)
    volume.swap(2)
    assert tag(watched.trust.current(NOW + timedelta(days=5))) == 2
    assert not watched.trust.status(NOW + timedelta(days=6, hours=20)).is_stale


def test_clock_that_is_set_back(volume: Volume) -> None:
    """A clock that jumps back delays no reload and makes nothing stale."""
    watched = Watched(volume.sources)
    watched.trust.current(NOW + HOUR)
    volume.swap(2)
    assert tag(watched.trust.current(NOW)) == 2


def test_start_without_usable_material(volume: Volume) -> None:
    """What cannot be loaded at first is refused while constructing."""
    volume.swap(1, lists=b"")
    with pytest.raises(ConfigurationError, match="is empty"):
        Watched(volume.sources)
    with pytest.raises(ConfigurationError, match=r"reload_interval is .* wanted zero or more"):
        Watched(Sources({"trust": bundle(1)}), interval=-SECOND)
    with pytest.raises(ConfigurationError, match=r"max_stale is .* wanted zero or more"):
        Watched(Sources({"trust": bundle(1)}), max_stale=-SECOND)


def test_observer_that_raises(volume: Volume, caplog: pytest.LogCaptureFixture) -> None:
    """An observer decides nothing; without one the log tells all the same."""
    caplog.set_level(logging.INFO, "clientcert")

    def fail(_: object) -> None:
        raise RuntimeError("observer")

    trust = ReloadingTrust(volume.sources, BUILDER, at=NOW, on_attempt=fail)
    silent = ReloadingTrust(volume.sources, BUILDER, at=NOW)
    volume.swap(2)
    assert tag(trust.current(NOW + INTERVAL)) == 2
    volume.swap(3, ca=b"")
    assert tag(silent.current(NOW + INTERVAL)) == 1
    assert "on_attempt raised" in caplog.text
    assert "trust material reloaded, generation 2" in caplog.text
    assert "trust material not reloaded, generation 1 stays: " in caplog.text


def test_bug_while_loading(volume: Volume, caplog: pytest.LogCaptureFixture) -> None:
    """An error that nobody expected takes nothing down."""

    def build(snapshot: Any, *, number: int, previous: Any, at: Any) -> Any:
        if number > 1:
            raise ZeroDivisionError("a bug")
        return BUILDER(snapshot, number=number, previous=previous, at=at)

    watched = Watched(volume.sources, build)  # type: ignore[arg-type]
    volume.swap(2)
    assert tag(watched.next()) == 1
    assert watched.causes == ["ZeroDivisionError: a bug"]
    assert "failed unexpectedly" in caplog.text


def test_settings_of_a_builder() -> None:
    """Intermediates of their own may be no roots; lists are octets; material without lists has none."""
    trust = {"trust": ROOT.pem, "intermediates": link(1).pem}
    plain = ReloadingTrust(Sources(trust), BUILDER, at=NOW).current(NOW)
    assert plain.revocation is None
    assert plain.next_update is None
    assert [line.partition(" ")[0] for line in plain.description] == ["anchor", "intermediate"]
    with pytest.raises(ConfigurationError, match="intermediates contains the root 'CN=Stranger CA'"):
        ReloadingTrust(Sources({**trust, "intermediates": STRANGER.pem}), BUILDER, at=NOW)
    with pytest.raises(ConfigurationError, match="crl is Certificate"):
        ReloadingTrust(Sources({**trust, "crl": ROOT.certificate}), BUILDER, at=NOW)
    with pytest.raises(ConfigurationError, match="octets: trust: octets holds neither"):
        ReloadingTrust(Sources({"trust": b"hello"}), BUILDER, at=NOW)


def test_checker_that_outlives_generations(volume: Volume) -> None:
    """A checker such as OCSP is asked after the lists, and lists are still compared with those in force."""

    class Silent:
        def check(self, certificate: Any, issuer: Any, *, at: Any) -> RevocationAnswer:
            return RevocationAnswer(status=Unknown(why="silent"))

    builder = TrustBuilder(verifier=StandardVerifier, policy=RevocationPolicy(), checker=Silent())
    watched = Watched(volume.sources, builder)
    first = watched.trust.current(NOW)
    assert isinstance(first.revocation, FirstAnswer)
    assert first.revocation.checkers[1] is builder.checker
    assert first.next_update == NOW + timedelta(days=7)
    volume.swap(2, lists=ROOT.crl(number=0).pem)
    assert watched.next() is first
    assert "older than" in str(watched.causes[0])
    alone = ReloadingTrust(Sources({"trust": bundle(1)}), builder, at=NOW)
    assert alone.current(NOW).revocation is builder.checker

"""OpenSSL's verdict with the purpose ``sslclient``, through a private function of pyOpenSSL: for comparison only."""

from datetime import datetime

from OpenSSL import crypto

from tests.conformance.mutants import Chain

_PURPOSE_SSL_CLIENT = 1


def accepts(chain: Chain, at: datetime) -> bool:
    """Whether ``X509_verify_cert`` accepts a chain; what OpenSSL cannot read, it does not accept."""
    store = crypto.X509Store()
    store.set_time(at)
    crypto._lib.X509_STORE_set_purpose(store._store, _PURPOSE_SSL_CLIENT)  # type: ignore[attr-defined]
    try:
        store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, chain.anchor))
        untrusted = [crypto.load_certificate(crypto.FILETYPE_ASN1, der) for der in chain.intermediates]
        leaf = crypto.load_certificate(crypto.FILETYPE_ASN1, chain.leaf)
        crypto.X509StoreContext(store, leaf, untrusted).verify_certificate()
    except (crypto.Error, crypto.X509StoreContextError):
        return False
    return True

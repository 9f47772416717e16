"""The migration page's configuration is one that works."""

import re
from pathlib import Path
from typing import Any

from clientcert import ClientCertConfig
from tests import material as m

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "migrate-from-ingress-nginx.md"


def test_both_sources(tmp_path: Path) -> None:
    """The two sources of the page are bound to the two networks of the page, the old one first."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    bundle = tmp_path / "ca.crt"
    bundle.write_bytes(m.AUTHORITY.pem)
    names: dict[str, Any] = {"ClientCertConfig": ClientCertConfig}
    exec(code.replace("/etc/clientcert/ca.crt", str(bundle)), names)  # noqa: S102 - our own page
    bindings = names["config"].bindings
    assert [binding.source.name for binding in bindings] == ["ingress-nginx", "traefik"]
    assert [repr(binding.proofs[0]) for binding in bindings] == [
        "TrustedNetworks('10.42.7.0/28')",
        "TrustedNetworks('10.42.9.0/28')",
    ]

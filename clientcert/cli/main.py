"""The group that every command belongs to."""

import click

from clientcert import __version__
from clientcert.cli.policy import policy
from clientcert.cli.snippet import snippet
from clientcert.cli.verify import verify


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """
    TLS client certificates, as clientcert sees them.

    \b
    Examples:
      clientcert verify --trust ca.pem client.pem
      clientcert verify --trust ca.pem --crl ca.crl --json *.pem
      clientcert snippet haproxy --verify optional --secret
      clientcert policy test acl.toml cases.toml
    """  # noqa: D301 - click's mark for "do not wrap"


cli.add_command(verify)
cli.add_command(policy)
cli.add_command(snippet)

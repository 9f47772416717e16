"""``clientcert snippet``: the configuration of a terminator, and the app's half of it."""

from typing import Any

import click

from clientcert.cli.snippet_text import PRODUCERS, SECRET_VARIABLE, Options, render
from clientcert.errors import ConfigurationError

_DEFAULTS = Options()


@click.command()
@click.option(
    "--verify",
    type=click.Choice(["required", "optional"]),
    default=_DEFAULTS.verify,
    show_default=True,
    help="Who has no certificate is refused by the terminator, or left to the app.",
)
@click.option(
    "--secret",
    is_flag=True,
    help=f"The terminator adds a secret that the app checks: its variable {SECRET_VARIABLE}, for nginx a file.",
)
@click.option("--unix-socket", metavar="PATH", help="The app listens on this socket instead of host and port.")
@click.option(
    "--upstream", metavar="HOST:PORT", default=_DEFAULTS.upstream, show_default=True, help="Where the app listens."
)
@click.option(
    "--trusted-proxy",
    "trusted_proxies",
    metavar="NETWORK",
    multiple=True,
    help="Addresses that the terminator connects from; may be repeated.",
)
@click.option(
    "--listen",
    metavar="[ADDRESS:]PORT",
    default=_DEFAULTS.listen,
    show_default=True,
    help="Where the terminator listens.",
)
@click.option(
    "--server-name", metavar="NAME", default=_DEFAULTS.server_name, show_default=True, help="The site's host."
)
@click.option(
    "--certificate",
    metavar="FILE",
    default=_DEFAULTS.certificate,
    show_default=True,
    help="The server's certificate and chain; for haproxy with the key behind it.",
)
@click.option(
    "--private-key", metavar="FILE", default=_DEFAULTS.private_key, show_default=True, help="The server's key."
)
@click.option(
    "--client-ca",
    metavar="FILE",
    default=_DEFAULTS.client_ca,
    show_default=True,
    help="The CAs that clients are issued by.",
)
@click.option("--intermediates", metavar="FILE", help="CAs below those, for the app.")
@click.option("--crl", metavar="FILE", help="Revocation lists of these CAs.")
@click.option(
    "--secret-file",
    metavar="FILE",
    default=_DEFAULTS.secret_file,
    show_default=True,
    help="What nginx includes for --secret.",
)
@click.option(
    "--depth",
    metavar="N",
    type=click.IntRange(0, 9),
    default=_DEFAULTS.depth,
    show_default=True,
    help="Intermediates allowed between leaf and CA.",
)
@click.argument("producer", metavar="PRODUCER", type=click.Choice(tuple(PRODUCERS)))
def snippet(producer: str, **given: Any) -> None:
    """
    Print a minimal secure configuration for PRODUCER, and the lines of the app that go with it.

    PRODUCER is one of nginx, ingress-nginx, traefik, envoy, haproxy, apache, caddy, aws-alb, aws-alb-verify, gcp-lb,
    azure-app-service. Each text says what was run and what is from documentation. It is a file for the terminator as
    it stands; the app's half is in comments at its end.

    \b
    Examples:
      clientcert snippet nginx --unix-socket /run/app/app.sock
      clientcert snippet haproxy --verify optional --secret
      clientcert snippet envoy --client-ca ca.pem --crl ca.crl
    """  # noqa: D301 - click's mark for "do not wrap"
    try:
        click.echo(render(producer, Options(**given)), nl=False)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error

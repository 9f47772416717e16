"""``python -m clientcert``, and the console script of the same name."""

import sys


def main() -> None:
    """Run the command line, or say in one line what it needs."""
    try:
        from clientcert.cli.main import cli
    except ModuleNotFoundError as exc:
        if (exc.name or "").partition(".")[0] not in {"click", "rich"}:
            raise
        sys.stderr.write(f"clientcert: the command line needs {exc.name}: pip install 'clientcert[cli]'\n")
        sys.exit(2)
    cli(prog_name="clientcert")


if __name__ == "__main__":
    main()

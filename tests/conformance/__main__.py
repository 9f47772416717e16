"""Print our verdicts on the corpora and write the page of the documentation; exit status 1 on a new difference."""

import sys

from tests.conformance.report import PAGE, print_tables, render, unlisted


def main() -> int:
    """Do it."""
    print_tables()
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(render(), encoding="utf-8")
    new = unlisted()
    print("\n" + ("\n".join(["differences that are not listed:", *new]) if new else "no difference that is not listed"))  # noqa: T201
    return bool(new)


if __name__ == "__main__":
    sys.exit(main())

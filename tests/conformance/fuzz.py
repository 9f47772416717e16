"""``python -m tests.conformance.fuzz``: mutants for as long as you like; exit status 1 on a false accept."""

import argparse
import sys
import time
from pathlib import Path

from clientcert.testing.issued import pem
from tests.conformance.differential import Outcome, compare

_SHARD = 5_000


def main() -> int:
    """Run in shards with a new seed each, and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=0, help="of the first shard; counted up from there")
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"), help="folder for false accepts, as PEM")
    arguments = parser.parse_args()
    end, seed, findings = time.monotonic() + arguments.seconds, arguments.seed, 0
    while (left := end - time.monotonic()) > 0:
        outcome = compare(seed=seed, mutants=_SHARD, seconds=left)
        print(f"seed {seed}: {outcome}", flush=True)  # noqa: T201 - this is the command's output
        findings += _save(outcome, seed, arguments.out)
        seed += 1
    return bool(findings)


def _save(outcome: Outcome, seed: int, folder: Path) -> int:
    for number, chain in enumerate(outcome.false_accepts):
        folder.mkdir(exist_ok=True)
        text = b"".join(map(pem, (chain.leaf, *chain.intermediates, chain.anchor)))
        (folder / f"{seed}-{number}.pem").write_bytes(text)
    return len(outcome.false_accepts)


if __name__ == "__main__":
    sys.exit(main())

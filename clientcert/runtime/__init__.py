"""Around the core while it runs: events, refusals as HTTP, and the gate that every adapter asks."""

"""Apps to copy from, and `python -m examples.demo`, which shows them at work."""

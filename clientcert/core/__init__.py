"""Facts in, outcome out: no I/O, no framework, no clock of its own."""

"""The README's pictures, taken from a running sandbox: `python -m tests.screenshots.shoot`."""

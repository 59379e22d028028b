"""`python -m edgevoice` is the `edgevoice` command."""

from edgevoice.cli import start

if __name__ == "__main__":
    start()

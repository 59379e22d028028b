"""The parts of `tools/flash.py`. `receive` and `first_boot` run on the board, with nothing but Python."""

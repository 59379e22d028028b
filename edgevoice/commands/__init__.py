"""What the command line does, one file a group of commands. Floor 5, beside `cli` and `demo`."""

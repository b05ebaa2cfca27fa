"""What the command line can do, by subject; `deploy.cli` is the index."""

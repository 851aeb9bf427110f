"""Lets ``python -m posthouse.cli`` be the command, which is how `serve` starts its two processes."""

from posthouse.cli import main

if __name__ == "__main__":
    main()

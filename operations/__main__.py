"""`python -m operations`: the same as `greenlight`."""

from operations.cli.app import main

if __name__ == "__main__":
    main()

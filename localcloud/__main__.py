"""`python -m localcloud`: see --help."""

from localcloud.interrupts import quiet

if __name__ == "__main__":
    with quiet():
        from localcloud.cli import main
    main()

"""`python -m localcloud`: see --help."""

from localcloud.host.interrupts import quiet

if __name__ == "__main__":
    with quiet():
        from localcloud.commands.cli import main
    main()

"""`python -m kuzov` is `kuzov`."""

from kuzov.cli.main import main

if __name__ == "__main__":
    main()

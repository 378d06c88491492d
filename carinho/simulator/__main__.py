"""`python -m carinho.simulator --port N`."""

import argparse
import sys

import uvloop

from carinho.simulator import HOST, PORT
from carinho.simulator.server import serve


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m carinho.simulator", description="Play the systems around the hub."
    )
    parser.add_argument("--port", type=int, default=PORT, help="0 is any free port (default: %(default)s)")
    parser.add_argument("--host", default=HOST, help="the address it listens on (default: %(default)s)")
    given = parser.parse_args()
    try:
        uvloop.run(serve(given.port, given.host))
    except OSError as error:
        print(f"Simulator cannot listen on port {given.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

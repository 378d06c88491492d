"""`python -m carinho.simulator --port N`."""

import argparse
import sys

import uvloop

from carinho.simulator import PORT
from carinho.simulator.server import serve


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m carinho.simulator", description="Play the systems around the hub."
    )
    parser.add_argument("--port", type=int, default=PORT, help="0 is any free port (default: %(default)s)")
    port = parser.parse_args().port
    try:
        uvloop.run(serve(port))
    except OSError as error:
        print(f"Simulator cannot listen on port {port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

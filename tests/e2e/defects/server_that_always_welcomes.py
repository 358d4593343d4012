"""A server with a rule that welcomes everybody."""

import sys

from demo import server_process
from tests.e2e.defects import always_welcome

if __name__ == "__main__":
    sys.exit(server_process.main(decide=always_welcome.decide))

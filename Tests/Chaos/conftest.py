"""The tests here see the harness' own modules as it sees them itself."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

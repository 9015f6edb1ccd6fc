"""The modules of this folder are imported as `campaign`, whatever is installed."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))

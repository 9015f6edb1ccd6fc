"""The checker as a command: one line for each file; the exit status is 1 if one is rejected, 2 without any file."""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # the folder is a package, wherever it was copied to
    from checker.replay import check_proof  # type: ignore[import-not-found]

    status = 0 if sys.argv[1:] else 2
    if status:
        print("usage: python -I checker CERTIFICATE.json ...", file=sys.stderr)
    for path in sys.argv[1:]:
        try:
            said = f"accepted: {check_proof(json.loads(Path(path).read_text(encoding='utf-8')))}"
        except (OSError, ValueError, RecursionError) as error:
            said, status = "REJECTED: " + " ".join(str(error).split()), 1
        print(f"{path}: {said}")
    sys.exit(status)

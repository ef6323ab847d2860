"""What this machine has; without any package, because nothing may be installed yet."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path


def java_version() -> str:
    """The version of Java that is found, and whether Glue's jobs bring their own."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else "java"
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30).stderr
    except (OSError, subprocess.TimeoutExpired):
        answer = ""
    found = re.search(r'version "([^"]+)"', answer)
    usable = found and found[1].split(".")[0] == "17"
    own = "Glue jobs bring their own Java 17"
    return f"{found[1]}{'' if usable else '; ' + own}" if found else f"none; {own}"

# pyarrow generates its compute functions at import time, so a checker cannot see them.
from typing import Any

def __getattr__(name: str) -> Any: ...

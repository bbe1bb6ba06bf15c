"""`./run bench [NAME...]`: run the benches named, or all quick ones."""

import importlib
import sys

QUICK = ("compose", "plan", "stream")
ALL = (*QUICK, "drill")


def main(names: list[str]) -> int:
    """Run benches by name; exit code 0 when each says so. The drill runs only when named: it takes minutes."""
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"no bench called {', '.join(unknown)}; there are {', '.join(ALL)}", file=sys.stderr)
        return 2
    code = 0
    for name in names or QUICK:
        print(f"\n== {name}")
        code |= importlib.import_module(f"bench.{name}").main()
    return code


sys.exit(main(sys.argv[1:]))

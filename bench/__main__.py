"""`./run bench [NAME...]`: run the benches named, or all quick ones; `./run bench NAME --help` for its options."""

import importlib
import sys

QUICK = ("compose", "time", "stream")
ALL = (*QUICK, "toolpath", "conformance", "lift", "human", "ocr", "drill", "fleet")


def main(words: list[str]) -> int:
    """Run benches by name; exit code 0 when each says so. Those that take minutes run only when named.

    What follows the first word with a dash goes to the one bench named before it.
    """
    dash = next((k for k, word in enumerate(words) if word.startswith("-")), len(words))
    names, options = words[:dash], words[dash:]
    if options and len(names) != 1:
        print(f"options ({' '.join(options)}) belong to one bench: ./run bench NAME ...", file=sys.stderr)
        return 2
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"no bench called {', '.join(unknown)}; there are {', '.join(ALL)}", file=sys.stderr)
        return 2
    code = 0
    for name in names or QUICK:
        print(f"\n== {name}")
        bench = importlib.import_module(f"bench.{name}")
        code |= bench.main(options) if options else bench.main()
    return code


sys.exit(main(sys.argv[1:]))

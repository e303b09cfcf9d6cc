"""Takes some folders and files out of a wheel: unpack.py WHEEL TARGET PREFIX=NAME ...

What lies below PREFIX in the wheel comes to lie below NAME in TARGET. A PREFIX that is not there is an error.
"""

import pathlib
import shutil
import sys
import zipfile


def main(wheel, target, *pairs):
    with zipfile.ZipFile(wheel) as archive:
        for pair in pairs:
            prefix, _, name = pair.partition("=")
            members = [entry for entry in archive.infolist() if entry.filename.startswith(prefix) and not entry.is_dir()]
            if not members:
                sys.exit(f"{wheel} holds nothing at {prefix}")
            for entry in members:
                path = pathlib.Path(target, name + entry.filename[len(prefix):])
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as source, open(path, "wb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)


main(*sys.argv[1:])

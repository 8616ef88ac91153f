#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""image.py DIR layers|env|command: prints these of an unpacked OCI image layout, one per line, found as a
container engine finds them: from index.json to the manifest, and from that to the configuration"""

import json
import pathlib
import sys


def path_of(descriptor):
    return pathlib.Path("blobs", *descriptor["digest"].split(":"))


def read(top, descriptor):
    return json.loads((top / path_of(descriptor)).read_text())


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in ("layers", "env", "command"):
        sys.exit(__doc__)
    top = pathlib.Path(sys.argv[1])
    manifest = read(top, json.loads((top / "index.json").read_text())["manifests"][0])
    config = read(top, manifest["config"])["config"]
    print(*{"layers": [path_of(layer) for layer in manifest["layers"]],
            "env": config["Env"],
            "command": config.get("Entrypoint", []) + config["Cmd"]}[sys.argv[2]], sep="\n")


main()

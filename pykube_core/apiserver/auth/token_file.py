"""Files of tokens, as ``kube-apiserver --token-auth-file`` reads them.

Source: ``k8s.io/apiserver/pkg/authentication/token/tokenfile`` v0.37.2.
"""

from __future__ import annotations

import csv
from pathlib import Path

from pykube_core.api.machinery.errors import InputError
from pykube_core.apiserver.auth.user import User


def read_token_file(path: Path) -> dict[str, User]:
    """Return the user of each token: lines of token, user, uid and, quoted, groups.

    Raises
    ------
    InputError
        A line has fewer than three columns, or no token; or the file is empty.
    OSError
        The file cannot be read.
    """
    users: dict[str, User] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.reader(file, skipinitialspace=True), 1):
            if not row or row[0].startswith("#"):
                continue
            if len(row) < 3:
                text = f"line {number} has {len(row)} columns, of at least 3: token, user, uid"
                raise InputError(text, source=str(path))
            token, name, uid = (part.strip() for part in row[:3])
            if not token:
                raise InputError(f"line {number} has no token", source=str(path))
            groups = row[3].split(",") if len(row) > 3 and row[3] else ()
            users[token] = User(name, uid, tuple(group.strip() for group in groups))
    if not users:
        raise InputError("no tokens in it", source=str(path))
    return users

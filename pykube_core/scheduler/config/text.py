"""The text of a configuration, YAML or JSON, to plain objects; no key may come twice."""

from __future__ import annotations

from typing import Any

from pykube_core.api.machinery.documents import read_documents
from pykube_core.api.machinery.errors import InputError


def parse_document(text: str, source: str | None = None) -> dict[str, Any]:
    """Parse one YAML or JSON document that is an object, as kube-scheduler reads it.

    Parameters
    ----------
    text : str
        The document.
    source : str, optional
        The file's name, for errors.

    Raises
    ------
    InputError
        If the text is neither YAML nor JSON, holds no object or more than one document, or has a
        key twice; the line is named where it is known.
    """
    try:
        documents = list(read_documents(source or "", text.encode(errors="surrogatepass")))
    except InputError as error:
        raise InputError(error.reason, source=source, object=error.object) from None
    if len(documents) > 1:
        raise InputError(f"expected one document, found {len(documents)}", source=source)
    if not documents or not isinstance(documents[0], dict):
        raise InputError("expected an object with apiVersion and kind", source=source)
    return documents[0]

"""Errors about a user's input: they say where to look."""


class InputError(Exception):
    """Something in a user's input is wrong; nothing of it was loaded.

    ``str()`` is one line that names whatever of the four is known, outermost first:
    ``pods.json: Pod default/web-1: spec.nodeName: no node is called "n7"``.

    Attributes
    ----------
    source : str or None
        The file, ``"<stdin>"``, or None for an object that was made in Python.
    object : str
        The object inside it, such as ``"Pod default/web-1"`` or ``"line 17"``; may be empty.
    field : str
        Path of the field, such as ``"spec.containers[0].resources.requests[cpu]"``; may be empty.
    reason : str
        The fault, and the expectation that it breaks.
    """

    def __init__(
        self, reason: str, *, source: str | None = None, object: str = "", field: str = ""
    ) -> None:
        super().__init__(reason)
        self.source = source
        self.object = object
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        # Kubernetes' own texts name the field: "Pod ... is invalid: spec.priority: ...".
        field = "" if f"{self.field}: " in self.reason else self.field
        parts = (self.source, self.object, field, self.reason)
        return ": ".join(" ".join(part.split()) for part in parts if part)

    def within(self, source: str | None = None, object: str = "") -> "InputError":
        """Return this error with the file and the object filled in where they are not yet known."""
        return InputError(
            self.reason,
            source=self.source or source,
            object=self.object or object,
            field=self.field,
        )

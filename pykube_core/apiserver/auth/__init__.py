"""Authentication and authorization: users, tokens, RBAC, impersonation.

::

    headers --authenticate--> User --impersonate--> User --authorize(Attributes)--> allowed, or 403

Authorizers answer with a `Verdict`; the first that allows decides.
"""

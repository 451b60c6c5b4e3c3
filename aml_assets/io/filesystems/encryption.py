"""Errors of encryption zones, whose keys the cluster's KMS (key management server) keeps.

Belongs here: turning texts of ``hdfs-native`` about the KMS into our errors. Does not belong
here: encrypting, which the client does; without the key it neither writes nor reads a byte.
"""

from __future__ import annotations

from aml_assets.errors import StoreError, Unreachable

_NO_KMS = "no KMS provider is configured"
_AWAY = ("KMS HTTP error", "KMS request failed (5")
_REFUSED = "KMS request failed"


def encryption_error(text: str, *, path: str, operation: str) -> StoreError | None:
    """Return our error for the client's text; ``None`` if it is not about a zone's key."""
    if _NO_KMS in text:
        return StoreError(
            "it lies in an encryption zone, and no KMS is named",
            path=path,
            operation=operation,
            remedy="Name it as hadoop.security.key.provider.path in hdfs.client or in "
            "core-site.xml, or use webhdfs://",
        )
    if any(each in text for each in _AWAY):
        return Unreachable(
            "the KMS, which has the encryption zone's key, does not answer",
            path=path,
            operation=operation,
            remedy="See whether it is up, and hadoop.security.key.provider.path",
        )
    if _REFUSED in text:
        return StoreError(
            "the KMS does not give this user the encryption zone's key",
            path=path,
            operation=operation,
            remedy="Allow DECRYPT_EEK on it in the KMS's kms-acls.xml",
        )
    return None

"""The text of an RTF body (LZFu-compressed as [MS-OXRTFCP] says, or plain)."""

LARGEST = 5_000_000


def text_of_rtf(data: bytes) -> str:
    """What a reader sees of it; "" where it can't be read."""
    from striprtf.striprtf import rtf_to_text

    try:
        if not data.startswith(b"{\\rtf"):
            from compressed_rtf import decompress

            data = decompress(data)
        return str(
            rtf_to_text(  # type: ignore[no-untyped-call]
                data[:LARGEST].decode("cp1252", "replace"), errors="ignore"
            )
        ).strip("\0")
    except Exception:  # whatever a stranger's bytes do to the libraries: the mail is kept without this body
        return ""

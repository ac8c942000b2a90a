# SPDX-License-Identifier: Apache-2.0
"""Looks through another process's memory, and through files and text, for what is left of a secret.

A secret may lie there in clear, percent-encoded, in base64 (by itself or inside of more text, so that it begins at any
of three places of a group), or only in part. So not whole forms are looked for but pieces: every form of the secret is
cut into all of its pieces of WINDOW bytes, and the memory into pieces side by side. What is left in one piece of twice
that length is found, wherever it lies.
"""

import base64
import re
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, NamedTuple, Set, Tuple
from urllib.parse import quote, quote_plus

# Bytes of a piece. Eight random bytes meet by chance once in millions of scans; what is not random, as the beginning of
# every token is, asks for longer ones.
WINDOW = 8
TOKEN_WINDOW = 16
CHUNK = 1 << 20


class Region(NamedTuple):
    start: int
    end: int
    name: str
    # Left out of core dumps: where the library keeps what it needs.
    is_kept_out: bool


class Found(NamedTuple):
    what: str
    address: int
    region: Region

    def __str__(self) -> str:
        return f"{self.what} at {self.address:#x} in {self.region.name or 'anonymous memory'}"


def forms(secret: bytes) -> Iterator[bytes]:
    """Every spelling of a secret on its way into a header or a body."""
    text = secret.decode(errors="surrogateescape")
    spelled = {secret}
    for encode in (quote, quote_plus):
        for safe in ("", "/", "-._~!$'()*,;:@"):
            encoded = encode(text, safe=safe, errors="surrogateescape").encode()
            lower = re.sub(rb"%..", lambda found: found.group().lower(), encoded)
            spelled |= {encoded, lower}
    for spelling in spelled:
        yield spelling
        for shift in range(3):
            # Characters that also depend on what stands before and after are left off.
            first, last = -(-shift * 4 // 3), (shift + len(spelling)) * 4 // 3
            for encode_whole in (base64.b64encode, base64.urlsafe_b64encode):
                yield encode_whole(b"\0" * shift + spelling)[first:last]


class Scanner:
    """What is looked for."""

    def __init__(self) -> None:
        self._pieces: Dict[int, Dict[bytes, str]] = {}

    def add(self, what: str, secret: bytes, window: int = WINDOW) -> None:
        pieces = self._pieces.setdefault(window, {})
        for form in forms(secret):
            for start in range(len(form) - window + 1):
                pieces.setdefault(form[start : start + window], what)

    def add_tokens(self, tokens: Iterable[str]) -> None:
        for token in tokens:
            self.add("token", token.encode(), TOKEN_WINDOW)

    def pieces(self, data: bytes) -> Iterator[Tuple[int, str]]:
        """Where something lies, and what."""
        for window, wanted in self._pieces.items():
            for at in range(0, len(data) - window + 1, window):
                what = wanted.get(data[at : at + window])
                if what is not None:
                    yield at, what

    def found_in(self, data: bytes) -> Set[str]:
        return {what for _, what in self.pieces(data)}

    def found_in_process(self, pid: int) -> List[Found]:
        found = []
        with open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for region in regions(pid):
                for start in range(region.start, region.end, CHUNK):
                    try:
                        memory.seek(start)
                        data = memory.read(min(CHUNK, region.end - start))
                    except OSError:
                        continue  # [vvar] and its like
                    if not data.strip(b"\0"):
                        continue
                    found += [Found(what, start + at, region) for at, what in self.pieces(data)]
        return found


def regions(pid: int) -> List[Region]:
    """The process's readable memory."""
    found: List[Region] = []
    head = None
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        mapped = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)", line)
        if mapped:
            head = mapped
        elif line.startswith("VmFlags:") and head and head.group(3).startswith("r"):
            start, end = (int(each, 16) for each in head.groups()[:2])
            found.append(Region(start, end, head.group(4), "dd" in line.split()[1:]))
    return found

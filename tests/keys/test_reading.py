"""Key files on disk: who may read them, what prevents that, and what stays in memory."""

from __future__ import annotations

import io
import itertools
import os
import string
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.errors import KeyFileError, KeyFilePermissionError, KeySourceError
from gatepass.keys import format_key_file, generate_pair, read_key_file, reading
from gatepass.keys.keyfile import FilePairs, read_pairs
from gatepass.keys.reading import read_descriptor
from tests.keys.samples import (
    NEW,
    OLD,
    SAMPLE_FILE,
    SAMPLE_SECRET,
    everything_shown,
    facts,
    private_file,
    shares_run,
)

TEXT = format_key_file([OLD, NEW])
posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no permission bits")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return private_file(tmp_path / "keys.txt", TEXT)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for fd in ends:
        try:
            os.close(fd)
        except OSError:
            continue  # the test has closed this end


def test_a_private_file_is_read(path: Path) -> None:
    assert [facts(pair) for pair in read_key_file(path)] == [facts(OLD), facts(NEW)]
    assert read_key_file(str(path)) == read_key_file(path)


@posix_only
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_that_others_can_access_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(KeyFilePermissionError) as caught:
        read_key_file(path)
    assert str(caught.value) == (
        f"{path}: users other than its owner have access to it (mode {mode:04o}): chmod 600 {path}"
    )
    assert len(read_key_file(path, allow_insecure=True)) == 2


@posix_only
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_that_only_its_owner_can_access_is_read(path: Path, mode: int) -> None:
    path.chmod(mode)
    assert len(read_key_file(path)) == 2


@posix_only
def test_the_chmod_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    path = private_file(tmp_path / "my keys.txt", TEXT)
    path.chmod(0o644)
    with pytest.raises(KeyFilePermissionError, match=r"chmod 600 '.*/my keys\.txt'$"):
        read_key_file(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    with pytest.raises(KeyFileError) as caught:
        read_key_file(path)
    assert str(caught.value) == (
        f"{path}: there is no such file: give the path of the key file from the Request Center"
    )


@posix_only
def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="it is a directory: give the path of a file in it"):
        read_key_file(tmp_path)


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        (PermissionError(13, "Permission denied"), "this user may not read it: run as its owner"),
        (OSError(5, "Input/output error"), "it cannot be read: Input/output error"),
    ],
)
def test_an_unreadable_file_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, complaint: str
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise error

    # Tests may run as root, which permission bits do not stop.
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(KeyFileError) as caught:
        read_key_file(path)
    assert str(caught.value).startswith(f"{path}: {complaint}")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "it is empty: download it again"),
        (TEXT.split("\n")[0].encode(), "it has a header but no key pair"),
        (bytes(range(11, 256)), ", line 1: "),
        (b"\x00" * 300, ", line 1: the character at position 1 is a tab, NUL or not ASCII"),
    ],
    ids=["empty", "header only", "garbled", "zeros"],
)
def test_a_file_without_pairs_is_refused_with_its_path(
    path: Path, content: bytes, complaint: str
) -> None:
    private_file(path, content)
    with pytest.raises(KeyFileError) as caught:
        read_key_file(path)
    assert str(caught.value).startswith(str(path))
    assert complaint in str(caught.value)
    assert caught.value.path == path


def test_a_file_of_any_accepted_size_is_read_and_no_larger_one(path: Path) -> None:
    blank = b" " * (reading.MAX_KEY_FILE_BYTES - len(TEXT))
    assert len(read_key_file(private_file(path, TEXT.encode() + blank))) == 2
    private_file(path, TEXT.encode() + blank + b" ")
    with pytest.raises(KeyFileError, match="it has more than 16777216 bytes: it is not a key file"):
        read_key_file(path)


def test_a_file_of_ten_thousand_pairs_is_read(path: Path) -> None:
    day = date(2026, 1, 5)
    names = itertools.product(string.ascii_uppercase + string.digits, repeat=3)
    pairs = [generate_pair("".join(name), day, day) for name in itertools.islice(names, 10_000)]
    assert [facts(pair) for pair in read_key_file(private_file(path, format_key_file(pairs)))] == [
        facts(pair) for pair in pairs
    ]


@given(st.integers(1, 400_000))
def test_a_buffer_is_no_larger_than_the_text_needs(length: int) -> None:
    with TemporaryFile(buffering=0) as file:
        file.write(b"\n" * length)
        file.seek(0)
        with reading._content(file, None) as text:
            assert text == b"\n" * length
            assert len(text.obj) == length + 1


@posix_only
@given(st.integers(0, 400_000))
def test_a_text_of_unknown_length_is_complete_and_old_buffers_are_wiped(length: int) -> None:
    buffers: list[memoryview] = []
    real = reading._moved

    def remember(text: memoryview, size: int) -> memoryview:
        buffers.append(text)
        assert any(text)
        return real(text, size)

    reader, writer = os.pipe()
    wanted = b"x" * length

    def write() -> None:
        with os.fdopen(writer, "wb") as end:
            end.write(wanted)

    thread = threading.Thread(target=write)
    thread.start()
    with pytest.MonkeyPatch.context() as patch, io.FileIO(reader) as file:
        patch.setattr(reading, "_moved", remember)
        with reading._content(file, None) as text:
            assert text == wanted
            buffers.append(text)
    thread.join()
    assert (len(buffers) > 1) == (length > 65536)
    assert not any(any(buffer) for buffer in buffers)


def test_a_file_that_changes_while_it_is_read_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = reading._content

    def write_behind(file: object, where: Path) -> object:
        with where.open("ab") as other:
            other.write(b"\n")
        return real(file, where)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "_content", write_behind)
    with pytest.raises(KeyFileError, match="it was changed while it was read: try again"):
        read_key_file(path)


def test_a_pipe_is_read_to_its_end_and_left_open(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.write(writer, TEXT[:100].encode())
    os.write(writer, TEXT[100:].encode())
    os.close(writer)
    assert [facts(pair) for pair in read_descriptor(reader)] == [facts(OLD), facts(NEW)]
    assert os.read(reader, 1) == b""


def test_a_pipe_without_data_yet_is_refused(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], TEXT.encode())
    os.set_blocking(pipe[0], False)
    with pytest.raises(KeyFileError, match="is non-blocking: give a blocking descriptor"):
        read_descriptor(pipe[0])


@posix_only
def test_a_descriptor_of_an_exposed_file_is_refused(path: Path) -> None:
    path.chmod(0o644)
    with path.open("rb") as file:
        with pytest.raises(KeyFilePermissionError, match=r"mode 0644\): chmod 600 the file"):
            read_descriptor(file.fileno())
        assert len(read_descriptor(file.fileno(), allow_insecure=True)) == 2


def test_a_closed_descriptor_is_refused(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with pytest.raises(KeyFileError, match=rf"descriptor {pipe[0]} is closed: open it, as with"):
        read_descriptor(pipe[0])


@pytest.mark.parametrize("content", [TEXT, TEXT.replace("2027-01-20", "2027-99-20")])
def test_the_files_text_is_wiped(path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    seen: list[memoryview] = []

    def remember(data: memoryview, where: Path, **given: bool) -> FilePairs:
        assert data == content.encode()
        seen.append(data)
        return read_pairs(data, where, **given)

    monkeypatch.setattr(reading, "read_pairs", remember)
    private_file(path, content)
    try:
        read_key_file(path)
    except KeySourceError:
        assert content != TEXT
    (text,) = seen
    assert isinstance(text.obj, bytearray)
    assert not any(text.obj)


#: Reads a key file many times, and then searches all memory of its process for a secret.
#: The secret is given and searched backwards, so that the search itself does not contain it.
SEARCH = """
import sys
from pathlib import Path
from gatepass.keys import KeyFile, read_key_file

path, backwards = Path(sys.argv[1]), sys.argv[2].encode()
for _ in range(20):
    pairs, keys = read_key_file(path), KeyFile(path)
    assert len(pairs[0].signing_key.sign(b"works")) == 32
kept = bytearray(sys.argv[3], "ascii")
kept.reverse()

found = []
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", buffering=0) as memory:
    for line in maps.readlines():
        where, mode = line.split()[:2]
        if mode[:2] != "rw" or "[v" in line:
            continue
        begin, end = (int(edge, 16) for edge in where.split("-"))
        memory.seek(begin)
        found.append(memory.read(end - begin)[::-1])
print(any(backwards in piece for piece in found), any(sys.argv[3].encode() in p for p in found))
"""


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="only Linux shows the memory")
def test_after_a_file_was_read_its_secrets_are_nowhere_in_memory(path: Path) -> None:
    content = format_key_file([generate_pair("ABC", date(2026, 1, 5), date(2027, 1, 5))])
    private_file(path, content)
    secret = content.split("\n")[1].split()[2]
    # The other text is kept on purpose, to show that the search works.
    arguments = [str(path), secret[::-1], "?".join("kept on purpose")]
    run = subprocess.run(
        [sys.executable, "-c", SEARCH, *arguments], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["False", "True"]


HEADER, RECORD = SAMPLE_FILE.read_text().splitlines()


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{RECORD[:-60]}",
        f"{RECORD}\n",
        f"{HEADER}\n{RECORD[7:]}",
        f"{HEADER}\n{RECORD[31:]}",
        f"{HEADER}\n{RECORD[52:]}",
        f"{HEADER}\n{' ' * 51}{RECORD}",
        f"{HEADER}\n{RECORD[52:103]:103}{RECORD[:30]}",
        f"{HEADER}\n{SAMPLE_SECRET[:20]} {RECORD[21:]}",
        f"{HEADER}\n{RECORD}\n{RECORD}",
        f"{HEADER}\n{RECORD}\n{RECORD}\t",
        f"{HEADER} {SAMPLE_SECRET}\n{RECORD}",
        f"{HEADER}\n{RECORD.replace('2018', '2016')}",
        f"{HEADER}\n{RECORD.replace(SAMPLE_SECRET, SAMPLE_SECRET[:-1] + '5')}",
        f"{HEADER}\n{RECORD.replace(SAMPLE_SECRET, SAMPLE_SECRET[:-1] + '+')}",
    ],
)
def test_a_traceback_with_local_variables_shows_no_secret(path: Path, content: str) -> None:
    private_file(path, content)
    with pytest.raises(KeyFileError) as caught:
        read_key_file(path)
    shown = everything_shown(caught.value)
    assert "line" in shown
    assert not shares_run(shown, SAMPLE_SECRET, 8)

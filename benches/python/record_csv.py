"""Writes `tests/golden/csv.json`: small texts, and the rows that Python's `csv` reads from them.

Needs nothing but Python. Each case is `[text, rows, line]`. A line of spaces alone is left out of
`rows`, as pandas leaves it out. Where a quote is opened and never closed, `rows` is null and `line`
says where it is opened.
"""

import csv
import io
import json
import random
from pathlib import Path

CASES = 400
PARTS = ["a", "b", ",", ",", '"', '"', "\n", "\r\n", " ", "é"]
KNOWN = [
    'A,19" rack,3\nB,7" rack,4\n',
    '"19"" rack",3\n19"" rack,3\n',
    '"a"b,c\n"a" ,"b"\r\n',
    'a, "b"\n, "b,c"\n',
    '"a\nb",c\n\n"d\r\ne",""\n',
    'a,"b',
    'a,"b""\nc,d\n',
    '"""a""",""""\n',
    'a,"b"c"d,e"\n',
]
OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "csv.json"


def read(text):
    """The rows, each with the text that it was read from."""
    read_so_far = []

    def lines():
        for line in io.StringIO(text, newline=""):
            read_so_far.append(line)
            yield line

    for row in csv.reader(lines()):
        yield row, "".join(read_so_far)
        read_so_far.clear()


def case(text):
    end = "\nEND"
    last = list(csv.reader(io.StringIO(text + end, newline="")))[-1]
    if last != ["END"]:
        opened = text.count("\n") + 1 - last[-1].removesuffix(end).count("\n")
        return [text, None, opened]
    return [text, [row for row, source in read(text) if source.strip(" \r\n")], None]


def main():
    generator = random.Random(7)
    texts = list(KNOWN)
    while len(texts) < CASES:
        texts.append("".join(generator.choices(PARTS, k=generator.randint(3, 24))))
    cases = [json.dumps(case(text), ensure_ascii=False) for text in texts]
    OUT.write_text("[\n" + ",\n".join(cases) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Making the next thing while this one is used."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T], is_large: Callable[[T], bool] = lambda item: False) -> Generator[T]:
    """These items, while the next one is made by a thread of its own: reading goes on while the database writes.

    Behind one that `is_large` the next is made only when that has been used, and may be forgotten. `items` must not touch the
    database: its connection belongs to the caller's thread. Close the generator when it is left early.
    """
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="orgo-ahead") as worker:
        coming = worker.submit(next, items, end)
        while (item := coming.result()) is not end:
            if is_large(item):  # type: ignore[arg-type]
                yield item  # type: ignore[misc]
                del item
                coming = worker.submit(next, items, end)
            else:
                coming = worker.submit(next, items, end)
                yield item  # type: ignore[misc]

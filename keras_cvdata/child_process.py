"""Processes that answer requests, one at a time, over their standard input and output.

They are no children of `multiprocessing`, so they do not run the program that starts them once
more, need no `if __name__ == "__main__":`, and load no framework.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import selectors
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import IO, Any

from keras_cvdata.cancellation import GLANCE, Cancellation

_PATIENCE = 1.0  # seconds that a process has to end by itself


class EndedError(RuntimeError):
    """A process ended before it answered.

    Args:
        how: How it ended, such as "killed by signal 11".
    """

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class ChildProcess:
    """A process that calls `main()` of a module, which is to call `serve`.

    Args:
        module: Name of the module.
        arguments: What its `main` finds in `sys.argv[2:]`.
        descriptors: Of files that it inherits.
        silent: What it writes to its standard error is dropped.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str] = (),
        descriptors: Sequence[int] = (),
        silent: bool = False,
    ) -> None:
        start = (
            "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
            f"from {module} import main; main()"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", start, json.dumps(sys.path), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if silent else None,
            pass_fds=tuple(descriptors),
            # Ctrl-C is for the one who asks, also before this one can ignore it.
            process_group=None if sys.platform == "win32" else 0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._replies = self._process.stdin, self._process.stdout

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def ask(self, request: Any, seconds: float | None = None) -> Any:
        """Send a request and wait for the answer, which comes soon where the work is given up.

        Args:
            request: What is asked for; `None` asks for nothing.
            seconds: How long to wait before the process is killed; None waits for ever.

        Returns:
            What it answered, or the exception that it raised.

        Raises:
            EndedError: The process has ended, or was killed as it took too long.
        """
        late = threading.Event()
        timer = None
        if seconds is not None:
            timer = threading.Timer(seconds, self._kill, (late,))
            timer.daemon = True
            timer.start()
        try:
            self._send(request)
            self._await_reply(Cancellation.current())
            return pickle.load(self._replies)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            code = self._process.wait()
            how = f"no answer in {seconds:.3g} s" if late.is_set() else _ending(code)
            raise EndedError(how) from error
        finally:
            if timer is not None:
                timer.cancel()

    def _send(self, message: Any) -> None:
        self._requests.write(pickle.dumps(message))
        self._requests.flush()

    def _await_reply(self, work: Cancellation) -> None:
        """Tell the process where the work is given up; on Windows pipes are not watched."""
        if sys.platform == "win32":
            return
        with selectors.DefaultSelector() as selector:
            selector.register(self._replies, selectors.EVENT_READ)
            while not selector.select(GLANCE):
                if work.cancelled:
                    self._send(None)
                    return

    def _kill(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def dismiss(self) -> None:
        """Tell it that nothing more will come."""
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()

    def stop(self) -> None:
        """End it."""
        self.dismiss()
        self._replies.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _ending(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def serve(answer: Callable[[Any], Any], requests: IO[bytes], replies: IO[bytes]) -> None:
    """Answer requests until there are no more.

    Args:
        answer: From a request to what is answered.
        requests: Pickled requests, one after the other; `None` gives up the one before it.
        replies: Where the answers go, or the exceptions that came.
    """
    received: SimpleQueue[tuple[Any, Cancellation] | None] = SimpleQueue()
    threading.Thread(target=_receive, args=(requests, received), daemon=True).start()
    while (each := received.get()) is not None:
        request, work = each
        try:
            with work.covers():
                reply = pickle.dumps(answer(request))
        except Exception as error:
            reply = _told(error)
        replies.write(reply)
        replies.flush()


def _receive(requests: IO[bytes], received: SimpleQueue[tuple[Any, Cancellation] | None]) -> None:
    """Listen while the process works; where nobody is there any more, give its work up."""
    work = Cancellation()
    with contextlib.suppress(Exception):  # the end, or what cannot be read
        while True:
            request = pickle.load(requests)
            if request is None:
                work.cancel()
            else:
                work = Cancellation()
                received.put((request, work))
    work.cancel()
    received.put(None)


def _told(error: Exception) -> bytes:
    """Pickle an exception, or what can be said of it."""
    error.add_note(f"In a worker process:\n{traceback.format_exc()}")
    try:
        pickle.loads(told := pickle.dumps(error))
    except Exception:
        other = RuntimeError(f"{type(error).__name__}: {error}")
        other.__notes__ = error.__notes__
        return pickle.dumps(other)
    return told


def serve_parent(answer: Callable[[Any], Any]) -> None:
    """Serve the process that started this one, over standard input and output, to its end.

    Args:
        answer: From a request to what is answered.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who asks stops the work
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what functions of the user print is no reply
    with contextlib.suppress(BrokenPipeError):  # whoever asked was killed
        serve(answer, sys.stdin.buffer, replies)
    os._exit(0)  # there is nothing to put in order

"""Many users at once, each a client in a thread of its own."""

import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from sessions_app.simulation import replay
from sessions_app.simulation.client import ApiClient, RequestFailed, Stopped
from sessions_app.simulation.dialogues import Dialogue
from sessions_app.simulation.measurements import Measurements
from sessions_app.simulation.watched import Watched


class Crowd:
    """`users` clients that share `dialogues`: each takes the next one when it is done.

    `stored` is called, from any thread, for each message that the service has stored. With
    `watched`, windows and topics are requested as well, and it is called for each dialogue.
    """

    def __init__(
        self,
        base_url: str,
        dialogues: Iterable[Dialogue],
        *,
        users: int,
        measurements: Measurements,
        stored: Callable[[], None],
        watched: Callable[[Watched], None] | None = None,
    ) -> None:
        self._measurements = measurements
        self._stored = stored
        self._watched = watched
        self._stop = threading.Event()
        self._clients = [ApiClient(base_url, measurements, self._stop) for _ in range(users)]
        self._waiting: queue.SimpleQueue[Dialogue] = queue.SimpleQueue()
        for dialogue in dialogues:
            self._waiting.put(dialogue)

    def run(self) -> None:
        """Register all users, then replay all dialogues.

        An error or Ctrl-C raises here, after the request in progress of each client has ended.
        """
        # In two steps: hashing passwords would take the server's cores from the replays.
        with ThreadPoolExecutor(len(self._clients), thread_name_prefix="user") as threads:
            self._each(threads, self._register)
            self._each(threads, self._replay_all)
        # Every client may have failed to register.
        if not self._waiting.empty():
            self._measurements.failure(f"{self._waiting.qsize()} dialogues were not replayed")

    def _each(self, threads: ThreadPoolExecutor, step: Callable[[ApiClient], None]) -> None:
        futures = [threads.submit(step, client) for client in self._clients]
        try:
            # The first error ends the run; waiting for all would hide it for minutes.
            wait(futures, return_when=FIRST_EXCEPTION)
            for future in futures:
                if future.done():
                    future.result()
        # Ctrl-C included: the other clients must stop as well.
        except BaseException:
            self._stop.set()
            raise

    def _register(self, client: ApiClient) -> None:
        try:
            client.register()
        except RequestFailed as failed:
            self._measurements.failure(f"a user could not register: {failed}")
        except Stopped:
            return

    def _replay_all(self, client: ApiClient) -> None:
        try:
            while client.is_registered:
                self._replay(client, self._waiting.get_nowait())
        except (queue.Empty, Stopped):
            return
        finally:
            client.close()

    def _replay(self, client: ApiClient, dialogue: Dialogue) -> None:
        windows: list[replay.Body] = []

        def stored(session_id: str, seq: int) -> None:
            self._message(seq)
            if self._watched and dialogue.messages[seq - 1]["role"] == "user":
                windows.append(replay.window(client, session_id, seq))

        try:
            session_id, sent = replay.write(client, dialogue, stored)
            for difference in replay.read_back(client, session_id, sent):
                self._measurements.mismatch(f"{dialogue.id} ({session_id}): {difference}")
            if self._watched:
                topics = replay.topics(client, session_id)
                self._watched(Watched(dialogue, session_id, windows, topics))
        except RequestFailed as failed:
            self._measurements.failure(f"{dialogue.id}: {failed}")
        # A wrong shape is a failure of the service, not of the simulation.
        except (LookupError, TypeError, AttributeError) as error:
            problem = f"an answer has not the shape of the wire contract ({error!r})"
            self._measurements.failure(f"{dialogue.id}: {problem}")

    def _message(self, seq: int) -> None:
        if seq == 1:
            self._measurements.count("sessions")
        self._measurements.count("messages")
        self._stored()

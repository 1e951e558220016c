"""Human-in-the-loop: the people who answer, as the world scripts them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.bridge.operators import subject_of
from harness.bridge.runtime import Resume
from harness.bridge.supervisor.store import Store, ti_id
from harness.bridge.triggerer import with_event
from harness.kernel import Instant, Simulation, span
from harness.kernel.instant import later, to_datetime
from harness.kernel.process import Event
from harness.scheduler.model import TaskInstance
from harness.world.entries import Answer

NO_ANSWER = "The Human-in-the-loop response timeout has passed without a response."


class People:
    """Gives the world's answers to task instances that ask.

    From 3.3 on a task instance that asks is parked in ``awaiting_input`` and resumed from here; before, its trigger
    looks for the response that is left in the store.

    Args:
        fired: told how a parked task instance goes on.
    """

    def __init__(self, simulation: Simulation, store: Store, fired: Callable[[TaskInstance, Resume], None]) -> None:
        self._simulation, self._store, self._fired = simulation, store, fired
        self._parked: dict[TaskInstance, Any] = {}
        self._events: dict[TaskInstance, list[Event]] = {}

    def asked(self, ti: TaskInstance, request: Any) -> None:
        """A task instance wrote its request: have somebody answer in time."""
        answer = self._store.world.answer_of(*subject_of(ti))
        if answer is not None:
            self._plan(ti, later(self._simulation.now, answer.after), self._respond, ti, request.ti_id, answer)

    def park(self, ti: TaskInstance, message: Any) -> None:
        """A task instance went to ``awaiting_input``.

        Source: ``SchedulerJobRunner.check_awaiting_input_timeouts`` (3.3.2; every 15 s, here at once).
        """
        self._parked[ti] = message
        if self._response(ti) is not None:
            self._resume(ti, timedout=False)
        elif message.timeout is not None:
            self._plan(ti, later(self._simulation.now, span(message.timeout)), self._time_out, ti)

    def forget(self, ti: TaskInstance) -> None:
        """Nobody waits for an answer any more."""
        self._parked.pop(ti, None)
        for event in self._events.pop(ti, ()):
            event.cancel()

    def will_go_on(self, ti: TaskInstance) -> bool:
        """Whether an answer is there or to come, or the time for one ends."""
        return self._response(ti) is not None or ti in self._events

    def waits_for(self, ti: TaskInstance) -> str:
        """What a parked task instance waits for, and how an answer is declared."""
        request = (self._store.hitl.get(ti_id(ti)) or {}).get("request")
        subject = f" to {request.subject!r}" if request is not None else ""
        if ti.task_id and self._store.world.answer_of(*subject_of(ti)) is not None:
            return f"waits for a person's answer{subject}"
        options = f" ({', '.join(request.options)})" if request is not None else ""
        name = f"{ti.run.dag.dag_id}.{ti.task_id}"
        return f"waits for a person's answer{subject}{options}; nobody answers: give answers: {{{name}: …}}"

    def _plan(self, ti: TaskInstance, at: Instant, action: Callable[..., None], *args: Any) -> None:
        self._events.setdefault(ti, []).append(self._simulation.schedule(at, action, *args))

    def _response(self, ti: TaskInstance) -> Any:
        return (self._store.hitl.get(ti_id(ti)) or {}).get("response")

    def _respond(self, ti: TaskInstance, request_id: Any, answer: Answer) -> None:
        """Source: ``update_hitl_detail`` of the Core API (3.3.2)."""
        self._store.hitl[request_id]["response"] = {
            "at": to_datetime(self._simulation.now),
            "chosen_options": list(answer.options),
            "params_input": dict(answer.params),
            "user": {"id": answer.by, "name": answer.by},
        }
        if ti in self._parked:
            self._resume(ti, timedout=False)

    def _time_out(self, ti: TaskInstance) -> None:
        request = self._store.hitl[ti_id(ti)]["request"]
        if request.defaults is None:
            self._go_on(ti, {"error": NO_ANSWER, "error_type": "timeout"})
            return
        params = {
            name: value["value"] if isinstance(value, dict) and "value" in value else value
            for name, value in (request.params or {}).items()
        }
        self._store.hitl[ti_id(ti)]["response"] = {
            "at": to_datetime(self._simulation.now),
            "chosen_options": list(request.defaults),
            "params_input": params,
        }
        self._resume(ti, timedout=True)

    def _resume(self, ti: TaskInstance, timedout: bool) -> None:
        """Source: ``HITLDetail.as_resume_event_payload`` (3.3.2)."""
        response = self._response(ti)
        self._go_on(
            ti,
            {
                "chosen_options": response["chosen_options"],
                "params_input": response["params_input"],
                "responded_at": response["at"],
                "responded_by_user": response.get("user"),
                "timedout": timedout,
            },
        )

    def _go_on(self, ti: TaskInstance, payload: dict[str, Any]) -> None:
        message = self._parked[ti]
        self.forget(ti)
        self._fired(ti, Resume(message.next_method, with_event(message.next_kwargs, payload)))

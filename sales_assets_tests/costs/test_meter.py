"""Everything that a process uses is in exactly one account, whatever happens in which order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from sales_assets.costs.amounts import Amounts
from sales_assets.costs.meter import RUN, Account, Meter
from sales_assets.costs.readings import Reading

NOTHING = Reading(0, 0, 0, 0, 0)
WHEN = datetime(2024, 5, 31, 12, tzinfo=UTC)


@dataclass
class Scripted:
    """A process that uses what a test says."""

    reading: Reading = NOTHING
    forgotten: int = 0
    used: list[int] = field(default_factory=list)

    def now(self) -> Reading:
        return self.reading

    def forget(self) -> None:
        self.forgotten += 1
        self.reading = replace(self.reading, memory=0)

    def use(
        self, cpu: int, wall: int = 0, read: int = 0, written: int = 0, memory: int = 0
    ) -> None:
        was = self.reading
        self.reading = Reading(
            was.cpu + cpu,
            was.wall + wall,
            max(was.memory, memory),
            was.read + read,
            was.written + written,
        )


def metered() -> tuple[Scripted, Meter]:
    process = Scripted()
    return process, Meter(process, NOTHING, lambda: WHEN)


def by_step(accounts: list[Account]) -> dict[tuple[str, int], Account]:
    return {(account.step, account.attempt): account for account in accounts}


ACTION = st.one_of(
    st.tuples(st.just("begin"), st.sampled_from("ab"), st.sampled_from(["", "x", "y"])),
    st.tuples(st.just("end"), st.sampled_from("ab"), st.sampled_from(["", "x", "y"])),
    st.just(("sample", "", "")),
    st.just(("take", "", "")),
)
STEP = st.tuples(ACTION, *[st.integers(min_value=0, max_value=10**9)] * 4)


@given(st.lists(STEP, max_size=40))
def test_accounts_add_up_to_what_the_process_used(
    story: list[tuple[tuple[str, str, str], int, int, int, int]],
) -> None:
    process, meter = metered()
    written: dict[tuple[str, str, int], Account] = {}

    def write() -> None:
        written.update({(a.run_id, a.step, a.attempt): a for a in meter.take()})

    for (what, run, step), *used in story:
        process.use(*used)
        match what:
            case "begin" if not meter.is_open(run, step):
                meter.begin(run, step)
            case "end":
                meter.end(run, step)
            case "sample":
                meter.sample()
            case "take":
                write()
    own = meter.take_process()
    write()
    accounts = sum((a.amounts for a in written.values()), Amounts())
    total = replace(own + accounts, memory=0)
    last = process.reading
    assert total == Amounts(last.cpu, last.wall, 0, last.read, last.written)


def test_what_led_to_a_run_is_the_run_s_and_what_is_outside_of_its_steps_too() -> None:
    process, meter = metered()
    process.use(cpu=5, wall=7)
    meter.begin("run", inherit=True)
    process.use(cpu=1)
    meter.begin("run", "step")
    process.use(cpu=10, read=3, written=4)
    meter.end("run", "step")
    process.use(cpu=2)
    meter.end("run")
    found = by_step(meter.take())
    assert found["step", 1].amounts == Amounts(cpu=10, read=3, written=4)
    assert found[RUN, 1].amounts == Amounts(cpu=8, wall=7)
    assert meter.take_process() == Amounts()


def test_a_process_that_lives_long_keeps_what_it_used_before_a_run() -> None:
    process, meter = metered()
    process.use(cpu=5, wall=2_000_000, memory=3_000)
    meter.begin("run")
    process.use(cpu=1)
    meter.end("run")
    assert meter.take_process() == Amounts(cpu=5, wall=2_000_000, memory=6_000)


def test_memory_is_the_step_s_own_peak_for_as_long_as_the_step_took() -> None:
    process, meter = metered()
    meter.begin("run")
    process.use(cpu=0, wall=1_000_000, memory=9_000_000)
    meter.begin("run", "small")
    process.use(cpu=0, wall=2_000_000, memory=4_000_000)
    meter.sample()
    process.use(cpu=0, wall=1_000_000, memory=1_000_000)
    meter.end("run", "small")
    found = by_step(meter.take())
    assert found["small", 1].peak == 4_000_000
    assert found["small", 1].amounts.memory == 4_000 * 3_000
    assert found[RUN, 1].peak == 9_000_000


def test_each_attempt_has_an_account_and_a_run_s_end_closes_what_nobody_ended() -> None:
    process, meter = metered()
    meter.begin("run")
    for cpu, state in ((1, "retry"), (2, "success")):
        meter.begin("run", "step")
        process.use(cpu=cpu)
        meter.end("run", "step", state)
    meter.begin("run", "open")
    meter.end("run", state="failure")
    states = {at: (a.state, a.amounts.cpu) for at, a in by_step(meter.take()).items()}
    assert states == {
        ("step", 1): ("retry", 1),
        ("step", 2): ("success", 2),
        ("open", 1): ("unfinished", 0),
        ("", 1): ("failure", 0),
    }
    assert meter.is_idle


def test_attempts_are_counted_on_when_the_run_was_closed_between_them() -> None:
    process, meter = metered()
    for cpu in (1, 2):
        meter.begin("run")
        meter.begin("run", "step")
        process.use(cpu=cpu)
        meter.end("run", "step")
        meter.end("run")
    found = by_step(meter.take())
    assert [found["step", attempt].amounts.cpu for attempt in (1, 2)] == [1, 2]


def test_what_could_not_be_written_is_there_the_next_time() -> None:
    process, meter = metered()
    meter.begin("run")
    process.use(cpu=3)
    meter.end("run")
    meter.give_back(meter.take())
    assert [account.amounts.cpu for account in meter.take()] == [3]
    assert meter.take() == []


def test_time_never_goes_back_when_a_child_is_missed_for_a_moment() -> None:
    process, meter = metered()
    meter.begin("run")
    process.use(cpu=100)
    meter.sample()
    process.reading = replace(process.reading, cpu=60)
    meter.sample()
    process.reading = replace(process.reading, cpu=110)
    meter.end("run")
    assert [account.amounts.cpu for account in meter.take()] == [110]

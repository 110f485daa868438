#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads a Perfetto trace with a decoder of its own and checks what a viewer relies on: CPUs run one task at a time and
tasks are on one CPU at a time, switches chain, tracks are described before they are used, slices end in their order.
Prints what it found as JSON; exits with 1 and says what is wrong."""
import json
import sys
from collections import Counter, defaultdict


class Wrong(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Wrong(what)


def varint(data, at):
    value = shift = 0
    while True:
        require(at < len(data), "a number is cut short")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        require(shift < 70, "a number is too long")


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def fields(data):
    """(number, value) of each field of a message: an integer, or bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        require(key >> 3 != 0, "a field has number 0")
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            require(key & 7 == 2, f"wire type {key & 7}")
            length, at = varint(data, at)
            require(at + length <= len(data), "a message is longer than what holds it")
            value = data[at : at + length]
            at += length
        yield key >> 3, value


def message(data):
    return dict(fields(data))


def text(value):
    return value.decode("utf-8", "replace")


class Checker:
    def __init__(self):
        self.switches = defaultdict(list)  # by CPU: (time, prev, next, prev_state, prev_comm, next_comm)
        self.kinds = Counter()
        self.wakings = []
        self.tracks = {}
        self.counters = set()
        self.track_events = defaultdict(list)
        self.threads = {}
        self.processes = {}
        self.renames = []
        self.new_tasks = []
        self.release = None

    def bundle(self, data):
        cpu = None
        for number, value in fields(data):
            if number == 1:
                cpu = value
            elif number == 2:
                self.ftrace(cpu, value)
            else:
                raise Wrong(f"FtraceEventBundle has a field {number}")

    def ftrace(self, cpu, data):
        require(cpu is not None, "an event has no CPU")
        event = message(data)
        time, pid = event.pop(1), event.pop(2)
        require(len(event) == 1, "an ftrace event is not of one kind")
        kind, contents = event.popitem()
        one = message(contents)
        self.kinds[kind] += 1
        if kind == 4:
            require(set(one) == {1, 2, 3, 4, 5, 6, 7}, "sched_switch lacks fields")
            require(pid == one[2], "sched_switch is not of the task that it takes away")
            self.switches[cpu].append((time, one[2], one[6], one[4], text(one[1]), text(one[5])))
        elif kind in (20, 114):
            self.wakings.append((time, one[2], one[5]))
        elif kind == 235:
            self.new_tasks.append((one[1], text(one[2]), one[3], pid))
        elif kind == 236:
            self.renames.append((one[1], text(one[2]), text(one[3])))

    def tree(self, data):
        for number, value in fields(data):
            one = message(value)
            if number == 1:
                self.processes[one[1]] = text(one[3])
            elif number == 2:
                self.threads[one[1]] = (one[3], text(one[2]))

    def descriptor(self, data):
        one = message(data)
        require(one[1] not in self.tracks, f"track {one[1]} is described twice")
        require(5 not in one or one[5] in self.tracks, "a track's parent is not described before it")
        self.tracks[one[1]] = text(one[2])
        if 8 in one:
            self.counters.add(one[1])

    def track_event(self, time, data):
        name = None
        value = None
        track = kind = None
        for number, contents in fields(data):
            if number == 9:
                kind = contents
            elif number == 11:
                track = contents
            elif number == 23:
                name = text(contents)
            elif number == 30:
                value = signed(contents)
            elif number == 4:
                annotation = message(contents)
                require(10 in annotation and len(annotation) == 2, "an annotation is not a name and a value")
        require(track in self.tracks, f"an event is on track {track}, which nobody described")
        require((kind == 4) == (track in self.counters), "a counter's value is no counter's")
        require(time is not None, "an event has no time")
        self.track_events[track].append((time, kind, name, value))

    def packet(self, data):
        sequence = time = None
        known = 0
        for number, value in fields(data):
            if number == 8:
                time = value
            elif number == 10:
                sequence = value
            elif number == 1:
                self.bundle(value)
                known += 1
            elif number == 2:
                self.tree(value)
                known += 1
            elif number == 11:
                require(sequence, "a track event is of no sequence")
                self.track_event(time, value)
                known += 1
            elif number == 60:
                self.descriptor(value)
                known += 1
            elif number == 45:
                self.release = text(message(message(value)[1])[3])
                known += 1
            else:
                require(number == 13, f"TracePacket has a field {number}")
        require(known == 1, "a packet is not of one kind")

    def check_switches(self):
        runs = defaultdict(list)
        for cpu, switches in self.switches.items():
            on, since = None, None
            for time, prev, following, _, _, _ in switches:
                if on is not None:
                    require(prev == on, f"CPU {cpu} at {time}: {prev} leaves, but {on} ran")
                    require(time >= since, f"CPU {cpu} at {time}: time goes back")
                    if on != 0:
                        runs[on].append((since, time, cpu))
                on, since = following, time
        for pid, slices in runs.items():
            slices.sort()
            for (_, end, a), (begin, _, b) in zip(slices, slices[1:]):
                require(begin >= end, f"{pid} runs on CPU {a} and CPU {b} at {begin}")
        return {pid: sum(end - begin for begin, end, _ in slices) for pid, slices in runs.items()}

    def check_tracks(self):
        for track, events in self.track_events.items():
            events.sort(key=lambda event: event[0])  # stable, as a viewer does it
            depth = 0
            for time, kind, _, value in events:
                if kind == 4:
                    require(value >= 0, f"{self.tracks[track]} is {value} at {time}")
                depth += {1: 1, 2: -1}.get(kind, 0)
                require(depth >= 0, f"{self.tracks[track]}: a slice ends at {time} that did not begin")

    def summary(self, ran):
        return {
            "release": self.release,
            "cpus": sorted(self.switches),
            "kinds": {str(kind): count for kind, count in sorted(self.kinds.items())},
            "states": {str(k): v for k, v in sorted(Counter(s[3] for all in self.switches.values() for s in all).items())},
            "comms": sorted({s[5] for all in self.switches.values() for s in all}),
            "ran_ns": {str(pid): time for pid, time in sorted(ran.items())},
            "threads": {str(tid): list(about) for tid, about in sorted(self.threads.items())},
            "processes": {str(pid): name for pid, name in sorted(self.processes.items())},
            "new_tasks": self.new_tasks,
            "renames": self.renames,
            "wakings": len(self.wakings),
            "tracks": {
                self.tracks[track]: [[time, kind, name if value is None else value] for time, kind, name, value in events[:8]]
                for track, events in self.track_events.items()
            },
        }


def main(path):
    with open(path, "rb") as file:
        data = memoryview(file.read()).toreadonly()
    checker = Checker()
    try:
        for number, packet in fields(bytes(data)):
            require(number == 1, f"Trace has a field {number}")
            checker.packet(packet)
        ran = checker.check_switches()
        checker.check_tracks()
    except (Wrong, KeyError) as wrong:
        print(f"{path}: {wrong}")
        return 1
    json.dump(checker.summary(ran), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

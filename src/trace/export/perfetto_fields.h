// SPDX-License-Identifier: Apache-2.0
//
// Numbers of fields, by the message that they belong to: protos/perfetto/trace/trace_packet.proto and what it includes
// of ftrace/, track_event/, ps/ and common/.
#pragma once

#include <cstdint>

namespace ktstr::pb {

namespace trace {
constexpr std::uint32_t kPacket = 1;
}
namespace packet {  // TracePacket
constexpr std::uint32_t kFtraceEvents = 1, kProcessTree = 2, kTimestamp = 8, kSequence = 10, kTrackEvent = 11,
                        kSequenceFlags = 13, kSystemInfo = 45, kTrackDescriptor = 60;
constexpr int kStateCleared = 1;  // SEQ_INCREMENTAL_STATE_CLEARED
}  // namespace packet
namespace system_info {  // SystemInfo, Utsname
constexpr std::uint32_t kUtsname = 1, kNumCpus = 8;
constexpr std::uint32_t kSysname = 1, kRelease = 3;
}  // namespace system_info
namespace process_tree {  // ProcessTree, ProcessTree.Process, ProcessTree.Thread
constexpr std::uint32_t kProcesses = 1, kThreads = 2;
constexpr std::uint32_t kPid = 1, kCmdline = 3;
constexpr std::uint32_t kTid = 1, kName = 2, kTgid = 3;
}  // namespace process_tree
namespace bundle {  // FtraceEventBundle
constexpr std::uint32_t kCpu = 1, kEvent = 2;
}
namespace ftrace {  // FtraceEvent
constexpr std::uint32_t kTimestamp = 1, kPid = 2, kSchedSwitch = 4, kSchedWaking = 20, kIrqEntry = 36, kIrqExit = 37,
                        kSchedWakeupNew = 114, kTaskNewtask = 235, kTaskRename = 236, kSchedProcessExit = 238,
                        kSchedProcessFree = 240;
}
namespace sched_switch {  // SchedSwitchFtraceEvent
constexpr std::uint32_t kPrevComm = 1, kPrevPid = 2, kPrevPrio = 3, kPrevState = 4, kNextComm = 5, kNextPid = 6,
                        kNextPrio = 7;
}
namespace waking {  // SchedWakingFtraceEvent, SchedWakeupNewFtraceEvent
constexpr std::uint32_t kComm = 1, kPid = 2, kPrio = 3, kSuccess = 4, kTargetCpu = 5;
}
namespace newtask {  // TaskNewtaskFtraceEvent
constexpr std::uint32_t kPid = 1, kComm = 2, kCloneFlags = 3;
}
namespace rename {  // TaskRenameFtraceEvent
constexpr std::uint32_t kPid = 1, kOldComm = 2, kNewComm = 3;
}
namespace process_exit {  // SchedProcessExitFtraceEvent
constexpr std::uint32_t kComm = 1, kPid = 2, kTgid = 3, kPrio = 4;
}
namespace process_free {  // SchedProcessFreeFtraceEvent
constexpr std::uint32_t kComm = 1, kPid = 2, kPrio = 3;
}
namespace irq {  // IrqHandlerEntryFtraceEvent, IrqHandlerExitFtraceEvent
constexpr std::uint32_t kIrq = 1, kName = 2, kReturn = 2;
}
namespace track {  // TrackDescriptor
constexpr std::uint32_t kUuid = 1, kName = 2, kParent = 5, kCounter = 8;
}
namespace counter {  // CounterDescriptor
constexpr std::uint32_t kUnit = 3;
constexpr int kCount = 2;  // UNIT_COUNT
}  // namespace counter
namespace track_event {  // TrackEvent
constexpr std::uint32_t kAnnotations = 4, kType = 9, kTrack = 11, kName = 23, kCounterValue = 30;
constexpr int kSliceBegin = 1, kSliceEnd = 2, kInstant = 3, kCounter = 4;
}  // namespace track_event
namespace annotation {  // DebugAnnotation
constexpr std::uint32_t kUint = 3, kInt = 4, kText = 6, kName = 10;
}
}  // namespace ktstr::pb

// SPDX-License-Identifier: Apache-2.0
//
// What each op does. One function an op, in the file of its family: ops_cgroup.cpp, ops_cpuset.cpp, ops_workers.cpp,
// ops_payload.cpp, ops_machine.cpp. World::apply() calls them.
#pragma once

#include "ktstr/op.h"
#include "scenario/world.h"

namespace ktstr {

Status apply(const op::AddCgroup& op, World& world);
Status apply(const op::AddCgroupDef& op, World& world);
Status apply(const op::RemoveCgroup& op, World& world);
Status apply(const op::StopCgroup& op, World& world);
Status apply(const op::KillCgroup& op, World& world);
Status apply(const op::MoveAllTasks& op, World& world);
Status apply(const op::FreezeCgroup& op, World& world);
Status apply(const op::UnfreezeCgroup& op, World& world);
Status apply(const op::SetKnob& op, World& world);
Status apply(const op::CaptureCgroupProcs& op, World& world);

Status apply(const op::SetCpuset& op, World& world);
Status apply(const op::ClearCpuset& op, World& world);
Status apply(const op::SwapCpusets& op, World& world);
Status apply(const op::SetAffinity& op, World& world);

Status apply(const op::Spawn& op, World& world);
Status apply(const op::SetNice& op, World& world);
Status apply(const op::SetPolicy& op, World& world);
Status apply(const op::SetUclamp& op, World& world);
Status apply(const op::CoreSchedCreate& op, World& world);
Status apply(const op::CoreSchedShare& op, World& world);
Status apply(const op::CoreSchedClear& op, World& world);
Status apply(const op::SignalStorm& op, World& world);

Status apply(const op::RunPayload& op, World& world);
Status apply(const op::WaitPayload& op, World& world);
Status apply(const op::KillPayload& op, World& world);

Status apply(const op::CpuOffline& op, World& world);
Status apply(const op::CpuOnline& op, World& world);
Status apply(const op::SetSmt& op, World& world);
Status apply(const op::WriteSysctl& op, World& world);
Status apply(const op::SteerIrq& op, World& world);
Status apply(const op::SetCpuSpeed& op, World& world);

}  // namespace ktstr

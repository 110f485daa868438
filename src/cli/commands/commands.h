// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of `ktstr`, one file each. Each returns the exit status (exit_status.h).
#pragma once

#include "cli/command_line.h"

namespace ktstr::cli {

int execute(const ShowText& text);
int execute(const RunCommand& command);
int execute(const ReplayCommand& command);
int execute(const TraceCommand& command);
int execute(const WhyCommand& command);
int execute(const RacesCommand& command);
int execute(const TestCommand& command);
int execute(const KernelFetchCommand& command);
int execute(const KernelListCommand& command);
int execute(const KernelRemoveCommand& command);
int execute(const KernelPathCommand& command);
int execute(const WarmListCommand& command);
int execute(const WarmBuildCommand& command);
int execute(const WarmCleanCommand& command);
int execute(const RunsListCommand& command);
int execute(const RunsShowCommand& command);
int execute(const RunsExportCommand& command);
int execute(const ReportCommand& command);
int execute(const RunsCleanCommand& command);
int execute(const ScenariosCommand& command);
int execute(const SchedulersCommand& command);
int execute(const WorkListCommand& command);
int execute(const WorkShowCommand& command);
int execute(const WorkImportCommand& command);
int execute(const DoctorCommand& command);
int execute(const ExportCommand& command);
int execute(const CompletionCommand& command);
int execute(const ManCommand& command);

// 0: warnings and errors; 1: what is being done; 2 and more: why.
void set_verbosity(int verbosity);

}  // namespace ktstr::cli

// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "base/system/process.h"
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "runner/interrupt.h"

namespace ktstr::cli {

namespace {

Result<fs::path> find_test_program(const std::string& program) {
  std::error_code ignored;
  if (program.find('/') == std::string::npos && !fs::exists(program, ignored)) return find_program(program);
  const fs::path path = fs::absolute(program).lexically_normal();
  if (!fs::exists(path, ignored))
    return fail(ErrorCode::kNotFound, "test program {}: no such file", path.string())
        .with_hint("a test program is what ktstr::main and KTSTR_TESTs are linked into");
  if (!fs::is_regular_file(path, ignored) || ::access(path.c_str(), X_OK) != 0)
    return fail(ErrorCode::kInvalidArgument, "test program {}: not an executable file", path.string());
  return path;
}

}  // namespace

int execute(const TestCommand& command) {
  const auto program = find_test_program(command.program);
  if (!program) return report_error(program.error());
  std::vector<std::string> words = {program->string()};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  forget_ends();
  ::execv(argv.front(), argv.data());
  return report_error(fail_errno("start test program {}", program->string()));
}

}  // namespace ktstr::cli

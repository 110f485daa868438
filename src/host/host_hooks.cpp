// SPDX-License-Identifier: Apache-2.0
#include "host/host_hooks.h"

namespace ktstr {

Result<std::shared_ptr<const ExecutorHooks>> host_hooks(UndoJournal& journal) {
  KTSTR_TRY_ASSIGN(ExecutorHooks hooks, ExecutorHooks::real(0));
  hooks.before_machine_change = [&journal](const fs::path& file, const std::string& before) {
    return journal.note(file, before);
  };
  return std::make_shared<const ExecutorHooks>(std::move(hooks));
}

}  // namespace ktstr

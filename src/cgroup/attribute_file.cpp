// SPDX-License-Identifier: Apache-2.0
#include "cgroup/attribute_file.h"

#include <cerrno>

#include "cgroup/attribute.h"
#include "cgroup/controllers.h"
#include "cgroup/group_dir.h"
#include "cgroup/knob_table.h"

namespace ktstr {

namespace {

// In place of "no such file": why the group has none. `error` as it is where nothing is known of the file, or where the
// group itself is no more.
Error explain_missing(const Fd& group, std::string_view where, std::string_view file, Error error) {
  const std::string_view needs = attribute_needs(file);
  if (needs.empty()) return error;
  const auto offered = read_group_file(group, "cgroup.controllers");
  if (!offered) return error;
  const std::string_view controller = attribute_controller(file);
  if (!controller.empty() && !lists_controller(*offered, controller))
    return fail(ErrorCode::kUnsupported, "{} has no {}: the controller '{}' is not enabled for it, only '{}'", where,
                file, controller, *offered)
        .with_hint(fmt::format("enable '{}' in cgroup.subtree_control of the group above it", controller));
  return fail(ErrorCode::kUnsupported, "{} has no {}: the kernel does not offer this file", where, file)
      .with_hint(fmt::format("it takes a kernel with {}", needs));
}

// What the kernel refuses comes with what the file takes.
Error explain_refusal(std::string_view file, std::string_view value, Error error) {
  const auto knob = knob_of_file(file);
  if (!knob || !error.hint().empty()) return error;
  switch (error.saved_errno()) {
    case EINVAL:
    case ERANGE:
      if (!knob_row(*knob).accepts(value))
        return std::move(error).with_hint(fmt::format("{} takes {}", file, knob_row(*knob).form));
      return std::move(error).with_hint(fmt::format(
          "{} takes {}, and '{}' is that; what forbids it is another file of the group, a group above it or "
          "what the machine has",
          file, knob_row(*knob).form, value));
    case ENODEV:
      return std::move(error).with_hint(
          "MAJOR:MINOR must be those of a whole disk that is there; see /proc/partitions");
    default:
      return error;
  }
}

}  // namespace

Result<std::string> read_attribute_file(const Fd& group, std::string_view where, std::string_view file) {
  auto text = read_group_file(group, file).context(std::string(where));
  if (!text && text.error().saved_errno() == ENOENT)
    return explain_missing(group, where, file, std::move(text).error());
  return text;
}

Status write_attribute_file(const Fd& group, std::string_view where, std::string_view file, std::string_view value) {
  Status written = write_group_file(group, file, value).context(std::string(where));
  if (written) return ok();
  if (written.error().saved_errno() == ENOENT) return explain_missing(group, where, file, std::move(written).error());
  return explain_refusal(file, value, std::move(written).error());
}

Status set_attribute_file(const Fd& group, std::string_view where, std::string_view file, std::string_view value) {
  KTSTR_TRY(write_attribute_file(group, where, file, value));
  if (!attribute_echoes(file)) return ok();
  KTSTR_TRY_ASSIGN(const std::string shown, read_attribute_file(group, where, file));
  if (!attribute_shows(file, value, shown))
    return fail(ErrorCode::kIo, "{} of {} was set to '{}' and shows '{}'", file, where, value, shown);
  return ok();
}

}  // namespace ktstr

// SPDX-License-Identifier: Apache-2.0
#include "cli/manual/man_page.h"

#include <fmt/format.h>

#include <algorithm>

namespace ktstr::cli {

namespace {

// As text in a line, wherever it stands.
std::string roff(std::string_view text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    at_start = c == '\n';
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '"':
        out += "\\(dq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }

// One sentence, as those of the help are.
std::string sentence(std::string_view help) {
  std::string text(help);
  if (!text.empty() && text.back() != '.') text += '.';
  return roff(text) + "\n";
}

std::string usage(const CommandNode& command) {
  std::string line = bold(command.path);
  const auto is_flag = [](const OptionNode& each) { return !each.positional; };
  if (std::any_of(command.options.begin(), command.options.end(), is_flag)) line += " [" + italic("OPTION") + "...]";
  for (const OptionNode& each : command.options) {
    if (!each.positional) continue;
    const std::string word = italic(each.type.empty() ? each.names.front() : each.type) + (each.many ? "..." : "");
    line += each.required ? " " + word : " [" + word + "]";
  }
  if (!command.commands.empty()) line += " " + italic("COMMAND") + " ...";
  return line + "\n";
}

std::string options(const CommandNode& command, std::string_view heading) {
  std::string text;
  for (const OptionNode& each : command.options) {
    if (heading.empty() && each.names.front() == "--help") continue;  // once a page
    std::string names;
    if (each.positional) {
      names = italic(each.type.empty() ? each.names.front() : each.type);
    } else {
      for (const std::string& name : each.names) names += (names.empty() ? "" : ", ") + bold(name);
      if (each.takes_value()) names += " " + italic(each.type);
    }
    text += ".TP\n" + names + "\n" + sentence(each.help);
  }
  return text.empty() ? text : std::string(heading) + text;
}

std::string paragraphs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) out += ".PP\n" + roff(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

constexpr std::string_view kOfRoot = R"(.PP
A test boots a real, unmodified kernel in QEMU with the topology that it asks for, starts the scheduler under test, runs a
scenario of cgroups and workers, and gives a verdict with what was measured.
.PP
.EX
ktstr run :steady
ktstr run test.toml \-\-scheduler "scx_mine \-\-slice 5ms"
ktstr why
.EE
)";

constexpr std::string_view kExitStatus = R"(.SH EXIT STATUS
.TP
0
All passed or were skipped.
.TP
1
A test failed.
.TP
2
A run was inconclusive.
.TP
3
The harness could not find out.
.TP
64
What was asked for cannot work.
.TP
130
Interrupted.
.TP
141
Nobody reads standard output any more.
)";

constexpr std::string_view kEnvironment = R"(.SH ENVIRONMENT
.TP
.B KTSTR_KERNEL
The kernel to boot where no flag names one.
.TP
.B KTSTR_KERNEL_CACHE
The directory of kernels.
.TP
.B KTSTR_REPORT
What
.B \-\-report
has where it is not given: targets with blanks between them.
.TP
.B XDG_STATE_HOME\fR, \fBXDG_CACHE_HOME
Where runs are kept, and where kernels and images of booted machines are.
.TP
.B NO_COLOR
No colours, whatever its value is.
.SH FILES
.TP
.I \(ti/.local/state/ktstr/runs
Kept runs, a directory each.
.TP
.I \(ti/.cache/ktstr
Kernels and images of booted machines.
.TP
.I ktstr.toml
Declares schedulers, for the directory that it is in and all below it.
)";

}  // namespace

std::string page_name(const CommandNode& command) {
  std::string name = command.path;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string man_page(const CommandNode& root, const CommandNode& command, std::string_view date,
                     std::string_view version) {
  const bool is_root = command.path == root.path;
  const std::string name = page_name(command);
  std::string title = name;
  std::transform(title.begin(), title.end(), title.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  std::string help = command.help;
  if (!help.empty() && help.back() == '.') help.pop_back();
  std::string page = fmt::format(".\\\" From `ktstr man`.\n.TH {} 1 \"{}\" \"{}\" \"ktstr manual\"\n", roff(title),
                                 date, roff(version));
  page += fmt::format(".SH NAME\n{} \\- {}\n", roff(name), roff(help));
  page += ".SH SYNOPSIS\n" + usage(command);
  for (const CommandNode& each : command.commands)
    if (!is_root) page += ".br\n" + usage(each);
  page += is_root ? ".SH DESCRIPTION" + std::string(kOfRoot.substr(3)) : "";
  if (const std::string more = paragraphs(command.footer); !more.empty()) page += ".SH DESCRIPTION\n" + more.substr(4);
  page += options(command, ".SH OPTIONS\n");
  if (!command.commands.empty()) page += ".SH COMMANDS\n";
  for (const CommandNode& each : command.commands) {
    if (is_root) {
      page += ".TP\n\\fB" + roff(page_name(each)) + "\\fR(1)\n" + sentence(each.help);
    } else {
      page += ".SS " + roff(each.name) + "\n" + sentence(each.help) + paragraphs(each.footer) + options(each, "");
    }
  }
  if (is_root) page += std::string(kExitStatus) + std::string(kEnvironment);
  page += ".SH SEE ALSO\n";
  if (!is_root) page += bold(page_name(root)) + "(1)";
  std::string others;
  if (is_root)
    for (const CommandNode& each : root.commands)
      others += (others.empty() ? "" : ",\n") + ("\\fB" + roff(page_name(each)) + "\\fR(1)");
  return page + others + "\n";
}

}  // namespace ktstr::cli

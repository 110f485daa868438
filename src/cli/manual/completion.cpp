// SPDX-License-Identifier: Apache-2.0
#include "cli/manual/completion.h"

#include <algorithm>
#include <array>

namespace ktstr::cli {

namespace {

using Files = Completion::Files;

// What a word of a type means: the parts of "PATH|KEY|VERSION". What has no capital letter is the value itself.
struct Placeholder {
  std::string_view word;
  std::optional<ValueSource> source;
  Files files = Files::kNone;
};
constexpr std::array kPlaceholders = {
    Placeholder{"ID", ValueSource::kRuns},
    Placeholder{"RUN", ValueSource::kRuns},
    Placeholder{":NAME", ValueSource::kScenarios},
    Placeholder{"KEY", ValueSource::kKernels},
    Placeholder{"SPEC", ValueSource::kKernels, Files::kAny},
    Placeholder{"\"PATH ARGS\"", ValueSource::kSchedulers, Files::kAny},
    Placeholder{"NnNlNcNt", ValueSource::kTopologies},
    Placeholder{"DIGEST", ValueSource::kImages},
    Placeholder{"TYPE", ValueSource::kWorkTypes},
    Placeholder{"FORMAT:FILE", ValueSource::kFormats},
    Placeholder{"FILE.toml", {}, Files::kToml},
    Placeholder{"FILE", {}, Files::kAny},
    Placeholder{"PATH", {}, Files::kAny},
    Placeholder{"PROGRAM", {}, Files::kAny},
    Placeholder{"DIR", {}, Files::kDirectories},
};

// NAME and LIST say nothing: by the flag, or by the command of a positional one.
struct Named {
  std::string_view of;
  std::optional<ValueSource> source;
  std::vector<std::string_view> values = {};
  bool list = false;  // several, with commas between them
};
const std::vector<Named>& named_values() {
  static const std::vector<Named> named = {
      {.of = "--policy", .source = ValueSource::kPolicies},
      {.of = "--work-type", .source = ValueSource::kWorkTypes},
      {.of = "ktstr work show", .source = ValueSource::kWorkTypes},
      {.of = "ktstr schedulers", .source = ValueSource::kSchedulers},
      {.of = "--vary",
       .source = {},
       .values = {"handover", "random", "offsets", "phases", "pauses", "placement", "cpu", "all", "none"},
       .list = true},
      {.of = "--with", .source = {}, .values = {"console", "events"}, .list = true},
      {.of = "--format", .source = {}, .values = {"rt-app", "text", "perfetto", "ktstr", "dump"}},
      {.of = "--until", .source = {}, .values = {"fail", "fail-20ms", "fail+20ms"}},
  };
  return named;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = std::min(text.find(at), text.size());
    parts.push_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

bool has_capital(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

class Completer {
 public:
  Completer(const CommandNode& root, const ListValues& list) : root_(root), node_(&root), list_(list) {}

  Completion complete(const std::vector<std::string>& words) {
    if (words.empty()) return {};
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (!take(words[i])) {
        found_.files = Files::kAny;
        return std::move(found_);
      }
    }
    add_for(words.back());
    return std::move(found_);
  }

 private:
  // False for a word after which all words are a program's own.
  bool take(const std::string& word) {
    if (pending_ != nullptr) {
      pending_ = nullptr;
      return true;
    }
    if (word == "--") return false;
    if (word.size() > 1 && word.front() == '-') {
      const std::size_t equals = word.find('=');
      const OptionNode* option = find_option(word.substr(0, equals));
      if (option != nullptr) given_.push_back(option);
      if (option != nullptr && option->takes_value() && equals == std::string::npos) pending_ = option;
      return true;
    }
    if (const CommandNode* command = node_->find(word)) {
      node_ = command;
      positional_ = 0;
      given_.clear();
      return true;
    }
    const OptionNode* option = positional();
    ++positional_;
    return option == nullptr || option->type != "PROGRAM";
  }

  void add_for(std::string_view typed) {
    if (pending_ != nullptr) return add_values(*pending_, "", typed);
    if (const std::size_t equals = typed.find('='); typed.starts_with("--") && equals != std::string_view::npos) {
      if (const OptionNode* option = find_option(typed.substr(0, equals)); option != nullptr && option->takes_value())
        add_values(*option, typed.substr(0, equals + 1), typed.substr(equals + 1));
      return;
    }
    if (typed.starts_with("-")) return add_flags(typed);
    for (const CommandNode& each : node_->commands) add(each.name, each.help, typed);
    if (const OptionNode* option = positional())
      add_values(*option, "", typed);
    else if (node_->commands.empty())
      add_flags(typed);
  }

  const OptionNode* find_option(std::string_view name) const {
    for (const OptionNode& each : node_->options)
      if (!each.positional && std::find(each.names.begin(), each.names.end(), name) != each.names.end()) return &each;
    return nullptr;
  }

  const OptionNode* positional() const {
    std::size_t at = 0;
    for (const OptionNode& each : node_->options)
      if (each.positional && (at++ == positional_ || each.many)) return &each;
    return nullptr;
  }

  void add_flags(std::string_view typed) {
    for (const OptionNode& each : node_->options) {
      const bool again = each.many || std::find(given_.begin(), given_.end(), &each) == given_.end();
      if (!each.positional && again) add(each.names.front(), each.help, typed);
    }
  }

  void add(std::string_view value, std::string_view what, std::string_view typed) {
    if (value.starts_with(typed)) found_.candidates.push_back({std::string(value), std::string(what)});
  }

  void add_listed(ValueSource source, const std::string& before, std::string_view typed) {
    for (const Candidate& each : list_(source)) add(before + each.value, each.what, before + std::string(typed));
  }

  // `before`: what stands before the value in the same word.
  void add_values(const OptionNode& option, std::string_view before, std::string_view typed) {
    const std::string_view of = option.positional ? std::string_view(node_->path) : option.names.front();
    std::string prefix(before);
    if (option.type == "NAME" || option.type == "LIST" || option.type == "FORMAT" || option.type == "console,events" ||
        option.type == "TIME") {
      for (const Named& each : named_values()) {
        if (each.of != of) continue;
        if (const std::size_t comma = typed.rfind(','); each.list && comma != std::string_view::npos) {
          prefix += typed.substr(0, comma + 1);
          typed.remove_prefix(comma + 1);
        }
        for (const std::string_view value : each.values)
          add(prefix + std::string(value), "", prefix + std::string(typed));
        if (each.source) add_listed(*each.source, prefix, typed);
      }
      return;
    }
    if (const std::size_t colon = typed.find(':'); option.type == "FORMAT:FILE" && colon != std::string_view::npos) {
      found_.files = Files::kAny;
      return;
    }
    if (option.type == "COMMAND") {
      for (const CommandNode& each : root_.commands) add(each.name, each.help, typed);
      return;
    }
    for (const std::string_view part : split(option.type, '|')) {
      const auto* known = std::find_if(kPlaceholders.begin(), kPlaceholders.end(),
                                       [&](const Placeholder& each) { return each.word == part; });
      if (known != kPlaceholders.end()) {
        if (known->source) add_listed(*known->source, prefix, typed);
        if (known->files != Files::kNone) found_.files = known->files;
      } else if (!has_capital(part)) {
        add(prefix + std::string(part), "", prefix + std::string(typed));
      }
    }
  }

  const CommandNode& root_;
  const CommandNode* node_;
  const ListValues& list_;
  const OptionNode* pending_ = nullptr;  // whose value comes next
  std::size_t positional_ = 0;           // words of this command so far
  std::vector<const OptionNode*> given_;
  Completion found_;
};

std::string in_a_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  return line;
}

}  // namespace

Completion complete(const CommandNode& root, const std::vector<std::string>& words, const ListValues& list) {
  return Completer(root, list).complete(words);
}

std::string to_lines(const Completion& completion) {
  constexpr std::array<std::string_view, 4> kFiles = {"none", "any", "toml", "directories"};
  std::string lines(kFiles[static_cast<std::size_t>(completion.files)]);
  lines += '\n';
  for (const Candidate& each : completion.candidates)
    lines += in_a_line(each.value) + '\t' + in_a_line(each.what) + '\n';
  return lines;
}

}  // namespace ktstr::cli

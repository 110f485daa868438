// SPDX-License-Identifier: Apache-2.0
//
// Completion in the shells themselves and manual pages in the programs that show them, as far as they are installed.
#include <gmock/gmock.h>

#include "run_ktstr.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::UnorderedElementsAre;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return lines;
}

class Manual : public KtstrProgram {
 protected:
  void SetUp() override {
    KtstrProgram::SetUp();
    write("two.toml", "");
    write("notes.txt", "");
    fs::create_directories(path("bin"));
    fs::create_symlink(KTSTR_PROGRAM, path("bin/ktstr"));
  }

  fs::path script(const std::string& shell) const {
    const Ran ran = run({"completion", shell});
    EXPECT_TRUE(ran.status.success()) << ran.err;
    return write("completion." + shell, ran.out);
  }

  Ran in_shell(const std::string& shell, const std::vector<std::string>& arguments) const {
    return run_program(shell, arguments, {"PATH=" + path("bin").string() + ":/usr/bin:/bin", "TERM=dumb"});
  }

  // COMPREPLY of a command line whose cursor is at its end; `words` is what bash makes of it; `without`: what does not
  // break words here.
  std::vector<std::string> in_bash(const std::string& line, const std::string& words,
                                   const std::string& without = "") const {
    const std::string unbroken = without.empty() ? "" : "COMP_WORDBREAKS=${COMP_WORDBREAKS//[" + without + "]/}; ";
    const std::string program = "source " + script("bash").string() + "; " + unbroken + "COMP_WORDS=(" + words +
                                "); COMP_LINE='" + line +
                                "'; COMP_POINT=${#COMP_LINE}; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _ktstr;" +
                                " printf '%s\\n' \"${COMPREPLY[@]}\"";
    const Ran ran = in_shell("bash", {"--norc", "-c", program});
    EXPECT_EQ(ran.err, "");
    std::vector<std::string> lines = lines_of(ran.out);
    if (lines == std::vector<std::string>{""}) lines.clear();
    return lines;
  }

  std::vector<std::string> in_fish(const std::string& line) const {
    const Ran ran =
        in_shell("fish", {"--no-config", "-c", "source " + script("fish").string() + "; complete -C '" + line + "'"});
    EXPECT_EQ(ran.err, "");
    std::vector<std::string> values;
    for (const std::string& each : lines_of(ran.out)) values.push_back(each.substr(0, each.find('\t')));
    return values;
  }
};

TEST_F(Manual, BashCompletesWhatKtstrKnows) {
  EXPECT_THAT(in_bash("ktstr repl", "ktstr repl"), ElementsAre("replay"));
  EXPECT_THAT(in_bash("ktstr run --mode ", "ktstr run --mode ''"), ElementsAre("det", "kvm", "tcg", "auto"));
  EXPECT_THAT(in_bash("ktstr run --mode=k", "ktstr run --mode = k"), ElementsAre("kvm"));
  EXPECT_THAT(in_bash("ktstr run :steady", "ktstr run : steady"), ElementsAre("steady", "steady_llc"));
  EXPECT_THAT(in_bash("ktstr run ", "ktstr run ''"), IsSupersetOf({"two.toml", ":steady"}));
  EXPECT_THAT(in_bash("ktstr run n", "ktstr run n"), IsEmpty());
  EXPECT_THAT(in_bash("ktstr run --report junit:n", "ktstr run --report junit : n"), ElementsAre("notes.txt"));
  // What bash does not cut off is part of the answer.
  EXPECT_THAT(in_bash("ktstr run --report junit:n", "ktstr run --report junit:n", ":"), ElementsAre("junit:notes.txt"));
  EXPECT_THAT(in_bash("ktstr run --report=junit:n", "ktstr run --report=junit:n", ":="),
              ElementsAre("--report=junit:notes.txt"));
  EXPECT_THAT(in_bash("ktstr run --report=junit:n", "ktstr run --report = junit:n", ":"),
              ElementsAre("junit:notes.txt"));
  EXPECT_THAT(in_bash("ktstr run --report=junit:bi", "ktstr run --report=junit:bi", ":="),
              ElementsAre("--report=junit:bin/"));
  EXPECT_THAT(in_bash("ktstr export :steady --output=n", "ktstr export :steady --output=n", "="),
              ElementsAre("--output=notes.txt"));
  EXPECT_THAT(in_bash("ktstr export :steady --output=n", "ktstr export : steady --output = n"),
              ElementsAre("notes.txt"));
  EXPECT_THAT(in_bash("ktstr why l", "ktstr why l"), ElementsAre("last", "last-failed"));
  EXPECT_THAT(in_bash("", "ktstr man wo"), ElementsAre("work"));  // as a caller who has no line
}

TEST_F(Manual, BashRunsNothingThatIsTyped) {
  in_bash("ktstr run $(touch made)", "ktstr run '$(touch' 'made)'");
  EXPECT_FALSE(fs::exists(path("made")));
}

TEST_F(Manual, FishCompletesWhatKtstrKnows) {
  if (!find_program("fish")) GTEST_SKIP() << "fish is not installed: apt-get install fish";
  EXPECT_THAT(in_fish("ktstr repl"), ElementsAre("replay"));
  EXPECT_THAT(in_fish("ktstr run --mode "), UnorderedElementsAre("det", "kvm", "tcg", "auto"));
  EXPECT_THAT(in_fish("ktstr run --mode=k"), ElementsAre("--mode=kvm"));
  EXPECT_THAT(in_fish("ktstr run :steady"), UnorderedElementsAre(":steady", ":steady_llc"));
  EXPECT_THAT(in_fish("ktstr run t"), ElementsAre("two.toml"));
  EXPECT_THAT(in_fish("ktstr run --report junit:n"), ElementsAre("junit:notes.txt"));
}

// A person's own shell: what has been typed with tabs is the command that runs.
TEST_F(Manual, ZshCompletesWhatKtstrKnows) {
  if (!find_program("zsh")) GTEST_SKIP() << "zsh is not installed: apt-get install zsh";
  const auto typed = [&](const std::string& line) {
    const fs::path driver = write("driver.zsh", R"zsh(
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source $2"
zpty -w z 'ktstr() { if [[ $1 == completion ]]; then command ktstr "$@"; else print -r -- "GOT:$*"; fi }; print RE""ADY'
local out=
while [[ $out != *READY* ]] && zpty -r z chunk; do out+=$chunk; done
zpty -w -n z "${(g::)1}"$'\r'
out=
while [[ $out != *GOT:*$'\n'* ]] && zpty -r z chunk; do out+=$chunk; done
print -r -- "${${out##*GOT:}%%[[:space:]]#$'\n'*}"
zpty -d z
)zsh");
    const Ran ran =
        in_shell("timeout", {"20", "zsh", "-f", "-o", "extendedglob", driver.string(), line, script("zsh").string()});
    EXPECT_EQ(ran.err, "");
    const std::vector<std::string> lines = lines_of(ran.out);
    std::string last = lines.empty() ? "" : lines.front();
    while (!last.empty() && (last.back() == '\r' || last.back() == ' ')) last.pop_back();
    return last;
  };
  EXPECT_EQ(typed("ktstr repl\\tlast-f\\t--with conso\\t"), "replay last-failed --with console");
  EXPECT_EQ(typed("ktstr run :steady_l\\t--mode=k\\t"), "run :steady_llc --mode=kvm");
  EXPECT_EQ(typed("ktstr run tw\\t --report jun\\tnot\\t"), "run two.toml --report junit:notes.txt");
}

TEST_F(Manual, PagesAreTakenWithoutAWarning) {
  const Ran made = run({"man", "--all", "pages"});
  ASSERT_TRUE(made.status.success()) << made.err;
  std::vector<std::string> pages;
  for (const auto& each : fs::directory_iterator(path("pages"))) pages.push_back(each.path().string());
  EXPECT_GT(pages.size(), 15U);
  EXPECT_TRUE(fs::exists(path("pages/ktstr.1")) && fs::exists(path("pages/ktstr-run.1")));
  int looked = 0;
  for (const std::vector<std::string>& reader :
       {std::vector<std::string>{"mandoc", "-T", "lint", "-W", "warning"}, {"groff", "-man", "-ww", "-z", "-Tutf8"}}) {
    if (!find_program(reader.front())) continue;
    ++looked;
    std::vector<std::string> arguments(reader.begin() + 1, reader.end());
    arguments.insert(arguments.end(), pages.begin(), pages.end());
    const Ran ran = run_program(reader.front(), arguments);
    EXPECT_TRUE(ran.status.success()) << reader.front();
    EXPECT_EQ(ran.out + ran.err, "") << reader.front();
  }
  if (looked == 0) GTEST_SKIP() << "neither mandoc nor groff is installed: apt-get install mandoc";
}

TEST_F(Manual, APageIsThatOfACommandOfTheFirstLevel) {
  const std::vector<std::string> today = {"SOURCE_DATE_EPOCH=0"};
  const Ran of_list = run({"man", "runs", "list"}, today);
  EXPECT_EQ(of_list.out, run({"man", "runs"}, today).out);
  EXPECT_THAT(of_list.out, HasSubstr(".TH KTSTR\\-RUNS 1 \"1970-01-01\""));
  const Ran none = run({"man", "rum"});
  EXPECT_EQ(none.status.describe(), "exited with status 64");
  EXPECT_THAT(none.err, HasSubstr("'ktstr' has no command 'rum'; did you mean 'run'?"));
  EXPECT_EQ(run({"completion", "tcsh"}).status.describe(), "exited with status 64");
}

}  // namespace
}  // namespace ktstr

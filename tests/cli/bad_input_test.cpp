// SPDX-License-Identifier: Apache-2.0
//
// What cannot work is refused at once: as the user's (64) where the user named it, as the machine's (3) where it is not
// theirs, with a way out, and without what could act on the terminal.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/text/printable.h"
#include "run_ktstr.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class BadInput : public KtstrProgram {
 protected:
  void expect_refused(const std::vector<std::string>& arguments, const std::string& words) const {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.status.describe(), "exited with status 64") << ran.err;
    EXPECT_THAT(ran.err, AllOf(HasSubstr(words), HasSubstr("hint: ")));
  }
  fs::path fifo(std::string_view name) const {
    const fs::path file = path(name);
    EXPECT_EQ(::mkfifo(file.c_str(), 0755), 0);
    return file;
  }
};

TEST_F(BadInput, AFifoIsRefusedAndNobodyWaitsForItsWriter) {
  const std::string pipe = fifo("pipe").string();
  expect_refused({"run", pipe}, "is not a regular file, but a FIFO");
  expect_refused({"run", good_scenario(), "--scheduler", pipe}, "is not a regular file");
  const Ran kernel = run({"run", good_scenario(), "--mode", "det", "--kernel", pipe});
  EXPECT_EQ(kernel.status.value, 64) << kernel.err;
  EXPECT_THAT(kernel.err, HasSubstr("not a regular file"));
}

TEST_F(BadInput, APathThatCannotBeOneIsTheUsersMistake) {
  expect_refused({"run", std::string(5000, 'x')}, "ENAMETOOLONG");
  expect_refused({"run", good_scenario(), "--scheduler", "./" + std::string(5000, 'x')}, "ENAMETOOLONG");
  expect_refused({"run", good_scenario().string() + "/x"}, "ENOTDIR");
}

TEST_F(BadInput, AFileThatMayNotBeReadIsTheUsersMistake) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  write("closed.toml", "x", 0);
  expect_refused({"run", "closed.toml"}, "EACCES");
}

TEST_F(BadInput, AnEmptyValueDoesNotMeanTheDefault) {
  const Ran ran = run({"run", good_scenario(), "--memory", "0"});
  EXPECT_EQ(ran.status.describe(), "exited with status 64") << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("--memory: a guest needs memory; leave 'memory' out to have it chosen"));
  expect_refused({"run", good_scenario(), "--kernel", ""}, "--kernel ''");
  expect_refused({"warm", "build", "--kernel", ""}, "--kernel ''");
  expect_refused({"replay", "last", "--kernel", ""}, "--kernel ''");
}

TEST_F(BadInput, ARelativeXdgDirectoryIsIgnored) {
  const Ran ran = run({"kernel", "list"}, {"XDG_CACHE_HOME=cache-here"});
  EXPECT_TRUE(ran.status.success()) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("/.cache/ktstr/kernels"));
  EXPECT_FALSE(fs::exists(path("cache-here")));
}

TEST_F(BadInput, ControlCharactersOfNamesAreShownAsNumbers) {
  const std::string evil =
      "\x1b]0;t\a\xc2\x9b"
      "31m\u202ex\x7f\x9b\nktstr: PASS";
  write("evil.toml",
        "name = \"a\"\n\""
        "k\u202ey\" = 1\n");
  const std::vector<std::vector<std::string>> cases = {
      {"run", evil},
      {"run", "evil.toml"},
      {"run", good_scenario(), "--scheduler", evil},
      {"run", good_scenario(), "--topology", evil},
      {"run", good_scenario(), "--mode", evil},
      {"run", good_scenario(), "--mode", "det", "--kernel", evil},
      {"run", good_scenario(), "--" + evil},
      {"run", ":" + evil},
      {"replay", evil},
      {"replay", "last", "--with", evil},
      {"test", evil},
      {"test", "./" + evil},
      {"kernel", "remove", evil},
      {"kernel", "path", evil},
      {"warm", "clean", evil},
      {evil},
  };
  for (const auto& arguments : cases) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.err, escaped(ran.err)) << arguments.front();
    EXPECT_EQ(ran.out, escaped(ran.out)) << arguments.front();
    EXPECT_THAT(ran.err, Not(HasSubstr("\nktstr: PASS"))) << arguments.front();
    EXPECT_EQ(ran.status.value, 64) << ran.err;
  }
}

TEST_F(BadInput, JsonWithControlCharactersStaysTheSameJson) {
  const std::string evil = "x\u202e\u009b\x7f";
  const Ran ran = run({"run", evil, "--json"});
  EXPECT_EQ(ran.out, escaped(ran.out));
  const auto json = nlohmann::json::parse(ran.out, nullptr, false);
  ASSERT_TRUE(json.is_object()) << ran.out;
  EXPECT_THAT(json["error"].get<std::string>(), HasSubstr(evil));
}

TEST_F(BadInput, WithoutAReaderTheExitStatusIsThatOfADeathBySigpipe) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  const Fd writer(ends[1]);
  auto process = Subprocess::start({.argv = {KTSTR_PROGRAM, "scenarios"}, .stdout_fd = writer.get()});
  ASSERT_TRUE(process.has_value());
  const auto status = process->wait();
  ASSERT_TRUE(status.has_value() && status->has_value());
  EXPECT_EQ((*status)->describe(), "exited with status 141");
}

TEST_F(BadInput, WithoutAThreadToBeHadItIsAnErrorWithAWayOut) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become a user who has no more processes";
  good_scenario();
  ::chmod(path("").c_str(), 0755);
  Subprocess::Options options;
  options.argv = {"bash", "-c",
                  "ulimit -u 1; exec setpriv --reuid 65533 --clear-groups " KTSTR_PROGRAM " run good.toml --host"};
  options.env = {"XDG_STATE_HOME=/nonexistent", "XDG_CACHE_HOME=/nonexistent"};
  options.working_dir = path("");
  const auto ran = run_captured(std::move(options), std::chrono::seconds(60));
  ASSERT_TRUE(ran.has_value()) << ran.error().render();
  EXPECT_EQ(ran->status.describe(), "exited with status 3") << ran->err;
  EXPECT_THAT(ran->out, AllOf(HasSubstr("cannot start a thread"), HasSubstr("ulimit -u")));
}

}  // namespace
}  // namespace ktstr

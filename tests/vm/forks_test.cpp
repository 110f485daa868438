// SPDX-License-Identifier: Apache-2.0
//
// Many forks of one tuple are one run, with the host overloaded and somebody looking at the guest's memory all the
// time.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "guests.h"

namespace ktstr {
namespace {

struct Shape {
  const char* name;
  const char* topology;
  bool fixture;
};
void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

// Reads every RAM file of every guest, over and over, until it goes out of scope.
class Reader {
 public:
  explicit Reader(fs::path ram_dir) : thread_([this, dir = std::move(ram_dir)] { read_all(dir); }) {}
  ~Reader() {
    stop_ = true;
    thread_.join();
  }

 private:
  void read_all(const fs::path& dir) {
    std::vector<char> bytes(1 << 20);
    while (!stop_) {
      // Guests come and go meanwhile.
      std::error_code error;
      for (fs::directory_iterator guest(dir, error); !error && guest != fs::directory_iterator();
           guest.increment(error))
        read_file(guest->path() / "ram0", bytes);
    }
  }
  void read_file(const fs::path& path, std::vector<char>& bytes) const {
    const auto fd = open_file(path, O_RDONLY);
    while (fd && !stop_ && ::read(fd->get(), bytes.data(), bytes.size()) > 0) {
    }
  }
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class Forks : public GuestTest, public testing::WithParamInterface<Shape> {
 protected:
  static Subprocess hog() { return *Subprocess::start({.argv = {"sh", "-c", "while :; do :; done"}}); }
  std::vector<std::string> arguments(std::vector<std::string> more) const {
    const fs::path file = write("forks.toml",
                                "duration = '100ms'\n[checks]\nmax_spread_pct = false\n"
                                "[[cgroup]]\nname = 'a'\nworkers = 3\n"
                                "[[cgroup]]\nname = 'b'\nworkers = 3\n"
                                "work = { type = 'Bursty', burst = '1ms', sleep = '1ms' }\n");
    std::vector<std::string> all{file.string(), "--topology", GetParam().topology};
    if (GetParam().fixture) all.insert(all.end(), {"--scheduler", fixture()});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void expect_one_run(std::size_t forks) {
    const GuestRun alone = run(arguments({}));
    ASSERT_EQ(alone.status, 0) << alone.out << alone.err;
    const Subprocess load = hog();
    const Reader reader(ram_dir());
    const GuestRun many = run(arguments({"--repeat", std::to_string(forks), "-j", "2", "-v", "-v"}));
    ASSERT_EQ(many.status, 0) << many.out << many.err;
    EXPECT_EQ(many.json["digests_equal"], true) << many.out;
    EXPECT_EQ(many.json["runs"].size(), forks);
    EXPECT_EQ(many.json["runs"][0]["digest"], alone.json["digest"]) << "quiet and alone, and under load with -v";
  }
};

TEST_P(Forks, AreOneRunUnderLoadAndUnderEyes) { expect_one_run(6); }

const auto kNameOfShape = [](const auto& shape) { return std::string(shape.param.name); };
INSTANTIATE_TEST_SUITE_P(OfEachShape, Forks,
                         testing::Values(Shape{"OneCpu", "1n1l1c1t", false}, Shape{"FourCpusFixture", "1n2l2c1t", true},
                                         Shape{"SixteenCpusFixture", "2n4l2c2t", true}),
                         kNameOfShape);

// For ./dev.sh check.
class LongForks : public Forks {};
TEST_P(LongForks, AreOneRunUnderLoadAndUnderEyes) { expect_one_run(20); }
INSTANTIATE_TEST_SUITE_P(LongOfEachShape, LongForks,
                         testing::Values(Shape{"OneCpu", "1n1l1c1t", false}, Shape{"OneCpuFixture", "1n1l1c1t", true},
                                         Shape{"FourCpus", "1n2l2c1t", false},
                                         Shape{"FourCpusFixture", "1n2l2c1t", true},
                                         Shape{"SixteenCpus", "2n4l2c2t", false},
                                         Shape{"SixteenCpusFixture", "2n4l2c2t", true}),
                         kNameOfShape);

}  // namespace
}  // namespace ktstr

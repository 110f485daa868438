// SPDX-License-Identifier: Apache-2.0
//
// Against the kernels that this machine has in its cache; skipped where there are none.
#include "trace/probes/probe_catalogue.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "kernel/testing/real_kernels.h"
#include "kernel/testing/synthetic_image.h"

namespace ktstr {
namespace {

using ProbesOfRealKernels = RealKernels;

TEST_F(ProbesOfRealKernels, AreAllThatAKernelHas) {
  for (const auto& [kernel, image, symbols, btf] : kernels()) {
    SCOPED_TRACE(kernel.key);
    const auto found = find_probes(image);
    ASSERT_TRUE(found) << found.error().message();
    std::set<TraceKind> placed;
    for (std::size_t i = 0; i < found->probes.size(); ++i) {
      placed.insert(TraceKind{static_cast<std::uint16_t>(found->probes[i].kind)});
      EXPECT_LE(found->probes[i == 0 ? 0 : i - 1].address, found->probes[i].address);
    }
    constexpr TraceKind kOfSchedExt[] = {TraceKind::kDsqInsert, TraceKind::kDsqInsertVtime,
                                         TraceKind::kDsqMove,   TraceKind::kDsqMoveToLocal,
                                         TraceKind::kKick,      TraceKind::kSchedulerExit};
    for_each_trace_kind([&]<typename T>() {
      if (is_on_demand(T::kKind) || T::kKind == TraceKind::kTaskSeen || T::kKind == TraceKind::kCpuSeen ||
          T::kKind == TraceKind::kCgroupSeen)
        return;
      const bool of_sched_ext =
          std::find(std::begin(kOfSchedExt), std::end(kOfSchedExt), T::kKind) != std::end(kOfSchedExt);
      if (of_sched_ext && !kernel.facts.has_sched_ext) return;
      EXPECT_TRUE(placed.contains(T::kKind)) << to_string(T::kKind);
    });
    for (const MissingProbe& missing : found->missing)
      EXPECT_FALSE(kernel.facts.has_sched_ext)
          << to_string(missing.kind) << ' ' << missing.field << ": " << missing.why;
  }
}

// A row that names a field wrongly would shift all that follow.
TEST_F(ProbesOfRealKernels, HaveTheFieldsOfTheirKindsAsValues) {
  for (const RealKernel& kernel : kernels()) {
    const auto found = find_probes(kernel.image);
    ASSERT_TRUE(found) << found.error().message();
    auto check = [](const control::Probe& probe) {
      std::size_t words = 0, kept = 0;
      for (const TraceField& field : trace_fields(TraceKind{static_cast<std::uint16_t>(probe.kind)}))
        words += field.words;
      for (std::uint32_t i = 0; i < probe.steps; ++i) kept += probe.step[i].keep;
      EXPECT_EQ(kept, words) << to_string(TraceKind{static_cast<std::uint16_t>(probe.kind)});
    };
    for (const control::Probe& probe : found->probes) check(probe);
    for (const control::Probe* probe : {&found->layout.task, &found->layout.cgroup, &found->layout.cpu}) check(*probe);
  }
  EXPECT_TRUE(check_catalogue()) << check_catalogue().error().message();
}

TEST_F(ProbesOfRealKernels, AreRemembered) {
  const auto directory = TempDir::create(fs::temp_directory_path(), "ktstr-probes-test");
  ASSERT_TRUE(directory);
  const KernelEntry& kernel = kernels().front().entry;
  const auto first = probes_of(kernel.vmlinux(), kernel.facts.sha256, directory->path());
  ASSERT_TRUE(first) << first.error().message();
  const auto again = probes_of("/no/such/image", kernel.facts.sha256, directory->path());
  ASSERT_TRUE(again) << again.error().message();
  ASSERT_EQ(again->probes.size(), first->probes.size());
  EXPECT_EQ(std::memcmp(again->probes.data(), first->probes.data(), first->probes.size() * sizeof first->probes[0]), 0);
  EXPECT_EQ(again->layout.init_task, first->layout.init_task);
  EXPECT_EQ(again->missing.size(), first->missing.size());
  // What is damaged is looked up again.
  ASSERT_TRUE(write_text(directory->path() / kernel.facts.sha256, "rubbish"));
  EXPECT_TRUE(probes_of(kernel.vmlinux(), kernel.facts.sha256, directory->path()));
}

TEST(ProbeCatalogue, SaysWhyThereIsNone) {
  const auto found = find_probes(synthetic::kernel());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::kNotFound) << found.error().message();
  EXPECT_FALSE(find_probes(as_byte_span("not a kernel")));
}

}  // namespace
}  // namespace ktstr

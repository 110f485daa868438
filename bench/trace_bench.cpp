// SPDX-License-Identifier: Apache-2.0
//
// What a trace's events cost to store, to read and to export. See README.md.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>

#include "trace/export/perfetto.h"
#include "trace/export/trace_text.h"
#include "trace/testing/sample_stream.h"
#include "trace/testing/trace_in_file.h"

namespace ktstr::bench {

namespace {

template <typename Step>
Status timed(const char* what, std::size_t events, Step&& step) {
  const std::clock_t begin = std::clock();
  KTSTR_TRY_ASSIGN(const std::size_t bytes, step());
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  fmt::print("  {:<9} {:5.2f} s, {:5.0f} ns and {:5.1f} bytes an event\n", what, seconds,
             seconds * 1e9 / static_cast<double>(events), static_cast<double>(bytes) / static_cast<double>(events));
  return ok();
}

Status measure(std::size_t count) {
  KTSTR_TRY_ASSIGN(const TempDir directory, TempDir::create(fs::temp_directory_path(), "ktstr-trace-bench"));
  const fs::path file = directory.path() / kTraceFileName;
  const std::vector<TraceEvent> events = sample_stream(count, {.cpus = 8, .tasks = 40, .with_bpf_scheduler = true});
  fmt::print("{} events, CPU time:\n", events.size());
  KTSTR_TRY(timed("store", events.size(), [&]() -> Result<std::size_t> {
    store_trace(file, events);
    return fs::file_size(file);
  }));
  KTSTR_TRY(timed("read", events.size(), [&]() -> Result<std::size_t> {
    KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(file));
    for (;;) {
      KTSTR_TRY_ASSIGN(const auto event, reader.next());
      if (!event) return fs::file_size(file);
    }
  }));
  const auto exported = [&](auto&& with) {
    return [&]() -> Result<std::size_t> {
      KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(file));
      std::size_t bytes = 0;
      KTSTR_TRY(with(reader, [&](const auto& part) {
        bytes += part.size();
        return ok();
      }));
      return bytes;
    };
  };
  KTSTR_TRY(timed("perfetto", events.size(),
                  exported([](TraceReader& reader, const auto& sink) { return export_perfetto(reader, {}, sink); })));
  KTSTR_TRY(timed("text", events.size(),
                  exported([](TraceReader& reader, const auto& sink) { return export_text(reader, sink); })));
  return timed("json", events.size(),
               exported([](TraceReader& reader, const auto& sink) { return export_json(reader, sink); }));
}

}  // namespace

}  // namespace ktstr::bench

int main(int argc, char** argv) {
  std::size_t events = 1'000'000;
  CLI::App app("What a trace's events cost to store, to read and to export");
  app.add_option("--events", events, "how many: 1000000")->check(CLI::Range(1000, 100'000'000));
  CLI11_PARSE(app, argc, argv);
  if (const ktstr::Status status = ktstr::bench::measure(events); !status) {
    fmt::print(stderr, "trace_bench: {}\n", status.error().render());
    return 1;
  }
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "trace/export/trace_text.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "trace/testing/sample_stream.h"
#include "trace/testing/trace_in_file.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

std::string exported(const std::vector<TraceEvent>& events, Status (*with)(TraceReader&, const TraceSink&)) {
  const auto directory = TempDir::create(fs::temp_directory_path(), "ktstr-trace-text-test");
  store_trace(directory->path() / "trace.bin", events);
  auto reader = TraceReader::open(directory->path() / "trace.bin");
  EXPECT_TRUE(reader);
  std::string text;
  EXPECT_TRUE(with(*reader, [&](std::string_view part) {
    text += part;
    return ok();
  }));
  return text;
}

TEST(TraceAsText, HasTheColumnsOfTimehist) {
  const std::string text = exported(
      {
          make_event(0, 0, trace::TaskSeen{.pid = 7, .tgid = 6, .state = 1, .comm = trace_text_of<2>("worker")}),
          make_event(0, 0, trace::TaskSeen{.pid = 8, .tgid = 8, .on_rq = 1, .comm = trace_text_of<2>("sh")}),
          make_event(1'000'000'000, 1, trace::Switch{.prev = 8, .prev_on_rq = 1, .next = 7}),
          make_event(1'000'500'000, 1, trace::Switch{.prev = 7, .prev_state = 1, .next = 8}),
          make_event(1'001'500'000, 0, trace::Enqueue{.pid = 7, .cpu = 1}),
          make_event(1'001'750'000, 1, trace::Switch{.prev = 8, .prev_on_rq = 1, .next = 7}),
          make_event(1'001'850'000, 1, trace::Switch{.prev = 7, .prev_state = 1, .next = 0}),
          make_event(1'003'850'000, 1, trace::Switch{.prev = 0, .prev_on_rq = 1, .next = 99}),
          make_event(1'004'000'000, 1, trace::Switch{.prev = 99, .prev_on_rq = 1, .next = 0}),
      },
      export_text);
  EXPECT_EQ(text,
            "              time    cpu  task name                        wait time  sch delay   run time\n"
            "                           [tid/pid]                           (msec)     (msec)     (msec)\n"
            "------------------ ------  ------------------------------  ----------  ---------  ---------\n"
            "       1.000000000 [0001]  sh[8]                                    -          -          -\n"
            "       1.000500000 [0001]  worker[7/6]                              -          -      0.500\n"
            "       1.001750000 [0001]  sh[8]                                0.500      0.000      1.250\n"
            "       1.001850000 [0001]  worker[7/6]                          1.250      0.250      0.100\n"
            "       1.003850000 [0001]  <idle>                                   -          -      2.000\n"
            "       1.004000000 [0001]  ?[99]                                    -          -      0.150\n");
}

TEST(TraceAsText, HasALineForEachSwitch) {
  const auto events = sample_stream(20'000);
  const std::string text = exported(events, export_text);
  const auto switches = std::count_if(events.begin(), events.end(),
                                      [](const TraceEvent& event) { return event.kind == TraceKind::kSwitch; });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), switches + 3);
}

TEST(TraceAsJson, HasAnObjectForEachEventWithItsFields) {
  const auto events = sample_stream(5'000);
  const std::string text = exported(events, export_json);
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), events.size());
  EXPECT_EQ(json_line(make_event(5, 2, trace::Migrate{.pid = -7, .from = 1, .to = 3})),
            "{\"time_ns\":5,\"on_cpu\":2,\"kind\":\"migrate\",\"pid\":-7,\"from\":1,\"to\":3}\n");
  EXPECT_EQ(json_line(make_event(5, 2, trace::Affinity{.pid = 7, .mask = {15, 0, 0, 1}})),
            "{\"time_ns\":5,\"on_cpu\":2,\"kind\":\"affinity\",\"pid\":7,\"flags\":0,\"mask\":[15,0,0,1]}\n");
  EXPECT_EQ(json_line(make_event(5, 2, trace::Tick{})), "{\"time_ns\":5,\"on_cpu\":2,\"kind\":\"tick\"}\n");
}

TEST(TraceAsJson, IsJsonWhateverAGuestSays) {
  TraceEvent event = make_event(5, 2, trace::Rename{.pid = 7, .comm = trace_text_of<2>("\"\\\n\xff\x1b[31m\xc3\xa4")});
  const auto line = nlohmann::json::parse(json_line(event), nullptr, false);
  ASSERT_TRUE(line.is_object()) << json_line(event);
  EXPECT_EQ(line["comm"], "\"\\\n\xef\xbf\xbd\x1b[31m\xc3\xa4");
  event.unreadable = 2;
  EXPECT_THAT(json_line(event), HasSubstr("\"comm\":null"));
  event.count = 1;
  EXPECT_EQ(json_line(event), "{\"time_ns\":5,\"on_cpu\":2,\"kind\":\"rename\",\"pid\":7}\n");
}

}  // namespace
}  // namespace ktstr

// SPDX-License-Identifier: Apache-2.0
#include "replay/recording_format.h"

#include <algorithm>

#include "base/text/trimmed.h"

namespace ktstr {

namespace {

constexpr EnumName<RecordingFormat> kFormats[] = {{RecordingFormat::kRtApp, "rt-app"},
                                                  {RecordingFormat::kText, "text"},
                                                  {RecordingFormat::kPerfetto, "perfetto"},
                                                  {RecordingFormat::kOwn, "ktstr"},
                                                  {RecordingFormat::kDump, "dump"}};

struct Foreign {
  std::string_view magic, what, hint;
};
constexpr Foreign kForeign[] = {
    {"PERFILE2", "perf's own format", "have perf print it: perf script -i FILE > trace.txt"},
    {"\x17\x08\x44tracing", "trace-cmd's own format", "have trace-cmd print it: trace-cmd report FILE > trace.txt"},
    {"\x1f\x8b", "compressed (gzip)", "unpack it first: gunzip FILE"},
    {"\x28\xb5\x2f\xfd", "compressed (zstd)", "unpack it first: unzstd FILE"},
    {"\xfd"
     "7zXZ",
     "compressed (xz)", "unpack it first: unxz FILE"},
};

}  // namespace

EnumNames<RecordingFormat> names_of(RecordingFormat) { return names_from<kFormats>(); }

Result<RecordingFormat> recording_format(ByteSpan begin) {
  const std::string_view text = as_text(begin);
  if (text.starts_with("KTSTRTRC")) return RecordingFormat::kOwn;
  for (const Foreign& each : kForeign)
    if (text.starts_with(each.magic))
      return Error(ErrorCode::kInvalidArgument, fmt::format("it is {}", each.what)).with_hint(std::string(each.hint));
  const bool is_binary = std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\x1b';
  });
  if (is_binary && text.front() == '\n') return RecordingFormat::kPerfetto;  // field 1, with a length
  if (is_binary) return fail(ErrorCode::kInvalidArgument, "it is neither text nor a trace of Perfetto or of ktstr");
  const std::string_view inside = trimmed(text);
  if (inside.starts_with('{') || inside.starts_with("/*") || inside.starts_with("//")) return RecordingFormat::kRtApp;
  return RecordingFormat::kText;
}

}  // namespace ktstr

// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

TEST(ParseBytes, AcceptsBinaryUnits) {
  EXPECT_EQ(*parse_bytes("512M"), Bytes{512} << 20);
  EXPECT_EQ(*parse_bytes("2G"), Bytes{2} << 30);
  EXPECT_EQ(*parse_bytes("4096"), 4096u);
}

TEST(ParseBytes, RefusesWhatIsNoSize) {
  for (const char* text : {"", "M", "12X", "-1", "99999999999999999999", "17179869184G"})
    EXPECT_EQ(parse_bytes(text).error().code(), ErrorCode::kInvalidArgument) << text;
}

TEST(ByteReader, ReadsBackWhatTheWriterWrote) {
  ByteWriter writer;
  writer.u8(7);
  writer.u16(65535);
  writer.u32(1u << 31);
  writer.u64(~0ull);
  writer.i64(-5);
  writer.f64(0.25);
  writer.text("cpuset");
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.u8(), 7);
  EXPECT_EQ(reader.u16(), 65535);
  EXPECT_EQ(reader.u32(), 1u << 31);
  EXPECT_EQ(reader.u64(), ~0ull);
  EXPECT_EQ(reader.i64(), -5);
  EXPECT_EQ(reader.f64(), 0.25);
  EXPECT_EQ(reader.text(), "cpuset");
  EXPECT_TRUE(reader.finish("test"));
}

TEST(ByteReader, FailsOnceForAllWhereBytesAreMissing) {
  ByteWriter writer;
  writer.u16(1);
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.u32(), 0u);
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_EQ(reader.finish("test").error().code(), ErrorCode::kCorruptData);
}

TEST(ByteReader, RefusesATextLongerThanItsLimit) {
  ByteWriter writer;
  writer.text("0123456789");
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.text(9), "");
  EXPECT_TRUE(reader.failed());
}

TEST(ByteReader, RefusesACountThatCannotFit) {
  ByteWriter writer;
  writer.u32(1000);
  writer.u64(1);
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.count(8), 0u);
  EXPECT_TRUE(reader.failed());
}

TEST(ByteReader, ReportsLeftOverBytes) {
  ByteWriter writer;
  writer.u32(1);
  ByteReader reader(writer.bytes());
  reader.u16();
  EXPECT_EQ(reader.finish("test").error().code(), ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace ktstr

// SPDX-License-Identifier: Apache-2.0
#include "kernel/version.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

TEST(KernelRelease, IsReadFromTheBannerAndNotFromItsFormatString) {
  EXPECT_EQ(*kernel_release(as_byte_span("xx Linux version %s (x) Linux version 7.3.4+deb13-cloud-amd64 (a@b) #1")),
            "7.3.4+deb13-cloud-amd64");
}

TEST(KernelRelease, IsNotFoundWithoutABanner) {
  for (const char* text : {"", "Linux version ", "Linux version 7.3", "Linux version 7.3\n(", "Linux version 7/../3 (",
                           "Linux version x (", "Linux version \x01 ("})
    EXPECT_EQ(kernel_release(as_byte_span(text)).error().code(), ErrorCode::kNotFound) << text;
  EXPECT_FALSE(kernel_release(as_byte_span("Linux version 7" + std::string(100, '1') + " ("))) << "longer than uname";
}

TEST(CompareReleases, OrdersNumbersAsNumbers) {
  const std::vector<std::string> ascending = {"6.1.0-9-cloud-amd64",
                                              "6.1.0-56-cloud-amd64",
                                              "6.12.100+deb12",
                                              "6.12.117+deb13",
                                              "7.3-rc1",
                                              "7.3~rc2",
                                              "7.3",
                                              "7.3.4",
                                              "7.3.4+deb13",
                                              "7.3.10",
                                              "7.30.1"};
  for (std::size_t a = 0; a < ascending.size(); ++a)
    for (std::size_t b = 0; b < ascending.size(); ++b)
      EXPECT_EQ(compare_releases(ascending[a], ascending[b]), a <=> b) << ascending[a] << " and " << ascending[b];
}

TEST(ReleaseMatches, TakesAPrefixThatEndsAtAComponent) {
  const std::string release = "7.3.4+deb13-cloud-amd64";
  for (const char* wanted : {"7", "7.3", "7.3.4", "7.3.4+deb13", "7.3.4+deb13-cloud-amd64"})
    EXPECT_TRUE(release_matches(release, wanted)) << wanted;
  for (const char* wanted : {"", "7.30", "7.3.40", "7.3.4+de", "7.3.4+deb1", "3.4", "7.3.4+deb13-cloud-amd64x"})
    EXPECT_FALSE(release_matches(release, wanted)) << wanted;
  EXPECT_FALSE(release_matches("7.30.1", "7.3"));
  EXPECT_TRUE(release_matches("7.3-rc1", "7.3"));
}

}  // namespace
}  // namespace ktstr

// SPDX-License-Identifier: Apache-2.0
#include "model/machine_setup.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using testing::ElementsAre;

TEST(MachineSetup, IsMadeOfADefinition) {
  const SchedulerDefinition definition{.sysctls = {"kernel.sched_autogroup_enabled=0", "net/ipv4/conf/eth0.1/mtu=9"},
                                       .writes = {"/sys/kernel/debug/sched/features=NO_PLACE_LAG"},
                                       .cgroup_parent = "/sched"};
  const MachineSetup setup = setup_of(definition);
  EXPECT_THAT(setup.writes,
              ElementsAre("/proc/sys/kernel/sched_autogroup_enabled=0", "/proc/sys/net/ipv4/conf/eth0.1/mtu=9",
                          "/sys/kernel/debug/sched/features=NO_PLACE_LAG"));
  EXPECT_THAT(setup.cgroups, ElementsAre("/sched"));
  EXPECT_TRUE(setup_of({}).empty());
  MachineSetup all = setup;
  add_setup({.writes = {setup.writes[2], "/sys/a=1"}, .cgroups = {"/sched", "/other"}}, all);
  EXPECT_EQ(all.writes.size(), 4u);
  EXPECT_THAT(all.cgroups, ElementsAre("/sched", "/other"));
}

TEST(MachineSetup, WhatIsNoSettingIsRefused) {
  for (const char* good : {"kernel.panic=1", "vm/overcommit_memory=0", "a=b=c"})
    EXPECT_TRUE(check_sysctl(good)) << good;
  for (const char* bad : {"", "kernel.panic", "kernel.panic=", "=1", "../x=1", "a/../b=1", "/a=1", "a b=1", ".a=1"})
    EXPECT_FALSE(check_sysctl(bad)) << bad;
  for (const char* good : {"/sys/a=1", "/proc/sys/kernel/panic=1 2 3"}) EXPECT_TRUE(check_write(good)) << good;
  for (const char* bad : {"", "/sys/a", "/sys/a=", "/sys/../etc/x=1", "/etc/x=1", "sys/a=1", "/sys/=1", "/proc/1/x=1"})
    EXPECT_FALSE(check_write(bad)) << bad;
  for (const char* good : {"/sched", "/a/b"}) EXPECT_TRUE(check_cgroup_parent(good)) << good;
  for (const char* bad : {"", "/", "sched", "/a/", "/a/../b", "/./a"}) EXPECT_FALSE(check_cgroup_parent(bad)) << bad;
}

}  // namespace
}  // namespace ktstr

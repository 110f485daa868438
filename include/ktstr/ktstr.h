// SPDX-License-Identifier: Apache-2.0
//
// Everything that a test needs.
#pragma once

#include "ktstr/cgroup_def.h"
#include "ktstr/checks.h"
#include "ktstr/cpu_speed.h"
#include "ktstr/cpuset.h"
#include "ktstr/custom_work.h"
#include "ktstr/knob.h"
#include "ktstr/op.h"
#include "ktstr/payload.h"
#include "ktstr/scenario.h"
#include "ktstr/scenarios.h"
#include "ktstr/scheduler.h"
#include "ktstr/test.h"
#include "ktstr/topology.h"
#include "ktstr/work.h"

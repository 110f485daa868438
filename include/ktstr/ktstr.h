// SPDX-License-Identifier: Apache-2.0
//
// Everything that a test needs.
#pragma once

#include "ktstr/checks.h"
#include "ktstr/scenario.h"
#include "ktstr/test.h"
#include "ktstr/topology.h"
#include "ktstr/work.h"

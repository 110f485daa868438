// SPDX-License-Identifier: Apache-2.0
//
// The one text table of each enum of the vocabulary. JSON, reports, flags and the text of events show these texts; the
// wire takes from it what an enum's last value is. Texts are part of the result format: add to them, change none.
#pragma once

#include <string>

#include "base/enum_names.h"
#include "ktstr/checks.h"
#include "ktstr/payload.h"
#include "ktstr/turn_policy.h"
#include "ktstr/vary.h"
#include "model/events.h"

namespace ktstr {

EnumNames<Verdict> names_of(Verdict);                // "skip", "pass", "inconclusive", "fail"
EnumNames<DetailKind> names_of(DetailKind);          // as ktstr/checks.h has them
EnumNames<Polarity> names_of(Polarity);              // "higher", "lower", "neutral"
EnumNames<Vary> names_of(Vary);                      // as ktstr/vary.h has them
EnumNames<TurnPolicy> names_of(TurnPolicy);          // as ktstr/turn_policy.h has them
EnumNames<StepMark::Kind> names_of(StepMark::Kind);  // "scenario_start", "step_start", "scenario_resume", ...

// What a mark says, for people: "scenario began", "step 2 resumed".
std::string what_happened(const StepMark& mark);

}  // namespace ktstr

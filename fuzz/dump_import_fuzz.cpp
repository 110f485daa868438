// SPDX-License-Identifier: Apache-2.0
#include "dump_import/dump_import.h"
#include "mutated.h"

using namespace ktstr;

// A log with a dump, as it is and with mistakes, up to the scenario file that is made of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> bases{
      "[   11.133449] sched_ext: BPF scheduler \"ktstr\" enabled\n"
      "[   11.500000] smpboot: CPU 2 is now offline\n"
      "[   12.714289] sched_ext: BPF scheduler \"ktstr\" disabled (runnable task stall)\n"
      "[   12.714407] sched_ext: ktstr: hog a[121] failed to run for 1.244s\n"
      "Jan  2 15:04:05 host scx_ktstr[7]: kworker/u16:3[62] triggered exit kind 1026 on CPU 0:\n"
      "  runnable task stall (hog a[121] failed to run for 1.244s)\n"
      "\n"
      "CPU 0   : nr_run=1 flags=0x1 cpu_rel=0 ksync=60\n"
      "          curr=audio[9] class=rt_sched_class\n"
      "\n"
      "  R hog a[121] *root -1244ms\n"
      "      scx_state/flags=4/0xb dsq_flags=0x0 ops_state/qseq=0/0\n"
      "      sticky/holding_cpu=-1/-1 dsq_id=0x8000000000000002\n"
      "      dsq_vtime=52129012 slice=5000000 weight=305\n"
      "      cpus=3,0000000f no_mig=0\n"
      "\n"
      "    asm_sysvec_apic_timer_interrupt+0x1a/0x20\n"
      "CPU 3   : nr_run=2 flags=0x0\n"
      " *S ui[7] +0ms\n"
      "      cpus=8\n"
      "\n\n~~~~ TRUNCATED ~~~~\n"};
  const auto made = import_dump(fuzz::mutated_text(bases, data, size), "fuzz", "fuzz.txt");
  return made && made->toml.empty() ? -1 : 0;
}

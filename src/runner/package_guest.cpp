// SPDX-License-Identifier: Apache-2.0
#include "runner/package_guest.h"

#include <span>

#include "base/activity.h"
#include "base/hash.h"
#include "base/system/process.h"
#include "guest/body.h"
#include "kernel/config.h"
#include "kernel/modules.h"
#include "runner/guest_machine.h"
#include "scheduler/command.h"
#include "scheduler/package.h"
#include "scheduler/package_payloads.h"
#include "wire/cpio.h"
#include "workload/outside/null_disk.h"

namespace ktstr {

namespace {

constexpr const char* kBootDirectory = "boot";

// "/etc/scx.json", "--config=/etc/scx.json": what it is given by an absolute path is meant to be there.
std::vector<std::string> files_in_arguments(const std::vector<std::string>& command) {
  std::vector<std::string> files;
  for (std::size_t i = 1; i < command.size(); ++i) {
    const std::string& word = command[i];
    const std::size_t from = word.starts_with('/') ? 0 : word.find("=/") + 1;  // npos + 1 is 0
    std::error_code error;
    if (from >= word.size() || word[from] != '/') continue;
    const std::string path = fs::path(word.substr(from)).lexically_normal().string();
    const bool of_kernel = path.starts_with("/proc/") || path.starts_with("/sys/") || path.starts_with("/dev/");
    if (!of_kernel && fs::is_regular_file(path, error)) files.push_back(path);
  }
  return files;
}

// What it reads at a path of the guest's own: a configuration, a text.
Status add_guest_file(const GuestFile& file, NewcWriter& archive, PackedInputs& packed) {
  ByteVector contents(as_byte_span(file.text).begin(), as_byte_span(file.text).end());
  if (!file.file.empty()) {
    auto read = read_bytes(file.file);
    if (!read)
      return fail(ErrorCode::kNotFound, "the scheduler's file {}: {}", file.file, read.error().message())
          .with_hint("correct its path, which begins where the scheduler's definition stands");
    contents = *std::move(read);
  }
  KTSTR_TRY(archive.add_file(file.path, 0644, contents));
  packed.inputs[file.path] = sha256(contents);
  return ok();
}

std::string hash_of_words(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text += word + '\0';
  return sha256(as_byte_span(text));
}

Status add_first(const RunRequest& request, NewcWriter& archive, PackedInputs& packed) {
  KTSTR_TRY_ASSIGN(packed.scheduler, split_command(request.scheduler));
  if (packed.scheduler.empty()) return fail(ErrorCode::kInvalidArgument, "--scheduler names no program");
  KTSTR_TRY_ASSIGN(const fs::path self, own_executable());
  KTSTR_TRY_ASSIGN(const fs::path program, find_scheduler(packed.scheduler[0], self.parent_path()));
  packed.scheduler[0] = "/ktstr/bin/" + program.filename().string();
  if (packed.scheduler.size() > 1)
    packed.inputs["scheduler_arguments"] = hash_of_words(std::span(packed.scheduler).subspan(1));
  return add_program(archive, program, packed.scheduler[0], packed.inputs, ScriptCommands::kPack);
}

// Each in a directory of its own: two may have the same name.
Status add_staged(const RunRequest& request, NewcWriter& archive, PackedInputs& packed) {
  KTSTR_TRY_ASSIGN(const fs::path self, own_executable());
  for (const auto& [name, staged] : request.staged) {
    KTSTR_TRY_ASSIGN(std::vector<std::string> argv, split_command(staged.command));
    if (argv.empty())
      return fail(ErrorCode::kInvalidArgument, "an op attaches the scheduler '{}', which names no program", name);
    KTSTR_TRY_ASSIGN(const fs::path program, find_scheduler(argv[0], self.parent_path()));
    const std::size_t number = packed.staged.size() + 1;
    argv[0] = fmt::format("/ktstr/staged/{}/{}", number, program.filename().string());
    packed.inputs[fmt::format("staged_{}", number)] = hash_of_words(argv);
    KTSTR_TRY(add_program(archive, program, argv[0], packed.inputs, ScriptCommands::kPack));
    packed.staged[name] = std::move(argv);
  }
  return ok();
}

Status add_schedulers(const RunRequest& request, NewcWriter& archive, PackedInputs& packed) {
  if (request.starts_with_scheduler()) KTSTR_TRY(add_first(request, archive, packed));
  KTSTR_TRY(add_staged(request, archive, packed));
  for (const GuestFile& file : request.scheduler_files) KTSTR_TRY(add_guest_file(file, archive, packed));
  std::vector<std::string> in_arguments = files_in_arguments(packed.scheduler);
  for (const auto& [name, argv] : packed.staged)
    for (std::string& file : files_in_arguments(argv)) in_arguments.push_back(std::move(file));
  std::erase_if(in_arguments, [&](const std::string& path) { return archive.contains(path); });
  // They may be what it reads at its start; the body finds them there, too.
  for (const auto& files : {in_arguments, request.scheduler_include, request.include_files})
    for (const std::string& name : files) KTSTR_TRY(add_included(archive, name, packed.inputs));
  return archive.add_directory(kBootDirectory);
}

Status add_body(const RunRequest& request, NewcWriter& archive, PackedInputs& packed) {
  if (request.test_binary.empty()) {
    packed.inputs["scenario"] = sha256(as_byte_span(request.scenario_text));
    return ok();
  }
  packed.body = {"/ktstr/test/" + request.test_binary.filename().string(), kBodyArgument + request.settings.test};
  return add_program(archive, request.test_binary, packed.body[0], packed.inputs);
}

Status add_payloads_and_files(const RunRequest& request, NewcWriter& archive, PackedInputs& packed) {
  KTSTR_TRY_ASSIGN(packed.payload_path, add_payloads(archive, request.payloads, packed.inputs));
  if (request.has_scheduler()) return ok();  // the included files came with it
  for (const std::string& name : request.include_files) KTSTR_TRY(add_included(archive, name, packed.inputs));
  return ok();
}

}  // namespace

Status pack_files(const RunRequest& request, PackedInputs& packed) {
  const Activity packing(fmt::format("packing the files of {}", request.settings.test));
  const std::string job_directory = fs::path(kJobPath).parent_path().string();
  if (request.has_scheduler()) {
    NewcWriter archive;
    KTSTR_TRY(archive.add_directory(job_directory));
    KTSTR_TRY(add_schedulers(request, archive, packed));
    packed.scheduler_files = archive.finish();
    packed.scheduler_files_sha256 = sha256(packed.scheduler_files);
  }
  NewcWriter archive;
  KTSTR_TRY(archive.add_directory(job_directory));
  if (!request.kernel_arguments.empty()) packed.inputs["kernel_arguments"] = hash_of_words(request.kernel_arguments);
  if (!request.setup.empty()) {
    std::vector<std::string> words = request.setup.writes;
    words.insert(words.end(), request.setup.cgroups.begin(), request.setup.cgroups.end());
    packed.inputs["machine_setup"] = hash_of_words(words);
  }
  KTSTR_TRY(add_body(request, archive, packed));
  KTSTR_TRY(add_payloads_and_files(request, archive, packed));
  packed.files = archive.finish();
  packed.files_sha256 = sha256(packed.files);
  return ok();
}

Status pack_kernel_config(const KernelImage& kernel, PackedInputs& packed) {
  constexpr Bytes kMostBytes = Bytes{16} << 20;
  const bool usable = !kernel.config.empty() && kernel.release.find('/') == std::string::npos;
  if (packed.scheduler_files.empty() || !usable) return ok();
  KTSTR_TRY_ASSIGN(const ByteVector config, read_bytes(kernel.config, kMostBytes));
  const std::string path = fmt::format("{}/config-{}", kBootDirectory, kernel.release);
  const std::string guest_path = "/" + path;
  if (packed.inputs.contains(guest_path)) return ok();  // included by hand
  KTSTR_TRY_ASSIGN(packed.scheduler_files, append_file(packed.scheduler_files, path, 0644, config));
  packed.scheduler_files_sha256 = sha256(packed.scheduler_files);
  packed.inputs[guest_path] = sha256(config);
  return ok();
}

namespace {

fs::path module_of(const KernelImage& kernel, const KernelModule& module) {
  for (const fs::path& directory : kernel.modules)
    if (fs::path file = module_in(directory, module); !file.empty()) return file;
  return {};
}

// Without a configuration the guest finds out.
bool may_lack(const KernelImage& kernel, const KernelModule& module) {
  if (kernel.config.empty()) return false;
  const auto text = read_text(kernel.config);
  const auto config = text ? KernelConfig::parse(*text) : Result<KernelConfig>(text.error());
  return config && !config->built_in(module.option);
}

std::string listed(const std::vector<fs::path>& directories) {
  std::string text;
  for (const fs::path& each : directories) text += (text.empty() ? "" : ", ") + each.string();
  return text;
}

Error no_module(const KernelImage& kernel, const KernelModule& module) {
  if (kernel.fetched)
    return fail(ErrorCode::kInvalidArgument, "kernel {} was fetched without its module {}, which the scenario needs",
                kernel.release, module.name)
        .with_hint(fmt::format("`ktstr kernel fetch {}` fetches it with its modules", kernel.release));
  return fail(ErrorCode::kInvalidArgument, "kernel {} has no module {}, which the scenario needs: there is no {} in {}",
              kernel.release, module.name, fs::path(module.path).filename().string(), listed(kernel.modules))
      .with_hint(fmt::format("build it with CONFIG_{}=m, or =y for one without modules; `ktstr kernel fetch` gets a "
                             "kernel that has it",
                             module.option));
}

}  // namespace

Status pack_kernel_modules(const KernelImage& kernel, const RunRequest& request, PackedInputs& packed) {
  const bool of_scenario = request.test_binary.empty();
  for (const std::string& name : of_scenario ? request.kernel_modules : kernel_module_names()) {
    const KernelModule* module = find_kernel_module(name);
    if (module == nullptr) return fail(ErrorCode::kInternal, "nobody knows the module {}", name);
    const fs::path file = module_of(kernel, *module);
    if (file.empty()) {
      if (of_scenario && may_lack(kernel, *module)) return no_module(kernel, *module);
      continue;
    }
    KTSTR_TRY_ASSIGN(const ByteVector contents, read_module(file));
    const std::string path = fmt::format("{}/{}.ko", kGuestModules, name);
    KTSTR_TRY_ASSIGN(packed.files, append_file(packed.files, path, 0644, contents));
    packed.inputs[path] = sha256(contents);
    packed.files_sha256.clear();
  }
  if (packed.files_sha256.empty()) packed.files_sha256 = sha256(packed.files);
  return ok();
}

Status pack_initramfs(const fs::path& agent, PackedInputs& packed) {
  std::error_code error;
  if (!fs::is_regular_file(agent, error))
    return Error(ErrorCode::kNotFound, "the guest agent is not there: " + agent.string())
        .with_hint("build it (`./dev.sh build`), install ktstr, or set KTSTR_AGENT");
  NewcWriter archive;
  // The kernel opens it for /init before the agent can mount anything.
  KTSTR_TRY(archive.add_character_device("/dev/console", 0600, 5, 1));
  KTSTR_TRY(add_program(archive, agent, "/init", packed.inputs).context("pack the agent"));
  packed.initramfs = archive.finish();
  packed.initramfs_sha256 = sha256(packed.initramfs);
  return ok();
}

Result<std::shared_ptr<const PackedInputs>> pack_inputs(const RunRequest& request,
                                                        const RunnerEnvironment& environment) {
  auto packed = std::make_shared<PackedInputs>();
  KTSTR_TRY(pack_files(request, *packed));
  if (request.has_scheduler() || !request.kernel_modules.empty() || !request.test_binary.empty()) {
    KTSTR_TRY_ASSIGN(const KernelImage kernel, kernel_for(request, environment));
    KTSTR_TRY(pack_kernel_config(kernel, *packed));
    KTSTR_TRY(pack_kernel_modules(kernel, request, *packed));
  }
  KTSTR_TRY(pack_initramfs(environment.agent, *packed));
  return std::shared_ptr<const PackedInputs>(std::move(packed));
}

Result<LongerArchive> make_scheduler_delivery(const PackedInputs& packed, const RunRequest& request,
                                              std::chrono::milliseconds attach_limit) {
  AttachJob job{.scheduler = packed.scheduler,
                .staged = packed.staged,
                .setup = request.setup,
                .topology = request.settings.topology,
                .limit = attach_limit};
  for (const auto& [name, each] : request.staged)
    if (each.copies > 0) job.copies[name] = each.copies;
  const std::string text = attach_job_to_json(job);
  return with_file(packed.scheduler_files, kAttachJobPath, 0644, as_byte_span(text));
}

Result<LongerArchive> make_run_delivery(const PackedInputs& packed, std::string_view job_json) {
  return with_file(packed.files, kJobPath, 0644, as_byte_span(job_json));
}

}  // namespace ktstr

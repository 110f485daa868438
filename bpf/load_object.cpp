// SPDX-License-Identifier: GPL-2.0-only
// scx_load FILE: loads a BPF object that holds a sched_ext scheduler (one struct_ops map of sched_ext_ops) as it is,
// attaches it with what else in it attaches by itself, and detaches it at SIGTERM or SIGINT. It ends, too, when the
// kernel has ended the scheduler; how that came about the kernel's log says. For schedulers whose user space does
// nothing else.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

namespace {

enum ExitStatus { kEnded = 0, kEndedByKernel = 1, kNotStarted = 2, kUsage = 64 };

struct Closer {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using Object = std::unique_ptr<bpf_object, Closer>;
using Link = std::unique_ptr<bpf_link, Closer>;

int complain(const char* what, int error) {
  std::fprintf(stderr, "scx_load: %s: %s\n", what, std::strerror(error));
  return kNotStarted;
}

// The object's own maps of struct_ops; libbpf has refused those of structs that the kernel does not know.
std::vector<bpf_map*> struct_ops_of(bpf_object* object) {
  std::vector<bpf_map*> found;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS) found.push_back(map);
  return found;
}

bool attach_programs(bpf_object* object, std::vector<Link>& links) {
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) {
    const bool by_itself = bpf_program__autoload(program) && bpf_program__autoattach(program);
    if (!by_itself || bpf_program__type(program) == BPF_PROG_TYPE_STRUCT_OPS) continue;
    links.emplace_back(bpf_program__attach(program));
    if (links.back()) continue;
    if (errno == EOPNOTSUPP) continue;  // of a kind that somebody else runs
    complain(bpf_program__name(program), errno);
    return false;
  }
  return true;
}

// Signals arrive at the returned descriptor only, so that none is lost before wait_for_end() looks.
int open_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (sigprocmask(SIG_BLOCK, &signals, nullptr)) return -1;
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

// Where the kernel says that its objects come and go; -1 where it does not.
int open_uevents() {
  const int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1;
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

// The scheduler's object goes when the kernel has ended it.
bool says_end(int uevents) {
  char text[4096];
  for (ssize_t got; (got = recv(uevents, text, sizeof(text), 0)) > 0;)
    if (std::string_view(text, static_cast<std::size_t>(got)).starts_with("remove@/kernel/sched_ext/")) return true;
  return false;
}

ExitStatus wait_for_end(int signals, int uevents) {
  pollfd fds[] = {{signals, POLLIN, 0}, {uevents, POLLIN, 0}};
  for (;;) {
    if (poll(fds, std::size(fds), -1) < 0 && errno != EINTR) return kEndedByKernel;
    if (fds[0].revents) return kEnded;
    if (fds[1].revents && says_end(uevents)) return kEndedByKernel;
  }
}

int run(const char* file) {
  const int signals = open_signals(), uevents = open_uevents();
  if (signals < 0) return complain("signalfd", errno);
  const Object object(bpf_object__open_file(file, nullptr));
  if (!object) return complain(file, errno);
  const std::vector<bpf_map*> maps = struct_ops_of(object.get());
  if (maps.size() != 1) {
    std::fprintf(stderr, "scx_load: %s: %zu struct_ops maps; one scheduler is one\n", file, maps.size());
    return kNotStarted;
  }
  if (const int error = bpf_object__load(object.get()))
    return complain("the kernel did not take the BPF object", -error);
  std::vector<Link> links;
  if (!attach_programs(object.get(), links)) return kNotStarted;
  links.emplace_back(bpf_map__attach_struct_ops(maps.front()));
  if (!links.back()) return complain("cannot attach", errno);
  std::printf("scx_load: attached %s\n", bpf_map__name(maps.front()));
  std::fflush(stdout);
  const ExitStatus status = wait_for_end(signals, uevents);
  if (status == kEndedByKernel) std::fprintf(stderr, "scx_load: the kernel has ended the scheduler\n");
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && argv[1][0] != '-') return run(argv[1]);
  std::fprintf(stderr, "usage: scx_load FILE.bpf.o\n");
  return kUsage;
}

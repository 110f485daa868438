// SPDX-License-Identifier: Apache-2.0
#include "guest/schedulers/attach_gate.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sysexits.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/log.h"

namespace ktstr::guest {

namespace {

// union bpf_attr of BPF_LINK_CREATE: prog_fd or map_fd, target_fd, attach_type.
struct LinkCreate {
  std::uint32_t map_fd, target_fd, attach_type;
};

bool is_struct_ops(const seccomp_notif& call) {
  LinkCreate attributes{};
  if (call.data.args[2] < sizeof attributes) return false;
  iovec ours{&attributes, sizeof attributes};
  iovec theirs{reinterpret_cast<void*>(call.data.args[1]), sizeof attributes};  // NOLINT: an address of theirs
  const ssize_t got = ::process_vm_readv(static_cast<pid_t>(call.pid), &ours, 1, &theirs, 1, 0);
  return got == static_cast<ssize_t>(sizeof attributes) && attributes.attach_type == BPF_STRUCT_OPS;
}

union DescriptorMessage {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

Fd receive_descriptor(int socket) {
  char byte = 0;
  iovec data{&byte, 1};
  DescriptorMessage control{};
  msghdr message{};
  message.msg_iov = &data, message.msg_iovlen = 1;
  message.msg_control = control.bytes, message.msg_controllen = sizeof control.bytes;
  if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1) return {};
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int))) return {};
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return Fd(fd);
}

bool send_descriptor(int socket, int fd) {
  char byte = 0;
  iovec data{&byte, 1};
  DescriptorMessage control{};
  msghdr message{};
  message.msg_iov = &data, message.msg_iovlen = 1;
  message.msg_control = control.bytes, message.msg_controllen = sizeof control.bytes;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return ::sendmsg(socket, &message, 0) == 1;
}

// Notifies us of bpf(BPF_LINK_CREATE, ...), and of nothing else.
int install_filter() {
  constexpr auto at = [](std::size_t offset) { return static_cast<std::uint32_t>(offset); };
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at(offsetof(seccomp_data, arch))),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at(offsetof(seccomp_data, nr))),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at(offsetof(seccomp_data, args[0]))),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_LINK_CREATE, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
  return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

}  // namespace

Result<std::pair<AttachGate, Fd>> AttachGate::create() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno("socketpair failed");
  return std::pair(AttachGate(Fd(ends[0])), Fd(ends[1]));
}

std::vector<std::string> AttachGate::command(const Fd& helpers_end, const std::vector<std::string>& argv) {
  std::vector<std::string> command = {"/init", kGateArgument, std::to_string(helpers_end.get())};
  command.insert(command.end(), argv.begin(), argv.end());
  return command;
}

void AttachGate::serve() {
  if (!fd_.valid()) return;
  if (!listening_) {
    fd_ = receive_descriptor(fd_.get());  // not valid where the helper failed: nobody is ever held
    listening_ = fd_.valid();
    return;
  }
  seccomp_notif call{};
  if (::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
    if (errno != EINTR && errno != ENOENT) fd_.reset();
    return;
  }
  if (open_ || !is_struct_ops(call))
    let_through(call.id);
  else
    held_ = call.id;
}

void AttachGate::let_through(std::uint64_t id) const {
  seccomp_notif_resp answer{};
  answer.id = id;
  answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer);  // it may have been killed
}

void AttachGate::open() {
  open_ = true;
  if (held_ != 0) let_through(std::exchange(held_, 0));
}

int execute_behind_gate(int fd, char** argv) {
  const int notifications = install_filter();
  if (notifications < 0) {
    log_error("seccomp failed: {}", std::strerror(errno));
    return EX_UNAVAILABLE;
  }
  if (!send_descriptor(fd, notifications)) return EX_UNAVAILABLE;
  ::close(notifications);
  ::close(fd);
  ::execv(argv[0], argv);
  log_error("{} cannot be executed: {}", argv[0], std::strerror(errno));
  return 127;
}

}  // namespace ktstr::guest

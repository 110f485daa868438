// SPDX-License-Identifier: Apache-2.0
//
// Work types that serve what comes through queues.
#include <cerrno>

#include "workload/types/arrivals.h"
#include "workload/types/families.h"
#include "workload/types/shared_queue.h"

namespace ktstr {

namespace {

constexpr std::int64_t kMostServers = 1024;
constexpr const char* kMapQueues = "map its queues";

enum RequestCount : std::size_t { kRequestsOffered, kRequestsServed, kRequestsLate };

std::size_t size_of_server_group(const RequestServer& type) { return std::size_t{type.servers} + 1; }
const char* role_of_server(const RequestServer& type, std::size_t index) {
  return index % size_of_server_group(type) == 0 ? "generator" : "server";
}
Status prepare_request_server(const RequestServer& type, GroupResources& shared) {
  SharedQueue::add(shared, shared.workers() / size_of_server_group(type), type.queue_limit);
  return ok();
}

// One that is late itself sends what has come due at once: arrivals do not wait for it.
void generate_requests(const RequestServer& type, WorkerRun& run, SharedQueue& queue) {
  ArrivalTimes arrivals(type.arrivals, type.rate_hz, run.checkpoint());
  while (!run.stopping()) {
    const std::uint64_t due = arrivals.next(run.random_share());
    if (due > run.checkpoint()) run.sleep_until(due);
    run.end_unit();
    if (run.stopping()) return;
    run.count(kRequestsOffered);
    if (!queue.try_push({.since_ns = due}) && !run.stopping()) run.miss();
    run.end_iteration();
  }
}

void run_request_server(const RequestServer& type, WorkerRun& run) {
  const auto [group, member] = place_in_groups(run.index(), size_of_server_group(type));
  SharedQueue queue(run, group, type.queue_limit);
  if (!queue.valid()) return run.give_up(kMapQueues, ENOMEM);
  if (member == 0) return generate_requests(type, run, queue);
  for (QueueItem request; queue.pop(request);) {
    run.spin_for(type.service);
    if (run.stopping()) return;
    const std::uint64_t took = run.note_since(0, request.since_ns);
    run.count(kRequestsServed);
    if (took > static_cast<std::uint64_t>(type.deadline.count())) run.count(kRequestsLate);
    run.end_iteration();
  }
}

std::size_t size_of_pool(const ThreadPool& type) { return std::size_t{type.submitters} + type.threads; }
const char* role_in_pool(const ThreadPool& type, std::size_t index) {
  return index % size_of_pool(type) < type.submitters ? "submitter" : "thread";
}
Status prepare_pool(const ThreadPool& type, GroupResources& shared) {
  SharedQueue::add(shared, shared.workers() / size_of_pool(type), type.queue_limit);
  return ok();
}

void run_thread_pool(const ThreadPool& type, WorkerRun& run) {
  const auto [group, member] = place_in_groups(run.index(), size_of_pool(type));
  SharedQueue queue(run, group, type.queue_limit);
  if (!queue.valid()) return run.give_up(kMapQueues, ENOMEM);
  if (member < type.submitters) {
    if (member == 0) queue.open();
    for (; queue.push({.since_ns = run.checkpoint()}); run.end_iteration()) run.end_unit();
    return;
  }
  for (QueueItem task; queue.pop_and_make_room(task);) {
    run.spin_for(type.task);
    if (run.stopping()) return;
    run.note_since(0, task.since_ns);
    run.count(0);
    run.end_iteration();
  }
}

std::size_t size_of_pipeline(const Pipeline& type) { return type.stages; }
// A queue before each stage; the first one's stays empty.
Status prepare_pipeline(const Pipeline& type, GroupResources& shared) {
  SharedQueue::add(shared, shared.workers(), type.queue_limit);
  return ok();
}

void run_pipeline(const Pipeline& type, WorkerRun& run) {
  const std::size_t stage = run.index() % type.stages;
  const bool is_first = stage == 0, is_last = stage + 1 == type.stages;
  SharedQueue in(run, run.index(), type.queue_limit),
      out(run, is_last ? run.index() : run.index() + 1, type.queue_limit);
  if (!in.valid()) return run.give_up(kMapQueues, ENOMEM);
  if (!is_first) in.open();
  for (QueueItem item;; run.end_iteration()) {
    if (is_first)
      item.since_ns = run.checkpoint();
    else if (!in.pop_and_make_room(item))
      return;
    run.spin_for(type.work);
    if (run.stopping()) return;
    if (!is_last) {
      if (!out.push(item)) return;
      continue;
    }
    run.note_since(0, item.since_ns);
    run.count(0);
  }
}

std::size_t size_of_ring(const ActorRing& type) { return type.actors; }
Status prepare_ring(const ActorRing& type, GroupResources& shared) {
  SharedQueue::add(shared, shared.workers(), type.messages);
  return ok();
}

// A mailbox has room for all messages of its ring, so that none is ever full.
void run_actor_ring(const ActorRing& type, WorkerRun& run) {
  const auto [group, member] = place_in_groups(run.index(), type.actors);
  SharedQueue own(run, run.index(), type.messages),
      next(run, group * type.actors + (member + 1) % type.actors, type.messages);
  if (!own.valid()) return run.give_up(kMapQueues, ENOMEM);
  for (std::size_t i = member; i < type.messages; i += type.actors) own.try_push({.since_ns = run.checkpoint()});
  for (QueueItem message; own.pop(message); run.end_iteration()) {
    run.spin_for(type.work);
    if (run.stopping()) return;
    const std::uint64_t took = run.note_since(0, message.since_ns);
    run.count(0);
    next.try_push({.since_ns = message.since_ns + took});
  }
}

constexpr EnumName<Arrivals> kArrivals[] = {{Arrivals::kFixed, "fixed"},
                                            {Arrivals::kPoisson, "poisson"},
                                            {Arrivals::kPareto, "pareto"},
                                            {Arrivals::kOnOff, "on_off"}};

}  // namespace

EnumNames<Arrivals> names_of(Arrivals) { return names_from<kArrivals>(); }

std::vector<WorkTypeRow> server_types() {
  return {
      with_roles<RequestServer, role_of_server>(
          sharing<RequestServer, prepare_request_server>(in_groups<RequestServer, size_of_server_group>(measuring(
              work_row<RequestServer, run_request_server>(
                  "RequestServer", "requests that come whatever happens: queues that build up when a CPU is late",
                  "how long after it was due a request is served; requests offered, served, served late, and dropped",
                  "generator: 6 looks at the clock a request; server: 3 to 8, and about ten system calls that ask how "
                  "long it has run",
                  {work_parameter<&RequestServer::servers>("servers", 1, kMostServers),
                   work_parameter<&RequestServer::rate_hz>("rate_hz", 1, 1'000'000),
                   work_parameter<&RequestServer::arrivals>("arrivals"),
                   work_parameter<&RequestServer::service>("service"),
                   work_parameter<&RequestServer::deadline>("deadline"),
                   work_parameter<&RequestServer::queue_limit>("queue_limit", 1, SharedQueue::kMostLimit)}),
              {"request"}, {"offered", "requests", "late"})))),
      with_roles<ThreadPool, role_in_pool>(sharing<ThreadPool, prepare_pool>(in_groups<ThreadPool, size_of_pool>(
          measuring(work_row<ThreadPool, run_thread_pool>(
                        "ThreadPool", "a queue that is always full, and threads that empty it",
                        "how long a task takes from its submission on; tasks",
                        "submitter: 4 to 6 looks at the clock a task; thread: 4 to 9, and about ten system calls that "
                        "ask how long it has run",
                        {work_parameter<&ThreadPool::submitters>("submitters", 1, kMostServers),
                         work_parameter<&ThreadPool::threads>("threads", 1, kMostServers),
                         work_parameter<&ThreadPool::task>("task"),
                         work_parameter<&ThreadPool::queue_limit>("queue_limit", 1, SharedQueue::kMostLimit)}),
                    {"task"}, {"tasks"})))),
      sharing<Pipeline, prepare_pipeline>(in_groups<Pipeline, size_of_pipeline>(measuring(
          work_row<Pipeline, run_pipeline>(
              "Pipeline", "stages that feed each other: the slowest decides", "how long an item takes through; items",
              "6 to 11 looks at the clock an item and stage, and about ten system calls that ask how long it has run",
              {work_parameter<&Pipeline::stages>("stages", 2, kMostServers), work_parameter<&Pipeline::work>("work"),
               work_parameter<&Pipeline::queue_limit>("queue_limit", 1, SharedQueue::kMostLimit)}),
          {"item"}, {"items"}))),
      sharing<ActorRing, prepare_ring>(in_groups<ActorRing, size_of_ring>(
          measuring(work_row<ActorRing, run_actor_ring>(
                        "ActorRing", "actors with mailboxes: fewer messages than tasks, each wakes the next",
                        "how long a message takes from one actor to the next; hops",
                        "5 to 10 looks at the clock a hop, and about ten system calls that ask how long it has run",
                        {work_parameter<&ActorRing::actors>("actors", 2, kMostServers),
                         work_parameter<&ActorRing::messages>("messages", 1, kMostServers),
                         work_parameter<&ActorRing::work>("work")}),
                    {"hop"}, {"hops"}))),
  };
}

}  // namespace ktstr

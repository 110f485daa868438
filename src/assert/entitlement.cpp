// SPDX-License-Identifier: Apache-2.0
#include "assert/entitlement.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace ktstr {

namespace {

// A group with a weight, or the root: what competes in it are its tasks and the nodes below.
struct Node {
  double weight = 0;
  std::vector<std::size_t> children;
  std::vector<std::pair<std::size_t, int>> tasks;  // the group that it is counted for, nice value
  double workers = 0;                              // in it and below
};

std::string parent_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}

class Hierarchy {
 public:
  explicit Hierarchy(const std::vector<WeightedGroup>& groups) : entitled_(groups.size()) {
    std::vector<std::size_t> order(groups.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Those above first: their names are beginnings of the others.
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return groups[a].name < groups[b].name; });
    for (const std::size_t i : order) add(groups[i], i);
    for (std::size_t i = nodes_.size(); i-- > 0;)
      for (const std::size_t child : nodes_[i].children) nodes_[i].workers += nodes_[child].workers;
  }

  std::vector<double> divide_among_all(double cpus) {
    give(0, cpus);
    return std::move(entitled_);
  }

 private:
  // The nearest node at or above that name.
  std::size_t node_at(std::string name) const {
    for (;; name = parent_of(name)) {
      if (name.empty()) return 0;
      if (const auto found = places_.find(name); found != places_.end()) return found->second;
    }
  }

  void add(const WeightedGroup& group, std::size_t i) {
    if (group.weight) {
      const std::size_t above = node_at(parent_of(group.name));
      const std::size_t place = nodes_.size();
      nodes_.push_back({.weight = static_cast<double>(std::max(*group.weight, 1))});
      nodes_[above].children.push_back(place);
      places_[group.name] = place;
    }
    Node& node = nodes_[node_at(group.name)];
    for (const int nice : group.nice) node.tasks.emplace_back(i, nice);
    node.workers += static_cast<double>(group.nice.size());
  }

  void give(std::size_t place, double cpus) {
    const Node& node = nodes_[place];
    std::vector<Claim> claims;
    for (const auto& [group, nice] : node.tasks) claims.push_back({weight_of_nice(nice), 1});
    for (const std::size_t child : node.children) claims.push_back({nodes_[child].weight, nodes_[child].workers});
    const std::vector<double> parts = divide(cpus, claims);
    std::size_t next = 0;
    for (const auto& [group, nice] : node.tasks) entitled_[group] += parts[next++];
    for (const std::size_t child : node.children) give(child, parts[next++]);
  }

  std::vector<Node> nodes_{1};  // the root first, each before those below it
  std::map<std::string, std::size_t> places_;
  std::vector<double> entitled_;
};

}  // namespace

// Whoever reaches its limit first, as the level rises, is the one with the least limit for its weight.
std::vector<double> divide(double amount, const std::vector<Claim>& claims) {
  std::vector<std::size_t> order(claims.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return claims[a].limit / claims[a].weight < claims[b].limit / claims[b].weight;
  });
  double weights = 0;
  for (const Claim& claim : claims) weights += claim.weight;
  std::vector<double> parts(claims.size());
  for (const std::size_t i : order) {
    parts[i] = std::min(claims[i].limit, amount * claims[i].weight / weights);
    amount = std::max(amount - parts[i], 0.0);
    weights -= claims[i].weight;
  }
  return parts;
}

std::vector<double> entitled_cpus(const std::vector<WeightedGroup>& groups, double cpus) {
  return Hierarchy(groups).divide_among_all(cpus);
}

}  // namespace ktstr

#include "models/stream/stage.hpp"

namespace rheo::stream {

Stage::Stage(const sc_core::sc_module_name& name, const StageContext& context, std::vector<ActionKind> actions)
    : sc_module(name),
      context_(context),
      scope_{Mode::evaluation, Phase::forward, context.layer},
      actions_(std::move(actions)) {
  SC_METHOD(woken);
  sensitive << wake_;
  dont_initialize();
}

void Stage::woken() {
  ++events_;
  run();
}

void Stage::run() {
  if (running_) return;
  running_ = true;
  try {
    work();
  } catch (...) {
    running_ = false;
    throw;
  }
  running_ = false;
}

void Stage::wake_after(Cycle cycle) {
  const sc_core::sc_time at = sc_core::sc_time::from_value(context_.clock.value() * (cycle + 1));
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  wake_.notify(at > now ? at - now : sc_core::SC_ZERO_TIME);
}

BusyTime& Stage::busy() {
  const std::uint64_t counted = busy_.ticks(scope_);
  busy_.add(scope_, busy_cycles_ * context_.clock.value() - counted);
  return busy_;
}

}  // namespace rheo::stream

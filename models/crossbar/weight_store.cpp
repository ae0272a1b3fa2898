#include "models/crossbar/weight_store.hpp"

#include <stdexcept>

#include "models/crossbar/compounds/compounds.hpp"

namespace rheo::crossbar {

UpdateCounts WeightStore::draw_update(const InputBlock&, const InputBlock&, const VectorRange&, float, ThreadTeam&) {
  throw std::logic_error("the device draws no trains ahead");
}

UpdateCounts WeightStore::apply_drawn(ThreadTeam&) { throw std::logic_error("the device draws no trains ahead"); }

std::unique_ptr<WeightStore> make_weight_store(const PlaneShape& shape, const DeviceParameters& device,
                                               const UpdateParameters& update, std::uint64_t seed,
                                               std::uint32_t stream) {
  switch (device.compound.kind) {
    case Compound::single:
      return make_single_cell(shape, device, update, seed, stream);
  }
  throw std::logic_error("a compound without a maker");
}

}  // namespace rheo::crossbar

#include "models/crossbar/weight_store.hpp"

#include <stdexcept>

#include "models/crossbar/compounds/compounds.hpp"

namespace rheo::crossbar {

void WeightStore::draw_update(const InputBlock&, const InputBlock&, const VectorRange&, float, ThreadTeam&) {
  throw std::logic_error("the device draws no trains ahead");
}

UpdateCounts WeightStore::apply_drawn(ThreadTeam&) { throw std::logic_error("the device draws no trains ahead"); }

std::unique_ptr<WeightStore> make_weight_store(const PlaneShape& shape, const DeviceParameters& device,
                                               const UpdateParameters& update, std::uint64_t seed, std::uint32_t stream,
                                               const LineReads& reads) {
  const StoreSettings settings{shape, device, update, reads, seed, stream};
  if (device.programmed) return make_pcm_inference(settings);
  switch (device.compound.kind) {
    case Compound::single:
      return make_single_cell(settings);
    case Compound::vector:
      return make_vector_cells(settings);
    case Compound::one_sided:
      return make_one_sided(settings);
    case Compound::transfer:
      return make_transfer(settings);
    case Compound::mixed_precision:
      return make_mixed_precision(settings);
  }
  throw std::logic_error("a compound without a maker");
}

}  // namespace rheo::crossbar

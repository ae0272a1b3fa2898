#include "models/digital/command.hpp"

namespace rheo {

std::string Command::name() const {
  std::string text = "#" + std::to_string(sequence) + " ";
  text += opcode == Opcode::vector ? vector_operation_names[static_cast<std::size_t>(operation)]
                                   : opcode_names[static_cast<std::size_t>(opcode)];
  if (layer != shared_layer) text += " of layer " + std::to_string(layer);
  return text + " on unit " + std::to_string(unit);
}

}  // namespace rheo

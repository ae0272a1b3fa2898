#include "models/digital/command.hpp"

namespace rheo {

std::string Command::name() const {
  std::string text = "#" + std::to_string(sequence) + " " + std::string(operation_name());
  if (layer != shared_layer) text += " of layer " + std::to_string(layer);
  return text + " on unit " + std::to_string(unit);
}

}  // namespace rheo

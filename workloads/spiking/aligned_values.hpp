#pragma once

#include <boost/align/aligned_allocator.hpp>
#include <vector>

namespace rheo::spiking {

/// Values that begin where a cache line begins: the widest vectors then never lie across two.
template <class Number>
using AlignedValues = std::vector<Number, boost::alignment::aligned_allocator<Number, 64>>;

}  // namespace rheo::spiking

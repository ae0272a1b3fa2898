#pragma once

#include <gtest/gtest.h>

#include <systemc>
#include <tlm>

namespace rheo::testing {

/// Replaces the current simulation by one that has not been elaborated. The old one stays allocated, because
/// destroying it breaks the static destructors of the library. The resolution is 10 fs, as on the platforms.
inline void new_simulation() {
  sc_core::sc_curr_simcontext = sc_core::sc_default_global_context = new sc_core::sc_simcontext;
  sc_core::sc_set_time_resolution(10, sc_core::SC_FS);
  tlm::tlm_global_quantum::instance().set(sc_core::SC_ZERO_TIME);
}

/// Gives every test a simulation that has not been elaborated yet, whether each test runs in a process of
/// its own or the whole program runs by hand.
class SystemCTest : public ::testing::Test {
 protected:
  SystemCTest() { new_simulation(); }
};

}  // namespace rheo::testing

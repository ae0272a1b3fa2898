#pragma once

#include <gtest/gtest.h>

#include <systemc>
#include <tlm>

namespace rheo::testing {

/// Gives every test a simulation that has not been elaborated yet, whether each test runs in a process of
/// its own or the whole program runs by hand. The resolution is 10 fs, as on the platforms.
class SystemCTest : public ::testing::Test {
 protected:
  SystemCTest() {
    // The library made the first context. Later tests get a new one; the old one stays allocated, because
    // destroying it breaks the static destructors of the library.
    if (used_) sc_core::sc_curr_simcontext = sc_core::sc_default_global_context = new sc_core::sc_simcontext;
    used_ = true;
    sc_core::sc_set_time_resolution(10, sc_core::SC_FS);
    tlm::tlm_global_quantum::instance().set(sc_core::SC_ZERO_TIME);
  }

 private:
  inline static bool used_ = false;
};

}  // namespace rheo::testing

#include <gtest/gtest.h>

#include <cstdio>
#include <systemc>

namespace {

void fail_on_warning(const sc_core::sc_report& report, const sc_core::sc_actions& actions) {
  if (actions != sc_core::SC_DO_NOTHING && report.get_severity() == sc_core::SC_WARNING) {
    ADD_FAILURE() << "SystemC warning: " << report.what();
  }
  sc_core::sc_report_handler::default_handler(report, actions);
}

}  // namespace

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  sc_core::sc_report_handler::set_handler(fail_on_warning);
  // A fatal report aborts by default; thrown, a test can expect it.
  sc_core::sc_report_handler::set_actions(sc_core::SC_FATAL, sc_core::SC_LOG | sc_core::SC_DISPLAY | sc_core::SC_THROW);
  const int result = RUN_ALL_TESTS();
  if (!::testing::GTEST_FLAG(list_tests) && ::testing::UnitTest::GetInstance()->test_to_run_count() == 0) {
    std::fputs("no test ran\n", stderr);
    return 1;
  }
  return result;
}

#pragma once

#include "models/core/parameters.hpp"

namespace rheo::crossbar {

/// Phase-change memory for inference: weights are computed elsewhere, written once, and then drift and make noise.
///
/// Two cells a weight, g+ for a positive one and g- for a negative one, the other at 0; |w| = largest |w| of the matrix
/// stands for g_max. xi: independent standard normal variates of each cell; g_r = g / g_max of the target.
///   written    g = max(0, g + prog_noise_scale (0.26348 + 1.9650 g_r - 1.1731 g_r^2) g_max / 25 xi)   (uS)
///   exponent   nu = drift_scale |m + s xi|, m = -0.0155 ln g_r + 0.0244 within 0.049 .. 0.1,
///              s = -0.0125 ln g_r - 0.0059 within 0.008 .. 0.045
///   drifted    g (t / t_0)^-nu, t = t_0 + age + the simulated time since the write
///   read       max(0, g_d + read_noise_scale g_d Q sqrt(ln((t + t_read) / (2 t_read))) xi), g_d the drifted one and
///              Q = min(0.0088 / (written / g_max)^0.65, 0.2)
///   weight     (g+ - g-) largest |w| / g_max
/// The read noise is that of slow fluctuations: a command sees one draw of it, which its first vector keys.
///
/// drift_compensation: outputs are multiplied by the sum of |weight| just after the write over the present one. A
/// calibration read (every row once, not through the model of the converters but with their time and counts) takes the
/// present sum when the time t has grown by 1 % since the last one.
///
/// Values depend on the simulated time of each read, and so on everything that changes time: block sizes, granularity,
/// clock, memory. Only threads, tracing, and a kill and resume leave them as they are.
/// Source: Nandakumar et al. 2019, doi:10.1109/ICECS46596.2019.8964852; Joshi et al. 2020,
/// doi:10.1038/s41467-020-16108-9; PCMLikeNoiseModel of aihwkit.
struct PcmInferenceParameters {
  double g_max = 25;
  double prog_noise_scale = 1;
  double read_noise_scale = 1;
  double drift_scale = 1;
  double t_0 = 20;
  double t_read = 250e-9;
  double age = 0;
  bool drift_compensation = false;

  void describe(Parameters& p) {
    p.number("g_max", g_max, {1e-6, 1e6}, "largest conductance, uS");
    p.number("prog_noise_scale", prog_noise_scale, {0.0, 1e6}, "factor on the programming noise");
    p.number("read_noise_scale", read_noise_scale, {0.0, 1e6}, "factor on the noise of what is read");
    p.number("drift_scale", drift_scale, {0.0, 1e6}, "factor on the drift's exponents");
    p.quantity("t_0", t_0, Dimension::seconds, {1e-9, 1e9},
               "from the write to the first read, to which drift is relative");
    p.quantity("t_read", t_read, Dimension::seconds, {1e-12, 1e3}, "time of the read that the noise was measured with");
    p.quantity("age", age, Dimension::seconds, {0.0, 1e12},
               "of the weights beside the simulated time since their write");
    p.flag("drift_compensation", drift_compensation, "scale outputs by what a calibration read says has drifted away");
  }
};

}  // namespace rheo::crossbar

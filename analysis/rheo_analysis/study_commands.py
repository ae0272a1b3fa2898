"""Commands about studies: range tests, devices, replicated convolutions, robustness, evaluations, spiking training."""

from pathlib import Path

from .command_line import PICTURE, TEXT, add_format, draw, say, written


def lr_range(arguments):
    from . import lr_range as module, style
    from .reading import read_range_test
    test = read_range_test(arguments.run)
    paths = [Path(arguments.run) / f"lr_range.{kind}" for kind in ("png", "svg")]
    for path in paths:
        style.save(module.figure(test), path)
    say(arguments, *paths)


def device_response(arguments):
    from . import device_response as module
    response = module.read_response(arguments.response)
    fitted = module.read_response(arguments.fit) if arguments.fit else None
    draw(arguments, lambda: module.figure(response, fitted, arguments.title),
         Path(arguments.response).with_suffix(".png"))


def rapa_speedup(arguments):
    from . import rapa_speedup as module
    study = module.read_study(arguments.study)
    draw(arguments, lambda: module.figure(study), Path(arguments.study).with_suffix(".png"))


def rapa_similarity(arguments):
    from . import rapa_similarity as module
    networks = [module.read_similarity(study) for study in arguments.studies]
    draw(arguments, lambda: module.figure(networks), "rapa_similarity.png")


def robustness(arguments):
    from . import robustness as module
    from .evaluations import read_evaluation
    evaluations = [read_evaluation(folder) for folder in arguments.evaluations]
    draw(arguments, lambda: module.figure(evaluations), "robustness.png")


def evaluations(arguments):
    from . import evaluations as module
    written(arguments, module.table([module.read_evaluation(folder) for folder in arguments.evaluations],
                                    arguments.format))


def spiking_accuracy(arguments):
    from . import spiking as module
    runs = [module.read_run(run) for run in arguments.runs]
    draw(arguments, lambda: module.accuracy_figure(runs),
         runs[0].folder / "accuracy_snr.png" if len(runs) == 1 else "accuracy_snr.png")


def spiking_confusion(arguments):
    from . import spiking as module
    run = module.read_run(arguments.run)
    draw(arguments, lambda: module.confusion_figure(run), run.folder / "confusion.png")


def spiking_ratios(arguments):
    from . import spiking, stream_ratios
    from .reading import read_run
    if stream_ratios.is_stream_run(arguments.run):
        run = read_run(arguments.run)
        draw(arguments, lambda: stream_ratios.figure(run), run.beside("spike_ratio.png"))
    else:
        run = spiking.read_run(arguments.run)
        draw(arguments, lambda: spiking.ratios_figure(run), run.folder / "spike_ratio.png")


def spike_raster(arguments):
    from . import spike_raster as module
    raster = module.read(arguments.run, arguments.example)
    draw(arguments, lambda: module.figure(raster), raster.file.parent / "spikes.png")


def spiking_widths(arguments):
    from . import spiking as module
    rows = module.read_widths(arguments.widths)
    draw(arguments, lambda: module.widths_figure(rows), Path(arguments.widths).with_suffix(".png"))


def add_to(commands):
    made = commands.add("lr-range", lr_range,
                        "loss against learning rate; writes lr_range.png and lr_range.svg into RUN", None)
    made.add_argument("run", metavar="RUN", help="folder that rheo lr-range wrote")
    made = commands.add("device-response", device_response, "weight against pulses, mean and percentiles over the "
                        "cells, from the CSV file that rheo device response writes",
                        PICTURE.format("beside the CSV file"))
    made.add_argument("response", metavar="RESPONSE.csv",
                      help="pulse index and weight, or mean, deviation, percentiles")
    made.add_argument("--fit", metavar="FITTED.csv", help="the response of a fit, to draw over it")
    made.add_argument("--title", default="", help="what was measured")
    made = commands.add("rapa-speedup", rapa_speedup, "speed-up of RAPA-ConvNets against replicas of the first "
                        "convolution, and the unit that is busiest", PICTURE.format("beside the file"))
    made.add_argument("study", metavar="FILE.json", help="what benchmark_rapa --out wrote")
    made = commands.add("rapa-similarity", rapa_similarity, "how alike the replicas of a kernel matrix became, by "
                        "tiling scheme and pooling", PICTURE.format("rapa_similarity.png"))
    made.add_argument("studies", metavar="EVALUATION", nargs="+", help="folder that rheo evaluate --out wrote")
    made = commands.add("robustness", robustness, "what stays right under a fast gradient sign attack, against "
                        "epsilon and signal-to-noise ratio; a curve a network: folders NAME-attackEPSILON-SEED",
                        PICTURE.format("robustness.png"))
    made.add_argument("evaluations", metavar="EVALUATION", nargs="+", help="folder that rheo evaluate --out wrote")
    made = commands.add("evaluations", evaluations,
                        "one row a network, mean and deviation over seeds: folders NAME-SEED", TEXT)
    made.add_argument("evaluations", metavar="EVALUATION", nargs="+", help="folder that rheo evaluate --out wrote")
    add_format(made)
    made = commands.add("spiking-accuracy", spiking_accuracy, "accuracy of spiking networks against SNR",
                        PICTURE.format("accuracy_snr.png, in the run's folder if it is one run"))
    made.add_argument("runs", metavar="RUN", nargs="+", help="folder that rheo train-spiking wrote")
    made = commands.add("spiking-confusion", spiking_confusion, "which classes a spiking network takes for which",
                        PICTURE.format("confusion.png in the run's folder"))
    made.add_argument("run", metavar="RUN", help="folder that rheo train-spiking wrote")
    made = commands.add("spiking-ratios", spiking_ratios, "share of each layer's inputs that spike: tick by tick of a "
                        "trained network, mean and largest of a run on the streaming platform",
                        PICTURE.format("spike_ratio.png in the run's folder"))
    made.add_argument("run", metavar="RUN", help="folder that rheo train-spiking or rheo run wrote")
    made = commands.add("spike-raster", spike_raster, "which neurons of which layer spike at which tick",
                        PICTURE.format("spikes.png beside spikes.h5"))
    made.add_argument("run", metavar="RUN", help="folder of rheo run --trace of a spiking network, or its spikes.h5")
    made.add_argument("--example", type=int, default=0, metavar="N", help="which, from 0 (default: 0)")
    made = commands.add("spiking-widths", spiking_widths, "spikes and accuracy of a spiking network in fixed point",
                        PICTURE.format("beside the CSV file"))
    made.add_argument("widths", metavar="WIDTHS.csv", help="what rheo spiking-widths --out wrote")

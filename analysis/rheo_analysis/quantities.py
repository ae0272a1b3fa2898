"""Numbers with units, as people read them."""

import math

PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "ps": 1e-12}


def exponent_of(value):
    """The power of ten, a multiple of three from -15 to 12, whose prefix suits `value` in three digits."""
    if value == 0 or not math.isfinite(value):
        return 0
    # Rounded to three digits first: 0.9996 is "1.00", not "1000 m".
    power = math.floor(math.log10(float(f"{abs(value):.2e}")))
    return min(max(3 * (power // 3), -15), 12)


def significant(value, digits=3):
    """`value` with so many significant digits, never in the e notation between 1e-3 and 1e6: 1234.5 -> "1234"."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return str(value)
    power = math.floor(math.log10(float(f"{abs(value):.{digits - 1}e}")))
    if power < -3 or power >= 6:
        return f"{value:.{digits - 1}e}"
    return f"{value:.{max(digits - 1 - power, 0)}f}"


def engineering(value, unit):
    """"12.3 ms": three digits and the prefix that suits; a dimensionless value keeps its plain digits."""
    if not unit:
        return significant(value)
    if unit == "mm²":
        return f"{significant(value)} mm²"
    exponent = exponent_of(value)
    return f"{significant(value / 10.0**exponent)} {PREFIXES[exponent]}{unit}"


def scale_for(values, unit):
    """(factor, unit with prefix) that brings the largest of `values` (in `unit`) into 1 to 1000."""
    largest = max((abs(v) for v in values), default=0)
    exponent = exponent_of(largest)
    return 10.0**-exponent, f"{PREFIXES[exponent]}{unit}"


def parse_seconds(text):
    """Seconds of "1.5 ms", "200us" or "0.001" (seconds). ValueError when it is no time."""
    text = text.strip()
    number = text.rstrip("smunpµ ")
    unit = text[len(number):].strip() or "s"
    if unit not in SECONDS:
        raise ValueError(text)
    seconds = float(number) * SECONDS[unit]
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(text)
    return seconds

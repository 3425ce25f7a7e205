// node:perf_hooks, <https://nodejs.org/api/perf_hooks.html>

(function ({ invalidArgument, missing, natives, outOfRange }) {
  const { idleMs, nowMs, recordFunction } = natives('perf_hooks');
  const { performance } = globalThis;

  // ---- Histograms ----

  const MAX = Number.MAX_SAFE_INTEGER;
  const LOWEST = 9223372036854775807n;

  // Values are kept as an HDR histogram keeps them: in steps of a power of two below the lowest, up to twice ten to
  // the number of figures of them, from there on in steps that double with each power of two.
  class Buckets {
    #counts = new Map();
    #step;
    #fine;
    #sorted;

    constructor(lowest, figures) {
      this.#step = 2 ** Math.floor(Math.log2(lowest));
      this.#fine = this.#step * 2 ** Math.ceil(Math.log2(2 * 10 ** figures));
    }

    // How many values stand in the bucket that `value` belongs to.
    #width(value) {
      let width = this.#step;
      for (let top = this.#fine; value >= top; top *= 2) width *= 2;
      return width;
    }

    add(value, count = 1) {
      const width = this.#width(value);
      const low = Math.floor(value / width) * width;
      const known = this.#counts.get(low);
      if (known === undefined) this.#sorted = undefined;
      this.#counts.set(low, (known ?? 0) + count);
    }

    clear() {
      this.#counts.clear();
      this.#sorted = undefined;
    }

    highest(low) { return low + this.#width(low) - 1; }
    middle(low) { return low + Math.floor(this.#width(low) / 2); }

    *[Symbol.iterator]() {
      this.#sorted ??= [...this.#counts.keys()].sort((a, b) => a - b);
      for (const low of this.#sorted) yield [low, this.#counts.get(low)];
    }
  }

  const create = Symbol('create');

  class Histogram {
    #most;
    #buckets;
    #count = 0;
    #exceeds = 0;

    constructor(key, { lowest = 1, highest = MAX, figures = 3 } = {}) {
      if (key !== create) throw new TypeError('Illegal constructor');
      this.#most = Number(highest);
      this.#buckets = new Buckets(Number(lowest), figures);
    }

    static add(histogram, value, count = 1) {
      if (value > histogram.#most) {
        histogram.#exceeds += count;
        return;
      }
      histogram.#buckets.add(value, count);
      histogram.#count += count;
    }

    static merge(histogram, other) {
      for (const [low, count] of other.#buckets) Histogram.add(histogram, low, count);
      histogram.#exceeds += other.#exceeds;
    }

    get count() { return this.#count; }
    get countBigInt() { return BigInt(this.#count); }
    get exceeds() { return this.#exceeds; }
    get exceedsBigInt() { return BigInt(this.#exceeds); }

    get min() { return Number(this.minBigInt); }
    get minBigInt() {
      for (const [low] of this.#buckets) return BigInt(low);
      return LOWEST;
    }

    get max() { return Number(this.maxBigInt); }
    get maxBigInt() {
      let last = 0;
      for (const [low] of this.#buckets) last = this.#buckets.highest(low);
      return BigInt(last);
    }

    get mean() {
      let sum = 0;
      for (const [low, count] of this.#buckets) sum += this.#buckets.middle(low) * count;
      return sum / this.#count;
    }

    get stddev() {
      const { mean } = this;
      let sum = 0;
      for (const [low, count] of this.#buckets) sum += (this.#buckets.middle(low) - mean) ** 2 * count;
      return Math.sqrt(sum / this.#count);
    }

    percentile(percentile) {
      if (typeof percentile !== 'number') throw invalidArgument('percentile', 'of type number', percentile);
      if (!(percentile > 0 && percentile <= 100)) throw outOfRange('percentile', '> 0 && <= 100', percentile);
      return this.#valueAt(percentile);
    }
    percentileBigInt(percentile) { return BigInt(this.percentile(percentile)); }

    #valueAt(percentile) {
      const wanted = Math.max(1, Math.floor((percentile / 100) * this.#count + 0.5));
      let seen = 0;
      for (const [low, count] of this.#buckets) {
        seen += count;
        if (seen >= wanted) return this.#buckets.highest(low);
      }
      return 0;
    }

    // By halving what is left above, until all values are counted.
    get percentiles() {
      const found = new Map();
      let percentile = 0;
      let seen = 0;
      let last = 0;
      for (const [low, count] of this.#buckets) {
        seen += count;
        last = low;
        for (; percentile < 100 && (seen * 100) / this.#count >= percentile; percentile += (100 - percentile) / 2) {
          found.set(percentile, low);
          if (seen === this.#count) percentile = 100;
        }
      }
      return found.set(100, last);
    }
    get percentilesBigInt() {
      return new Map([...this.percentiles].map(([percentile, value]) => [percentile, BigInt(value)]));
    }

    reset() {
      this.#buckets.clear();
      this.#count = 0;
      this.#exceeds = 0;
    }

    toJSON() {
      const { count, min, max, mean, exceeds, stddev, percentiles } = this;
      return { count, min, max, mean, exceeds, stddev, percentiles: Object.fromEntries(percentiles) };
    }

    [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
      if (depth < 0) return '[Histogram]';
      const { min, max, mean, exceeds, stddev, count, percentiles } = this;
      return `Histogram ${inspect({ min, max, mean, exceeds, stddev, count, percentiles }, { ...options, depth: options.depth == null ? null : options.depth - 1 })}`;
    }
  }

  class RecordableHistogram extends Histogram {
    #last;

    record(value) {
      if (typeof value === 'bigint') return Histogram.add(this, Number(value));
      if (typeof value !== 'number') throw invalidArgument('val', 'of type number', value);
      if (!Number.isSafeInteger(value) || value < 1) throw outOfRange('val', `>= 1 && <= ${MAX}`, value);
      Histogram.add(this, value);
    }

    recordDelta() {
      const now = process.hrtime.bigint();
      if (this.#last !== undefined) Histogram.add(this, Number(now - this.#last));
      this.#last = now;
    }

    add(other) {
      if (!(other instanceof RecordableHistogram)) throw invalidArgument('other', 'an instance of RecordableHistogram', other);
      Histogram.merge(this, other);
    }
  }

  function createHistogram(options = {}) {
    if (options === null || typeof options !== 'object') throw invalidArgument('options', 'of type object', options);
    const { lowest = 1, highest = MAX, figures = 3 } = options;
    for (const [name, value] of [['lowest', lowest], ['highest', highest]]) {
      if (typeof value !== 'number' && typeof value !== 'bigint') throw invalidArgument(`options.${name}`, 'an integer or a bigint', value);
    }
    if (!Number.isInteger(figures) || figures < 1 || figures > 5) throw outOfRange('options.figures', '>= 1 && <= 5', figures);
    return new RecordableHistogram(create, { lowest, highest, figures });
  }

  // How much longer than asked for the loop took from one beat to the next is in what it records.
  class IntervalHistogram extends Histogram {
    #resolution;
    #timer;

    constructor(key, resolution) {
      super(key);
      this.#resolution = resolution;
    }

    enable() {
      if (this.#timer !== undefined) return false;
      let last = process.hrtime.bigint();
      this.#timer = setInterval(() => {
        const now = process.hrtime.bigint();
        Histogram.add(this, Number(now - last));
        last = now;
      }, this.#resolution).unref();
      return true;
    }

    disable() {
      if (this.#timer === undefined) return false;
      clearInterval(this.#timer);
      this.#timer = undefined;
      return true;
    }

    [Symbol.dispose]() { this.disable(); }
  }

  function monitorEventLoopDelay(options = {}) {
    if (options === null || typeof options !== 'object') throw invalidArgument('options', 'of type object', options);
    const { resolution = 10 } = options;
    if (typeof resolution !== 'number') throw invalidArgument('options.resolution', 'of type number', resolution);
    if (!Number.isInteger(resolution) || resolution < 1) throw outOfRange('options.resolution', `>= 1 && <= ${MAX}`, resolution);
    return new IntervalHistogram(create, resolution);
  }

  // ---- The loop and functions ----

  function eventLoopUtilization(since, until) {
    const share = (idle, active) => ({ idle, active, utilization: idle + active === 0 ? 0 : active / (idle + active) });
    if (since && until) return share(since.idle - until.idle, since.active - until.active);
    const idle = idleMs();
    const active = nowMs() - idle;
    return since ? share(idle - since.idle, active - since.active) : share(idle, active);
  }

  function timerify(fn, options = {}) {
    if (typeof fn !== 'function') throw invalidArgument('fn', 'of type function', fn);
    if (options === null || typeof options !== 'object') throw invalidArgument('options', 'of type object', options);
    const { histogram } = options;
    if (histogram !== undefined && typeof histogram?.record !== 'function') {
      throw invalidArgument('options.histogram', 'an instance of RecordableHistogram', histogram);
    }
    const done = (start, args) => {
      const duration = nowMs() - start;
      histogram?.record(Math.max(1, Math.ceil(duration * 1e6)));
      recordFunction(fn.name, start, duration, args);
    };
    function timerified(...args) {
      const start = nowMs();
      const result = new.target ? Reflect.construct(fn, args, new.target === timerified ? fn : new.target) : Reflect.apply(fn, this, args);
      if (typeof result?.finally === 'function') return result.finally(() => done(start, args));
      done(start, args);
      return result;
    }
    return Object.defineProperties(timerified, {
      length: { configurable: false, enumerable: true, value: fn.length },
      name: { configurable: false, enumerable: true, value: `timerified ${fn.name}` },
    });
  }

  for (const [name, value] of Object.entries({ eventLoopUtilization, timerify })) {
    Object.defineProperty(performance, name, { value, writable: true, enumerable: false, configurable: true });
  }

  const constants = {};
  const MAJOR_MINOR = ['MINOR', 'MINOR_MARK_SWEEP', 'MAJOR', 'INCREMENTAL', 'WEAKCB'];
  MAJOR_MINOR.forEach((name, bit) => { constants[`NODE_PERFORMANCE_GC_${name}`] = 1 << bit; });
  const FLAGS = ['NO', 'CONSTRUCT_RETAINED', 'FORCED', 'SYNCHRONOUS_PHANTOM_PROCESSING', 'ALL_AVAILABLE_GARBAGE',
    'ALL_EXTERNAL_MEMORY', 'SCHEDULE_IDLE'];
  FLAGS.forEach((name, bit) => { constants[`NODE_PERFORMANCE_GC_FLAGS_${name}`] = bit === 0 ? 0 : 1 << bit; });

  const module = { constants, createHistogram, eventLoopUtilization, monitorEventLoopDelay, performance, timerify };
  for (const name of ['Performance', 'PerformanceEntry', 'PerformanceMark', 'PerformanceMeasure', 'PerformanceObserver',
    'PerformanceObserverEntryList']) {
    Object.defineProperty(module, name, { get: () => globalThis[name], enumerable: true, configurable: true });
  }
  for (const name of ['createSlidingWindowHistogram', 'importHistogram']) module[name] = missing('perf_hooks', name);
  return module;
})

// node:console, <https://nodejs.org/api/console.html>: consoles over streams. The global one needs none.

(function ({ coded, formatWithOptions, inspect, invalidArgument, natives, outOfRange }) {
  const { durationText, tableText } = natives('console');
  const MAX_INDENTATION = 1000;
  const METHODS = ['log', 'info', 'debug', 'warn', 'error', 'dir', 'time', 'timeEnd', 'timeLog', 'trace', 'assert', 'clear',
    'count', 'countReset', 'group', 'groupEnd', 'table', 'dirxml', 'groupCollapsed'];

  class Output {
    #streams;
    #ignoreErrors;
    #colorMode;
    #inspectOptions;
    #indentation = '';
    #step;
    counts = new Map();
    timers = new Map();

    constructor({ stdout, stderr = stdout, ignoreErrors = true, colorMode = 'auto', inspectOptions, groupIndentation = 2 }) {
      for (const [name, stream] of Object.entries({ stdout, stderr })) {
        if (typeof stream?.write !== 'function') {
          throw coded(TypeError, 'ERR_CONSOLE_WRITABLE_STREAM', `Console expects a writable stream instance for ${name}`);
        }
      }
      if (!['auto', true, false].includes(colorMode)) {
        throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'colorMode' must be one of: 'auto', true, false. Received ${inspect(colorMode)}`);
      }
      if (typeof groupIndentation !== 'number') throw invalidArgument('groupIndentation', 'of type number', groupIndentation);
      if (!(Number.isInteger(groupIndentation) && groupIndentation >= 0 && groupIndentation <= MAX_INDENTATION)) {
        throw outOfRange('groupIndentation', `>= 0 && <= ${MAX_INDENTATION}`, groupIndentation);
      }
      if (inspectOptions !== undefined && (inspectOptions === null || typeof inspectOptions !== 'object')) {
        throw invalidArgument('options.inspectOptions', 'of type object', inspectOptions);
      }
      this.#streams = [stdout, stderr];
      this.#ignoreErrors = ignoreErrors;
      this.#colorMode = colorMode;
      this.#inspectOptions = inspectOptions;
      this.#step = ' '.repeat(groupIndentation);
    }

    options(index) {
      if (this.#inspectOptions !== undefined) {
        return this.#inspectOptions instanceof Map ? this.#inspectOptions.get(this.#streams[index]) ?? {} : this.#inspectOptions;
      }
      const stream = this.#streams[index];
      const auto = stream.isTTY && (typeof stream.getColorDepth !== 'function' || stream.getColorDepth() > 2);
      return { colors: this.#colorMode === 'auto' ? Boolean(auto) : this.#colorMode };
    }

    format(index, values) { return formatWithOptions(this.options(index), ...values); }

    print(index, text) {
      const lines = this.#indentation === '' ? text : text.split('\n').map((line) => this.#indentation + line).join('\n');
      const stream = this.#streams[index];
      if (this.#ignoreErrors === false) {
        stream.write(`${lines}\n`);
        return;
      }
      // Who prints does not fail for want of a reader.
      const ignore = () => {};
      stream.once?.('error', ignore);
      try {
        stream.write(`${lines}\n`, ignore);
      } catch {
        // As above.
      } finally {
        stream.removeListener?.('error', ignore);
      }
    }

    indent() { if (this.#indentation.length < MAX_INDENTATION) this.#indentation += this.#step; }
    outdent() { this.#indentation = this.#indentation.slice(this.#step.length); }
    clear() { if (this.#streams[0].isTTY) this.#streams[0].write('\x1b[1;1H\x1b[0J'); }
  }

  const warn = (text) => { process.emitWarning(text); };
  const outputs = new WeakMap();

  function methodsOf(output) {
    const log = (...values) => output.print(0, output.format(0, values));
    const error = (...values) => output.print(1, output.format(1, values));
    const group = (...values) => {
      if (values.length > 0) log(...values);
      output.indent();
    };
    const passed = (label, method, values) => {
      const started = output.timers.get(label);
      if (started === undefined) {
        warn(`No such label '${label}' for console.${method}()`);
        return;
      }
      const text = `${label}: ${durationText(performance.now() - started)}`;
      output.print(0, values.length > 0 ? `${text} ${output.format(0, values)}` : text);
    };
    return {
      log,
      info: log,
      debug: log,
      dirxml: log,
      warn: error,
      error,
      dir(value, options) { output.print(0, inspect(value, { customInspect: false, ...output.options(0), ...options })); },
      time(label = 'default') {
        label = `${label}`;
        if (output.timers.has(label)) warn(`Label '${label}' already exists for console.time()`);
        else output.timers.set(label, performance.now());
      },
      timeEnd(label = 'default') {
        passed(`${label}`, 'timeEnd', []);
        output.timers.delete(`${label}`);
      },
      timeLog(label = 'default', ...values) { passed(`${label}`, 'timeLog', values); },
      trace(...values) {
        const holder = { name: 'Trace', message: output.format(1, values) };
        Error.captureStackTrace(holder);
        output.print(1, holder.stack);
      },
      assert(condition, ...values) {
        if (condition) return;
        if (typeof values[0] === 'string') values[0] = `Assertion failed: ${values[0]}`;
        else values.unshift('Assertion failed');
        error(...values);
      },
      clear() { output.clear(); },
      count(label = 'default') {
        label = `${label}`;
        const count = (output.counts.get(label) ?? 0) + 1;
        output.counts.set(label, count);
        log(`${label}: ${count}`);
      },
      countReset(label = 'default') {
        if (!output.counts.delete(`${label}`)) warn(`Count for '${label}' does not exist`);
      },
      group,
      groupCollapsed: group,
      groupEnd() { output.outdent(); },
      table(data, columns) {
        if (columns !== undefined && !Array.isArray(columns)) throw invalidArgument('properties', 'an instance of Array', columns);
        output.print(0, tableText(data, columns) ?? output.format(0, [data]));
      },
    };
  }

  function Console(options) {
    if (!new.target) return Reflect.construct(Console, arguments);
    if (typeof options?.write === 'function') options = { stdout: options, stderr: arguments[1], ignoreErrors: arguments[2] };
    const output = new Output(options ?? {});
    outputs.set(this, methodsOf(output));
    // Each may be taken off and called by itself.
    for (const name of METHODS) {
      const method = this[name].bind(this);
      Object.defineProperty(method, 'name', { value: name });
      Object.defineProperty(this, name, { value: method, writable: true, enumerable: true, configurable: true });
    }
    Object.defineProperty(this, Symbol.toStringTag, { value: 'console', configurable: true });
  }
  for (const name of METHODS) {
    const method = { [name](...values) { return outputs.get(this)[name](...values); } }[name];
    Object.defineProperty(Console.prototype, name, { value: method, writable: true, enumerable: true, configurable: true });
  }
  const { console } = globalThis;
  Object.defineProperty(Console, Symbol.hasInstance, {
    value(object) { return object === console || Function.prototype[Symbol.hasInstance].call(this, object); },
  });
  Object.defineProperty(console, 'Console', { value: Console, writable: true, enumerable: false, configurable: true });
  return console;
})

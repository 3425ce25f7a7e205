// Queuing strategies, <https://streams.spec.whatwg.org/#qs>.

(function ({ base }) {
  const { apply, asInterface, create, defineProperty, dictionary, invalidArgument, rangeError, slot, typeError } = base;

  // Both are the same but for what they call a size.
  function strategy(name, sizeOf) {
    const own = slot(name);
    const { checked } = own;
    // `size` is one function for all strategies of a realm, with the name of the attribute.
    const { size } = sizeOf;
    class Strategy {
      constructor(init) {
        if (arguments.length === 0) {
          throw typeError('ERR_MISSING_ARGS', 'The "init" argument must be specified');
        }
        const { highWaterMark } = dictionary(init, 'init') ?? create(null);
        if (highWaterMark === undefined) {
          throw typeError('ERR_MISSING_OPTION', 'init.highWaterMark is required');
        }
        own.attach(this, { __proto__: null, highWaterMark: +highWaterMark });
      }
      get highWaterMark() {
        return checked(this).highWaterMark;
      }
      get size() {
        checked(this);
        return size;
      }
    }
    defineProperty(Strategy, 'name', { __proto__: null, value: name });
    return asInterface(Strategy, own, ({ highWaterMark }) => ({ highWaterMark }));
  }

  const ByteLengthQueuingStrategy = strategy('ByteLengthQueuingStrategy', {
    size(chunk) {
      return chunk.byteLength;
    },
  });
  const CountQueuingStrategy = strategy('CountQueuingStrategy', {
    size() {
      return 1;
    },
  });

  // The members of a strategy, as they are converted before anything else is looked at.
  function readStrategy(given) {
    const members = dictionary(given, 'strategy');
    const mark = members?.highWaterMark;
    const size = members?.size;
    if (size !== undefined && typeof size !== 'function') {
      throw invalidArgument('strategy.size', 'of type function', size);
    }
    return { __proto__: null, highWaterMark: mark === undefined ? undefined : +mark, size };
  }

  // The mark, or this one where there is none, and what makes sizes.
  const one = () => 1;
  function strategyOf({ highWaterMark, size }, defaultMark) {
    const mark = highWaterMark === undefined ? defaultMark : highWaterMark;
    // #validate-and-normalize-high-water-mark
    // 3. If highWaterMark is NaN or highWaterMark < 0, throw a RangeError exception.
    if (!(mark >= 0)) {
      throw rangeError('ERR_INVALID_ARG_VALUE',
        `The property 'strategy.highWaterMark' is invalid. Received ${mark}`);
    }
    return {
      __proto__: null,
      highWaterMark: mark,
      // #make-size-algorithm-from-size-function
      size: size === undefined ? one : (chunk) => +apply(size, undefined, [chunk]),
    };
  }

  return { ByteLengthQueuingStrategy, CountQueuingStrategy, readStrategy, strategyOf };
})

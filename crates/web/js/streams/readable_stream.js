// The interface `ReadableStream`, <https://streams.spec.whatwg.org/#rs-class>.

(function ({ base, bytes, defaults, iteration, piping, readable, signals, strategies, teeing, writable }) {
  const {
    DONE, apply, asInterface, callback, create, defineProperty, dictionary, enforcedInteger,
    invalidArgument, invalidState, isObject, nothing, promiseOf, promised, promisedCall, rangeError,
    rejectedPromise, then, typeError,
  } = base;
  const { Stream, streams } = readable;
  const { readStrategy, strategyOf } = strategies;

  // The members of a source, in the order that Web IDL reads them.
  function sourceOf(given) {
    const source = { __proto__: null };
    const size = given.autoAllocateChunkSize;
    source.autoAllocateChunkSize =
      size === undefined ? undefined : enforcedInteger(size, 'source.autoAllocateChunkSize');
    source.cancel = callback(given, 'cancel', 'source');
    source.pull = callback(given, 'pull', 'source');
    source.start = callback(given, 'start', 'source');
    const { type } = given;
    source.type = type === undefined ? undefined : `${type}`;
    if (source.type !== undefined && source.type !== 'bytes') {
      throw typeError('ERR_INVALID_ARG_VALUE', `The argument 'source.type' is invalid. Received '${source.type}'`);
    }
    return source;
  }
  const done = () => DONE;
  const algorithmsOf = ({ start, pull, cancel }, self) => ({
    __proto__: null,
    start: start === undefined ? done : (controller) => promiseOf(apply(start, self, [controller])),
    pull: pull === undefined ? done : promisedCall(pull, self),
    cancel: cancel === undefined ? done : promisedCall(cancel, self),
  });

  const isLocked = (stream) => stream.reader !== undefined;
  const locked = () => invalidState('ReadableStream is locked');

  // A dictionary StreamPipeOptions, in the order that Web IDL reads its members.
  function pipeOptions(given) {
    const options = dictionary(given, 'options') ?? create(null);
    const preventAbort = !!options.preventAbort;
    const preventCancel = !!options.preventCancel;
    const preventClose = !!options.preventClose;
    const { signal } = options;
    if (signal !== undefined && !signals.isSignal(signal)) {
      throw invalidArgument('options.signal', 'an instance of AbortSignal', signal);
    }
    return { __proto__: null, preventAbort, preventCancel, preventClose, signal };
  }
  function writableOf(value, name) {
    const stream = writable.streams.of(value);
    if (stream === undefined) throw invalidArgument(name, 'an instance of WritableStream', value);
    return stream;
  }

  class ReadableStream {
    constructor(underlyingSource = undefined, strategy = undefined) {
      if (underlyingSource !== undefined && !isObject(underlyingSource)) {
        throw invalidArgument('source', 'of type object', underlyingSource);
      }
      const queuing = readStrategy(strategy);
      const source = sourceOf(underlyingSource ?? create(null));
      const algorithms = algorithmsOf(source, underlyingSource);
      if (source.type === undefined) {
        const made = strategyOf(queuing, 1);
        defaults.setUpController(new Stream(this), algorithms, made);
        return;
      }
      if (queuing.size !== undefined) {
        throw rangeError('ERR_INVALID_ARG_VALUE', "The argument 'strategy.size' is invalid");
      }
      const { highWaterMark } = strategyOf(queuing, 0);
      if (source.autoAllocateChunkSize === 0) {
        throw typeError('ERR_INVALID_ARG_VALUE', "The property 'source.autoAllocateChunkSize' must be greater than 0");
      }
      bytes.setUpController(new Stream(this), algorithms, highWaterMark, source.autoAllocateChunkSize);
    }
    static from(asyncIterable) {
      return iteration.fromIterable(asyncIterable, ReadableStream.prototype).object;
    }
    get locked() {
      return isLocked(streams.checked(this));
    }
    cancel(reason = undefined) {
      return promised(() => {
        const stream = streams.checked(this);
        return isLocked(stream) ? rejectedPromise(locked()) : readable.cancel(stream, reason);
      });
    }
    getReader(options = undefined) {
      streams.checked(this);
      const mode = dictionary(options, 'options')?.mode;
      if (mode === undefined) return new defaults.ReadableStreamDefaultReader(this);
      if (`${mode}` !== 'byob') {
        throw typeError('ERR_INVALID_ARG_VALUE', `The property 'options.mode' is invalid. Received '${mode}'`);
      }
      return new bytes.ReadableStreamBYOBReader(this);
    }
    pipeThrough(transform, options = undefined) {
      const stream = streams.checked(this);
      if (arguments.length === 0) throw typeError('ERR_MISSING_ARGS', 'The "transform" argument must be specified');
      const pair = dictionary(transform, 'transform') ?? create(null);
      const target = pair.readable;
      if (streams.of(target) === undefined) {
        throw invalidArgument('transform.readable', 'an instance of ReadableStream', target);
      }
      const destination = writableOf(pair.writable, 'transform.writable');
      const checkedOptions = pipeOptions(options);
      if (isLocked(stream)) throw locked();
      if (destination.writer !== undefined) throw invalidState('The WritableStream is locked');
      then(piping.pipe(stream, destination, checkedOptions), undefined, nothing);
      return target;
    }
    pipeTo(destination, options = undefined) {
      return promised(() => {
        const stream = streams.checked(this);
        const target = writableOf(destination, 'destination');
        const checkedOptions = pipeOptions(options);
        if (isLocked(stream)) throw locked();
        if (target.writer !== undefined) throw invalidState('The WritableStream is locked');
        return piping.pipe(stream, target, checkedOptions);
      });
    }
    tee() {
      const stream = streams.checked(this);
      const [first, second] = teeing.tee(stream, ReadableStream.prototype);
      return [first.object, second.object];
    }
    values(options = undefined) {
      const stream = streams.checked(this);
      const preventCancel = !!dictionary(options, 'options')?.preventCancel;
      return iteration.valuesOf(stream, preventCancel);
    }
  }
  asInterface(ReadableStream, streams, (stream) => ({
    locked: isLocked(stream),
    state: stream.state,
    supportsBYOB: stream.controller.isByte,
  }));
  defineProperty(ReadableStream.prototype, Symbol.asyncIterator, {
    __proto__: null, value: ReadableStream.prototype.values, configurable: true, writable: true,
  });

  return { ReadableStream };
})

// `TransformStream`, <https://streams.spec.whatwg.org/#ts>.

(function ({ base, defaults, strategies, writable, ReadableStream }) {
  const {
    DONE, adopted, apply, asInterface, callback, chain, create, illegalConstructor, invalidArgument,
    isObject, newPromise, promiseOf, rangeError, record, rejectedPromise, slot, then, invalidState,
  } = base;
  const { readStrategy, strategyOf } = strategies;

  const streams = slot('TransformStream');
  const controllers = slot('TransformStreamDefaultController');

  const Stream = record(class {
    constructor(object) {
      this.readable = this.writable = this.controller = undefined;
      this.backpressure = undefined;
      this.backpressureChange = undefined;
      this.object = object;
      streams.attach(object, this);
    }
  });

  const Controller = record(class {
    constructor(stream, { transform, flush, cancel }) {
      this.stream = stream;
      this.transform = transform;
      this.flush = flush;
      this.cancel = cancel;
      // What ends the stream, from whichever side it came first.
      this.finish = undefined;
      this.object = create(TransformStreamDefaultController.prototype);
      controllers.attach(this.object, this);
    }
    // #transform-stream-default-controller-clear-algorithms
    clear() {
      this.transform = this.flush = this.cancel = undefined;
    }
  });

  // #initialize-transform-stream, with what #set-up-transform-stream-default-controller needs:
  // `algorithms.start` is called with the controller's object.
  function createTransform(object, algorithms, writableStrategy, readableStrategy) {
    const stream = new Stream(object);
    const started = newPromise();
    const start = () => adopted(started.promise);
    stream.writable = writable.createWritable({
      __proto__: null,
      write: (chunk) => sinkWrite(stream, chunk),
      abort: (reason) => sinkAbort(stream, reason),
      close: () => sinkClose(stream),
    }, writableStrategy, start);
    stream.readable = defaults.createReadable({
      __proto__: null,
      start,
      // #transform-stream-default-source-pull
      pull() {
        setBackpressure(stream, false);
        return stream.backpressureChange.promise;
      },
      cancel: (reason) => sourceCancel(stream, reason),
    }, readableStrategy, ReadableStream.prototype);
    setBackpressure(stream, true);
    stream.controller = new Controller(stream, algorithms);
    // Only a script's `start` gives anything.
    started.resolve(algorithms.start?.(stream.controller.object));
    return stream;
  }

  // #transform-stream-error
  function error(stream, reason) {
    stream.readable.controller.error(reason);
    errorWritableAndUnblockWrite(stream, reason);
  }
  // #transform-stream-error-writable-and-unblock-write
  function errorWritableAndUnblockWrite(stream, reason) {
    stream.controller.clear();
    writable.errorIfNeeded(stream.writable.controller, reason);
    unblockWrite(stream);
  }
  // #transform-stream-unblock-write
  function unblockWrite(stream) {
    if (stream.backpressure) setBackpressure(stream, false);
  }
  // #transform-stream-set-backpressure
  function setBackpressure(stream, backpressure) {
    stream.backpressureChange?.resolve();
    stream.backpressureChange = newPromise();
    stream.backpressure = backpressure;
  }

  // ---- Controllers ----

  // #transform-stream-default-controller-enqueue
  function enqueue({ stream }, chunk) {
    const { controller } = stream.readable;
    if (!controller.canCloseOrEnqueue()) throw invalidState('Unable to enqueue');
    try {
      controller.enqueue(chunk);
    } catch (reason) {
      errorWritableAndUnblockWrite(stream, reason);
      throw stream.readable.storedError;
    }
    if (controller.backpressure !== stream.backpressure) setBackpressure(stream, true);
  }
  // #transform-stream-default-controller-terminate
  function terminate({ stream }) {
    stream.readable.controller.close();
    errorWritableAndUnblockWrite(stream, invalidState('TransformStream has been terminated'));
  }
  // #transform-stream-default-controller-perform-transform
  function performTransform(controller, chunk) {
    const { transform } = controller;
    return then(transform(chunk, controller.object), undefined, (reason) => {
      error(controller.stream, reason);
      throw reason;
    });
  }

  // ---- Sink and source ----

  // #transform-stream-default-sink-write-algorithm
  function sinkWrite(stream, chunk) {
    const { controller } = stream;
    if (!stream.backpressure) return performTransform(controller, chunk);
    return chain(stream.backpressureChange.promise, () => {
      const { state, storedError } = stream.writable;
      if (state === 'erroring') throw storedError;
      return performTransform(controller, chunk);
    });
  }

  // The ends of a stream have this in common: `run` is done once, and what it comes to is told to
  // whoever asks again.
  function finishOnce(controller, run, settle) {
    if (controller.finish !== undefined) return controller.finish.promise;
    const finish = controller.finish = newPromise();
    const result = run();
    controller.clear();
    then(result, () => settle(finish), (reason) => settle(finish, { reason }));
    return finish.promise;
  }

  // #transform-stream-default-sink-abort-algorithm
  function sinkAbort({ controller, readable }, reason) {
    return finishOnce(controller, () => {
      const { cancel } = controller;
      return cancel(reason);
    }, (finish, failure) => {
      if (failure !== undefined) {
        readable.controller.error(failure.reason);
        finish.reject(failure.reason);
      } else if (readable.state === 'errored') {
        finish.reject(readable.storedError);
      } else {
        readable.controller.error(reason);
        finish.resolve();
      }
    });
  }

  // #transform-stream-default-sink-close-algorithm
  function sinkClose({ controller, readable }) {
    return finishOnce(controller, () => {
      const { flush } = controller;
      return flush(controller.object);
    }, (finish, failure) => {
      if (failure !== undefined) {
        readable.controller.error(failure.reason);
        finish.reject(failure.reason);
      } else if (readable.state === 'errored') {
        finish.reject(readable.storedError);
      } else {
        readable.controller.close();
        finish.resolve();
      }
    });
  }

  // #transform-stream-default-source-cancel
  function sourceCancel(stream, reason) {
    const { controller, writable: writableSide } = stream;
    return finishOnce(controller, () => {
      const { cancel } = controller;
      return cancel(reason);
    }, (finish, failure) => {
      if (failure !== undefined) {
        writable.errorIfNeeded(writableSide.controller, failure.reason);
        unblockWrite(stream);
        finish.reject(failure.reason);
      } else if (writableSide.state === 'errored') {
        finish.reject(writableSide.storedError);
      } else {
        writable.errorIfNeeded(writableSide.controller, reason);
        unblockWrite(stream);
        finish.resolve();
      }
    });
  }

  // ---- Interfaces ----

  // A script's call, whose `this` is what it gave.
  const call = (callback, self, first, second) => {
    try {
      return promiseOf(apply(callback, self, second === undefined ? [first] : [first, second]));
    } catch (reason) {
      return rejectedPromise(reason);
    }
  };
  const done = () => DONE;

  // #set-up-transform-stream-default-controller-from-transformer
  function algorithmsOf(transformer, self) {
    const members = { __proto__: null };
    for (const name of ['cancel', 'flush']) members[name] = callback(transformer, name, 'transformer');
    members.readableType = transformer.readableType;
    for (const name of ['start', 'transform']) members[name] = callback(transformer, name, 'transformer');
    members.writableType = transformer.writableType;
    for (const name of ['readableType', 'writableType']) {
      if (members[name] !== undefined) {
        throw rangeError('ERR_INVALID_ARG_VALUE', `The property 'transformer.${name}' is invalid`);
      }
    }
    const { cancel, flush, start, transform } = members;
    return {
      __proto__: null,
      start: start && ((controller) => apply(start, self, [controller])),
      transform: transform ? (chunk, controller) => call(transform, self, chunk, controller) : identity,
      flush: flush ? (controller) => call(flush, self, controller) : done,
      cancel: cancel ? (reason) => call(cancel, self, reason) : done,
    };
  }
  function identity(chunk, object) {
    try {
      enqueue(controllers.of(object), chunk);
      return DONE;
    } catch (reason) {
      return rejectedPromise(reason);
    }
  }

  class TransformStream {
    constructor(transformer = undefined, writableStrategy = undefined, readableStrategy = undefined) {
      if (transformer !== undefined && !isObject(transformer)) {
        throw invalidArgument('transformer', 'of type object', transformer);
      }
      const writing = readStrategy(writableStrategy);
      const reading = readStrategy(readableStrategy);
      const algorithms = algorithmsOf(transformer ?? create(null), transformer);
      const readableMade = strategyOf(reading, 0);
      const writableMade = strategyOf(writing, 1);
      createTransform(this, algorithms, writableMade, readableMade);
    }
    get readable() {
      return streams.checked(this).readable.object;
    }
    get writable() {
      return streams.checked(this).writable.object;
    }
  }
  asInterface(TransformStream, streams, ({ readable, writable, backpressure }) => ({
    readable: readable.object, writable: writable.object, backpressure,
  }));

  class TransformStreamDefaultController {
    constructor() {
      throw illegalConstructor();
    }
    get desiredSize() {
      return controllers.checked(this).stream.readable.controller.desiredSize;
    }
    enqueue(chunk = undefined) {
      enqueue(controllers.checked(this), chunk);
    }
    error(reason = undefined) {
      error(controllers.checked(this).stream, reason);
    }
    terminate() {
      terminate(controllers.checked(this));
    }
  }
  asInterface(TransformStreamDefaultController, controllers, () => ({}));

  // A transform of the platform, for interfaces that have the mixin GenericTransformStream:
  // `transform(chunk, enqueue)` and `flush(enqueue)` may throw.
  // <https://streams.spec.whatwg.org/#transformstream-set-up>
  function createPair({ transform, flush }) {
    const steps = (act) => {
      try {
        act();
        return DONE;
      } catch (reason) {
        return rejectedPromise(reason);
      }
    };
    const put = (chunk) => enqueue(stream.controller, chunk);
    const stream = createTransform(create(null), {
      __proto__: null,
      start: undefined,
      transform: (chunk) => steps(() => transform(chunk, put)),
      flush: () => steps(() => flush(put)),
      cancel: done,
    }, { __proto__: null, highWaterMark: 1, size: () => 1 }, { __proto__: null, highWaterMark: 0, size: () => 1 });
    return stream;
  }

  // One that is nothing but these two.
  function around(readable, writable) {
    const stream = new Stream(create(TransformStream.prototype));
    stream.readable = readable;
    stream.writable = writable;
    return stream.object;
  }

  return { TransformStream, TransformStreamDefaultController, around, createPair, streams };
})

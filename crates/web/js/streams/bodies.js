// Bodies of responses and blobs as streams, and streams as bodies.
//
// <https://fetch.spec.whatwg.org/#bodies>

(function ({ base, bytes, iteration, readable, defaults, teeing, signals, views, ReadableStream }) {
  const {
    DONE, newPromise, nothing, rangeError, rejectedPromise, then, typeError,
  } = base;
  const { Reader, streams } = readable;
  const { read } = defaults;
  const { isUint8Array } = views;

  const isStream = (value) => streams.of(value) !== undefined;
  const isDisturbed = (object) => streams.of(object).disturbed;
  const isLocked = (object) => streams.of(object).reader !== undefined;

  // A byte stream over what Rust reads. `next(give, fail)` gives bytes, or nothing at the end.
  function streamOf(next, cancel) {
    const stream = bytes.createByteStream({
      __proto__: null,
      start: () => DONE,
      pull() {
        const { promise, resolve, reject } = newPromise();
        next((chunk) => {
          const { controller } = stream;
          if (stream.state === 'readable') {
            if (chunk === undefined) end(controller);
            else controller.enqueue(views.viewOf(chunk, 'chunk'));
          }
          resolve();
        }, reject);
        return promise;
      },
      cancel() {
        cancel();
        return DONE;
      },
    }, ReadableStream.prototype);
    return stream.object;
  }
  // A view that a reader gave to be filled is given back.
  function end(controller) {
    controller.close();
    if (controller.pendingPullIntos.length > 0) controller.respond(0);
  }

  // The stream of a body that was read without one: locked, and at its end.
  function spentStream() {
    const stream = bytes.createByteStream(
      { __proto__: null, start: () => DONE, pull: () => DONE, cancel: () => DONE }, ReadableStream.prototype);
    new Reader(stream, false);
    readable.cancel(stream, undefined);
    return stream.object;
  }

  // <https://streams.spec.whatwg.org/#readablestreamdefaultreader-read-all-bytes>, one after the
  // other: `each` is given the bytes of a chunk, and may give a promise to wait for before the
  // next. Returns what cancels the stream.
  function readEach(object, each, close, fail) {
    const stream = streams.of(object);
    const reader = new Reader(stream, false);
    const refuse = (error) => {
      fail(error);
      readable.cancel(stream, error);
    };
    const next = () => read(reader, request);
    const request = {
      __proto__: null,
      chunk(value) {
        let handled;
        try {
          // 1. If chunk is not a Uint8Array object, call failureSteps with a TypeError.
          if (!isUint8Array(value)) {
            throw typeError('ERR_INVALID_ARG_TYPE', 'Received non-Uint8Array chunk');
          }
          handled = each(value) ?? DONE;
        } catch (error) {
          refuse(error);
          return;
        }
        then(handled, next, refuse);
      },
      close,
      error: fail,
    };
    next();
    return (reason) => then(readable.cancel(stream, reason), undefined, nothing);
  }

  // All of a stream, as `make` makes it of its bytes.
  function consume(object, make, maxBytes) {
    const { promise, resolve, reject } = newPromise();
    const chunks = new base.Queue();
    readEach(object, (chunk) => {
      chunks.push(chunk, views.viewOf(chunk, 'chunk').byteLength);
      if (chunks.totalSize > maxBytes) {
        throw rangeError('ERR_OUT_OF_RANGE', `the body is longer than ${maxBytes} bytes`);
      }
    }, () => {
      try {
        const all = new ArrayBuffer(chunks.totalSize);
        let offset = 0;
        chunks.drain((chunk) => {
          const { buffer, byteOffset, byteLength } = views.viewOf(chunk, 'chunk');
          views.copyBytes(all, offset, buffer, byteOffset, byteLength);
          offset += byteLength;
        });
        resolve(make(views.bytesOf(all, 0, offset)));
      } catch (error) {
        reject(error);
      }
    }, reject);
    return promise;
  }

  function tee(object) {
    const [first, second] = teeing.tee(streams.of(object), ReadableStream.prototype);
    return [first.object, second.object];
  }

  // <https://streams.spec.whatwg.org/#readablestream-create-a-proxy>: the stream is another's from
  // now on.
  function proxy(object) {
    const stream = streams.of(object);
    const [taken, rest] = teeing.tee(stream, ReadableStream.prototype);
    then(readable.cancel(rest, undefined), undefined, nothing);
    stream.disturbed = true;
    return taken.object;
  }

  // As in Node, what can be iterated over is a body too.
  const ofIterable = (iterable) => iteration.fromIterable(iterable, ReadableStream.prototype).object;

  // Begins something that a signal may end: `begin` gives what ends it.
  function abortable(signal, begin) {
    if (signals.isAborted(signal)) return rejectedPromise(signals.reason(signal));
    const { promise, resolve, reject } = newPromise();
    let stop = nothing;
    const end = begin(resolve, (error) => {
      stop();
      reject(error);
    });
    stop = signals.onAbort(signal, () => {
      stop();
      const reason = signals.reason(signal);
      end(reason);
      reject(reason);
    });
    return promise;
  }

  return {
    abortable, consume, isDisturbed, isLocked, isSignal: signals.isSignal, isStream, ofIterable,
    proxy, readEach, spentStream, streamOf, tee,
  };
})

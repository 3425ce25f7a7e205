// What all readable streams have in common: their state, and who reads them.
// <https://streams.spec.whatwg.org/#rs-abstract-ops>
//
// Whoever reads gives a request: an object with `chunk`, `close` and `error`.

(function ({ base }) {
  const {
    Deferred, Queue, invalidState, nothing, record, rejectedPromise, resolvedPromise, slot, then,
  } = base;

  const streams = slot('ReadableStream');

  const Stream = record(class {
    // #initialize-readable-stream
    constructor(object) {
      this.state = 'readable';
      this.reader = this.storedError = this.controller = undefined;
      this.disturbed = false;
      this.object = object;
      streams.attach(object, this);
    }
    get isByteStream() {
      return this.controller.isByte;
    }
  });

  const Reader = record(class {
    // #set-up-readable-stream-default-reader, #set-up-readable-stream-byob-reader
    constructor(stream, isByob) {
      if (stream.reader !== undefined) throw invalidState('ReadableStream is locked');
      this.isByob = isByob;
      this.requests = new Queue();
      // #readable-stream-reader-generic-initialize
      this.stream = stream;
      stream.reader = this;
      if (stream.state === 'readable') this.closed = new Deferred();
      else if (stream.state === 'closed') this.closed = Deferred.resolved();
      else this.closed = Deferred.rejected(stream.storedError);
    }
    fail(error) {
      this.requests.drain((request) => request.error(error));
    }
    // #readable-stream-reader-generic-release
    release() {
      const { stream } = this;
      const error = invalidState('Reader has been released');
      this.closed = this.closed.rejectedOrNew(error);
      stream.controller.release();
      stream.reader = undefined;
      this.stream = undefined;
      // #abstract-opdef-readablestreamdefaultreadererrorreadrequests
      this.fail(error);
    }
  });

  // #readable-stream-cancel
  function cancel(stream, reason) {
    stream.disturbed = true;
    if (stream.state === 'closed') return resolvedPromise();
    if (stream.state === 'errored') return rejectedPromise(stream.storedError);
    close(stream);
    // 5. If reader is not undefined and reader implements ReadableStreamBYOBReader: perform each
    // readIntoRequest's close steps, given undefined.
    const { reader } = stream;
    if (reader?.isByob) reader.requests.drain((request) => request.close(undefined));
    // 8. Return the result of reacting to sourceCancelPromise with a fulfillment step that
    // returns undefined.
    return then(stream.controller.cancelSteps(reason), nothing);
  }

  // #readable-stream-close
  function close(stream) {
    stream.state = 'closed';
    const { reader } = stream;
    if (reader === undefined) return;
    reader.closed.resolve();
    if (!reader.isByob) reader.requests.drain((request) => request.close());
  }

  // #readable-stream-error
  function error(stream, reason) {
    stream.state = 'errored';
    stream.storedError = reason;
    const { reader } = stream;
    if (reader === undefined) return;
    reader.closed.reject(reason);
    reader.fail(reason);
  }

  // #readable-stream-has-default-reader, and how many requests it has.
  const hasDefaultReader = ({ reader }) => reader !== undefined && !reader.isByob;
  const hasByobReader = ({ reader }) => reader !== undefined && reader.isByob;
  const requestCount = ({ reader }) => reader.requests.length;
  const addRequest = ({ reader }, request) => reader.requests.push(request, 0);

  // What a controller does after its source's `start`, `pull` and `cancel`: the same for both.

  // #readable-stream-default-controller-call-pull-if-needed,
  // #readable-byte-stream-controller-call-pull-if-needed
  function callPullIfNeeded(controller) {
    if (!controller.shouldCallPull()) return;
    if (controller.pulling) {
      controller.pullAgain = true;
      return;
    }
    controller.pulling = true;
    then(controller.pull(controller.object), () => {
      controller.pulling = false;
      if (controller.pullAgain) {
        controller.pullAgain = false;
        callPullIfNeeded(controller);
      }
    }, (reason) => controller.error(reason));
  }

  function start(controller, started) {
    then(started, () => {
      controller.started = true;
      callPullIfNeeded(controller);
    }, (reason) => controller.error(reason));
  }

  return {
    Reader, Stream, addRequest, callPullIfNeeded, cancel, close, error, hasByobReader,
    hasDefaultReader, requestCount, start, streams,
  };
})

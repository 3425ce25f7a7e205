// Streams that are handed to another realm: what was one becomes two, with a channel between them.
//
// <https://streams.spec.whatwg.org/#transferrable-streams>

(function ({ base, piping, readable, transforming, writable, ReadableStream, DataCloneError, EventTarget, MessagePort }) {
  const { create, getter, newPromise, nothing, rejectedPromise, resolvedPromise, then, uncurried } = base;
  const { WritableStream } = writable;
  const addEventListener = uncurried(EventTarget.prototype.addEventListener);
  const postMessage = uncurried(MessagePort.prototype.postMessage);
  const start = uncurried(MessagePort.prototype.start);
  const disentangle = uncurried(MessagePort.prototype.close);
  // A channel keeps the program alive only while somebody waits for what comes through it.
  const ref = uncurried(MessagePort.prototype.ref);
  const unref = uncurried(MessagePort.prototype.unref);
  const dataOf = getter(globalThis.MessageEvent.prototype, 'data');

  // The kinds by their names, each with the record of an object.
  const KINDS = [
    ['ReadableStream', readable.streams], ['WritableStream', writable.streams], ['TransformStream', transforming.streams],
  ];
  function kindOf(object) {
    for (let index = 0; index < KINDS.length; index++) {
      if (KINDS[index][1].of(object) !== undefined) return KINDS[index][0];
    }
    return undefined;
  }

  // #abstract-opdef-packandpostmessage
  const post = (port, type, value) => { postMessage(port, { __proto__: null, type, value }); };
  // #abstract-opdef-packandpostmessagehandlingerror: whether it went.
  function postOrTell(port, type, value) {
    try {
      post(port, type, value);
      return undefined;
    } catch (error) {
      tell(port, error);
      return { __proto__: null, error };
    }
  }
  // #abstract-opdef-crossrealmtransformsenderror
  function tell(port, error) {
    try {
      post(port, 'error', error);
    } catch {
      // An error that cannot be cloned is not told of.
    }
  }

  function listen(port, handle, fail) {
    addEventListener(port, 'message', (event) => {
      const { type, value } = dataOf(event);
      handle(type, value);
    });
    addEventListener(port, 'messageerror', () => {
      const error = DataCloneError('a chunk could not be read in this realm');
      tell(port, error);
      fail(error);
      disentangle(port);
    });
    start(port);
    unref(port);
  }

  // #abstract-opdef-setupcrossrealmtransformreadable
  function readableFrom(port) {
    let controller;
    const fail = (reason) => {
      try {
        controller.error(reason);
      } catch {
        // It is at its end already.
      }
    };
    const source = {
      __proto__: null,
      start(given) { controller = given; },
      pull() {
        post(port, 'pull', undefined);
        ref(port);
      },
      cancel(reason) {
        const failed = postOrTell(port, 'error', reason);
        disentangle(port);
        return failed === undefined ? undefined : rejectedPromise(failed.error);
      },
    };
    const stream = new ReadableStream(source, { __proto__: null, highWaterMark: 0 });
    listen(port, (type, value) => {
      unref(port);
      if (type === 'chunk') {
        controller.enqueue(value);
      } else if (type === 'close') {
        controller.close();
        disentangle(port);
      } else if (type === 'error') {
        fail(value);
        disentangle(port);
      }
    }, fail);
    return stream;
  }

  // #abstract-opdef-setupcrossrealmtransformwritable
  function writableTo(port) {
    let controller;
    let room = newPromise();
    const makeRoom = () => {
      room?.resolve();
      room = undefined;
    };
    const fail = (reason) => {
      controller.error(reason);
      makeRoom();
    };
    const sink = {
      __proto__: null,
      start(given) { controller = given; },
      write(chunk) {
        return then(room === undefined ? resolvedPromise() : room.promise, () => {
          room = newPromise();
          const failed = postOrTell(port, 'chunk', chunk);
          if (failed === undefined) return undefined;
          disentangle(port);
          throw failed.error;
        });
      },
      close() {
        post(port, 'close', undefined);
        disentangle(port);
      },
      abort(reason) {
        const failed = postOrTell(port, 'error', reason);
        disentangle(port);
        return failed === undefined ? undefined : rejectedPromise(failed.error);
      },
    };
    const stream = new WritableStream(sink, { __proto__: null, highWaterMark: 1 });
    listen(port, (type, value) => {
      if (type === 'pull') makeRoom();
      else if (type === 'error') fail(value);
    }, fail);
    return stream;
  }

  const connect = (from, to) => {
    then(piping.pipe(readable.streams.of(from), writable.streams.of(to), create(null)), nothing, nothing);
  };
  const isLocked = (object) => {
    const reading = readable.streams.of(object);
    return reading === undefined ? writable.streams.of(object).writer !== undefined : reading.reader !== undefined;
  };

  // The transfer steps: whether they could be taken. `ports` is as many as the kind has streams.
  function send(object, ports) {
    const pair = transforming.streams.of(object);
    const streams = pair === undefined ? [object] : [pair.readable.object, pair.writable.object];
    for (let index = 0; index < streams.length; index++) if (isLocked(streams[index])) return false;
    for (let index = 0; index < streams.length; index++) {
      const stream = streams[index];
      if (readable.streams.of(stream) !== undefined) connect(stream, writableTo(ports[index]));
      else connect(readableFrom(ports[index]), stream);
    }
    return true;
  }

  // The transfer-receiving steps.
  function receive(kind, ports) {
    if (kind === 'ReadableStream') return readableFrom(ports[0]);
    if (kind === 'WritableStream') return writableTo(ports[0]);
    const reading = readable.streams.of(readableFrom(ports[0]));
    const writing = writable.streams.of(writableTo(ports[1]));
    return transforming.around(reading, writing);
  }

  return { __proto__: null, kindOf, receive, send };
})

// `Stream`: an emitter that can be piped. What all streams inherit from, and old packages use.
//
// <https://nodejs.org/api/stream.html#compatibility-with-older-nodejs-versions>

(function ({ builtin }) {
  const EventEmitter = builtin('events');

  function Stream(options) {
    EventEmitter.call(this, options);
  }
  Object.setPrototypeOf(Stream.prototype, EventEmitter.prototype);
  Object.setPrototypeOf(Stream, EventEmitter);

  Stream.prototype.pipe = function pipe(target, options) {
    const source = this;
    const write = (chunk) => {
      if (target.writable && target.write(chunk) === false && source.pause) source.pause();
    };
    const drained = () => { if (source.readable && source.resume) source.resume(); };
    let hasEnded = false;
    const end = () => {
      if (hasEnded) return;
      hasEnded = true;
      target.end();
    };
    const close = () => {
      if (hasEnded) return;
      hasEnded = true;
      if (typeof target.destroy === 'function') target.destroy();
    };
    function fail(error) {
      cleanup();
      if (EventEmitter.prototype.listenerCount.call(this, 'error') === 0) this.emit('error', error);
    }
    const listeners = [
      [source, 'data', write], [target, 'drain', drained], [source, 'error', fail], [target, 'error', fail],
    ];
    // Standard output never ends.
    if (!target._isStdio && options?.end !== false) listeners.push([source, 'end', end], [source, 'close', close]);
    const cleanup = () => {
      for (const [emitter, type, listener] of listeners) emitter.removeListener(type, listener);
    };
    listeners.push([source, 'end', cleanup], [source, 'close', cleanup], [target, 'close', cleanup]);
    for (const [emitter, type, listener] of listeners) {
      if (type === 'error') prependListener(emitter, type, listener);
      else emitter.on(type, listener);
    }
    target.emit('pipe', source);
    return target;
  };

  // Emitters of long ago have no such method.
  function prependListener(emitter, type, listener) {
    if (typeof emitter.prependListener === 'function') emitter.prependListener(type, listener);
    else emitter.on(type, listener);
  }

  return { EventEmitter, Stream, prependListener };
})

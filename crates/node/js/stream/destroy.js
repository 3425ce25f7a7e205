// How streams begin and end: `_construct`, `destroy`, and the order of `error` and `close`.
//
// <https://nodejs.org/api/stream.html#writabledestroyerror>

(function ({ nextTick, part }) {
  const { AbortError, bothErrors, make } = part('stream/errors');
  const { isDestroyed, isFinished, isRequest, isServerRequest, symbols } = part('stream/questions');
  const kConstructed = Symbol('constructed'), kDestroyed = Symbol('destroyed');

  // The first error is the one that counts.
  function keepError(error, readable, writable) {
    if (!error) return;
    void error.stack;
    if (writable && !writable.errored) writable.errored = error;
    if (readable && !readable.errored) readable.errored = error;
  }

  // `stream.destroy(error)`; `done` is for the streams' own use.
  function destroy(error, done) {
    const readable = this._readableState, writable = this._writableState;
    if (writable?.destroyed || readable?.destroyed) {
      if (typeof done === 'function') done();
      return this;
    }
    keepError(error, readable, writable);
    if (writable) writable.destroyed = true;
    if (readable) readable.destroyed = true;
    if ((writable ?? readable).constructed) {
      runDestroy(this, error, done);
    } else {
      this.once(kDestroyed, function (failure) { runDestroy(this, bothErrors(failure, error), done); });
    }
    return this;
  }

  function runDestroy(stream, error, done) {
    let isDone = false;
    const finish = (failure) => {
      if (isDone) return;
      isDone = true;
      const readable = stream._readableState, writable = stream._writableState;
      keepError(failure, readable, writable);
      if (writable) writable.closed = true;
      if (readable) readable.closed = true;
      if (typeof done === 'function') done(failure);
      nextTick(emitEnd, stream, failure);
    };
    try {
      stream._destroy(error || null, finish);
    } catch (failure) {
      finish(failure);
    }
  }

  // `close` comes after `error`, in the same tick.
  function emitEnd(stream, error) {
    if (error) emitError(stream, error);
    const readable = stream._readableState, writable = stream._writableState;
    if (writable) writable.closeEmitted = true;
    if (readable) readable.closeEmitted = true;
    if (writable?.emitClose || readable?.emitClose) stream.emit('close');
  }

  function emitError(stream, error) {
    const readable = stream._readableState, writable = stream._writableState;
    if (writable?.errorEmitted || readable?.errorEmitted) return;
    if (writable) writable.errorEmitted = true;
    if (readable) readable.errorEmitted = true;
    stream.emit('error', error);
  }

  // For streams that are opened again, as sockets are.
  function undestroy() {
    const readable = this._readableState, writable = this._writableState;
    const fresh = {
      constructed: true, closed: false, closeEmitted: false, destroyed: false, errored: null, errorEmitted: false,
    };
    if (readable) {
      const ended = readable.readable === false;
      Object.assign(readable, fresh, { reading: false, ended, endEmitted: ended });
    }
    if (writable) {
      const ended = writable.writable === false;
      Object.assign(writable, fresh, {
        finalCalled: false, prefinished: false, ended, ending: ended, finished: ended,
      });
    }
  }

  // Where a stream is not destroyed by its errors it only tells of them.
  function fail(stream, error, isSync) {
    const readable = stream._readableState, writable = stream._writableState;
    if (writable?.destroyed || readable?.destroyed) return;
    if (readable?.autoDestroy || writable?.autoDestroy) {
      stream.destroy(error);
    } else if (error) {
      keepError(error, readable, writable);
      if (isSync) nextTick(emitError, stream, error);
      else emitError(stream, error);
    }
  }

  // `begin` runs once `_construct` is done; both halves of a duplex may ask for it.
  function construct(stream, begin) {
    if (typeof stream._construct !== 'function') return;
    if (stream._readableState) stream._readableState.constructed = false;
    if (stream._writableState) stream._writableState.constructed = false;
    stream.once(kConstructed, begin);
    if (stream.listenerCount(kConstructed) === 1) nextTick(runConstruct, stream);
  }

  function runConstruct(stream) {
    let isDone = false;
    const finish = (error) => {
      if (isDone) {
        fail(stream, error ?? make.multipleCallback());
        return;
      }
      isDone = true;
      const readable = stream._readableState, writable = stream._writableState;
      if (readable) readable.constructed = true;
      if (writable) writable.constructed = true;
      if ((writable ?? readable).destroyed) stream.emit(kDestroyed, error);
      else if (error) fail(stream, error, true);
      else stream.emit(kConstructed);
    };
    try {
      stream._construct((error) => nextTick(finish, error));
    } catch (error) {
      nextTick(finish, error);
    }
  }

  // Ends any kind of stream, also one that knows no `destroy`.
  function destroyAny(stream, error) {
    if (!stream || isDestroyed(stream)) return;
    if (!error && !isFinished(stream)) error = new AbortError();
    if (isServerRequest(stream)) {
      stream.socket = null;
      stream.destroy(error);
    } else if (isRequest(stream)) {
      stream.abort();
    } else if (isRequest(stream.req)) {
      stream.req.abort();
    } else if (typeof stream.destroy === 'function') {
      stream.destroy(error);
    } else if (typeof stream.close === 'function') {
      stream.close();
    } else {
      nextTick(() => {
        if (error) stream.emit('error', error);
        stream.emit('close');
      });
    }
    if (!stream.destroyed) stream[symbols.isDestroyed] = true;
  }

  return { construct, destroy, destroyAny, fail, undestroy };
})

// What can be told of a stream, or of something like one.
//
// A stream may be Node's, of this or an older make (`readable-stream`, `http`), a web stream, or
// an emitter with the methods of one. Where nothing can be told the answer is `null`.

(function () {
  // How what is no stream of Node's answers, and what marks a foreign one as destroyed.
  const symbols = {
    isDestroyed: Symbol.for('nodejs.stream.destroyed'),
    isErrored: Symbol.for('nodejs.stream.errored'),
    isReadable: Symbol.for('nodejs.stream.readable'),
    isWritable: Symbol.for('nodejs.stream.writable'),
    isDisturbed: Symbol.for('nodejs.stream.disturbed'),
  };

  const has = (object, ...methods) => methods.every((name) => typeof object[name] === 'function');
  const stateOf = (stream) => stream._writableState || stream._readableState;

  function isReadableNode(stream, strict = false) {
    return Boolean(stream && has(stream, 'pipe', 'on') && (!strict || has(stream, 'pause', 'resume')) &&
      (!stream._writableState || stream._readableState?.readable !== false) &&
      (!stream._writableState || stream._readableState));
  }
  function isWritableNode(stream) {
    return Boolean(stream && has(stream, 'write', 'on') &&
      (!stream._readableState || stream._writableState?.writable !== false));
  }
  const isDuplexNode = (stream) => Boolean(stream && has(stream, 'pipe', 'on', 'write') && stream._readableState);
  const isNode = (stream) => Boolean(stream && (stream._readableState || stream._writableState ||
    has(stream, 'write', 'on') || has(stream, 'pipe', 'on')));

  const isWebReadable = (value) => Boolean(value && !isNode(value) && has(value, 'pipeThrough', 'getReader', 'cancel'));
  const isWebWritable = (value) => Boolean(value && !isNode(value) && has(value, 'getWriter', 'abort'));
  const isWebTransform = (value) => Boolean(value && !isNode(value) &&
    typeof value.readable === 'object' && typeof value.writable === 'object');
  const isWeb = (value) => isWebReadable(value) || isWebWritable(value) || isWebTransform(value);

  const isAsyncIterable = (value) => value != null && typeof value[Symbol.asyncIterator] === 'function';
  const isIterable = (value) => value != null &&
    (typeof value[Symbol.asyncIterator] === 'function' || typeof value[Symbol.iterator] === 'function');

  function isDestroyed(stream) {
    if (!isNode(stream)) return null;
    return Boolean(stream.destroyed || stream[symbols.isDestroyed] || stateOf(stream)?.destroyed);
  }

  function isWritableEnded(stream) {
    if (!isWritableNode(stream)) return null;
    if (stream.writableEnded === true) return true;
    const state = stream._writableState;
    if (state?.errored) return false;
    return typeof state?.ended === 'boolean' ? state.ended : null;
  }
  // Loosely: also where only the event is still to come.
  function isWritableFinished(stream, strict) {
    if (!isWritableNode(stream)) return null;
    if (stream.writableFinished === true) return true;
    const state = stream._writableState;
    if (state?.errored) return false;
    if (typeof state?.finished !== 'boolean') return null;
    return state.finished || (strict === false && state.ended === true && state.length === 0);
  }
  function isReadableFinished(stream, strict) {
    if (!isReadableNode(stream)) return null;
    const state = stream._readableState;
    if (state?.errored) return false;
    if (typeof state?.endEmitted !== 'boolean') return null;
    return state.endEmitted || (strict === false && state.ended === true && state.length === 0);
  }

  function isReadable(stream) {
    if (stream && stream[symbols.isReadable] != null) return stream[symbols.isReadable];
    if (typeof stream?.readable !== 'boolean') return null;
    if (isDestroyed(stream)) return false;
    return isReadableNode(stream) && stream.readable && !isReadableFinished(stream);
  }
  function isWritable(stream) {
    if (stream && stream[symbols.isWritable] != null) return stream[symbols.isWritable];
    if (typeof stream?.writable !== 'boolean') return null;
    if (isDestroyed(stream)) return false;
    return isWritableNode(stream) && stream.writable && !isWritableEnded(stream);
  }
  const isFinished = (stream) => (isNode(stream)
    ? isDestroyed(stream) || !(isReadable(stream) || isWritable(stream)) : null);

  function errorOf(stream) {
    if (!isNode(stream)) return null;
    return stream.writableErrored || stream._writableState?.errored ||
      stream.readableErrored || stream._readableState?.errored || null;
  }
  const isErrored = (stream) => Boolean(stream && (stream[symbols.isErrored] ??
    stream.readableErrored ?? stream.writableErrored ??
    stream._readableState?.errorEmitted ?? stream._writableState?.errorEmitted ??
    stream._readableState?.errored ?? stream._writableState?.errored));

  // Messages of HTTP, told by their fields.
  const areBooleans = (stream, ...names) => names.every((name) => typeof stream[name] === 'boolean');
  const isOutgoingMessage = (stream) => areBooleans(
    stream, '_closed', '_defaultKeepAlive', '_removedConnection', '_removedContLen');
  const isServerResponse = (stream) => areBooleans(stream, '_sent100') && isOutgoingMessage(stream);
  const isServerRequest = (stream) => areBooleans(stream, '_consuming', '_dumped') &&
    stream.req?.upgradeOrConnect === undefined;
  const isRequest = (stream) => Boolean(stream?.setHeader && typeof stream.abort === 'function');

  function isClosed(stream) {
    if (!isNode(stream)) return null;
    if (typeof stream.closed === 'boolean') return stream.closed;
    const [writable, readable] = [stream._writableState, stream._readableState];
    if (typeof writable?.closed === 'boolean' || typeof readable?.closed === 'boolean') {
      return writable?.closed || readable?.closed;
    }
    return typeof stream._closed === 'boolean' && isOutgoingMessage(stream) ? stream._closed : null;
  }
  function willEmitClose(stream) {
    if (!isNode(stream)) return null;
    const state = stateOf(stream);
    return (!state && isServerResponse(stream)) ||
      Boolean(state?.autoDestroy && state.emitClose && state.closed === false);
  }
  const isDisturbed = (stream) => Boolean(stream &&
    (stream[symbols.isDisturbed] ?? (stream.readableDidRead || stream.readableAborted)));

  return {
    errorOf, isAsyncIterable, isClosed, isDestroyed, isDisturbed, isDuplexNode, isErrored, isFinished,
    isIterable, isNode, isReadable, isReadableFinished, isReadableNode, isRequest, isServerRequest,
    isWeb, isWebReadable, isWebTransform, isWebWritable, isWritable, isWritableEnded,
    isWritableFinished, isWritableNode, symbols, willEmitClose,
  };
})

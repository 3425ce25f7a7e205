// Signals that end streams.
//
// <https://nodejs.org/api/stream.html#streamaddabortsignalsignal-stream>

(function ({ part }) {
  const { aborted, invalidArgument } = part('stream/errors');
  const { isNode } = part('stream/questions');

  // Gives what stops listening.
  function onAbort(signal, listener) {
    signal.addEventListener('abort', listener, { once: true });
    return () => signal.removeEventListener('abort', listener);
  }

  function addAbortSignal(signal, stream) {
    if (signal === null || typeof signal !== 'object' || !('aborted' in signal)) {
      throw invalidArgument('signal', 'an instance of AbortSignal', signal);
    }
    if (!isNode(stream)) {
      throw invalidArgument('stream', 'an instance of ReadableStream, WritableStream, or Stream', stream);
    }
    const abort = () => stream.destroy(aborted(signal));
    if (signal.aborted) {
      abort();
    } else {
      const stop = onAbort(signal, abort);
      part('stream/finished').finished(stream, stop);
    }
    return stream;
  }

  return { addAbortSignal, onAbort };
})
